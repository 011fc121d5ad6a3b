//! Storing the way to the first admin account.

use async_trait::async_trait;
use latchkey_domain::Timestamp;

use super::{NewRep, NewSession, StoreResult};
use crate::{AuditEntry, SecretHash};

/// Whether a set-up code opens the set-up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SetUpState {
    /// It does.
    Open,
    /// It is unknown, replaced or too old.
    LinkInvalid,
    /// There is an admin already.
    Closed,
}

/// What became of the first admin's account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FirstAdmin {
    /// Made, and the code is used up.
    Created,
    /// Not made: this state.
    Refused(SetUpState),
    /// Not made: another service rep has the address.
    EmailTaken,
}

/// The set-up's part of the database.
#[async_trait]
pub trait SetUpStore: Send + Sync {
    /// Replaces every earlier code by this one and answers `true`; removes them all and answers `false` where an
    /// enabled admin exists.
    ///
    /// # Errors
    /// [`super::StoreError`] where the database fails.
    async fn offer_set_up(&self, code: SecretHash, expires_at: Timestamp) -> StoreResult<bool>;

    /// What a code opens at `now`. Changes nothing.
    ///
    /// # Errors
    /// [`super::StoreError`] where the database fails.
    async fn set_up_state(&self, code: SecretHash, now: Timestamp) -> StoreResult<SetUpState>;

    /// Uses up the code, makes the admin and starts their first session, all or nothing.
    ///
    /// # Errors
    /// [`super::StoreError`] where the database fails.
    async fn create_first_admin(
        &self,
        code: SecretHash,
        admin: &NewRep,
        session: &NewSession,
        audit: &AuditEntry,
    ) -> StoreResult<FirstAdmin>;
}
