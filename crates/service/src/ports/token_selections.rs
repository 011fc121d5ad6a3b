//! Tokens that an admin chose to revoke together.
//!
//! What was chosen is fixed when the admin looks at it: nothing joins the set afterwards, whatever comes to pass the
//! filter that it was chosen by.

use async_trait::async_trait;
use latchkey_domain::{AccountSid, FormId, RepId, Timestamp};

use super::{Committed, StoreResult};
use crate::AuditEntry;

/// A selection to be stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewSelection {
    /// Its id.
    pub id: FormId,
    /// Who chose.
    pub admin: RepId,
    /// When.
    pub created_at: Timestamp,
    /// When it is forgotten.
    pub expires_at: Timestamp,
    /// From when on a use is one of today.
    pub today: Timestamp,
}

/// What stands of a selection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Selection {
    /// Its id.
    pub id: FormId,
    /// When it was fixed.
    pub created_at: Timestamp,
    /// When the admin said yes.
    pub confirmed_at: Option<Timestamp>,
    /// When some of it was last done.
    pub advanced_at: Option<Timestamp>,
    /// How many tokens it holds.
    pub tokens: u64,
    /// How many of them were used on the day on which they were chosen.
    pub used_today: u64,
    /// How many have ended without this: those that wait and are no longer live, and those that were met so.
    pub had_ended: u64,
    /// How many this has revoked.
    pub revoked: u64,
    /// How many wait.
    pub waiting: u64,
}

/// Somebody whose tokens of a selection have not ended yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SelectionOwner {
    /// Whose.
    pub owner: RepId,
    /// What they are called.
    pub name: String,
    /// Their address.
    pub email: String,
    /// How many of them.
    pub tokens: u64,
}

/// What a step of a revocation did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SelectionStep {
    /// How many tokens it has dealt with; 0 where nothing waited any longer.
    pub done: u32,
}

/// The part of the database that revokes many tokens at once.
#[async_trait]
pub trait TokenSelectionStore: Send + Sync {
    /// Fixes a set of tokens, and forgets selections whose time is over. Tokens that are not there are left out.
    ///
    /// # Errors
    /// [`super::StoreError`] where the database fails.
    async fn insert_selection(&self, selection: &NewSelection, sids: &[AccountSid]) -> StoreResult<()>;

    /// What stands of an admin's own selection; `None` for another's, and for one whose time is over.
    ///
    /// # Errors
    /// [`super::StoreError`] where the database fails.
    async fn selection(&self, id: FormId, admin: RepId, now: Timestamp) -> StoreResult<Option<Selection>>;

    /// Whose tokens of a selection have not ended yet, those of most first, at most `limit`.
    ///
    /// # Errors
    /// [`super::StoreError`] where the database fails.
    async fn selection_owners(&self, id: FormId, now: Timestamp, limit: u32) -> StoreResult<Vec<SelectionOwner>>;

    /// Those of a selection's tokens that were used on the day on which they were chosen, at most `limit`.
    ///
    /// # Errors
    /// [`super::StoreError`] where the database fails.
    async fn selection_used_today(&self, id: FormId, limit: u32) -> StoreResult<Vec<AccountSid>>;

    /// Takes the work on an admin's own selection: once for all who ask at the same time, and again only where
    /// nothing of it was done since `stalled_before`. Answers whether the work is the caller's.
    ///
    /// # Errors
    /// [`super::StoreError`] where the database fails.
    async fn claim_selection(
        &self,
        id: FormId,
        admin: RepId,
        now: Timestamp,
        stalled_before: Timestamp,
    ) -> StoreResult<bool>;

    /// Revokes the next `most` tokens that wait, those of them that are live, each with an entry made of `each`.
    ///
    /// # Errors
    /// [`super::StoreError`] where the database fails.
    async fn revoke_selected(&self, id: FormId, most: u32, each: &AuditEntry) -> StoreResult<Committed<SelectionStep>>;
}
