//! Between a commit and its reply.

use super::finality::COMMAND_WAIT;
use super::{Follower, Index};
use crate::Service;
use crate::ports::{Committed, Revision, TokenChange};

impl Service {
    /// Hands out what came of an operation, once nobody can be answered by what was true before it. Every use case
    /// that changes tokens or their owners ends with this.
    ///
    /// An operation that changed nothing is settled too: what it found may be another's change, committed a moment
    /// ago and not applied yet.
    pub async fn settle<T>(&self, committed: Committed<T>) -> T {
        let revision = committed.revision();
        let ((), others_have) =
            tokio::join!(self.index.settle(revision, committed.changes()), self.index.others_have(revision));
        if !others_have && self.is_beside_a_server {
            tokio::time::sleep(COMMAND_WAIT).await;
        }
        committed.unsettled()
    }
}

impl Index {
    /// Makes sure that a committed change holds here: it is in memory, or nothing in memory counts.
    async fn settle(&self, revision: Option<Revision>, changes: &[TokenChange]) {
        if self.table().is_none() {
            // Whatever is being built reads the newest revision again before it counts.
            return;
        }
        let mut follower = self.follower.lock().await;
        let is_settled = match revision.filter(|_| !follower.is_behind) {
            Some(revision) if revision <= follower.applied.next() => {
                self.apply_own(&mut follower, revision, changes).await
            }
            _ => false,
        };
        if !is_settled {
            self.follow(&mut follower).await;
        }
    }

    /// Applies what was committed here, which need not be read: nothing is missing before it. Answers whether that was
    /// done.
    ///
    /// Also what is among the applied by its number. It has been read then, as a rule; but a database that came back
    /// without its newest changes gives their numbers out once more.
    async fn apply_own(&self, follower: &mut Follower, revision: Revision, changes: &[TokenChange]) -> bool {
        let Some(table) = self.table() else { return false };
        follower.is_behind = true;
        let is_applied = self.apply(&table, changes).await.unwrap_or(false);
        if is_applied {
            follower.applied = follower.applied.max(revision);
            follower.is_behind = false;
        }
        is_applied
    }
}
