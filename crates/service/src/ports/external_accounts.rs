//! Storing external service accounts.
//!
//! Every change of an account names the version that it was made of, and takes the next; the account's row is locked
//! first, whatever else is locked after it. What touches a token touches it in the same transaction: there is no
//! moment at which a draft's generated token lives without its draft, or an active account has none.

use async_trait::async_trait;
use latchkey_domain::external_account::{AccountLevel, ExternalAccountId, IntegrationCode, SettingName};
use latchkey_domain::{AccountSid, RepId, ScopeSet, Timestamp};

use super::{Committed, NewToken, StoreResult, TokenInsertion};
use crate::{AuditEntry, KeyId, SealedCredential};

/// Whether an account was submitted: all of how it stands that is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountStage {
    /// Not yet.
    Draft,
    /// It was.
    Active,
}

impl AccountStage {
    /// Every stage.
    pub const ALL: [Self; 2] = [Self::Draft, Self::Active];

    /// The name in the database.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Active => "active",
        }
    }

    /// The stage with this code.
    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|stage| stage.code() == code)
    }
}

/// Who did something, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acted {
    /// Who.
    pub by: RepId,
    /// What they are called.
    pub name: String,
    /// When.
    pub at: Timestamp,
}

/// An account, as stored. Its credentials stand in a table of their own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountRecord {
    /// The account.
    pub id: ExternalAccountId,
    /// Of which integration.
    pub integration: IntegrationCode,
    /// At which level.
    pub level: AccountLevel,
    /// The company's or branch's name; empty at other levels.
    pub entity: String,
    /// The service rep's id and name, at their level.
    pub entity_rep: Option<(RepId, String)>,
    /// Whether it was submitted.
    pub stage: AccountStage,
    /// The settings, as JSON.
    pub settings: String,
    /// The scopes that were chosen.
    pub scopes: ScopeSet,
    /// Its token, and whether that was generated in the set-up.
    pub token: Option<(AccountSid, bool)>,
    /// When its token was confirmed by its secret.
    pub confirmed_at: Option<Timestamp>,
    /// Its version.
    pub version: i64,
    /// Who started it.
    pub started: Acted,
    /// Who changed it last.
    pub changed: Acted,
    /// Who submitted it.
    pub submitted: Option<Acted>,
}

/// A draft to be stored, as version 1.
#[derive(Debug, Clone)]
pub struct NewDraft {
    /// The account.
    pub id: ExternalAccountId,
    /// Of which integration.
    pub integration: IntegrationCode,
    /// At which level.
    pub level: AccountLevel,
    /// The company's or branch's name; empty at other levels.
    pub entity: String,
    /// The service rep, at their level.
    pub entity_rep: Option<RepId>,
    /// What is compared: no two accounts of an integration and level have the same.
    pub entity_key: String,
    /// The settings, as JSON.
    pub settings: String,
    /// Who starts it.
    pub by: RepId,
}

/// What became of a new draft.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DraftInsertion {
    /// Stored.
    Inserted,
    /// Not stored: this one is there already.
    Taken(ExternalAccountId),
    /// Nothing was done: whoever acts is no admin any longer.
    NotAllowed,
}

/// Of which account, and of which version of it, a change is made, and by whom.
#[derive(Debug, Clone, Copy)]
pub struct AccountTarget {
    /// The account.
    pub id: ExternalAccountId,
    /// The version that the change was made of.
    pub version: i64,
    /// The stage that it is made for.
    pub stage: AccountStage,
    /// Who makes it.
    pub by: RepId,
}

/// What is kept of a step.
#[derive(Debug, Clone, Copy)]
pub struct AccountContent<'a> {
    /// All settings, as JSON.
    pub settings: &'a str,
    /// The chosen scopes.
    pub scopes: &'a ScopeSet,
    /// Credentials that are new or replaced.
    pub sealed: &'a [SealedCredential],
    /// Credentials that are forgotten.
    pub forgotten: &'a [SettingName],
}

/// What became of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AccountChange<T> {
    /// Done.
    Done(T),
    /// Nothing was done: the account is of another version, or at another stage. This is how it stands.
    Overtaken(Box<AccountRecord>),
    /// Nothing was done: there is no such account.
    NotFound,
    /// Nothing was done: whoever acts is no admin any longer.
    NotAllowed,
}

/// What became of a submission that nobody overtook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activation {
    /// The account is active.
    Active,
    /// Nothing was done: it has no token, or one that has ended.
    TokenEnded,
}

/// What a cancelled draft leaves behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CancelledDraft {
    /// The token that was revoked with it.
    pub revoked: Option<AccountSid>,
    /// The token that was pasted into it, which is as it was.
    pub left_alone: Option<AccountSid>,
}

/// A token that was given an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenGift {
    /// The token was stored and is the account's, whose version is this now.
    Given(i64),
    /// Nothing was done, since the token cannot be stored.
    Refused(TokenInsertion),
}

/// The external service accounts' part of the database.
#[async_trait]
pub trait ExternalAccountStore: Send + Sync {
    /// Stores a draft.
    ///
    /// # Errors
    /// [`super::StoreError`] where the database fails.
    async fn insert_draft(&self, draft: &NewDraft, audit: &AuditEntry) -> StoreResult<DraftInsertion>;

