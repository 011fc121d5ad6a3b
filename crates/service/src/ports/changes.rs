//! Changes to what verdicts are made of, and how those who hold verdicts' stuff in memory follow them.
//!
//! A transaction that changes what a verdict says (a token, its secrets, its owner, the policy) takes a number, its
//! [`Revision`], and names what is to be read again. Numbers are in the order of commits and leave none out. The
//! operation answers with a [`Committed`], whose outcome the use case gets only by settling the revision: nobody
//! hears of a change before the index in memory has it.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use latchkey_domain::{AccountSid, AddressRules, RepId, ScopeSet, Timestamp, TokenHash, TokenRateLimit};

use super::StoreResult;

/// The number of a committed change. Zero comes before the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Revision(i64);

impl Revision {
    /// The revision with this number.
    #[must_use]
    pub const fn from_number(number: i64) -> Self {
        Self(number)
    }

    /// The number.
    #[must_use]
    pub const fn number(self) -> i64 {
        self.0
    }

    /// The revision after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

/// What is to be read again because of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TokenChange {
    /// One token and its secrets, which may be new or gone.
    Token(AccountSid),
    /// One token, which was revoked: it has ended for good, and there is nothing to read.
    Revoked(AccountSid),
    /// One service rep, as the owner of tokens: whether enabled, role, address. Their tokens' own rows are as before.
    Owner(RepId),
    /// The policy: which scopes count in tokens of reps.
    Policy,
    /// All there is.
    Everything,
}

/// The outcome of an operation that may have changed what verdicts are made of.
///
/// There is no way to it around the index: `Service::settle` hands it out once the index has applied the change.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "nobody may hear of a change before the index has it: settle it"]
pub struct Committed<T> {
    outcome: T,
    revision: Option<Revision>,
    changes: Vec<TokenChange>,
}

impl<T> Committed<T> {
    /// What came of an operation that changed nothing.
    pub const fn unchanged(outcome: T) -> Self {
        Self { outcome, revision: None, changes: Vec::new() }
    }

    /// What came of an operation that was committed under this revision, as these changes and no others.
    pub const fn under(revision: Revision, changes: Vec<TokenChange>, outcome: T) -> Self {
        Self { outcome, revision: Some(revision), changes }
    }

    /// The revision, where there is one.
    #[must_use]
    pub const fn revision(&self) -> Option<Revision> {
        self.revision
    }

    /// All that was committed under the revision.
    #[must_use]
    pub fn changes(&self) -> &[TokenChange] {
        &self.changes
    }

    /// The outcome, with no regard to any index: for those who have none, the store's own tests above all.
    pub fn unsettled(self) -> T {
        self.outcome
    }
}

/// Changes, in the order of their commits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenChanges {
    /// The newest revision there is.
    pub latest: Revision,
    /// What has changed up to it; `None` where that cannot be told any more, and everything is to be read anew.
    pub changes: Option<Vec<TokenChange>>,
}

/// One of a token's secrets, with what the verdict on it is made of, beside its owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretRecord {
    /// By what it is found.
    pub hash: TokenHash,
    /// The first instant at which this secret is no longer valid, where it ends before its token.
    pub not_after: Option<Timestamp>,
    /// The token's name.
    pub sid: AccountSid,
    /// Whose the token is.
    pub owner: RepId,
    /// What the token was given.
    pub scopes: Arc<ScopeSet>,
    /// When the token was made.
    pub created_at: Timestamp,
    /// The first instant at which the token is no longer valid.
    pub expires_at: Timestamp,
    /// When the token was taken back.
    pub revoked_at: Option<Timestamp>,
    /// How many calls the token may make.
    pub rate_limit: TokenRateLimit,
    /// From where it may be used, where that is not everywhere.
    pub addresses: Option<Arc<AddressRules>>,
}

/// Which of a token's two secrets is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretPlace {
    /// The one in use, which ends with its token.
    InUse,
    /// The one on its way out, with an end of its own.
    OnItsWayOut,
}

impl SecretPlace {
    /// Both.
    pub const ALL: [Self; 2] = [Self::InUse, Self::OnItsWayOut];
}

/// Tells whether anything was committed, at next to no cost.
#[async_trait]
pub trait ChangeWatch: Send {
    /// Whether the database may hold anything that it did not hold when this was last asked. The first answer is
    /// yes.
    ///
    /// # Errors
    /// [`super::StoreError`] where the database does not answer.
    async fn has_moved(&mut self) -> StoreResult<bool>;
}

/// One of the processes that hold live tokens of the same database in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId([u8; 16]);

impl NodeId {
    /// The node with these bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

/// A node that has not applied a change yet, as far as it has said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct NodeBehind {
    /// The node.
    pub id: NodeId,
    /// By which renewal it stands there: each time that it says that it is there has a number of its own.
    pub renewal: i64,
}

/// What a node was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// That changes were committed up to this one. Whoever may use the database may say so, true or not.
    UpTo(Revision),
    /// That there may be changes of which nothing is known.
    Something,
}

