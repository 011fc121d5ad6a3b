//! Storing service reps.

use async_trait::async_trait;
use latchkey_domain::{Appearance, Email, RepId, RepKind, Role, Timestamp};

use super::{Committed, StoreResult};
use crate::{AuditEntry, PasswordHash, SecretHash};

/// A service rep, as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rep {
    /// The service rep.
    pub id: RepId,
    /// What they sign in with; for a system rep, an address to name it by.
    pub email: String,
    /// What they are called.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// A person or a service.
    pub kind: RepKind,
    /// How the pages look to them.
    pub appearance: Appearance,
    /// When the account was made.
    pub created_at: Timestamp,
    /// Since when they may neither sign in nor have working tokens.
    pub disabled_at: Option<Timestamp>,
}

impl Rep {
    /// Whether they may sign in and their tokens work.
    #[must_use]
    pub const fn is_enabled(&self) -> bool {
        self.disabled_at.is_none()
    }
}

/// A service rep to be made.
#[derive(Debug, Clone)]
pub struct NewRep {
    /// The account.
    pub rep: Rep,
    /// The hash of the password; none for a system rep.
    pub password: Option<PasswordHash>,
    /// The human owners of a system rep.
    pub owners: Vec<RepId>,
}

/// What became of a new service rep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RepInsertion {
    /// Stored.
    Inserted,
    /// Not stored: another service rep has the address.
    EmailTaken,
}

/// What became of a change of address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EmailChange {
    /// Changed, and so many other sessions ended.
    Changed {
        /// How many sessions ended.
        ended_sessions: u64,
    },
    /// Not changed: another service rep has the address.
    EmailTaken,
}

/// The service reps' part of the database.
#[async_trait]
pub trait RepStore: Send + Sync {
    /// Stores a new service rep.
    ///
    /// # Errors
    /// [`super::StoreError`] where the database fails.
    async fn insert_rep(&self, rep: &NewRep, audit: &AuditEntry) -> StoreResult<RepInsertion>;

    /// The service rep with this id.
    ///
    /// # Errors
    /// [`super::StoreError`] where the database fails.
    async fn rep(&self, id: RepId) -> StoreResult<Option<Rep>>;

    /// The service rep with this address.
    ///
    /// # Errors
    /// [`super::StoreError`] where the database fails.
    async fn rep_by_email(&self, email: &Email) -> StoreResult<Option<Rep>>;

    /// Every service rep, by address.
    ///
    /// # Errors
    /// [`super::StoreError`] where the database fails.
    async fn reps(&self) -> StoreResult<Vec<Rep>>;

    /// The hash of a service rep's password; `None` for a system rep and for nobody.
    ///
    /// # Errors
    /// [`super::StoreError`] where the database fails.
    async fn password_hash(&self, id: RepId) -> StoreResult<Option<PasswordHash>>;

    /// Changes what a person is called.
    ///
    /// # Errors
    /// [`super::StoreError`] where the database fails.
    async fn rename_rep(&self, id: RepId, name: &str, audit: &AuditEntry) -> StoreResult<()>;

    /// Changes how the pages look to a person.
    ///
    /// # Errors
    /// [`super::StoreError`] where the database fails.
    async fn set_appearance(&self, id: RepId, appearance: Appearance, audit: &AuditEntry) -> StoreResult<()>;

    /// Changes what a person signs in with, and ends their sessions except `keep`.
    ///
    /// # Errors
    /// [`super::StoreError`] where the database fails.
    async fn change_email(
        &self,
        id: RepId,
        email: &Email,
        keep: SecretHash,
        audit: &AuditEntry,
    ) -> StoreResult<Committed<EmailChange>>;

    /// Replaces a person's password, and ends their sessions except `keep`. Answers how many ended.
    ///
    /// # Errors
    /// [`super::StoreError`] where the database fails.
    async fn change_password(
        &self,
        id: RepId,
        password: &PasswordHash,
        keep: SecretHash,
        audit: &AuditEntry,
    ) -> StoreResult<u64>;

    /// Lets a service rep in, or keeps them and their tokens out. Answers whether anything changed.
    ///
    /// # Errors
    /// [`super::StoreError`] where the database fails.
    async fn set_disabled(
        &self,
        id: RepId,
        disabled_at: Option<Timestamp>,
        audit: &AuditEntry,
    ) -> StoreResult<Committed<bool>>;
}
