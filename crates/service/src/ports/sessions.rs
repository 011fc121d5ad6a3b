//! Storing sessions, and failed attempts to start one.

use async_trait::async_trait;
use latchkey_domain::{RepId, Timestamp};

use super::{Rep, StoreResult};
use crate::{AuditEntry, PasswordHash, SecretHash};

/// A session, as stored. Its cookie is not: only the hash of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// The hash of the cookie's value.
    pub hash: SecretHash,
    /// Whose it is.
    pub rep: RepId,
    /// When it was started.
    pub created_at: Timestamp,
    /// When it was last seen, to the minute.
    pub last_seen_at: Timestamp,
    /// When it ends at the latest.
    pub expires_at: Timestamp,
    /// When the password was last given in it.
    pub confirmed_at: Timestamp,
    /// Where it was started from.
    pub address: String,
    /// The browser, as it names itself.
    pub agent: String,
}

/// A session to be started.
pub type NewSession = Session;

/// How many failed attempts are taken in one window of time.
#[derive(Debug, Clone, Copy)]
pub struct AttemptLimits {
    /// The window's length in seconds.
    pub window_seconds: i64,
    /// Attempts on one account from one address.
    pub per_account_and_address: i64,
    /// Attempts from one address.
    pub per_address: i64,
}

/// An attempt whose password was right.
#[derive(Debug, Clone, Copy)]
pub struct RightAttempt<'a> {
    /// The account that it was counted under.
    pub account: SecretHash,
    /// The network that it was counted under.
    pub network: &'a str,
    /// The hash that the password was compared with.
    pub password: &'a PasswordHash,
}

/// Whether an attempt to sign in may go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttemptReservation {
    /// It may, and counts as failed until it is cleared.
    Reserved,
    /// There were too many; the oldest one in the window leaves it then.
    TooMany {
        /// When the next attempt is worth making.
        retry_at: Timestamp,
    },
}

/// The sessions' part of the database.
#[async_trait]
pub trait SessionStore: Send + Sync {
    /// Counts an attempt, unless there were too many. Counting before the password is checked is what makes
    /// parallel guesses count too. Attempts that have left the window are forgotten.
    ///
    /// `account` is a hash of what was typed as address, whether or not there is such an account; `network` is where
    /// the attempt came from.
    ///
    /// # Errors
    /// [`super::StoreError`] where the database fails.
    async fn reserve_attempt(
        &self,
        account: SecretHash,
        network: &str,
        limits: AttemptLimits,
        now: Timestamp,
    ) -> StoreResult<AttemptReservation>;

    /// Writes down that an attempt failed.
    ///
    /// # Errors
    /// [`super::StoreError`] where the database fails.
    async fn record_failed_attempt(&self, audit: &AuditEntry) -> StoreResult<()>;

    /// Starts a session, and forgets the attempts that led to it. Answers whether it did: not where the password has
    /// been changed since it was looked at, or the account disabled. What ends somebody's sessions would not find one
    /// that begins afterwards.
    ///
    /// # Errors
    /// [`super::StoreError`] where the database fails.
    async fn start_session(
        &self,
        session: &NewSession,
        attempt: RightAttempt<'_>,
        audit: &AuditEntry,
    ) -> StoreResult<bool>;

    /// The session with this hash and whose it is, whatever its times say.
    ///
    /// # Errors
    /// [`super::StoreError`] where the database fails.
    async fn session(&self, hash: SecretHash) -> StoreResult<Option<(Session, Rep)>>;

    /// Notes that a session was seen.
    ///
    /// # Errors
    /// [`super::StoreError`] where the database fails.
    async fn touch_session(&self, hash: SecretHash, at: Timestamp) -> StoreResult<()>;

    /// Notes that the password was given in a session, and forgets the attempts that led to it. Answers whether it
    /// did: not where the password has been changed since it was looked at, or the account disabled.
    ///
    /// # Errors
    /// [`super::StoreError`] where the database fails.
    async fn confirm_session(
        &self,
        hash: SecretHash,
        rep: RepId,
        at: Timestamp,
        attempt: RightAttempt<'_>,
        audit: &AuditEntry,
    ) -> StoreResult<bool>;

    /// The sessions of one service rep that end after `now` and were seen after `seen_after`, the latest first.
    ///
    /// # Errors
    /// [`super::StoreError`] where the database fails.
    async fn sessions(&self, rep: RepId, now: Timestamp, seen_after: Timestamp) -> StoreResult<Vec<Session>>;

    /// Ends a session. Answers whether there was one.
    ///
    /// # Errors
    /// [`super::StoreError`] where the database fails.
    async fn end_session(&self, hash: SecretHash, audit: &AuditEntry) -> StoreResult<bool>;

    /// Ends a service rep's sessions except `keep`. Answers how many ended.
    ///
    /// # Errors
    /// [`super::StoreError`] where the database fails.
    async fn end_other_sessions(&self, rep: RepId, keep: SecretHash, audit: &AuditEntry) -> StoreResult<u64>;

    /// Removes sessions that ended before `now` or were last seen before `seen_after`, in one batch.
    ///
    /// # Errors
    /// [`super::StoreError`] where the database fails.
    async fn remove_ended_sessions(&self, now: Timestamp, seen_after: Timestamp) -> StoreResult<u64>;
}
