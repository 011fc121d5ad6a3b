//! Moving a leaver's tokens to somebody else.

use async_trait::async_trait;
use latchkey_domain::{AccountSid, RepId, Timestamp};

use super::{Committed, StoreResult};
use crate::AuditEntry;

/// A token that is to move, or cannot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MovableToken {
    /// Its name, which stays.
    pub sid: AccountSid,
    /// What it is for.
    pub description: String,
}

/// What becomes, or would become, of the live tokens of one owner that go to another.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TokenMove {
    /// Those that move, by description.
    pub moving: Vec<MovableToken>,
    /// Those that stay, since the other owner has a live token of the same description, by description.
    pub staying: Vec<MovableToken>,
}

/// What became of a move.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenMoveOutcome {
    /// Done, as far as descriptions allow.
    Moved(TokenMove),
    /// There was nothing to move: the owner has no live token, or none with a free description.
    Nothing(TokenMove),
    /// Refused: the other owner would have more live tokens than one may have.
    TooMany,
    /// Refused: the other owner is disabled, or has not accepted their invitation, or is nobody, or the same.
    TargetUnfit,
}

/// The moves' part of the database.
#[async_trait]
pub trait TokenMoveStore: Send + Sync {
    /// What would become of the live tokens of `from` if they were moved to `to` at `now`. Changes nothing.
    ///
    /// # Errors
    /// [`super::StoreError`] where the database fails.
    async fn preview_move(&self, from: RepId, to: RepId, now: Timestamp) -> StoreResult<TokenMove>;

    /// Gives the live tokens of `from` to `to`. SIDs and secrets stay; whoever made a token on the page stays named
    /// as its maker. A token whose description is taken among those of `to` stays where it is. `audit` is written
    /// once for the move, with how many, and `each` once for every token that moved.
    ///
    /// # Errors
    /// [`super::StoreError`] where the database fails.
    async fn move_tokens(
        &self,
        from: RepId,
        to: RepId,
        max_live: usize,
        audit: &AuditEntry,
        each: &AuditEntry,
    ) -> StoreResult<Committed<TokenMoveOutcome>>;
}
