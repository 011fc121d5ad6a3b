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
    /// Not stored: of a system rep's owners, one is no enabled person, or both are the same.
    OwnersUnfit,
}

/// What became of a change to whether a service rep may act, or what they may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RepChange {
    /// Done.
    Changed {
        /// How many sessions ended with it.
        ended_sessions: u64,
        /// How many of their tokens are in time: those that stopped, or work again, or go on.
        live_tokens: u64,
    },
    /// It was so before; nothing changed.
    Unchanged,
    /// Refused: nobody would be left who is an admin and can sign in.
    LastAdmin,
    /// Refused: whoever asked for it is no enabled admin any longer.
    NotAllowed,
    /// There is no such service rep.
    NotFound,
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

    /// Lets a service rep in, or keeps them and their tokens out. Their sessions end either way, and a link that
    /// would let them choose a password is gone with an account that is disabled. Those who are admins and can sign
    /// in never become none, whoever else acts at the same time.
    ///
    /// # Errors
    /// [`super::StoreError`] where the database fails.
    async fn set_disabled(
        &self,
        id: RepId,
        disabled_at: Option<Timestamp>,
        audit: &AuditEntry,
    ) -> StoreResult<Committed<RepChange>>;

    /// Makes a service rep an admin, or an admin a rep. The same holds of the last admin.
    ///
    /// # Errors
    /// [`super::StoreError`] where the database fails.
    async fn set_role(&self, id: RepId, role: Role, audit: &AuditEntry) -> StoreResult<Committed<RepChange>>;
}
