//! A node among others: what it owes those who make changes, and what they wait for.
//!
//! The argument, for a change R and a node N:
//! - N announces itself, which is committed, and only then reads the newest revision, applies all up to it, and trusts
//!   its memory until [`LEASE`] after it *began* to announce itself.
//! - Whoever made R committed it first, and then asks who is behind R. If N had announced itself by then, N is
//!   waited for. If it had not, N reads the newest revision after R was committed, and has R before it trusts.
//! - The wait for N ends when N says that it has applied R, or when [`finality::CERTAIN`] has passed since the commit.
//!   Whatever N trusts then began less than [`LEASE`] ago, so after the commit, and its reading came later still: it
//!   has R.
//!
//! No clock of the database is in it, nor are two clocks ever compared: only durations, each measured by one machine's
//! boot clock, with a tenth to spare for clocks that do not run alike. Being told of changes only saves time.

use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::time::{sleep, timeout};

use super::finality::{self, Confirmation, LEASE, Reading};
use super::{Follower, Index};
use crate::ports::{Membership, NodeBehind, Revision, RollCall, StoreResult, TokenChanges, Told};

/// How often a node says that it is there: several times within [`LEASE`], so that one failure changes nothing.
const RENEWAL: Duration = Duration::from_millis(500);
/// The pause after a failure.
const RETRY: Duration = Duration::from_millis(100);
/// The pauses between two looks at who is behind, each with how often it is made. A healthy node says within a
/// millisecond that it has a change, in one case of a hundred within two or three. Until then each look follows the
/// other, since the shortest pause there is takes much longer than a look; looks are rare once it is certain that
/// something is wrong.
const PAUSES: [(Duration, usize); 4] = [
    (Duration::ZERO, 80),
    (Duration::from_millis(1), 10),
    (Duration::from_millis(3), 10),
    (Duration::from_millis(20), usize::MAX),
];
/// How much longer than it must an answer may take, to spare the next one its wait for nodes that are gone.
const SPARED: Duration = Duration::from_millis(300);

/// What a node has said, and when it has to say it again.
#[derive(Default)]
struct Said {
    /// The instant of the boot clock at which it is to say again that it is there.
    due: u64,
    /// The newest revision that it has said it has applied.
    applied: Revision,
}

impl Index {
    /// Keeps what is in memory current until it is lost.
    pub(super) async fn keep_up(&self, mut membership: Box<dyn Membership>) {
        let mut said = Said::default();
        while self.table().is_some() {
            if let Err(error) = self.keep_up_until(membership.as_mut(), &mut said).await {
                tracing::warn!(cause = %error, "this node cannot say that it is there; trying again");
                said = Said::default();
                sleep(RETRY).await;
            }
        }
    }

    /// Renews where that is due, and does what it is told of until it is due again.
    async fn keep_up_until(&self, membership: &mut dyn Membership, said: &mut Said) -> StoreResult<()> {
        let began = self.clock.micros();
        if began >= said.due {
            said.applied = self.renew(membership, began).await?;
            said.due = finality::counts_until(began, RENEWAL);
        }
        if let Some(told) = membership.told(self.until(said.due)).await? {
            self.catch_up(membership, told, said).await?;
        }
        Ok(())
    }

    /// Applies what was made known, and says so where somebody waits for it: nobody else does for what was committed
    /// here.
    async fn catch_up(&self, membership: &mut dyn Membership, told: Told, said: &mut Said) -> StoreResult<()> {
        let (applied, from_others) = {
            let mut follower = self.follower.lock().await;
            let is_applied = matches!(told, Told::UpTo(revision) if revision <= follower.applied);
            if !is_applied || follower.is_behind {
                let found = self.read_over(membership, &mut follower).await?;
                if !self.take_in(&mut follower, Ok(found)).await {
                    // It has been logged, and nothing in memory counts.
                    return Ok(());
                }
            }
            (follower.applied, follower.from_others)
        };
        if from_others > said.applied {
            membership.confirm(applied).await?;
            said.applied = applied;
        }
        Ok(())
    }

    /// Says that this node is there, and makes sure that what is in memory has everything that is committed. Answers
    /// up to which revision it has said that.
    async fn renew(&self, membership: &mut dyn Membership, began: u64) -> StoreResult<Revision> {
        let announced = self.follower.lock().await.applied;
        let renewal = self.next_renewal();
        membership.announce(renewal, announced).await?;
        let followed = self.follow_and_trust(membership, began).await;
        let Ok(Some(applied)) = followed else {
            // Nothing in memory counts, and nobody need wait for it. Who says again and again that it is there, and never
            // how far it has come, would keep everybody waiting.
            self.distrust();
            self.forget(&[NodeBehind { id: self.node, renewal }]).await;
            return followed.map(|_| announced);
        };
        if applied > announced {
            membership.confirm(applied).await?;
        }
        Ok(applied)
    }

