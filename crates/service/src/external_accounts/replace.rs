//! Giving an active account another token.

use latchkey_domain::external_account::{AccountTokenForm, ExternalAccountId};
use latchkey_domain::{PlainText, Refusal};

use super::AccountTokenOutcome;
use crate::ports::AccountStage;
use crate::{Caller, Outcome, Service};

impl Service {
    /// Generates another token for an active account, and revokes the one before, generated or pasted, in the same
    /// transaction: from then on only the new one works.
    ///
    /// # Errors
    /// As [`Service::generate_account_token`]; [`Refusal::NotFound`] for a draft too.
    pub async fn replace_account_token(
        &self,
        caller: &Caller,
        id: ExternalAccountId,
        form: &AccountTokenForm,
        current_password: &PlainText,
        base_url: &str,
    ) -> Outcome<AccountTokenOutcome> {
        let (record, _) = self.account_record(caller, id).await?;
        if record.stage != AccountStage::Active {
            return Err(Refusal::NotFound.into());
        }
        self.make_account_token(caller, id, AccountStage::Active, form, current_password, base_url).await
    }
}
