//! Between a commit and its reply.

use crate::ports::Committed;
use crate::{Outcome, Service};

impl Service {
    /// Hands out what came of an operation, once nobody can be answered by what was true before it. Every use case
    /// that changes tokens or their owners ends with this.
    ///
    /// # Errors
    /// Where that cannot be made sure of.
    #[expect(clippy::unused_async, reason = "there is nothing in memory yet that would have to follow")]
    pub async fn settle<T>(&self, committed: Committed<T>) -> Outcome<T> {
        Ok(committed.unsettled())
    }
}
