//! A node among others: what it owes those who make changes, and what they wait for.
//!
//! The argument, for a change R and a node N:
//! - N announces itself, which is committed, and only then reads the newest revision, applies all up to it, and trusts
//!   its memory until [`LEASE`] after it *began* to announce itself.
//! - Whoever made R committed it first, and then asks who is behind R. If N had announced itself by then, N is
//!   waited for. If it had not, N reads the newest revision after R was committed, and has R before it trusts.
//! - The wait for N ends when N says that it has applied R, or when [`CERTAIN`] has passed since the commit. Whatever
//!   N trusts then began less than [`LEASE`] ago, so after the commit, and its reading came later still: it has R.
//!
//! No clock of the database is in it, nor are two clocks ever compared: only durations, each measured by one machine's
//! boot clock, and [`CERTAIN`] leaves a tenth for clocks that do not run alike. Being told of changes only saves time.

use std::time::Duration;

use super::{Index, LEASE, micros};
use crate::ports::{Membership, NodeBehind, Revision, StoreResult};

/// After how long every node has read a committed change, or does not judge from memory.
const CERTAIN: Duration = Duration::from_millis(2_200);
/// How often a node says that it is there: several times within [`LEASE`], so that one failure changes nothing.
const RENEWAL: Duration = Duration::from_millis(500);
/// The pause after a failure.
const RETRY: Duration = Duration::from_millis(100);
/// The pauses between two looks at who is behind: short at first, since most nodes need a millisecond or two.
const PAUSES: [Duration; 5] = [
    Duration::from_millis(1),
    Duration::from_millis(2),
    Duration::from_millis(4),
    Duration::from_millis(8),
    Duration::from_millis(16),
];

impl Index {
    /// Keeps what is in memory current until it is lost.
    pub(super) async fn keep_up(&self, mut membership: Box<dyn Membership>) {
        let mut was_told = false;
        loop {
            if self.table().is_none() {
                return;
            }
            let kept = self.renew(membership.as_mut(), was_told).await;
            let told = match kept {
                Ok(()) => membership.told(RENEWAL).await,
                Err(error) => Err(error),
            };
            was_told = match told {
                Ok(told) => told,
                Err(error) => {
                    tracing::warn!(cause = %error, "this node cannot say that it is there; trying again");
                    tokio::time::sleep(RETRY).await;
                    false
                }
            };
        }
    }

    /// Says that this node is there, and makes sure that what is in memory has everything that is committed.
    async fn renew(&self, membership: &mut dyn Membership, was_told: bool) -> StoreResult<()> {
        let began = self.clock.micros();
        if was_told {
            // First, since somebody waits for it.
            let mut follower = self.follower.lock().await;
            self.follow(&mut follower).await;
        }
        let announced = self.follower.lock().await.applied;
        membership.announce(announced).await?;
        let latest = membership.latest().await?;
        let applied = {
            let mut follower = self.follower.lock().await;
            if (latest > follower.applied || follower.is_behind) && !self.follow(&mut follower).await {
                // It has been logged, and nothing in memory counts.
                return Ok(());
            }
            follower.applied
        };
        self.trust(began, LEASE);
        if applied > announced {
            membership.announce(applied).await?;
        }
        Ok(())
    }

    /// Waits until no other node can judge by what was true before this revision; `false` where others follow in
    /// their own way. Called after the commit.
    pub(super) async fn others_have(&self, revision: Option<Revision>) -> bool {
        let committed = self.clock.micros();
        let mut seen_first: Option<Vec<NodeBehind>> = None;
        let mut pauses = PAUSES.into_iter();
        loop {
            match self.behind(revision).await {
                Ok(None) => return false,
                Ok(Some(behind)) if behind.is_empty() => return true,
                Ok(Some(behind)) => drop(seen_first.get_or_insert(behind)),
                // Time alone makes it certain.
                Err(error) => tracing::warn!(cause = %error, "who has applied a change cannot be read"),
            }
            let waited = self.clock.micros().saturating_sub(committed);
            if waited >= micros(CERTAIN) {
                break;
            }
            let pause = pauses.next().unwrap_or(Duration::from_millis(20));
            tokio::time::sleep(pause).await;
        }
        // Whoever has said nothing all that time does not judge from memory: the next change need not wait for it.
        if let Some(silent) = seen_first
            && let Err(error) = self.store.forget_nodes(&silent).await
        {
            tracing::warn!(cause = %error, "nodes that have gone silent cannot be forgotten");
        }
        true
    }

    async fn behind(&self, revision: Option<Revision>) -> StoreResult<Option<Vec<NodeBehind>>> {
        let revision = match revision {
            Some(revision) => revision,
            // Nothing was changed here, but what was found may be another's change of a moment ago.
            None => self.store.token_changes(Revision::from_number(i64::MAX)).await?.latest,
        };
        self.store.nodes_behind(revision, self.node).await
    }
}
