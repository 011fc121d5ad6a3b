//! One account, in full.

use std::collections::BTreeSet;

use latchkey_domain::external_account::{
    AccountErrors, AccountProblem, AccountSettings, CREDENTIAL_SCOPE, ExternalAccountId, Integration, SettingName,
};
use latchkey_domain::view::ScopeView;
use latchkey_domain::{ScopeSet, Timestamp, Verdict};

use super::{AccountSummary, Confirmation, settings_of};
use crate::policy::scope_view;
use crate::{Caller, Outcome, Service};

/// One account, in full. No credential is in it.
#[derive(Debug, Clone)]
pub struct AccountDetails {
    /// As the list shows it.
    pub summary: AccountSummary,
    /// What it is filled in by.
    pub integration: Integration,
    /// What is filled in.
    pub settings: AccountSettings,
    /// The credentials that are set. What they are is never shown.
    pub credentials: BTreeSet<SettingName>,
    /// Whether there is a key to keep credentials under; without it their fields take nothing.
    pub can_keep_credentials: bool,
    /// The scopes to choose from, where they are chosen in the set-up.
    pub offered_scopes: Vec<ScopeView>,
    /// What its token has to be able to do.
    pub scopes: ScopeSet,
    /// When its token was confirmed by its secret.
    pub confirmed_at: Option<Timestamp>,
    /// How its token stands now, for each route: judged by what is known of it, without its secret.
    pub checks: Option<Confirmation>,
    /// What keeps it from being submitted as it is: all that is missing or red.
    pub missing: AccountErrors,
    /// Whether the reader has to give their password for what needs it.
    pub asks_password: bool,
    /// The instant that all of this is true for.
    pub now: Timestamp,
}

impl Service {
    /// One account.
    ///
    /// # Errors
    /// [`latchkey_domain::Refusal::Forbidden`] to others than admins, [`latchkey_domain::Refusal::NotFound`] where there is none (a draft that was
    /// cancelled included), or where the database fails.
    pub async fn account(&self, caller: &Caller, id: ExternalAccountId) -> Outcome<AccountDetails> {
        let (record, integration) = self.account_record(caller, id).await?;
        let now = self.now();
        let settings = settings_of(&record)?;
        let sealed = self.store.sealed_credentials(id).await?;
        let credentials: BTreeSet<SettingName> = sealed.into_iter().map(|credential| credential.name).collect();
        let held = self.held_token(&record).await?;
        let needed = integration.needed(&record.scopes).clone();
        let checks = held.as_ref().map(|held| self.judge_token(&held.known, &needed, now));
        let mut missing = self.lacking(&integration, &settings, &credentials, &record.scopes);
        if let Some(problem) = token_problem(record.confirmed_at.is_some(), checks.as_ref()) {
            missing.add(problem);
        }
        let offered = self.catalog.scopes().iter().filter(|scope| scope.name.as_str() != CREDENTIAL_SCOPE);
        let offered_scopes = if integration.chooses_scopes() {
            let policy = self.store.policy().await?.policy;
            offered.map(|scope| scope_view(scope, &policy)).collect()
        } else {
            Vec::new()
        };
        Ok(AccountDetails {
            summary: self.account_summary(&record, held.as_ref(), now),
            integration,
            settings,
            credentials,
            can_keep_credentials: self.can_keep_credentials(),
            offered_scopes,
            scopes: needed,
            confirmed_at: record.confirmed_at,
            checks,
            missing,
            asks_password: self.asks_password(caller),
            now,
        })
    }
}

/// What is wrong with a token that is to be submitted, by how it stands; none at all for no checks.
pub(super) fn token_problem(is_confirmed: bool, checks: Option<&Confirmation>) -> Option<AccountProblem> {
    let Some(checks) = checks else { return Some(AccountProblem::TokenMissing) };
    let red: ScopeSet =
        checks.scopes.iter().filter(|check| !check.is_green()).map(|check| check.scope.clone()).collect();
    if checks.token != Verdict::Active {
        Some(AccountProblem::TokenEnded)
    } else if !red.is_empty() {
        Some(AccountProblem::TokenLacks(red))
    } else if !is_confirmed {
        Some(AccountProblem::TokenNotConfirmed)
    } else {
        None
    }
}
