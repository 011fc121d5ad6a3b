//! Cancelling a draft.

use latchkey_domain::external_account::ExternalAccountId;
use latchkey_domain::{AccountSid, Refusal};

use super::{Overtaken, overtaken, target};
use crate::ports::{AccountChange, AccountStage, Acted, CancelledDraft};
use crate::{AuditAction, Caller, Outcome, Service};

/// What became of a cancellation.
#[derive(Debug, Clone)]
pub enum AccountCancellation {
    /// The draft is gone, with its credentials.
    Cancelled {
        /// The token that was generated in it and is revoked now.
        revoked: Option<AccountSid>,
        /// The token that was pasted into it. It is left as it was: whoever made it may use it elsewhere.
        left_alone: Option<AccountSid>,
    },
    /// Nothing was done: somebody has changed the draft since the form was made.
    Stale(Acted),
    /// Nothing was done: the account is active.
    Submitted(Acted),
}

impl Service {
    /// Removes a draft, and revokes the token that was generated in it, both or neither.
    ///
    /// # Errors
    /// [`Refusal::Forbidden`] to others than admins, [`Refusal::NotFound`] where there is no such account, or where the
    /// database fails.
    pub async fn cancel_account(
        &self,
        caller: &Caller,
        id: ExternalAccountId,
        version: i64,
    ) -> Outcome<AccountCancellation> {
        let (record, _) = self.account_record(caller, id).await?;
        let audit = self.account_entry(caller, AuditAction::ExternalAccountCancelled, &record, "");
        let each = self.ended_token_entry(caller, &record);
        let target = target(caller, id, version, AccountStage::Draft);
        let cancelled = self.store.cancel_draft(target, &audit, &each).await?;
        match self.settle(cancelled).await {
            AccountChange::Done(CancelledDraft { revoked, left_alone }) => {
                Ok(AccountCancellation::Cancelled { revoked, left_alone })
            }
            AccountChange::Overtaken(record) => Ok(match overtaken(&record, version, AccountStage::Draft) {
                Some(Overtaken::Submitted(acted)) => AccountCancellation::Submitted(acted),
                Some(Overtaken::Stale(acted)) => AccountCancellation::Stale(acted),
                None => AccountCancellation::Stale(record.changed),
            }),
            AccountChange::NotFound => Err(Refusal::NotFound.into()),
            AccountChange::NotAllowed => Err(Refusal::Forbidden.into()),
        }
    }
}
