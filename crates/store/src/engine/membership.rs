//! A node among others at one PostgreSQL server: it says how far it has come, and is told when there is more.
//!
//! All of it goes over one connection, on which the node listens too; where notifications are not to be had, it asks
//! on that connection instead ([`Notices`]). Whatever goes wrong there drops the connection; the next call makes
//! another, and what was not heard meanwhile is read.

use std::time::Duration;

use async_trait::async_trait;
use latchkey_service::ports::{Membership, NodeId, Revision, StoreResult};
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgArguments, PgListener, PgPool};
use sqlx::query::Query;
use sqlx::{Acquire as _, PgConnection, Postgres};
use tokio::time::{Instant, sleep, timeout};

use crate::Notices;
use crate::failure::{OrUnavailable, unavailable};

/// On which every change is made known. The notification says nothing: what has changed is read.
pub(crate) const CHANNEL: &str = "latchkey_token_change";

/// How long the server may take to answer one statement of a node.
const PATIENCE: Duration = Duration::from_secs(1);
/// How often a node asks whether there is more, where nobody tells it.
const ASKING: Duration = Duration::from_millis(50);

/// A node that is, or is to be, among those that changes wait for.
pub(crate) struct Member {
    node: NodeId,
    pool: PgPool,
    notices: Notices,
    line: Option<Line>,
    /// The newest revision that was read.
    read: Option<Revision>,
}

/// A node's connection.
enum Line {
    Listening(PgListener),
    Asking(PoolConnection<Postgres>),
}

impl Member {
    pub(crate) const fn new(node: NodeId, pool: PgPool, notices: Notices) -> Self {
        Self { node, pool, notices, line: None, read: None }
    }

    async fn connection(&mut self) -> Result<&mut PgConnection, sqlx::Error> {
        if self.line.is_none() {
            self.line = Some(match self.notices {
                Notices::Listen => {
                    let mut listener = PgListener::connect_with(&self.pool).await?;
                    listener.ignore_pool_close_event(false);
                    listener.listen(CHANNEL).await?;
                    Line::Listening(listener)
                }
                Notices::Poll => Line::Asking(self.pool.acquire().await?),
            });
        }
        match &mut self.line {
            Some(Line::Listening(listener)) => listener.acquire().await,
            Some(Line::Asking(connection)) => Ok(&mut **connection),
            None => Err(sqlx::Error::PoolClosed),
        }
    }

    /// Runs one statement; where it fails, so may the connection have.
    async fn in_time<T>(&mut self, work: impl AsyncFnOnce(&mut Self) -> Result<T, sqlx::Error>) -> StoreResult<T> {
        let done = timeout(PATIENCE, work(self)).await.unwrap_or(Err(sqlx::Error::PoolTimedOut));
        if done.is_err() {
            self.line = None;
        }
        done.or_unavailable()
    }

    /// Runs a statement that answers nothing.
    async fn say(&mut self, statement: Query<'_, Postgres, PgArguments>) -> StoreResult<()> {
        self.in_time(async |member: &mut Self| statement.execute(member.connection().await?).await.map(drop)).await
    }

    /// Asks until the newest revision is another than the one that was read before, or for so long.
    async fn ask(&mut self, most: Duration) -> StoreResult<bool> {
        let (until, before) = (Instant::now() + most, self.read);
        while Instant::now() < until {
            let pause = self.pool.close_event().do_until(sleep(ASKING)).await;
            if let Err(closed) = pause {
                self.line = None;
                return Err(unavailable(closed));
            }
            if Some(self.latest().await?) != before {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

#[async_trait]
impl Membership for Member {
    async fn announce(&mut self, renewal: i64, applied: Revision) -> StoreResult<()> {
        let statement = sqlx::query(
            // One that comes late, by a connection that was given up, says nothing any more.
            "INSERT INTO node (id, renewal, applied) VALUES ($1, $2, $3) \
             ON CONFLICT (id) DO UPDATE SET renewal = excluded.renewal, applied = excluded.applied \
             WHERE node.renewal < excluded.renewal",
        );
        self.say(statement.bind(self.node.as_bytes().to_vec()).bind(renewal).bind(applied.number())).await
    }

    async fn confirm(&mut self, applied: Revision) -> StoreResult<()> {
        let statement = sqlx::query(
            // The setting holds until the commit of this very statement, which then does not wait for the disk:
            // somebody waits for this.
            "UPDATE node SET applied = $2 WHERE id = $1 AND applied < $2 \
             AND set_config('synchronous_commit', 'off', true) = 'off'",
        );
        self.say(statement.bind(self.node.as_bytes().to_vec()).bind(applied.number())).await
    }

    async fn latest(&mut self) -> StoreResult<Revision> {
        let latest: i64 = self
            .in_time(async |member: &mut Self| {
                sqlx::query_scalar("SELECT latest FROM token_revision WHERE id = 1")
                    .fetch_one(member.connection().await?)
                    .await
            })
            .await?;
        let latest = Revision::from_number(latest);
        self.read = Some(latest);
        Ok(latest)
    }

    async fn told(&mut self, most: Duration) -> StoreResult<bool> {
        let listener = match &mut self.line {
            Some(Line::Listening(listener)) => listener,
            Some(Line::Asking(_)) => return self.ask(most).await,
            // Whatever cut it off may have hidden something.
            None => return Ok(true),
        };
        match timeout(most, listener.try_recv()).await {
            Err(_) => Ok(false),
            Ok(Ok(Some(_))) => {
                // Of many at once, one is enough.
                while let Some(_more) = listener.next_buffered() {}
                Ok(true)
            }
            // The connection was lost, and with it whatever was told meanwhile.
            Ok(Ok(None)) => {
                self.line = None;
                Ok(true)
            }
            Ok(Err(error)) => {
                self.line = None;
                Err(unavailable(error))
            }
        }
    }
}
