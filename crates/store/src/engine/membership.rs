//! A node among others at one PostgreSQL server: it says how far it has come, and is told when there is more.
//!
//! All of it goes over one connection, on which the node listens too. Whatever goes wrong there drops the
//! connection; the next call makes another, and what was not heard meanwhile is read.

use std::time::Duration;

use async_trait::async_trait;
use latchkey_service::ports::{Membership, NodeId, Revision, StoreResult};
use sqlx::postgres::{PgListener, PgPool};
use tokio::time::timeout;

use crate::failure::{OrUnavailable, unavailable};

/// On which every change is made known. The notification says nothing: what has changed is read.
pub(crate) const CHANNEL: &str = "latchkey_token_change";

/// How long the server may take to answer one statement of a node.
const PATIENCE: Duration = Duration::from_secs(1);

/// A node that is, or is to be, among those that changes wait for.
pub(crate) struct Member {
    node: NodeId,
    pool: PgPool,
    listener: Option<PgListener>,
}

impl Member {
    pub(crate) const fn new(node: NodeId, pool: PgPool) -> Self {
        Self { node, pool, listener: None }
    }

    async fn listener(&mut self) -> Result<&mut PgListener, sqlx::Error> {
        if self.listener.is_none() {
            let mut listener = PgListener::connect_with(&self.pool).await?;
            listener.ignore_pool_close_event(false);
            listener.listen(CHANNEL).await?;
            self.listener = Some(listener);
        }
        self.listener.as_mut().ok_or(sqlx::Error::PoolClosed)
    }

    /// Runs one statement; where it fails, so may the connection have.
    async fn in_time<T>(&mut self, work: impl AsyncFnOnce(&mut Self) -> Result<T, sqlx::Error>) -> StoreResult<T> {
        let done = timeout(PATIENCE, work(self)).await.unwrap_or(Err(sqlx::Error::PoolTimedOut));
        if done.is_err() {
            self.listener = None;
        }
        done.or_unavailable()
    }
}

#[async_trait]
impl Membership for Member {
    async fn announce(&mut self, applied: Revision) -> StoreResult<()> {
        self.in_time(async |member: &mut Self| {
            let id = member.node.as_bytes().to_vec();
            sqlx::query(
                "INSERT INTO node (id, renewal, applied) VALUES ($1, 1, $2) \
                 ON CONFLICT (id) DO UPDATE SET renewal = node.renewal + 1, applied = excluded.applied",
            )
            .bind(id)
            .bind(applied.number())
            .execute(member.listener().await?)
            .await
            .map(|_| ())
        })
        .await
    }

    async fn latest(&mut self) -> StoreResult<Revision> {
        let latest: i64 = self
            .in_time(async |member: &mut Self| {
                sqlx::query_scalar("SELECT latest FROM token_revision WHERE id = 1")
                    .fetch_one(member.listener().await?)
                    .await
            })
            .await?;
        Ok(Revision::from_number(latest))
    }

    async fn told(&mut self, most: Duration) -> StoreResult<bool> {
        let Some(listener) = &mut self.listener else { return Ok(false) };
        match timeout(most, listener.try_recv()).await {
            Err(_) => Ok(false),
            Ok(Ok(Some(_))) => {
                // Of many at once, one is enough.
                while let Some(_more) = listener.next_buffered() {}
                Ok(true)
            }
            // The connection was lost, and with it whatever was told meanwhile.
            Ok(Ok(None)) => {
                self.listener = None;
                Ok(true)
            }
            Ok(Err(error)) => {
                self.listener = None;
                Err(unavailable(error))
            }
        }
    }
}
