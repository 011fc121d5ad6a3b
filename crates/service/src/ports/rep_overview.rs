//! Service reps, as admins see them.

use async_trait::async_trait;
use latchkey_domain::{RepId, RepKind, RepState, Role, Timestamp};

use super::{Rep, StoreResult};

/// A service rep, with what an admin wants to know beside the account itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepOverview {
    /// The account.
    pub rep: Rep,
    /// Whether it is in use.
    pub state: RepState,
    /// How many of their tokens are neither revoked nor expired.
    pub live_tokens: u64,
    /// Of how many system reps they are an owner.
    pub owned_systems: u64,
    /// When the link that lets them choose a password expires, where one was made and not used.
    pub link_expires_at: Option<Timestamp>,
}

/// Which service reps to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RepFilter {
    /// A part of the name or the address, in any case; empty for all.
    pub text: String,
    /// Those of one role.
    pub role: Option<Role>,
    /// Those of one kind.
    pub kind: Option<RepKind>,
    /// Those in one state.
    pub state: Option<RepState>,
}

/// The overview's part of the database.
#[async_trait]
pub trait RepOverviewStore: Send + Sync {
    /// The service reps that pass the filter, by address, at most `limit`; what they have is counted at `now`.
    ///
    /// # Errors
    /// [`super::StoreError`] where the database fails.
    async fn rep_overviews(&self, filter: &RepFilter, now: Timestamp, limit: u32) -> StoreResult<Vec<RepOverview>>;

    /// One service rep.
    ///
    /// # Errors
    /// [`super::StoreError`] where the database fails.
    async fn rep_overview(&self, id: RepId, now: Timestamp) -> StoreResult<Option<RepOverview>>;

    /// The people who own this system rep, by address.
    ///
    /// # Errors
    /// [`super::StoreError`] where the database fails.
    async fn owners_of(&self, system_rep: RepId) -> StoreResult<Vec<Rep>>;

    /// The system reps that this person owns, by address.
    ///
    /// # Errors
    /// [`super::StoreError`] where the database fails.
    async fn system_reps_of(&self, owner: RepId) -> StoreResult<Vec<Rep>>;
}
