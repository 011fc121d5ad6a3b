//! External service accounts: setting a vendor's integration up, and what becomes of it.
//!
//! 1. An admin starts a draft for an integration, at a level, for somebody ([`Service::start_account`]). There is one
//!    account for each of these, drafts included.
//! 2. Step by step it is filled in ([`Service::save_account`]). A draft keeps what is well formed; what was typed wrong
//!    is named, stays in the page's field, and what was kept before stays kept. Credentials are sealed.
//! 3. Its token is generated ([`Service::generate_account_token`]) or pasted ([`Service::attach_account_token`]), and
//!    confirmed: by the same judgement that a call meets, for each route that it has to open ([`Confirmation`]).
//! 4. It is submitted ([`Service::submit_account`]) or cancelled ([`Service::cancel_account`]).
//! 5. From then on how it stands follows from its token alone ([`AccountState`]): revoked here or anywhere else, moved,
//!    expired, its owner disabled. [`Service::revoke_account`] ends the token, [`Service::replace_account_token`] gives
//!    it another; the account stays, with its settings.
//! 6. The vendor reads it with that token ([`Service::own_account`]).
//!
//! Every version of an account has a number. A form is of one version: where somebody else has changed the account
//! meanwhile, nothing is done, and the answer says who did and when. The number is a form's one-time id too: sent
//! twice, it does its work once.

mod attach;
mod cancel;
mod confirm;
mod generate;
mod list;
mod open;
mod own;
mod replace;
mod revoke;
mod save;
mod start;
mod submit;

pub use attach::AccountAttachment;
pub use cancel::AccountCancellation;
pub use confirm::{Confirmation, RouteCheck, ScopeCheck};
pub use generate::{AccountTokenOffer, AccountTokenOutcome, GeneratedAccountToken};
pub use list::{ACCOUNT_PAGE, AccountList, AccountSummary, AccountToken};
pub use open::AccountDetails;
pub use own::OwnAccount;
pub use revoke::AccountRevocation;
pub use save::AccountSave;
pub use start::AccountStart;
pub use submit::AccountSubmission;

use std::collections::BTreeSet;

use latchkey_domain::external_account::{
    AccountErrors, AccountForm, AccountLevel, AccountProblem, AccountSettings, AccountState, AccountTrouble,
    ExternalAccountId, Integration, Integrations, ParsedAccount, SettingName, SettingProblem,
};
use latchkey_domain::{Refusal, ScopeSet, Timestamp};

use crate::ports::{AccountRecord, AccountStage, AccountTarget, Acted, Credential, StoreError, StoreResult};
use crate::{
    AuditAction, AuditEntry, AuditSubject, Caller, Known, Outcome, SealedCredential, Service, VendorCredential,
};

impl Service {
    /// The integrations on offer.
    #[must_use]
    pub fn integrations(&self) -> &Integrations {
        &self.integrations
    }

    /// Whether there is a key to keep vendors' credentials under.
    #[must_use]
    pub const fn can_keep_credentials(&self) -> bool {
        self.secret_keys.is_some()
    }

    /// An account for an admin, with its integration.
    async fn account_record(&self, caller: &Caller, id: ExternalAccountId) -> Outcome<(AccountRecord, Integration)> {
        caller.require_admin()?;
        let record = self.store.external_account(id).await?.ok_or(Refusal::NotFound)?;
        let integration = self.integrations.get_or_gone(&record.integration);
        Ok((record, integration))
    }

    /// Who has changed an account since it was read, or has removed it: what was read of its token and its credentials
    /// after it may then be of another version, and says nothing about this one.
    async fn overtaken_since(&self, record: &AccountRecord) -> Outcome<Option<Overtaken>> {
        let now = self.store.external_account(record.id).await?.ok_or(Refusal::NotFound)?;
        Ok(overtaken(&now, record.version, record.stage))
    }

    /// The token of an account with its owner.
    async fn held_token(&self, record: &AccountRecord) -> StoreResult<Option<Held>> {
        let Some((sid, is_generated)) = record.token else { return Ok(None) };
        let found = self.store.credentials_of(&[sid]).await?;
        Ok(self.held(found, is_generated))
    }

    /// The token that these credentials are of. Which of its secrets is in use does not matter to an account.
    fn held(&self, credentials: Vec<Credential>, is_generated: bool) -> Option<Held> {
        let credential = credentials.into_iter().find(|credential| credential.secret_not_after.is_none())?;
        let known = Known::of(credential.clone(), &self.grants);
        Some(Held { credential, known, is_generated })
    }

    /// The chosen scopes, where they are in the catalog.
    fn check_chosen(&self, parsed: &mut ParsedAccount, caller: &Caller) {
        let may_grant = self.catalog.grantable_by(caller.rep.role);
        if parsed.scopes.as_ref().is_some_and(|scopes| scopes.iter().any(|name| !may_grant.contains(name))) {
            parsed.errors.add(AccountProblem::ScopeUnknown);
            parsed.scopes = None;
        }
    }