    /// Makes sure that what is in memory has everything that is committed, and lets it count from `began` on. Answers up
    /// to which revision that is; `None` where it has not, and nothing counts.
    async fn follow_and_trust(&self, membership: &mut dyn Membership, began: u64) -> StoreResult<Option<Revision>> {
        let mut follower = self.follower.lock().await;
        let was_behind = follower.is_behind;
        let found = self.read_over(membership, &mut follower).await?;
        match finality::reading(found.latest, follower.applied, was_behind) {
            Reading::Current => follower.is_behind = false,
            Reading::Behind => {
                if !self.take_in(&mut follower, Ok(found)).await {
                    return Ok(None);
                }
            }
            Reading::Ahead => {
                tracing::warn!("the database has lost changes to tokens; the index is built anew");
                self.lose();
                return Ok(None);
            }
        }
        self.trust(&follower, began, LEASE);
        Ok(Some(follower.applied))
    }

    /// Reads what has changed on the node's own connection, which is at work already. Until that is applied, or found to
    /// be nothing, the node is behind.
    async fn read_over(&self, membership: &mut dyn Membership, follower: &mut Follower) -> StoreResult<TokenChanges> {
        follower.is_behind = true;
        membership.changes(follower.applied).await
    }

    fn next_renewal(&self) -> i64 {
        self.renewals.fetch_add(1, Ordering::Relaxed).saturating_add(1)
    }

    /// Waits until no other node can judge by what was true before this revision; `false` where others follow in
    /// their own way. Called after the commit.
    pub(super) async fn others_have(&self, mut revision: Option<Revision>) -> bool {
        let mut wait = Confirmation::since(self.clock.micros());
        let Some(mut roll_call) = self.store.roll_call() else { return false };
        let mut pauses = PAUSES.into_iter().flat_map(|(pause, times)| std::iter::repeat_n(pause, times));
        loop {
            // However slowly the database answers: time alone makes it certain.
            let certain = finality::counts_until(wait.committed, finality::CERTAIN);
            match timeout(self.until(certain), self.behind(roll_call.as_mut(), &mut revision)).await {
                Ok(Ok(behind)) => {
                    if wait.hear(&behind, self.clock.micros()) {
                        return true;
                    }
                }
                Ok(Err(error)) => tracing::warn!(cause = %error, "who has applied a change cannot be read"),
                Err(_) => tracing::warn!("who has applied a change was not answered in time"),
            }
            if wait.is_certain(self.clock.micros()) {
                break;
            }
            match pauses.next() {
                Some(Duration::ZERO) => tokio::task::yield_now().await,
                pause => {
                    roll_call.rest();
                    sleep(pause.unwrap_or(RETRY)).await;
                }
            }
        }
        drop(roll_call);
        self.forget_silent(&wait).await;
        true
    }

    /// Whoever has said nothing all that time does not judge from memory: the next change need not wait for it. Where
    /// that cannot be said yet, or done at once, the next change waits once more.
    async fn forget_silent(&self, wait: &Confirmation) {
        if let Some(end) = wait.all_silent_at().filter(|end| self.until(*end) <= SPARED) {
            sleep(self.until(end)).await;
        }
        let silent = wait.silent(self.clock.micros());
        if !silent.is_empty() {
            self.forget(&silent).await;
        }
    }

    /// Takes nodes away for whom nobody need wait, as they stand there now.
    async fn forget(&self, nodes: &[NodeBehind]) {
        match timeout(SPARED, self.store.forget_nodes(nodes)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(cause = %error, "nodes that nobody need wait for cannot be forgotten"),
            Err(_) => tracing::warn!("nodes that nobody need wait for could not be forgotten in time"),
        }
    }

    /// How long it is until this instant of the boot clock.
    fn until(&self, instant: u64) -> Duration {
        Duration::from_micros(instant.saturating_sub(self.clock.micros()))
    }

    async fn behind(
        &self,
        roll_call: &mut dyn RollCall,
        revision: &mut Option<Revision>,
    ) -> StoreResult<Vec<NodeBehind>> {
        let revision = match *revision {
            Some(revision) => revision,
            // Nothing was changed here, but what was found may be another's change of a moment ago.
            None => *revision.insert(self.store.token_changes(Revision::from_number(i64::MAX)).await?.latest),
        };
        roll_call.behind(revision, self.node).await
    }
}
