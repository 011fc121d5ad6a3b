//! A node among others at one PostgreSQL server: it says how far it has come, and is told when there is more.
//!
//! All of it goes over one connection, on which the node listens too; where notifications are not to be had, it asks
//! on that connection instead ([`Notices`]). Whatever goes wrong there drops the connection; the next call makes
//! another, and what was not heard meanwhile is read. Those who make changes ask how far nodes have come over the pool
//! that they make them by ([`Roll`]).

use std::time::Duration;

use async_trait::async_trait;
use latchkey_service::ports::{
    Membership, NodeBehind, NodeId, Revision, RollCall, StoreError, StoreResult, TokenChanges, Told,
};
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgArguments, PgListener, PgNotification, PgPool};
use sqlx::query::Query;
use sqlx::{Acquire as _, Any, AnyPool, PgConnection, Postgres};
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::Telling;
use crate::failure::{OrUnavailable, unavailable};
use crate::{Notices, changes};

/// On which every change is made known: its revision, and after a space the node in which it was made, where it was one.
/// What has changed is read: anybody who may connect may notify.
const CHANNEL: &str = "latchkey_token_change";

/// Tells of a revision on [`CHANNEL`], with a node's [`signature`].
macro_rules! tell {
    ($revision:literal, $signature:literal) => {
        concat!(
            "CAST(pg_notify('latchkey_token_change', CAST(",
            $revision,
            " AS TEXT) || ",
            $signature,
            ") AS TEXT) AS told"
        )
    };
}
pub(crate) use tell;

/// How a change is told on [`CHANNEL`]. One change is written down and told in one statement: the fewer of them come
/// before the commit, the shorter everybody waits for the row of the newest revision.
pub(crate) const fn telling(by: Option<NodeId>) -> Telling {
    Telling {
        record_one: concat!(
            "WITH next AS (UPDATE token_revision SET latest = latest + 1 WHERE id = 1 RETURNING latest) \
             INSERT INTO token_change (rev, kind, subject) SELECT latest, $1, $2 FROM next RETURNING rev AS latest, ",
            tell!("rev", "$3")
        ),
        make_known: concat!("SELECT ", tell!("$1", "$2")),
        by,
    }
}

/// What stands behind the revision in a notification.
pub(crate) fn signature(by: Option<NodeId>) -> String {
    by.map_or_else(String::new, |node| format!(" {:032x}", u128::from_be_bytes(*node.as_bytes())))
}

/// How long the server may take to answer one statement of a node.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long it may take to read what has changed: much, where a node stood still meanwhile.
const BACKLOG_PATIENCE: Duration = super::PATIENCE;
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

    /// Runs one statement, which may take so long; where it fails, so may the connection have.
    async fn within<T>(
        &mut self,
        most: Duration,
        work: impl AsyncFnOnce(&mut Self) -> Result<T, sqlx::Error>,
    ) -> StoreResult<T> {
        let done = timeout(most, work(self)).await.unwrap_or(Err(sqlx::Error::PoolTimedOut));
        if done.is_err() {
            self.line = None;
        }
        done.or_unavailable()
    }

    /// Runs a statement that answers nothing.
    async fn say(&mut self, statement: Query<'_, Postgres, PgArguments>) -> StoreResult<()> {
        let say = async |member: &mut Self| statement.execute(member.connection().await?).await.map(drop);
        self.within(PATIENCE, say).await
    }

    async fn latest(&mut self) -> StoreResult<Revision> {
        let latest = self.within(PATIENCE, async |member: &mut Self| {
            sqlx::query_scalar("SELECT latest FROM token_revision WHERE id = 1")
                .fetch_one(member.connection().await?)
                .await
        });
        let latest = Revision::from_number(latest.await?);
        self.read = Some(latest);
        Ok(latest)
    }

    /// Asks until the newest revision is another than the one that was read before, or for so long.
    async fn ask(&mut self, most: Duration) -> StoreResult<Option<Told>> {
        let (until, before) = (Instant::now() + most, self.read);
        while Instant::now() < until {
            let pause = self.pool.close_event().do_until(sleep(ASKING)).await;
            if let Err(closed) = pause {
                self.line = None;
                return Err(unavailable(closed));
            }
            let latest = self.latest().await?;
            if Some(latest) != before {
                return Ok(Some(Told::UpTo(latest)));
            }
        }
        Ok(None)
    }
}

