//! Submitting a draft.

use latchkey_domain::Refusal;
use latchkey_domain::external_account::{AccountErrors, AccountForm, AccountProblem, ExternalAccountId};

use super::open::token_problem;
use super::save::kept_in_words;
use super::{Confirmation, Overtaken, json_of, names_after, overtaken, settings_of, target};
use crate::ports::{AccountChange, AccountContent, AccountStage, Acted, Activation};
use crate::{AuditAction, Caller, Outcome, Service};

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
        let (record, integration) = self.account_record(caller, id).await?;
        if let Some(overtaken) = overtaken(&record, form.version(), AccountStage::Draft) {
            return Ok(overtaken.into());
        }
        let mut parsed = form.parse(&integration, &settings_of(&record)?, self.can_keep_credentials());
        self.check_chosen(&mut parsed, caller);
        let scopes = parsed.scopes.as_ref().unwrap_or(&record.scopes);
        let before = self.store.sealed_credentials(id).await?;
        let lacking = self.lacking(&integration, &parsed.settings, &names_after(&before, &parsed), scopes);
        let needed = integration.needed(scopes);
        let held = self.held_token(&record).await?;
        let checks = held.map(|held| self.judge_token(&held.known, needed, self.now()));
        // What was confirmed is not known to have scopes that are chosen only now.
        let is_confirmed = record.confirmed_at.is_some() && *scopes == record.scopes;
        let of_token = token_problem(is_confirmed, checks.as_ref());
        lacking.iter().cloned().chain(of_token).for_each(|problem| parsed.errors.add(problem));
        if !parsed.errors.is_empty() {
            if let Some(overtaken) = self.overtaken_since(&record).await? {
                return Ok(overtaken.into());
            }
            return Ok(AccountSubmission::Invalid { errors: parsed.errors, checks });
        }
        let sealed = self.seal_credentials(id, form, &parsed)?;
        let settings = json_of(&parsed.settings)?;
        let content = AccountContent { settings: &settings, scopes, sealed: &sealed, forgotten: &parsed.forgotten };
        let audit =
            self.account_entry(caller, AuditAction::ExternalAccountSubmitted, &record, &kept_in_words(form, &parsed));
        let target = target(caller, id, form.version(), AccountStage::Draft);
        match self.store.submit_external_account(target, content, &audit).await? {
            AccountChange::Done(Activation::Active) => Ok(AccountSubmission::Submitted),
            AccountChange::Done(Activation::TokenEnded) => {
                Ok(AccountSubmission::Invalid { errors: AccountErrors::one(AccountProblem::TokenEnded), checks })
            }
            AccountChange::Overtaken(record) => {
                let overtaken = overtaken(&record, form.version(), AccountStage::Draft);
                Ok(overtaken.unwrap_or(Overtaken::Stale(record.changed)).into())
            }
            AccountChange::NotFound => Err(Refusal::NotFound.into()),
            AccountChange::NotAllowed => Err(Refusal::Forbidden.into()),
        }
    }
}

impl From<Overtaken> for AccountSubmission {
    fn from(overtaken: Overtaken) -> Self {
        match overtaken {
            Overtaken::Stale(acted) => Self::Stale(acted),
            Overtaken::Submitted(acted) => Self::AlreadySubmitted(acted),
        }
    }
}