    /// The account with this id.
    ///
    /// # Errors
    /// [`super::StoreError`] where the database fails.
    async fn external_account(&self, id: ExternalAccountId) -> StoreResult<Option<AccountRecord>>;

    /// Accounts by integration, level and name, at most `limit`.
    ///
    /// # Errors
    /// [`super::StoreError`] where the database fails.
    async fn external_accounts(&self, limit: u32) -> StoreResult<Vec<AccountRecord>>;

    /// The account that has this token.
    ///
    /// # Errors
    /// [`super::StoreError`] where the database fails.
    async fn external_account_of(&self, token: AccountSid) -> StoreResult<Option<AccountRecord>>;

    /// Keeps a step; answers the account's version now. Where the chosen scopes change, the token counts as
    /// unconfirmed.
    ///
    /// # Errors
    /// [`super::StoreError`] where the database fails.
    async fn save_external_account(
        &self,
        target: AccountTarget,
        content: AccountContent<'_>,
        audit: &AuditEntry,
    ) -> StoreResult<AccountChange<i64>>;

    /// Keeps the last step of a draft and makes the account active, if its token is neither revoked nor expired.
    ///
    /// # Errors
    /// [`super::StoreError`] where the database fails.
    async fn submit_external_account(
        &self,
        target: AccountTarget,
        content: AccountContent<'_>,
        audit: &AuditEntry,
    ) -> StoreResult<AccountChange<Activation>>;

    /// Stores a new token and gives it to the account. The token before it is revoked, unless it was pasted into a
    /// draft: `each` is written for it. What [`super::TokenStore::insert_token`] checks of a token is checked after
    /// that, so that the new one may have the description of the one before.
    ///
    /// # Errors
    /// [`super::StoreError`] where the database fails.
    async fn give_new_token(
        &self,
        target: AccountTarget,
        token: &NewToken,
        max_live: usize,
        audits: TokenGiftAudits<'_>,
    ) -> StoreResult<Committed<AccountChange<TokenGift>>>;

    /// Gives a draft a token that is there; answers the account's version now, or `None` where another account has the
    /// token. The token before it is revoked if it was generated in the set-up: `each` is written for it. A token that
    /// was generated in this very draft stays one that was.
    ///
    /// # Errors
    /// [`super::StoreError`] where the database fails.
    async fn attach_token(
        &self,
        target: AccountTarget,
        token: AccountSid,
        audit: &AuditEntry,
        each: &AuditEntry,
    ) -> StoreResult<Committed<AccountChange<Option<i64>>>>;

    /// Notes that the account's token was confirmed for these scopes, or that it was not; `false` where it has another
    /// token or other scopes by now.
    ///
    /// # Errors
    /// [`super::StoreError`] where the database fails.
    async fn note_confirmation(
        &self,
        id: ExternalAccountId,
        token: AccountSid,
        scopes: &ScopeSet,
        confirmed: bool,
        audit: &AuditEntry,
    ) -> StoreResult<bool>;

    /// Removes a draft with its credentials, and revokes the token that was generated in it: `each` is written for it.
    ///
    /// # Errors
    /// [`super::StoreError`] where the database fails.
    async fn cancel_draft(
        &self,
        target: AccountTarget,
        audit: &AuditEntry,
        each: &AuditEntry,
    ) -> StoreResult<Committed<AccountChange<CancelledDraft>>>;

    /// Revokes the token of an active account, `each` being written for it; whether it had ended before. `None` where
    /// there is no active account of this id.
    ///
    /// # Errors
    /// [`super::StoreError`] where the database fails.
    async fn revoke_account_token(
        &self,
        id: ExternalAccountId,
        audit: &AuditEntry,
        each: &AuditEntry,
    ) -> StoreResult<Committed<Option<(AccountSid, bool)>>>;

    /// The credentials of an account, by name.
    ///
    /// # Errors
    /// [`super::StoreError`] where the database fails.
    async fn sealed_credentials(&self, account: ExternalAccountId) -> StoreResult<Vec<SealedCredential>>;

    /// The keys that credentials are sealed under, each once, with how many there are.
    ///
    /// # Errors
    /// [`super::StoreError`] where the database fails.
    async fn sealing_keys(&self) -> StoreResult<Vec<(KeyId, u64)>>;

    /// Credentials that are sealed under another key than this one, at most `limit`.
    ///
    /// # Errors
    /// [`super::StoreError`] where the database fails.
    async fn credentials_to_reseal(&self, but: KeyId, limit: u32) -> StoreResult<Vec<SealedCredential>>;

    /// Puts a credential that was sealed anew in the place of what it was made from; `false` where that is not there
    /// any more.
    ///
    /// # Errors
    /// [`super::StoreError`] where the database fails.
    async fn reseal_credential(
        &self,
        from: &SealedCredential,
        to: &SealedCredential,
        audit: &AuditEntry,
    ) -> StoreResult<bool>;
}

/// What is written when an account gets a new token.
#[derive(Debug, Clone, Copy)]
pub struct TokenGiftAudits<'a> {
    /// Of the token.
    pub token: &'a AuditEntry,
    /// Of the account.
    pub account: &'a AuditEntry,
    /// Of the token before it, whose name is put in.
    pub each: &'a AuditEntry,
}
