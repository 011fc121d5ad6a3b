//! What the use cases need from the world: a clock, randomness, and a database.
//!
//! The database's port is split by noun; [`Store`] is all of them. Each operation is one transaction: it happens
//! whole, together with the audit entry it is given, or not at all. The store never reads a clock and never
//! decides a rule that needs none of its data; it answers with what it found, and the use case decides.
//!
//! To add an operation: write its method on the noun's trait with its errors and its answer as a closed enum,
//! implement it in `latchkey-store` in the file of the same noun, and add its case to the contract suite, which
//! runs it on both engines. An operation that changes what a verdict says answers with a [`Committed`], which the
//! use case hands to `Service::settle`.

mod account_links;
mod audit;
mod changes;
mod external_accounts;
mod listing;
mod policy;
mod records;
mod rep_overview;
mod reps;
mod sessions;
mod set_up;
mod token_moves;
mod token_selections;
mod tokens;

use async_trait::async_trait;
use latchkey_domain::Timestamp;

pub use account_links::{AccountLinkStore, LinkIssue, LinkPurpose, LinkUse, NewLink, Withdrawal};
pub use audit::AuditStore;
pub use changes::{
    ChangeStore, ChangeWatch, Committed, Following, Membership, NodeBehind, NodeId, Revision, RollCall, SecretPlace,
    SecretRecord, TokenChange, TokenChanges, Told,
};
pub use external_accounts::{
    AccountChange, AccountContent, AccountRecord, AccountStage, AccountTarget, Acted, Activation, CancelledDraft,
    DraftInsertion, ExternalAccountStore, NewDraft, TokenGift, TokenGiftAudits,
};
pub use listing::{
    Breach, MalformedTokenPosition, TokenListing, TokenOrder, TokenPosition, TokenQuery, TokenSort, TokenStretch,
    TokenSurvey,
};
pub use policy::{IdleRevocation, PolicyChoice, PolicySaving, PolicyStore, PolicyVersion, StoredPolicy};
pub use records::{RecordDeletion, RecordInsertion, RecordReplacement, RecordStore, StoredRecord};
pub use rep_overview::{RepFilter, RepOverview, RepOverviewStore};
pub use reps::{EmailChange, NewRep, Rep, RepChange, RepInsertion, RepStore};
pub use sessions::{AttemptLimits, AttemptReservation, NewSession, RightAttempt, Session, SessionStore};
pub use set_up::{FirstAdmin, SetUpState, SetUpStore};
pub use token_moves::{MovableToken, TokenMove, TokenMoveOutcome, TokenMoveStore};
pub use token_selections::{NewSelection, Selection, SelectionOwner, SelectionStep, TokenSelectionStore};
pub use tokens::{
    Credential, LastCall, NewToken, NotedCall, Revocation, TokenFilter, TokenInsertion, TokenMaker, TokenRecord,
    TokenSource, TokenStore,
};

/// Tells the time.
pub trait Clock: Send + Sync {
    /// Milliseconds since 1970-01-01T00:00:00Z.
    fn unix_millis(&self) -> i64;

    /// The current second.
    fn now(&self) -> Timestamp {
        Timestamp::from_unix_seconds(self.unix_millis().div_euclid(1000))
    }
}

/// Tells how long the machine has been up, the time in which it slept included. Every process of the machine is told
/// the same.
pub trait BootClock: Send + Sync {
    /// Microseconds since the machine was started.
    fn micros(&self) -> u64;
}

/// Gives randomness that nobody can predict.
pub trait Random: Send + Sync {
    /// Fills the buffer.
    ///
    /// # Errors
    /// Where the operating system has none to give.
    fn fill(&self, buffer: &mut [u8]) -> Result<(), RandomUnavailable>;

    /// Fills the buffer for a name, which has to differ from all others and is no secret. May be cheaper.
    ///
    /// # Errors
    /// As [`Random::fill`].
    fn fill_for_names(&self, buffer: &mut [u8]) -> Result<(), RandomUnavailable> {
        self.fill(buffer)
    }
}

/// The random source failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the operating system's random source failed")]
pub struct RandomUnavailable;

/// The database failed, or holds something that it cannot hold.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It does not answer, or answered with an error.
    #[error("the database failed: {0}")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The connection was lost while the database was to commit: it may have been done, or not. What is repeated is
    /// done once.
    #[error("it is not known whether the database did it: {0}")]
    Unconfirmed(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A stored value is not one that Latchkey writes.
    #[error("the database holds a {column} in {table} that cannot be read")]
    Inconsistent {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
    },
}

/// The result of a store's operation.
pub type StoreResult<T> = Result<T, StoreError>;

/// What the database is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreDescription {
    /// The engine's name and version: "SQLite 3.51.1".
    pub engine: String,
}

/// The database.
#[async_trait]
pub trait Store:
    SetUpStore
    + RepStore
    + RepOverviewStore
    + AccountLinkStore
    + SessionStore
    + TokenStore
    + TokenListing
    + TokenMoveStore
    + TokenSelectionStore
    + PolicyStore
    + AuditStore
    + RecordStore
    + ChangeStore
    + ExternalAccountStore
{
    /// Whether the database answers.
    ///
    /// # Errors
    /// [`StoreError`] where it does not.
    async fn ping(&self) -> StoreResult<()>;

    /// What the database is, for people.
    ///
    /// # Errors
    /// [`StoreError`] where it does not answer.
    async fn describe(&self) -> StoreResult<StoreDescription>;
}
