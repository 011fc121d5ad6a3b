//! The policy, and what it takes away by itself.

use async_trait::async_trait;
use latchkey_domain::{AccountSid, Policy, RepId, Timestamp};

use super::{Committed, StoreResult};
use crate::AuditEntry;

/// Which policy is meant: each that is saved has a number of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PolicyVersion(i64);

impl PolicyVersion {
    /// The version with this number. The first, which nobody has chosen, is 1.
    #[must_use]
    pub const fn from_number(number: i64) -> Self {
        Self(number)
    }

    /// The number.
    #[must_use]
    pub const fn number(self) -> i64 {
        self.0
    }
}

/// The policy, as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredPolicy {
    /// Which it is.
    pub version: PolicyVersion,
    /// The rules.
    pub policy: Policy,
    /// Who chose it, and when; nobody has chosen the first.
    pub chosen: Option<PolicyChoice>,
}

/// Who chose a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyChoice {
    /// The admin.
    pub by: RepId,
    /// What they are called.
    pub name: String,
    /// When.
    pub at: Timestamp,
}

/// What became of a policy that was to be saved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PolicySaving {
    /// It holds.
    Saved,
    /// Somebody else was faster: another holds than the one that it was to replace.
    Stale,
    /// Whoever asks is no admin any longer.
    NotAllowed,
}

/// What became of tokens that were to be revoked for want of use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IdleRevocation {
    /// These were revoked; the others have been used, or have ended.
    Revoked(Vec<AccountSid>),
    /// Another policy holds by now.
    Stale,
}

/// The policy's part of the database.
#[async_trait]
pub trait PolicyStore: Send + Sync {
    /// The policy.
    ///
    /// # Errors
    /// [`super::StoreError`] where the database fails.
    async fn policy(&self) -> StoreResult<StoredPolicy>;

    /// Replaces the policy `before` by another, chosen by `by` at the entry's time. A token that is made at the same
    /// time is made before this, or by the new policy.
    ///
    /// # Errors
    /// [`super::StoreError`] where the database fails.
    async fn save_policy(
        &self,
        policy: &Policy,
        before: PolicyVersion,
        by: RepId,
        audit: &AuditEntry,
    ) -> StoreResult<Committed<PolicySaving>>;

    /// Revokes those of these tokens that are live and have not been used since `since`, by the policy `under`, each
    /// with an entry made of `each`. Whether they were made before `since`, who asks has seen.
    ///
    /// # Errors
    /// [`super::StoreError`] where the database fails.
    async fn revoke_idle(
        &self,
        sids: &[AccountSid],
        since: Timestamp,
        under: PolicyVersion,
        each: &AuditEntry,
    ) -> StoreResult<Committed<IdleRevocation>>;
}
