//! Storing tokens.

use async_trait::async_trait;
pub use latchkey_domain::TokenSource;
use latchkey_domain::{AccountSid, AddressRules, FormId, RepId, ScopeSet, Timestamp, TokenHash, TokenRateLimit};

use super::{Committed, PolicyVersion, Rep, StoreResult};
use crate::AuditEntry;

/// Who made a token that is somebody else's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenMaker {
    /// The service rep.
    pub id: RepId,
    /// What they are called.
    pub name: String,
}

/// A token, as stored. Its secrets stand in a table of their own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenRecord {
    /// Its name.
    pub sid: AccountSid,
    /// Whose it is.
    pub owner: RepId,
    /// Its owner's address, for lists across owners.
    pub owner_email: String,
    /// Whether its owner is enabled; otherwise it does not work.
    pub owner_is_enabled: bool,
    /// What it is for.
    pub description: String,
    /// What it was given.
    pub scopes: ScopeSet,
    /// Whether it was given All Scopes.
    pub all_scopes: bool,
    /// How it came to be.
    pub source: TokenSource,
    /// When it was made.
    pub created_at: Timestamp,
    /// The first instant at which it is no longer valid.
    pub expires_at: Timestamp,
    /// When it was taken back.
    pub revoked_at: Option<Timestamp>,
    /// When it was last used, as far as that has been written down.
    pub last_used_at: Option<Timestamp>,
    /// How many calls it may make.
    pub rate_limit: TokenRateLimit,
    /// Who made it, where that was not its owner of today; none for what the command line made.
    pub maker: Option<TokenMaker>,
    /// From where it may be used, where that is not everywhere.
    pub addresses: Option<AddressRules>,
}

impl TokenRecord {
    /// Who made it, where that is not its owner: a token may have come back to its maker.
    #[must_use]
    pub fn other_maker(&self) -> Option<&TokenMaker> {
        self.maker.as_ref().filter(|maker| maker.id != self.owner)
    }
}

/// The latest call with a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastCall {
    /// When it was.
    pub at: Timestamp,
    /// The client's address; empty where that was not noted.
    pub address: String,
    /// What the client said that it is; empty where it said nothing, or that was not noted.
    pub agent: String,
}

/// A call to be written down as a token's latest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotedCall {
    /// The token.
    pub sid: AccountSid,
    /// The call.
    pub call: LastCall,
}

/// A token to be stored.
#[derive(Debug, Clone)]
pub struct NewToken {
    /// The token; its `owner_email`, its maker's name and `last_used_at` are not stored with it.
    pub token: TokenRecord,
    /// What its description is compared by.
    pub description_key: String,
    /// The hash of its secret.
    pub secret: TokenHash,
    /// The form that asked for it: one form makes one token.
    pub form: Option<FormId>,
    /// The policy that it was held against.
    pub policy: PolicyVersion,
}

/// What became of a new token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenInsertion {
    /// Stored.
    Inserted,
    /// Not stored: its form has made a token before.
    FormUsed,
    /// Not stored: the owner has a live token with this description.
    DescriptionTaken,
    /// Not stored: the owner has as many live tokens as one may have.
    TooMany,
    /// Not stored: there is no such owner, or they are disabled.
    OwnerGone,
    /// Not stored: another policy holds than the one that it was held against.
    PolicyChanged,
}

/// What became of a revocation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Revocation {
    /// Taken back now: the token of this description.
    Revoked(String),
    /// The token of this description was revoked before, and nothing changed; or it had expired, by the clock of whoever
    /// revokes it, and is revoked now all the same: by another's it may go on.
    HadEnded(String),
    /// There is no such token, or it belongs to somebody else.
    NotFound,
}

/// Which tokens to list.
#[derive(Debug, Clone, Copy, Default)]
pub struct TokenFilter {
    /// Those of one owner.
    pub owner: Option<RepId>,
    /// Those that are live at this instant.
    pub live_at: Option<Timestamp>,
}

/// The token that a secret belongs to, with what the verdict and the answers need of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credential {
    /// The token.
    pub token: TokenRecord,
    /// Its owner.
    pub owner: Rep,
    /// The first instant at which this secret is no longer valid, where it ends before its token.
    pub secret_not_after: Option<Timestamp>,
    /// What the policy reserves for admins.
    pub admin_scopes: ScopeSet,
}

/// The tokens' part of the database.
#[async_trait]
pub trait TokenStore: Send + Sync {
    /// Stores a new token, after checking under the write lock what only the database knows.
    ///
    /// # Errors
    /// [`super::StoreError`] where the database fails.
    async fn insert_token(
        &self,
        token: &NewToken,
        max_live: usize,
        audit: &AuditEntry,
    ) -> StoreResult<Committed<TokenInsertion>>;

    /// The token with this name, if it belongs to `owner` (to anybody, for `None`).
    ///
    /// # Errors
    /// [`super::StoreError`] where the database fails.
    async fn token(&self, sid: AccountSid, owner: Option<RepId>) -> StoreResult<Option<TokenRecord>>;

    /// The tokens that pass the filter, the newest first, at most `limit`.
    ///
    /// # Errors
    /// [`super::StoreError`] where the database fails.
    async fn tokens(&self, filter: TokenFilter, limit: u32) -> StoreResult<Vec<TokenRecord>>;

    /// Takes a token back, if it belongs to `owner` (to anybody, for `None`).
    ///
    /// # Errors
    /// [`super::StoreError`] where the database fails.
    async fn revoke_token(
        &self,
        sid: AccountSid,
        owner: Option<RepId>,
        now: Timestamp,
        audit: &AuditEntry,
    ) -> StoreResult<Committed<Revocation>>;

    /// Sets how many calls a token may make; `false` where there is no such token.
    ///
    /// # Errors
    /// [`super::StoreError`] where the database fails.
    async fn limit_token(
        &self,
        sid: AccountSid,
        limit: TokenRateLimit,
        audit: &AuditEntry,
    ) -> StoreResult<Committed<bool>>;

    /// The token that this secret belongs to, valid or not.
    ///
    /// # Errors
    /// [`super::StoreError`] where the database fails.
    async fn credential(&self, secret: TokenHash) -> StoreResult<Option<Credential>>;

    /// The credentials of these tokens, valid or not: one for each secret that a token has. A token that is not
    /// there has none.
    ///
    /// # Errors
    /// [`super::StoreError`] where the database fails.
    async fn credentials_of(&self, sids: &[AccountSid]) -> StoreResult<Vec<Credential>>;

    /// Writes down when tokens were last used, and from where; a later call never loses to an earlier one, whoever
    /// noted it. All of it at once.
    ///
    /// # Errors
    /// [`super::StoreError`] where the database fails.
    async fn note_uses(&self, uses: &[NotedCall]) -> StoreResult<()>;

    /// The latest call with a token, as far as that has been written down.
    ///
    /// # Errors
    /// [`super::StoreError`] where the database fails.
    async fn last_call(&self, sid: AccountSid) -> StoreResult<Option<LastCall>>;
}
