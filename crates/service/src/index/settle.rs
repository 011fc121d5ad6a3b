//! Between a commit and its reply.

use super::TRUST;
use crate::ports::Committed;
use crate::{Outcome, Service};

impl Service {
    /// Hands out what came of an operation, once nobody can be answered by what was true before it. Every use case
    /// that changes tokens or their owners ends with this.
    ///
    /// An operation that changed nothing is settled too: what it found may be another's change, committed a moment
    /// ago and not applied yet.
    ///
    /// # Errors
    /// None yet; where several nodes answer, that they all have the change may not be made sure of.
    pub async fn settle<T>(&self, committed: Committed<T>) -> Outcome<T> {
        self.index.settle(committed.revision()).await;
        if self.is_beside_a_server {
            // A little more than the server's trust, for the grain of the timers.
            tokio::time::sleep(TRUST + TRUST / 10).await;
        }
        Ok(committed.unsettled())
    }
}
