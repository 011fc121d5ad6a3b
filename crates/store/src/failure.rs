//! Turning sqlx's errors into the port's.

use std::error::Error;
use std::fmt;
use std::time::Duration;

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

/// Reads as the last word of a commit.
pub(crate) trait OrUnconfirmed<T> {
    /// The value, or [`StoreError::Unavailable`] where the database has said no, or [`StoreError::Unconfirmed`]
    /// where it may have said yes.
    fn or_unconfirmed(self) -> StoreResult<T>;
}

impl<T> OrUnconfirmed<T> for Result<T, sqlx::Error> {
    fn or_unconfirmed(self) -> StoreResult<T> {
        self.map_err(|error| {
            if is_a_no(&error) { unavailable(error) } else { StoreError::Unconfirmed(Box::new(Failure(error))) }
        })
    }
}

/// Whether a commit that failed like this has changed nothing for certain. An error of the connection, of the disk or
/// of a server that was ending may have come after the commit.
///
/// `PostgreSQL`'s codes have five characters, of which the first two are the class; `SQLite`'s are numbers, of which
/// the lowest byte is the primary code, 10 that of the disk.
fn is_a_no(error: &sqlx::Error) -> bool {
    let Some(code) = error.as_database_error().and_then(sqlx::error::DatabaseError::code) else { return false };
    match code.get(..2).filter(|_| code.len() == 5) {
        Some(class) => !matches!(class, "08" | "57" | "58" | "XX"),
        None => code.parse::<u32>().is_ok_and(|code| code & 0xff != 10),
    }
}

/// Gives a read up that takes longer than anybody who waits for it should: a server that has stopped in the middle of
/// an answer says nothing, and its connection stays open.
pub(crate) async fn in_time<T>(reading: impl Future<Output = StoreResult<T>>) -> StoreResult<T> {
    within(PATIENCE, reading).await
}

/// How long work may take of which everybody knows that it takes long.
const LONG: Duration = Duration::from_mins(2);

/// As [`in_time`], for what reads or changes much.
pub(crate) async fn in_long_time<T>(work: impl Future<Output = StoreResult<T>>) -> StoreResult<T> {
    within(LONG, work).await
}

async fn within<T>(most: Duration, work: impl Future<Output = StoreResult<T>>) -> StoreResult<T> {
    tokio::time::timeout(most, work).await.unwrap_or_else(|_| Err(unavailable(sqlx::Error::PoolTimedOut)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_no_is_a_no() {
        let lost = Err::<(), _>(sqlx::Error::Io(std::io::ErrorKind::ConnectionReset.into())).or_unconfirmed();
        assert!(matches!(lost, Err(StoreError::Unconfirmed(_))), "{lost:?}");
    }

    #[test]
    fn says_the_same_however_it_is_printed() {
        let error = unavailable(sqlx::Error::PoolTimedOut);
        assert_eq!(error.to_string(), "the database failed: pool timed out while waiting for an open connection");
        assert_eq!(format!("{error:?}"), "Unavailable(pool timed out while waiting for an open connection)");
    }
}
