//! What admins do to service reps, and operators on the command line.
//!
//! Each use case asks for the role itself, whatever a page or a layer in front of it has asked. What depends on
//! who else acts at the same moment (the last admin, a link that is used twice) is decided by the store, under its
//! lock; what became of it comes back as one of the ports' outcomes.

mod all_tokens;
mod links;
mod moves;
mod people;
mod standing;

use latchkey_domain::{FieldProblem, PlainText};

use crate::{AuditActor, Caller, Origin, Outcome, Service};

pub use all_tokens::{
    AllTokens, AnyToken, AskedToRevoke, Chosen, ListedToken, LookUp, MAX_CHOSEN, Preview, TOKEN_PAGE, TokenExport,
    TokenSearch, UNCONFIRMED,
};
pub use links::{AccountLink, InviteForm, LinkOffer};
pub use moves::PreviewedMove;
pub use people::{RepDetails, RepListing, SystemRepForm};

/// Who administers.
#[derive(Debug, Clone, Copy)]
pub enum Authority<'a> {
    /// Somebody who is signed in; they must be an admin.
    Admin(&'a Caller),
    /// An operator on the command line.
    Operator(&'a Origin),
}

impl<'a> Authority<'a> {
    /// Lets admins and operators on.
    fn require(self) -> Outcome<()> {
        match self {
            Self::Admin(caller) => caller.require_admin(),
            Self::Operator(_) => Ok(()),
        }
    }

    const fn actor(self) -> AuditActor {
        match self {
            Self::Admin(caller) => caller.actor(),
            Self::Operator(_) => AuditActor::CommandLine,
        }
    }

    const fn origin(self) -> &'a Origin {
        match self {
            Self::Admin(caller) => &caller.origin,
            Self::Operator(origin) => origin,
        }
    }
}

impl Service {
    /// Asks an admin for their password where it was not given recently. Operators have proved themselves to the
    /// machine.
    pub(crate) async fn confirm(&self, authority: Authority<'_>, current_password: &PlainText) -> Outcome<()> {
        let Authority::Admin(caller) = authority else {
            return Ok(());
        };
        if caller.is_confirmed(self.now()) {
            return Ok(());
        }
        if current_password.is_empty() {
            return Err(FieldProblem::CurrentPasswordMissing.into());
        }
        self.check_current_password(caller, current_password).await
    }
}
