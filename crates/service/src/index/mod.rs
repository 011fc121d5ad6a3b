//! The verification index: every live token in memory, as current as the database.
//!
//! [`Service::keep_index`] builds it in the background: it notes the newest revision, reads every live token in pages,
//! then applies what has changed since. Until that is done, calls are judged from the database. A change made here is
//! applied after its commit and before its reply ([`Service::settle`]). How others' changes are followed, the engine
//! decides:
//!
//! - **A watch** (SQLite). What is in memory counts for [`TRUST`] after a look at the watch began, by the clock that
//!   goes on while the machine sleeps. The first call after that looks again; where the watch does not answer, the
//!   database is read. So nobody looks while nobody calls. A command of another process answers only once [`TRUST`]
//!   has passed since its commit: whatever this process answers then comes from a look that began after it.
//! - **A membership** (PostgreSQL, `members`). The node says in the database that it is there, then reads the newest
//!   revision and applies it; what is in memory counts for [`finality::LEASE`] after it began to say so. Whoever makes a change
//!   waits, after its commit, until every node that is there has applied it, or until every node must have read it
//!   again before it trusts its memory once more.
//!
//! Where changes are missing, or a change could not be applied, nothing in memory counts: the index is followed up
//! or built anew, and the database is read meanwhile.

pub mod finality;
mod known;
mod locks;
mod members;
mod places;
mod settle;
mod slots;
mod table;
mod terms;

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use latchkey_domain::{AccountSid, RepId};
use tokio::sync::{Mutex, Notify};

use crate::Service;
use crate::granted::GrantsBook;
use crate::ports::{
    BootClock, ChangeWatch, Following, Membership, NodeId, Revision, SecretPlace, SecretRecord, Store, StoreResult,
    TokenChange, TokenChanges,
};
use finality::TRUST;
use table::Table;

pub use known::{Known, Owner};

/// How long a call waits for the watch before it reads the database.
const WATCH_PATIENCE: Duration = Duration::from_millis(50);
/// How long to wait before another try, where the index could not be built.
const BUILD_PAUSE: Duration = Duration::from_secs(1);
/// How many revisions are kept for those who follow.
const KEPT_CHANGES: u32 = 10_000;
/// From how many percent of the room for notifications on somebody is warned.
const FULL_NOTICES: i64 = 10;
/// How many tokens are read at once.
const PAGE: u32 = 1_000;
/// How long after its end a secret stays in memory, in seconds: meanwhile it is known whose it was that is refused.
const KEPT_AFTER_END: i64 = 24 * 60 * 60;
/// How many tokens are looked after before others may make changes.
const AT_ONCE: usize = 500;

/// How the index stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IndexState {
    /// How many secrets of live tokens it holds.
    pub secrets: usize,
    /// How much memory they take, in bytes.
    pub bytes: usize,
    /// Whether it is complete, and was known to be current so lately that it counts.
    pub is_trusted: bool,
}

pub(crate) struct Index {
    store: Arc<dyn Store>,
    clock: Arc<dyn BootClock>,
    grants: Arc<GrantsBook>,
    node: NodeId,
    /// How often the node has said that it is there; never the same number twice.
    renewals: AtomicI64,
    live: RwLock<Option<Arc<Table>>>,
    /// Until when what is in memory counts, in microseconds of the boot clock.
    trusted_until: AtomicU64,
    follower: Mutex<Follower>,
    lost: Notify,
    /// A call has waited long enough for changes that are still being read.
    is_slow: Notify,
}

/// Held by whoever applies changes, so that they are applied one after the other.
#[derive(Default)]
struct Follower {
    watch: Option<Box<dyn ChangeWatch>>,
    applied: Revision,
    /// The newest revision that was read, rather than applied as this node's own: somebody else may wait for it.
    from_others: Revision,
    /// Whether there may be changes that the watch told of and that are not applied.
    is_behind: bool,
}

