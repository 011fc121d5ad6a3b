//! Turning sqlx's errors into the port's.

use std::error::Error;
use std::fmt;

use latchkey_service::ports::{StoreError, StoreResult};

use crate::engine::PATIENCE;

/// An error of the database that is safe to log.
///
/// PostgreSQL's errors carry a detail that quotes rows ("Failing row contains …"), hashes included, and their
/// `Debug` prints it. Only the code and the message leave this crate.
struct Failure(sqlx::Error);

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_database_error() {
            Some(error) => {
                formatter.write_str(error.message())?;
                error.code().map_or(Ok(()), |code| write!(formatter, " (code {code})"))
            }
            None => fmt::Display::fmt(&self.0, formatter),
        }
    }
}

impl fmt::Debug for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

// Without a source, which would lead around the above.
impl Error for Failure {}

/// The port's error for one of sqlx's.
pub(crate) fn unavailable(error: sqlx::Error) -> StoreError {
    StoreError::Unavailable(Box::new(Failure(error)))
}

/// Reads as the last word of a statement: whatever went wrong, the database did not do what it was asked.
pub(crate) trait OrUnavailable<T> {
    /// The value, or [`StoreError::Unavailable`].
    fn or_unavailable(self) -> StoreResult<T>;
}

impl<T> OrUnavailable<T> for Result<T, sqlx::Error> {
    fn or_unavailable(self) -> StoreResult<T> {
        self.map_err(unavailable)
    }
}

/// Gives a read up that takes longer than anybody who waits for it should: a server that has stopped in the middle of
/// an answer says nothing, and its connection stays open.
pub(crate) async fn in_time<T>(reading: impl Future<Output = StoreResult<T>>) -> StoreResult<T> {
    tokio::time::timeout(PATIENCE, reading).await.unwrap_or_else(|_| Err(unavailable(sqlx::Error::PoolTimedOut)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_the_same_however_it_is_printed() {
        let error = unavailable(sqlx::Error::PoolTimedOut);
        assert_eq!(error.to_string(), "the database failed: pool timed out while waiting for an open connection");
        assert_eq!(format!("{error:?}"), "Unavailable(pool timed out while waiting for an open connection)");
    }
}