/// A node's place among those that changes wait for.
#[async_trait]
pub trait Membership: Send {
    /// Says that this node is there, and has applied every change up to this one. Committed on return.
    ///
    /// `renewal` is higher each time, whatever happens in between: somebody who has found the node silent forgets it
    /// under the number by which they found it, and must not forget it after it has come back.
    ///
    /// # Errors
    /// [`super::StoreError`] where the database does not answer; it may be done nonetheless, later too.
    async fn announce(&mut self, renewal: i64, applied: Revision) -> StoreResult<()>;

    /// Says that this node has applied every change up to this one. Says nothing of a node that does not stand there.
    ///
    /// A crash of the database may take it back, to what was said before; never what [`Membership::announce`] said.
    /// So it is done as soon as the database has heard it, and nobody waits for a disk.
    ///
    /// # Errors
    /// [`super::StoreError`] where the database does not answer; it may be done nonetheless, later too.
    async fn confirm(&mut self, applied: Revision) -> StoreResult<()>;

    /// What has changed after this revision.
    ///
    /// # Errors
    /// [`super::StoreError`] where the database does not answer.
    async fn changes(&mut self, after: Revision) -> StoreResult<TokenChanges>;

    /// Waits until a change is made known, or for so long. Nothing rests on being told: it only saves time.
    ///
    /// # Errors
    /// [`super::StoreError`] where the connection was lost.
    async fn told(&mut self, most: Duration) -> StoreResult<Option<Told>>;
}

/// Asks nodes how far they have come: again and again where somebody waits for them, so on a connection of its own.
#[async_trait]
pub trait RollCall: Send {
    /// The nodes other than `but` that have not said that they have applied this revision.
    ///
    /// # Errors
    /// [`super::StoreError`] where the database does not answer.
    async fn behind(&mut self, revision: Revision, but: NodeId) -> StoreResult<Vec<NodeBehind>>;

    /// Lets others have the connection: nobody asks for a while.
    fn rest(&mut self);
}

/// How a process that holds live tokens in memory learns of what others change.
pub enum Following {
    /// It looks, whenever it wants to know.
    Watch(Box<dyn ChangeWatch>),
    /// It is one of several nodes, for which whoever makes a change waits.
    Membership(Box<dyn Membership>),
}

/// The changes' part of the database.
#[async_trait]
pub trait ChangeStore: Send + Sync {
    /// How the changes of this database are followed, on a connection of its own.
    ///
    /// # Errors
    /// [`super::StoreError`] where the database does not answer.
    async fn follow_changes(&self, node: NodeId) -> StoreResult<Following>;

    /// How it is found out which nodes are behind; `None` where nobody says so, since each looks for itself.
    fn roll_call(&self) -> Option<Box<dyn RollCall>>;

    /// Forgets those of these nodes that have not said anything since.
    ///
    /// # Errors
    /// [`super::StoreError`] where the database fails.
    async fn forget_nodes(&self, silent: &[NodeBehind]) -> StoreResult<()>;

    /// Forgets a node that does not judge from memory any longer.
    ///
    /// # Errors
    /// [`super::StoreError`] where the database fails.
    async fn forget_node(&self, node: NodeId) -> StoreResult<()>;

    /// How much of the room is taken in which the database keeps what it has yet to tell those who listen, in percent;
    /// `None` where nobody listens. Where it is full, nothing can be committed.
    ///
    /// # Errors
    /// [`super::StoreError`] where the database does not answer.
    async fn notice_queue(&self) -> StoreResult<Option<i64>>;

    /// What has changed after this revision.
    ///
    /// # Errors
    /// [`super::StoreError`] where the database fails.
    async fn token_changes(&self, after: Revision) -> StoreResult<TokenChanges>;

    /// How many tokens are neither revoked nor expired at `now`.
    ///
    /// # Errors
    /// [`super::StoreError`] where the database fails.
    async fn live_tokens(&self, now: Timestamp) -> StoreResult<u64>;

    /// Secrets of tokens that are neither revoked nor expired at `now`, in the order of their tokens, from the
    /// first after the token `after`: at most `limit`.
    ///
    /// # Errors
    /// [`super::StoreError`] where the database fails.
    async fn live_secrets(
        &self,
        place: SecretPlace,
        after: Option<AccountSid>,
        now: Timestamp,
        limit: u32,
    ) -> StoreResult<Vec<SecretRecord>>;

    /// Every secret of these tokens, valid or not.
    ///
    /// # Errors
    /// [`super::StoreError`] where the database fails.
    async fn secrets_of(&self, sids: &[AccountSid]) -> StoreResult<Vec<SecretRecord>>;

    /// Forgets all but the newest `keep` revisions. Who has not applied one that is forgotten reads everything
    /// anew.
    ///
    /// # Errors
    /// [`super::StoreError`] where the database fails.
    async fn forget_changes(&self, keep: u32) -> StoreResult<()>;
}