impl Index {
    pub(crate) fn new(store: Arc<dyn Store>, clock: Arc<dyn BootClock>, grants: Arc<GrantsBook>, node: NodeId) -> Self {
        let (live, trusted_until) = (RwLock::default(), AtomicU64::new(0));
        let (renewals, follower) = (AtomicI64::new(0), Mutex::default());
        let (lost, is_slow) = (Notify::new(), Notify::new());
        Self { store, clock, grants, node, renewals, live, trusted_until, follower, lost, is_slow }
    }

    pub(crate) const fn node(&self) -> NodeId {
        self.node
    }

    fn table(&self) -> Option<Arc<Table>> {
        self.live.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn is_trusted(&self) -> bool {
        finality::counts(self.clock.micros(), self.trusted_until.load(Ordering::Acquire))
    }

    fn distrust(&self) {
        self.trusted_until.store(0, Ordering::Release);
    }

    fn lose(&self) {
        self.distrust();
        *self.live.write().unwrap_or_else(PoisonError::into_inner) = None;
        self.lost.notify_one();
    }

    /// What the live tokens say to this, if they are known to be current.
    async fn ask<T>(&self, question: impl Fn(&Table) -> T) -> Option<T> {
        if self.is_trusted() {
            let live = self.live.read().unwrap_or_else(PoisonError::into_inner);
            return live.as_deref().map(question);
        }
        // Apart from what waits for an answer: that would be as large, and is moved for every call.
        Box::pin(self.current()).await.map(|table| question(&table))
    }

    /// The live tokens, if they are known to be current.
    async fn current(&self) -> Option<Arc<Table>> {
        self.table()?;
        let Ok(looked) = tokio::time::timeout(WATCH_PATIENCE, self.look()).await else {
            self.is_slow.notify_one();
            return None;
        };
        looked?;
        self.table()
    }

    /// Looks for as long as that takes whenever calls could not wait for it, until the index is lost.
    async fn look_where_it_is_slow(&self) {
        loop {
            tokio::select! {
                () = self.lost.notified() => return,
                () = self.is_slow.notified() => drop(self.look().await),
            }
        }
    }

    /// Makes sure that what is in memory is current, or answers `None`.
    async fn look(&self) -> Option<()> {
        let mut follower = self.follower.lock().await;
        // Somebody else may have looked meanwhile.
        if self.is_trusted() {
            return Some(());
        }
        let began = self.clock.micros();
        let looked = match &mut follower.watch {
            Some(watch) => watch.has_moved().await,
            None => return None,
        };
        match looked {
            Ok(has_moved) => follower.is_behind |= has_moved,
            Err(error) => {
                tracing::warn!(cause = %error, "changes cannot be watched; calls are judged from the database");
                follower.is_behind = true;
                return None;
            }
        }
        if follower.is_behind && !self.follow(&mut follower).await {
            return None;
        }
        self.trust(&follower, began, TRUST);
        Some(())
    }

    /// Lets what is in memory count for so long after this instant of the boot clock. The follower is held
    /// meanwhile: a change that could not be applied here takes the trust away under the same lock, and must not
    /// have it given back by somebody who looked before it was committed.
    fn trust(&self, _held: &Follower, began: u64, duration: Duration) {
        self.trusted_until.store(finality::counts_until(began, duration), Ordering::Release);
    }

    /// Applies every change that is committed. Answers whether what is in memory has them all.
    async fn follow(&self, follower: &mut Follower) -> bool {
        // Until the end, also where this is given up in between.
        follower.is_behind = true;
        let found = self.store.token_changes(follower.applied).await;
        self.take_in(follower, found).await
    }

    /// Applies the changes that were found after what is applied. Answers whether what is in memory has them all.
    async fn take_in(&self, follower: &mut Follower, found: StoreResult<TokenChanges>) -> bool {
        let Some(table) = self.table() else { return false };
        follower.is_behind = true;
        let applied = match found {
            Ok(found) => self.apply_all(&table, found).await,
            Err(error) => Err(error),
        };
        match applied {
            Ok(Some(latest)) => {
                follower.applied = latest;
                follower.from_others = latest;
                follower.is_behind = false;
                true
            }
            Ok(None) => {
                tracing::warn!("changes to tokens are missing; the index is built anew");
                self.lose();
                false
            }
            Err(error) => {
                tracing::warn!(cause = %error, "changes to tokens cannot be read; calls are judged from the database");
                self.distrust();
                false
            }
        }
    }

    /// Builds the index. Answers with the node's membership, where it has one: what is in memory then counts while
    /// somebody keeps that up.
    async fn build(&self, now: latchkey_domain::Timestamp) -> StoreResult<Option<Box<dyn Membership>>> {
        let (watch, membership) = match self.store.follow_changes(self.node).await? {
            Following::Watch(watch) => (Some(watch), None),
            Following::Membership(membership) => (None, Some(membership)),
        };
        let start = self.store.token_changes(Revision::from_number(i64::MAX)).await?.latest;
        let expected = self.store.live_tokens(now).await?;
        let table = Table::new(self.grants.where_reserved(&self.store.policy().await?.policy.admin_scopes), expected);
        for rep in self.store.reps().await? {
            table.set_owner((&rep).into());
        }
        for place in SecretPlace::ALL {
            let mut last = None;
            loop {
                let page = self.store.live_secrets(place, last, now, PAGE).await?;
                let Some(end) = page.last() else { break };
                last = Some(end.sid);
                insert(self.store.as_ref(), &table, &page).await?;
                // A token may be met twice, where its second secret came meanwhile: the changes put that right.
            }
        }
        let mut follower = self.follower.lock().await;
        *follower = Follower { watch, applied: start, from_others: start, is_behind: true };
        let Some(latest) = self.apply_all(&table, self.store.token_changes(start).await?).await? else {
            self.lost.notify_one();
            return Ok(None);
        };
        (follower.applied, follower.from_others) = (latest, latest);
        *self.live.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(table));
        Ok(membership)
    }

