//! Starting an account.

use latchkey_domain::Refusal;
use latchkey_domain::external_account::{AccountErrors, ExternalAccountId, NewAccountForm};

use crate::{Caller, Outcome, Service};

/// What became of a start.
#[derive(Debug, Clone)]
pub enum AccountStart {
    /// A draft was made.
    Started(ExternalAccountId),
    /// Not started: something is wrong with the form.
    Invalid(AccountErrors),
    /// Not started: this one is there already, draft or active, for the same integration, level and name. The same
    /// form sent twice ends here.
    Taken(ExternalAccountId),
}

impl Service {
    /// Starts a draft.
    ///
    /// # Errors
    /// [`Refusal::Forbidden`] to others than admins, or where something fails.
    pub async fn start_account(&self, caller: &Caller, form: &NewAccountForm) -> Outcome<AccountStart> {
        caller.require_admin()?;
        let _ = form;
        Err(Refusal::NotFound.into())
    }
}