    /// What an account lacks, its token aside.
    fn lacking(
        &self,
        integration: &Integration,
        settings: &AccountSettings,
        credentials: &BTreeSet<SettingName>,
        chosen: &ScopeSet,
    ) -> AccountErrors {
        let mut errors = AccountErrors::default();
        // Where no credential can be kept, none can be asked for.
        let has = |name: &SettingName| !self.can_keep_credentials() || credentials.contains(name);
        for setting in settings.missing(integration, has) {
            errors.add(AccountProblem::Setting(setting.name.clone(), SettingProblem::Missing));
        }
        if integration.chooses_scopes() && chosen.is_empty() {
            errors.add(AccountProblem::ScopesMissing);
        }
        errors
    }

    /// Seals the credentials that a form has and that are well formed.
    fn seal_credentials(
        &self,
        id: ExternalAccountId,
        form: &AccountForm,
        parsed: &ParsedAccount,
    ) -> Outcome<Vec<SealedCredential>> {
        let Some(keys) = &self.secret_keys else { return Ok(Vec::new()) };
        let mut sealed = Vec::with_capacity(parsed.credentials.len());
        for name in &parsed.credentials {
            if let Some(typed) = form.credentials.get(name.as_str()) {
                let credential = VendorCredential::new(typed.expose());
                sealed.push(keys.seal(self.random.as_ref(), id, name, &credential)?);
            }
        }
        Ok(sealed)
    }

    /// An audit entry about an account. What people typed has no place in it.
    fn account_entry(&self, caller: &Caller, action: AuditAction, record: &AccountRecord, detail: &str) -> AuditEntry {
        let subject = AuditSubject::ExternalAccount(record.id);
        let mut entry = self.entry(caller.actor(), action, subject, &caller.origin);
        entry.detail = format!("{}, {}", record.integration, record.level.label());
        if detail.is_empty() { entry } else { entry.with_detail(detail) }
    }

    /// The entry of a token that ends with a change of its account. The token's name is put in where it is written.
    fn ended_token_entry(&self, caller: &Caller, record: &AccountRecord) -> AuditEntry {
        let mut entry = self.entry(caller.actor(), AuditAction::TokenRevoked, AuditSubject::Nothing, &caller.origin);
        entry.detail = format!("of the external service account {}", record.id);
        entry
    }
}

/// How an account stands whose token is this.
fn state_of(record: &AccountRecord, needed: &ScopeSet, held: Option<&Held>, now: Timestamp) -> AccountState {
    match (record.stage, held) {
        (AccountStage::Draft, _) => AccountState::Draft,
        (AccountStage::Active, Some(held)) => AccountState::of(&held.known.facts(), needed, now),
        // The database allows no such row.
        (AccountStage::Active, None) => AccountState::Failing(AccountTrouble::TokenRefused),
    }
}

/// An account's token, with what is known of it.
struct Held {
    credential: Credential,
    known: Known,
    is_generated: bool,
}

/// How a change was overtaken by another.
enum Overtaken {
    Stale(Acted),
    Submitted(Acted),
}

/// Whether an account is what a change was made of; where it is not, who was there before.
fn overtaken(record: &AccountRecord, version: i64, stage: AccountStage) -> Option<Overtaken> {
    match (&record.submitted, record.stage == stage) {
        (Some(submitted), false) => Some(Overtaken::Submitted(submitted.clone())),
        (None, false) => Some(Overtaken::Stale(record.changed.clone())),
        (_, true) => (record.version != version).then(|| Overtaken::Stale(record.changed.clone())),
    }
}

/// The target of a change by this caller.
const fn target(caller: &Caller, id: ExternalAccountId, version: i64, stage: AccountStage) -> AccountTarget {
    AccountTarget { id, version, stage, by: caller.rep.id }
}

/// The settings of a record.
fn settings_of(record: &AccountRecord) -> StoreResult<AccountSettings> {
    serde_json::from_str(&record.settings).map_err(|_| unreadable_settings())
}

/// Settings as the database holds them.
fn json_of(settings: &AccountSettings) -> StoreResult<String> {
    serde_json::to_string(settings).map_err(|_| unreadable_settings())
}

const fn unreadable_settings() -> StoreError {
    StoreError::Inconsistent { table: "external_account", column: "settings" }
}

/// The credentials that an account will have.
fn names_after(sealed: &[SealedCredential], parsed: &ParsedAccount) -> BTreeSet<SettingName> {
    let before = sealed.iter().map(|credential| credential.name.clone());
    before.filter(|name| !parsed.forgotten.contains(name)).chain(parsed.credentials.iter().cloned()).collect()
}

/// For whom an account is, in words: empty for the system.
fn entity_of(record: &AccountRecord) -> String {
    match (&record.entity_rep, record.level) {
        (Some((_, name)), AccountLevel::ServiceRep) => name.clone(),
        _ => record.entity.clone(),
    }
}