    /// Reads again what has changed, and answers up to which revision; `None` where that cannot be told.
    async fn apply_all(&self, table: &Table, found: TokenChanges) -> StoreResult<Option<Revision>> {
        let Some(changes) = found.changes else { return Ok(None) };
        Ok(self.apply(table, &changes).await?.then_some(found.latest))
    }

    /// Reads again what these changes are about. Answers whether that could be done: not where it is everything.
    async fn apply(&self, table: &Table, changes: &[TokenChange]) -> StoreResult<bool> {
        let store = self.store.as_ref();
        let (mut tokens, mut revoked, mut owners) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        let mut policy_has_changed = false;
        for change in changes {
            match *change {
                TokenChange::Token(sid) => drop(tokens.insert(sid)),
                TokenChange::Revoked(sid) => drop(revoked.insert(sid)),
                TokenChange::Owner(id) => drop(owners.insert(id)),
                TokenChange::Policy => policy_has_changed = true,
                TokenChange::Everything => return Ok(false),
            }
        }
        for sid in &revoked {
            table.replace(*sid, &[]);
        }
        if policy_has_changed {
            table.set_grants(self.grants.where_reserved(&store.policy().await?.policy.admin_scopes));
        }
        for id in owners {
            load_owner(store, table, id).await?;
        }
        // What was changed and then revoked is gone as well.
        let sids: Vec<AccountSid> = tokens.difference(&revoked).copied().collect();
        let mut secrets = store.secrets_of(&sids).await?;
        // What is live now, expired or not: the verdict goes by the time of the call.
        secrets.retain(|secret| secret.revoked_at.is_none());
        for secret in &secrets {
            if !table.knows_owner(secret.owner) {
                load_owner(store, table, secret.owner).await?;
            }
        }
        let mut by_sid = std::collections::HashMap::<AccountSid, Vec<&SecretRecord>>::new();
        for secret in &secrets {
            by_sid.entry(secret.sid).or_default().push(secret);
        }
        for sid in sids {
            table.replace(sid, &by_sid.remove(&sid).unwrap_or_default());
        }
        Ok(true)
    }
}

