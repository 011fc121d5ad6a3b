//! Revoking the token of an active account.

use latchkey_domain::external_account::ExternalAccountId;
use latchkey_domain::{AccountSid, Refusal};

use crate::{AuditAction, Caller, Outcome, Service};

/// What became of a revocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccountRevocation {
    /// The token.
    pub token: AccountSid,
    /// Whether it had ended before, so that nothing was left to do.
    pub had_ended: bool,
}

impl Service {
    /// Revokes the token of an active account, generated or pasted. The account stays with its settings and fails from
    /// then on, until its token is replaced. No version is asked for: what has to stop must not wait for a page that
    /// is up to date.
    ///
    /// # Errors
    /// [`Refusal::Forbidden`] to others than admins, [`Refusal::NotFound`] where there is no such account or it is a
    /// draft, or where the database fails.
    pub async fn revoke_account(&self, caller: &Caller, id: ExternalAccountId) -> Outcome<AccountRevocation> {
        let (record, _) = self.account_record(caller, id).await?;
        let audit = self.account_entry(caller, AuditAction::ExternalAccountTokenRevoked, &record, "");
        let each = self.ended_token_entry(caller, &record);
        let revoked = self.store.revoke_account_token(id, &audit, &each).await?;
        let (token, had_ended) = self.settle(revoked).await.ok_or(Refusal::NotFound)?;
        Ok(AccountRevocation { token, had_ended })
    }
}
