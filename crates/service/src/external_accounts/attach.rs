//! Pasting a token that was made in somebody's user settings.

use latchkey_domain::external_account::{AccountErrors, AccountProblem, ExternalAccountId};
use latchkey_domain::{PlainText, Refusal, UsedFrom};

use super::confirm::read_pasted;
use super::open::token_problem;
use super::{Confirmation, Overtaken, overtaken, target};
use crate::ports::{AccountChange, AccountStage, Acted};
use crate::{AuditAction, Caller, Outcome, Service};

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
        let (record, integration) = self.account_record(caller, id).await?;
        if let Some(overtaken) = overtaken(&record, version, AccountStage::Draft) {
            return Ok(overtaken.into());
        }
        let invalid = |problem| Ok(AccountAttachment::Invalid(AccountErrors::one(problem)));
        let needed = integration.needed(&record.scopes);
        if needed.is_empty() {
            return invalid(AccountProblem::ScopesMissing);
        }
        let Ok(presented) = read_pasted(pasted) else { return invalid(AccountProblem::TokenMalformed) };
        let verified = self.inspect(&presented, None, UsedFrom::Anywhere).await?;
        let Some(known) = verified.credential.as_ref().filter(|_| verified.is_good()) else {
            return invalid(AccountProblem::TokenNotLive);
        };
        let sid = known.sid;
        let confirmation = self.confirm_by_secret(&presented, needed).await?;
        if let Some(problem) = token_problem(true, Some(&confirmation)) {
            return invalid(problem);
        }
        let detail = format!("token {sid}");
        let audit = self.account_entry(caller, AuditAction::ExternalAccountTokenPasted, &record, &detail);
        let each = self.ended_token_entry(caller, &record);
        let target = target(caller, id, version, AccountStage::Draft);
        let attached = self.store.attach_token(target, sid, &audit, &each).await?;
        match self.settle(attached).await {
            AccountChange::Done(Some(version)) => {
                self.note_confirmation(caller, &record, sid, &confirmation).await?;
                Ok(AccountAttachment::Attached { confirmation, version })
            }
            AccountChange::Done(None) => invalid(AccountProblem::TokenOfAnotherAccount),
            AccountChange::Overtaken(record) => {
                let overtaken = overtaken(&record, version, AccountStage::Draft);
                Ok(overtaken.unwrap_or(Overtaken::Stale(record.changed)).into())
            }
            AccountChange::NotFound => Err(Refusal::NotFound.into()),
            AccountChange::NotAllowed => Err(Refusal::Forbidden.into()),
        }
    }
}

impl From<Overtaken> for AccountAttachment {
    fn from(overtaken: Overtaken) -> Self {
        match overtaken {
            Overtaken::Stale(acted) => Self::Stale(acted),
            Overtaken::Submitted(acted) => Self::Submitted(acted),
        }
    }
}