/// A connection on which it is asked how far nodes have come. It is kept while one question follows the other: lent for
/// each of them it would be another one each time.
pub(crate) struct Roll {
    pool: AnyPool,
    line: Option<PoolConnection<Any>>,
}

impl Roll {
    pub(crate) const fn new(pool: AnyPool) -> Self {
        Self { pool, line: None }
    }

    async fn ask(&mut self, revision: Revision, but: NodeId) -> Result<Vec<(Vec<u8>, i64)>, sqlx::Error> {
        // Gone where this is given up or fails: what state it is in is not known then.
        let mut line = match self.line.take() {
            Some(line) => line,
            None => self.pool.acquire().await?,
        };
        let found = sqlx::query_as("SELECT id, renewal FROM node WHERE applied < $1 AND id <> $2")
            .bind(revision.number())
            .bind(but.as_bytes().as_slice())
            .fetch_all(&mut *line)
            .await?;
        self.line = Some(line);
        Ok(found)
    }
}

#[async_trait]
impl RollCall for Roll {
    async fn behind(&mut self, revision: Revision, but: NodeId) -> StoreResult<Vec<NodeBehind>> {
        let asked = timeout(PATIENCE, self.ask(revision, but)).await;
        let found = asked.unwrap_or(Err(sqlx::Error::PoolTimedOut)).or_unavailable()?;
        let node = |(id, renewal): (Vec<u8>, i64)| match id.try_into() {
            Ok(id) => Ok(NodeBehind { id: NodeId::from_bytes(id), renewal }),
            Err(_) => Err(StoreError::Inconsistent { table: "node", column: "id" }),
        };
        found.into_iter().map(node).collect()
    }

    fn rest(&mut self) {
        self.line = None;
    }
}

/// What a notification says to a node: nothing where it is its own, and not more than that there is something where it
/// is none of Latchkey's.
fn told_by(notification: &PgNotification, node: NodeId) -> Option<Told> {
    let payload = notification.payload();
    let revision = match payload.strip_suffix(&*signature(Some(node))) {
        Some(_) => return None,
        None => payload.split(' ').next().and_then(|number| number.parse().ok()),
    };
    Some(revision.map_or(Told::Something, |number| Told::UpTo(Revision::from_number(number))))
}

/// What two notifications say together.
fn together(one: Option<Told>, other: Option<Told>) -> Option<Told> {
    match (one, other) {
        (Some(Told::UpTo(one)), Some(Told::UpTo(other))) => Some(Told::UpTo(one.max(other))),
        (Some(_), Some(_)) => Some(Told::Something),
        (one, other) => one.or(other),
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

    async fn changes(&mut self, after: Revision) -> StoreResult<TokenChanges> {
        let rows = self
            .within(BACKLOG_PATIENCE, async |member: &mut Self| {
                sqlx::query_as(changes::AFTER).bind(after.number()).fetch_all(member.connection().await?).await
            })
            .await?;
        let changes = changes::read(rows, after)?;
        self.read = Some(changes.latest);
        Ok(changes)
    }

    async fn told(&mut self, most: Duration) -> StoreResult<Option<Told>> {
        let until = Instant::now() + most;
        loop {
            let listener = match &mut self.line {
                Some(Line::Listening(listener)) => listener,
                Some(Line::Asking(_)) => return self.ask(most).await,
                // Whatever cut it off may have hidden something.
                None => return Ok(Some(Told::Something)),
            };
            match timeout_at(until, listener.try_recv()).await {
                Err(_) => return Ok(None),
                Ok(Ok(Some(first))) => {
                    // Of many at once, the last is enough.
                    let mut told = told_by(&first, self.node);
                    while let Some(more) = listener.next_buffered() {
                        told = together(told, told_by(&more, self.node));
                    }
                    if told.is_some() {
                        return Ok(told);
                    }
                }
                // The connection was lost, and with it whatever was told meanwhile.
                Ok(Ok(None)) => {
                    self.line = None;
                    return Ok(Some(Told::Something));
                }
                Ok(Err(error)) => {
                    self.line = None;
                    return Err(unavailable(error));
                }
            }
        }
    }
}
