//! Whether notifications come through from a PostgreSQL server: LISTEN on one connection, NOTIFY on another.
//!
//! A pooler that lends its connections for a transaction at a time answers LISTEN, and drops what is heard: the
//! connection on which it was said is somebody else's a moment later. An engine that only speaks PostgreSQL's
//! protocol may not know the statement at all. Both are found out here, before anything is served.

use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions};
use tokio::time::timeout;

use super::PATIENCE;

/// How a node of a PostgreSQL server learns that there are changes, so that whoever makes them need not wait long.
/// Nothing but time rests on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Notices {
    /// The server tells it (LISTEN and NOTIFY).
    #[default]
    Listen,
    /// It asks, every 50 ms.
    Poll,
}

/// On which a node tells itself something. It may hear another's instead, which shows the same.
const CHANNEL: &str = "latchkey_probe";

/// How long a notification may be on its way. Only where none comes does this time pass.
const ON_ITS_WAY: Duration = Duration::from_secs(2);

/// Whether a notification that is sent on one connection is heard on another.
pub(crate) async fn come_through(options: &PgConnectOptions) -> Result<bool, sqlx::Error> {
    let pool = PgPoolOptions::new().max_connections(2).acquire_timeout(PATIENCE).connect_lazy_with(options.clone());
    let heard = hear(&pool).await;
    // Whatever hangs there is not waited for.
    let _ = timeout(ON_ITS_WAY, pool.close()).await;
    match heard {
        // It does not know the statement.
        Err(error) if error.as_database_error().is_some_and(|error| error.code().as_deref() == Some("0A000")) => {
            Ok(false)
        }
        heard => heard,
    }
}

async fn hear(pool: &sqlx::PgPool) -> Result<bool, sqlx::Error> {
    let mut listener = PgListener::connect_with(pool).await?;
    listener.listen(CHANNEL).await?;
    // Without a prepared statement, which such a pooler may lose as well.
    match sqlx::raw_sql("NOTIFY latchkey_probe").execute(pool).await {
        // It is heard where it was said, on a connection that does not listen: the one that did was lent to it.
        Err(sqlx::Error::Protocol(_)) => return Ok(false),
        said => said?,
    };
    Ok(matches!(timeout(ON_ITS_WAY, listener.try_recv()).await, Ok(Ok(Some(_)))))
}
