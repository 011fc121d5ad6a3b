//! How long what `serve` does beside answering waits for the database.
//!
//! A server that has gone without a word leaves its connections open: whoever waits for an answer on one waits for
//! ever. Requests have a limit of their own; this is the chores'.

use std::time::Duration;

use latchkey_service::ports::StoreError;
use tokio::time::timeout;

/// Longer than anything takes that goes on. What was committed on the way stays, and the next time goes on from there.
const PATIENCE: Duration = Duration::from_mins(2);

/// The work's outcome, or a failure where it takes too long.
pub(super) async fn in_time<T, E: From<StoreError>>(work: impl Future<Output = Result<T, E>>) -> Result<T, E> {
    let given_up = |_| Err(StoreError::Unavailable("it does not answer".into()).into());
    timeout(PATIENCE, work).await.unwrap_or_else(given_up)
}

#[cfg(test)]
mod tests {
    use latchkey_service::ports::StoreResult;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn nothing_is_waited_for_for_ever() {
        assert_eq!(in_time(async { StoreResult::Ok(1) }).await.unwrap(), 1);
        let given_up = in_time(std::future::pending::<StoreResult<()>>()).await.unwrap_err();
        assert_eq!(given_up.to_string(), "the database failed: it does not answer");
    }
}