impl Index {
    /// Forgets secrets that had ended before, while calls are judged and changes made.
    async fn forget_ended(&self, before: latchkey_domain::Timestamp) {
        let Some(table) = self.table() else { return };
        for part in 0.. {
            let Some(ended) = table.ended_in(part, before) else { break };
            for some in ended.chunks(AT_ONCE) {
                let _changing = self.follower.lock().await;
                for sid in some {
                    table.remove_ended(*sid, before);
                }
            }
            tokio::task::yield_now().await;
        }
    }
}

async fn insert(store: &dyn Store, table: &Table, secrets: &[SecretRecord]) -> StoreResult<()> {
    for secret in secrets {
        if !table.knows_owner(secret.owner) {
            load_owner(store, table, secret.owner).await?;
        }
        table.insert(secret);
    }
    Ok(())
}

async fn load_owner(store: &dyn Store, table: &Table, id: RepId) -> StoreResult<()> {
    if let Some(rep) = store.rep(id).await? {
        table.set_owner((&rep).into());
    }
    Ok(())
}

impl Service {
    /// Builds the index of live tokens, keeps it current, and builds it anew whenever it is lost. Never ends.
    pub async fn keep_index(&self) {
        loop {
            match self.index.build(self.now()).await {
                Ok(Some(membership)) => self.index.keep_up(membership).await,
                Ok(None) => self.index.look_where_it_is_slow().await,
                Err(error) => {
                    tracing::warn!(cause = %error, "the index of tokens cannot be built; trying again");
                    tokio::time::sleep(BUILD_PAUSE).await;
                }
            }
        }
    }

    /// Builds the index of live tokens, once.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn build_index(&self) -> StoreResult<()> {
        self.index.build(self.now()).await.map(drop)
    }

    /// Judges from memory no longer, and tells others not to wait for this node. What ends the service.
    ///
    /// # Errors
    /// Where the database fails; others then wait a moment longer, once.
    pub async fn leave_index(&self) -> StoreResult<()> {
        self.index.lose();
        self.store.forget_node(self.index.node).await
    }

    /// Takes secrets out of the memory that ended long ago. The clock of a process never runs back, so they have ended
    /// for good there.
    pub async fn forget_ended_secrets(&self) {
        self.index.forget_ended(self.now().plus_seconds(-KEPT_AFTER_END)).await;
    }

    /// Forgets the changes that nobody who follows can still be missing; who is further behind builds anew.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn forget_changes(&self) -> StoreResult<()> {
        self.store.forget_changes(KEPT_CHANGES).await
    }

    /// Warns where somebody who listens to the database does not take in what it is told: once the room for that is
    /// full, nothing can be committed.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn watch_notices(&self) -> StoreResult<()> {
        if let Some(percent) = self.store.notice_queue().await?.filter(|percent| *percent >= FULL_NOTICES) {
            tracing::warn!(
                percent,
                "the database's room for notifications fills: a client listens and takes nothing in"
            );
        }
        Ok(())
    }

    /// How the index stands.
    #[must_use]
    pub fn index_state(&self) -> IndexState {
        match self.index.table() {
            None => IndexState { secrets: 0, bytes: 0, is_trusted: false },
            Some(table) => {
                IndexState { secrets: table.len(), bytes: table.bytes(), is_trusted: self.index.is_trusted() }
            }
        }
    }

    /// What the index knows of a secret: `None` where the database has to be read.
    pub(crate) async fn indexed(&self, hash: &latchkey_domain::TokenHash) -> Option<Option<Known>> {
        self.index.ask(|table| table.find(hash)).await
    }

    /// What the index knows of a token's secrets: `None` where the database has to be read.
    pub(crate) async fn indexed_secrets(&self, sids: &BTreeSet<AccountSid>) -> Option<Vec<Known>> {
        self.index.ask(|table| sids.iter().flat_map(|sid| table.secrets_of(*sid)).collect()).await
    }
}
