//! Saving a step of an account.

use latchkey_domain::Refusal;
use latchkey_domain::external_account::{AccountErrors, AccountForm, ExternalAccountId, ParsedAccount, SettingName};

use super::{Overtaken, json_of, names_after, settings_of, target};
use crate::ports::{AccountChange, AccountContent, AccountStage, Acted};
use crate::{AuditAction, Caller, Outcome, Service};

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
        let (record, integration) = self.account_record(caller, id).await?;
        let mut parsed = form.parse(&integration, &settings_of(&record)?, self.can_keep_credentials());
        self.check_chosen(&mut parsed, caller);
        let scopes = parsed.scopes.as_ref().unwrap_or(&record.scopes);
        if record.stage == AccountStage::Active {
            let sealed = self.store.sealed_credentials(id).await?;
            let credentials = names_after(&sealed, &parsed);
            let lacking = self.lacking(&integration, &parsed.settings, &credentials, scopes);
            lacking.iter().for_each(|problem| parsed.errors.add(problem.clone()));
            if !parsed.errors.is_empty() {
                return Ok(match self.overtaken_since(&record).await? {
                    Some(Overtaken::Stale(acted) | Overtaken::Submitted(acted)) => AccountSave::Stale(acted),
                    None => AccountSave::Invalid(parsed.errors),
                });
            }
        }
        let sealed = self.seal_credentials(id, form, &parsed)?;
        let settings = json_of(&parsed.settings)?;
        let content = AccountContent { settings: &settings, scopes, sealed: &sealed, forgotten: &parsed.forgotten };
        let audit =
            self.account_entry(caller, AuditAction::ExternalAccountSaved, &record, &kept_in_words(form, &parsed));
        let target = target(caller, id, form.version(), record.stage);
        match self.store.save_external_account(target, content, &audit).await? {
            AccountChange::Done(version) => Ok(AccountSave::Saved { version, errors: parsed.errors }),
            AccountChange::Overtaken(record) => Ok(AccountSave::Stale(record.changed)),
            AccountChange::NotFound => Err(Refusal::NotFound.into()),
            AccountChange::NotAllowed => Err(Refusal::Forbidden.into()),
        }
    }
}

/// What of a step was kept, in names.
pub(super) fn kept_in_words(form: &AccountForm, parsed: &ParsedAccount) -> String {
    let mut words = form.step.label().to_owned();
    for (what, names) in [("set", &parsed.credentials), ("forgotten", &parsed.forgotten)] {
        if !names.is_empty() {
            let names: Vec<&str> = names.iter().map(SettingName::as_str).collect();
            words = format!("{words}; credentials {what}: {}", names.join(", "));
        }
    }
    words
}
