//! Between a commit and its reply.

use super::finality::COMMAND_WAIT;
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
    /// None yet.
    pub async fn settle<T>(&self, committed: Committed<T>) -> Outcome<T> {
        let revision = committed.revision();
        let ((), others_have) =
            tokio::join!(self.index.settle(revision, committed.changes()), self.index.others_have(revision));
        if !others_have && self.is_beside_a_server {
            tokio::time::sleep(COMMAND_WAIT).await;
        }
        Ok(committed.unsettled())
    }
}
