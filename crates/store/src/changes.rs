//! Changes to what verdicts are made of: recorded with each such change, and read by those who follow.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use latchkey_domain::{AccountSid, AddressRules, RepId, ScopeSet, Timestamp, TokenHash};
use latchkey_service::ports::{
    ChangeStore, Following, NodeBehind, NodeId, Revision, RollCall, SecretPlace, SecretRecord, StoreError, StoreResult,
    TokenChange, TokenChanges,
};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AssertSqlSafe};

use crate::engine::membership::{Member, Roll, signature};
use crate::engine::sqlite::Watch;
use crate::engine::{Engine, Place, Telling};
use crate::failure::{OrUnavailable, in_long_time, in_time};
use crate::row::{self, Fields};
use crate::{SqlStore, placeholders};

/// The columns of a secret and of what the verdict on it is made of. `token_secret` is joined by the statement.
macro_rules! secret_columns {
    () => {
        "SELECT token_secret.hash AS hash, token_secret.not_after AS not_after, token.sid AS sid, \
         token.owner AS owner, token.scopes AS scopes, token.created_at AS created_at, \
         token.expires_at AS expires_at, token.revoked_at AS revoked_at, token.rate_limit AS rate_limit, \
         token.addresses AS addresses \
         FROM token JOIN token_secret ON token_secret.sid = token.sid"
    };
}

/// Live tokens after one, in order. The secret's place is named as the index on it names it, so that the join
/// reads that; and where to begin is said of both sides, or PostgreSQL reads all secrets before it for each page.
macro_rules! select_live {
    ($place:literal) => {
        concat!(
            secret_columns!(),
            " AND token_secret.not_after ",
            $place,
            " WHERE token.sid > $1 AND token_secret.sid > $1 AND token.revoked_at IS NULL AND token.expires_at > $2 \
             ORDER BY token.sid LIMIT $3"
        )
    };
}

/// Takes the next revision, writes down what it is about, and makes it known to those who listen. The revision's row
/// stays locked until the commit.
pub(crate) async fn record(
    connection: &mut AnyConnection,
    changes: &[TokenChange],
    telling: Option<Telling>,
) -> StoreResult<Revision> {
    if let (Some(telling), [change]) = (telling, changes) {
        let (kind, subject) = columns(*change);
        let row = sqlx::query(telling.record_one)
            .bind(kind)
            .bind(subject)
            .bind(signature(telling.by))
            .fetch_one(connection)
            .await
            .or_unavailable()?;
        return Fields::of(&row, "token_revision").number("latest").map(Revision::from_number);
    }
    let row = sqlx::query("UPDATE token_revision SET latest = latest + 1 WHERE id = 1 RETURNING latest")
        .fetch_one(&mut *connection)
        .await
        .or_unavailable()?;
    let latest = Fields::of(&row, "token_revision").number("latest")?;
    for batch in changes.chunks(placeholders::MOST / 3) {
        let sql = format!(
            "INSERT INTO token_change (rev, kind, subject) VALUES {} ON CONFLICT DO NOTHING",
            placeholders::rows(3, batch.len())
        );
        // Kept among the prepared statements where it is about one thing, which it nearly always is.
        let mut query = sqlx::query(AssertSqlSafe(sql)).persistent(batch.len() == 1);
        for change in batch {
            let (kind, subject) = columns(*change);
            query = query.bind(latest).bind(kind).bind(subject);
        }
        query.execute(&mut *connection).await.or_unavailable()?;
    }
    if let Some(telling) = telling {
        sqlx::query(telling.make_known)
            .bind(latest)
            .bind(signature(telling.by))
            .execute(connection)
            .await
            .or_unavailable()?;
    }
    Ok(Revision::from_number(latest))
}

#[async_trait]
impl ChangeStore for SqlStore {
    async fn follow_changes(&self, node: NodeId) -> StoreResult<Following> {
        match &self.place {
            Place::File(path) => {
                let watch = Watch::over(Arc::clone(path), self.reads.clone()).await?;
                Ok(Following::Watch(Box::new(watch)))
            }
            Place::Server(lines, notices) => {
                // A store serves one node. Where it were asked by another, that would hear its own changes as others'.
                let _ = self.node.set(node);
                Ok(Following::Membership(Box::new(Member::new(node, lines.clone(), *notices))))
            }
        }
    }

    fn roll_call(&self) -> Option<Box<dyn RollCall>> {
        match &self.place {
            Place::File(_) => None,
            Place::Server(..) => Some(Box::new(Roll::new(self.reads.clone()))),
        }
    }

    async fn forget_nodes(&self, silent: &[NodeBehind]) -> StoreResult<()> {
        let mut transaction = self.begin().await?;
        for node in silent {
            sqlx::query("DELETE FROM node WHERE id = $1 AND renewal = $2")
                .bind(node.id.as_bytes().as_slice())
                .bind(node.renewal)
                .execute(&mut *transaction)
                .await
                .or_unavailable()?;
        }
        transaction.commit_unjudged().await
    }

    async fn forget_node(&self, node: NodeId) -> StoreResult<()> {
        let mut transaction = self.begin().await?;
        sqlx::query("DELETE FROM node WHERE id = $1")
            .bind(node.as_bytes().as_slice())
            .execute(&mut *transaction)
            .await
            .or_unavailable()?;
        transaction.commit_unjudged().await
    }

    async fn notice_queue(&self) -> StoreResult<Option<i64>> {
        if self.telling().is_none() {
            return Ok(None);
        }
        let reading = sqlx::query(Engine::NOTICE_QUEUE).fetch_one(&self.reads);
        let row = in_time(async { reading.await.or_unavailable() }).await?;
        Fields::of(&row, "the engine").number("percent").map(Some)
    }

    async fn token_changes(&self, after: Revision) -> StoreResult<TokenChanges> {
        // Whoever reads what the index follows holds others up: no such reading may wait for a server gone silent.
        in_time(async {
            let rows = sqlx::query_as(AFTER).bind(after.number()).fetch_all(&self.reads).await.or_unavailable()?;
            read(rows, after)
        })
        .await
    }

    async fn live_tokens(&self, now: Timestamp) -> StoreResult<u64> {
        let counting = sqlx::query(
            "SELECT CAST(COUNT(*) AS BIGINT) AS live FROM token WHERE revoked_at IS NULL AND expires_at > $1",
        )
        .bind(now.unix_seconds())
        .fetch_one(&self.reads);
        let row = in_long_time(async { counting.await.or_unavailable() }).await?;
        Fields::of(&row, "token").count("live")
    }

    async fn live_secrets(
        &self,
        place: SecretPlace,
        after: Option<AccountSid>,
        now: Timestamp,
        limit: u32,
    ) -> StoreResult<Vec<SecretRecord>> {
        let sql = match place {
            SecretPlace::InUse => select_live!("IS NULL"),
            SecretPlace::OnItsWayOut => select_live!("IS NOT NULL"),
        };
        // No token has this name's bytes: they are no UUIDv7.
        let after = after.map_or_else(Vec::new, |sid| sid.as_bytes().to_vec());
        let reading =
            sqlx::query(sql).bind(after).bind(now.unix_seconds()).bind(i64::from(limit)).fetch_all(&self.reads);
        let rows = in_long_time(async { reading.await.or_unavailable() }).await?;
        read_secrets(&rows)
    }

    async fn secrets_of(&self, sids: &[AccountSid]) -> StoreResult<Vec<SecretRecord>> {
        let mut secrets = Vec::with_capacity(sids.len());
        for batch in sids.chunks(placeholders::MOST) {
            let sql =
                format!(concat!(secret_columns!(), " WHERE token.sid IN ({})"), placeholders::list(1, batch.len()));
            // Kept among the prepared statements where it is about one token, which it nearly always is.
            let mut query = sqlx::query(AssertSqlSafe(sql)).persistent(batch.len() == 1);
            for sid in batch {
                query = query.bind(sid.as_bytes().to_vec());
            }
            let rows = in_time(async { query.fetch_all(&self.reads).await.or_unavailable() }).await?;
            secrets.extend(read_secrets(&rows)?);
        }
        Ok(secrets)
    }

    async fn forget_changes(&self, keep: u32) -> StoreResult<()> {
        let mut transaction = self.begin().await?;
        let row = sqlx::query(
            "UPDATE token_revision SET forgotten = latest - $1 WHERE id = 1 AND forgotten < latest - $1 \
             RETURNING forgotten",
        )
        .bind(i64::from(keep))
        .fetch_optional(&mut *transaction)
        .await
        .or_unavailable()?;
        let Some(row) = row else { return Ok(()) };
        let forgotten = Fields::of(&row, "token_revision").number("forgotten")?;
        // Every change waits for that row, and there may be many to delete. What is left of them where that fails is
        // deleted the next time.
        transaction.commit_unjudged().await?;
        let mut transaction = self.begin().await?;
        sqlx::query("DELETE FROM token_change WHERE rev <= $1")
            .bind(forgotten)
            .execute(&mut *transaction)
            .await
            .or_unavailable()?;
        transaction.commit_unjudged().await
    }
}

/// The newest revision, the newest one that is forgotten, and a change: its revision, its kind, its subject.
type ChangeRow = (i64, i64, Option<i64>, Option<String>, Option<Vec<u8>>);

/// Selects the changes after the revision `$1`. One statement, so that the newest revision and the changes up to it are
/// read at one instant.
pub(crate) const AFTER: &str = "SELECT token_revision.latest AS latest, token_revision.forgotten AS forgotten, \
     token_change.rev AS rev, token_change.kind AS kind, token_change.subject AS subject \
     FROM token_revision LEFT JOIN token_change ON token_change.rev > $1 \
     WHERE token_revision.id = 1 ORDER BY token_change.rev";

/// Reads what [`AFTER`] has found.
pub(crate) fn read(rows: Vec<ChangeRow>, after: Revision) -> StoreResult<TokenChanges> {
    let mut found =
        Found { latest: after.number(), changes: Some(Vec::with_capacity(rows.len())), reached: after.number() };
    for row in rows {
        found.take(row, after)?;
    }
    Ok(found.finish())
}

/// Changes as they are read, until it turns out that some are missing.
struct Found {
    latest: i64,
    changes: Option<Vec<TokenChange>>,
    /// The newest revision of which a change was read.
    reached: i64,
}

impl Found {
    fn take(&mut self, (latest, forgotten, rev, kind, subject): ChangeRow, after: Revision) -> StoreResult<()> {
        let inconsistent = |column| StoreError::Inconsistent { table: "token_change", column };
        self.latest = latest;
        if forgotten > after.number() {
            self.changes = None;
        }
        let Some(rev) = rev else { return Ok(()) };
        if rev > self.reached.saturating_add(1) {
            self.changes = None;
        }
        self.reached = rev;
        let (Some(kind), Some(subject)) = (kind, subject) else { return Err(inconsistent("kind")) };
        let change = read_change(&kind, &subject).ok_or_else(|| inconsistent("kind"))?;
        if let Some(changes) = &mut self.changes {
            changes.push(change);
        }
        Ok(())
    }

    /// A database that is behind what was asked for is another one, or one from a backup.
    fn finish(self) -> TokenChanges {
        let changes = self.changes.filter(|_| self.reached == self.latest);
        TokenChanges { latest: Revision::from_number(self.latest), changes }
    }
}

fn columns(change: TokenChange) -> (&'static str, Vec<u8>) {
    match change {
        TokenChange::Token(sid) => ("token", sid.as_bytes().to_vec()),
        TokenChange::Revoked(sid) => ("revoked", sid.as_bytes().to_vec()),
        TokenChange::Owner(id) => ("owner", id.as_bytes().to_vec()),
        TokenChange::Policy => ("policy", Vec::new()),
        TokenChange::Everything => ("everything", Vec::new()),
    }
}

fn read_change(kind: &str, subject: &[u8]) -> Option<TokenChange> {
    match kind {
        "token" => Some(TokenChange::Token(AccountSid::from_bytes(subject.try_into().ok()?))),
        "revoked" => Some(TokenChange::Revoked(AccountSid::from_bytes(subject.try_into().ok()?))),
        "owner" => Some(TokenChange::Owner(RepId::from_bytes(subject.try_into().ok()?))),
        "policy" => Some(TokenChange::Policy),
        "everything" => Some(TokenChange::Everything),
        _ => None,
    }
}

/// Reads [`secret_columns`]. Most tokens share their scopes with many, and some their address rules: each is read once.
fn read_secrets(rows: &[AnyRow]) -> StoreResult<Vec<SecretRecord>> {
    let mut sets: HashMap<&str, Arc<ScopeSet>> = HashMap::new();
    let mut rules: HashMap<&str, Option<Arc<AddressRules>>> = HashMap::new();
    rows.iter()
        .map(|row| {
            let (token, secret) = (Fields::of(row, "token"), Fields::of(row, "token_secret"));
            let names: &str = token.borrowed_text("scopes")?;
            let scopes = if let Some(known) = sets.get(names) {
                Arc::clone(known)
            } else {
                let parsed = Arc::new(token.code("scopes", |names| names.parse().ok())?);
                sets.insert(names, Arc::clone(&parsed));
                parsed
            };
            let networks: &str = token.borrowed_text("addresses")?;
            let addresses = if let Some(known) = rules.get(networks) {
                known.clone()
            } else {
                let parsed = token.code("addresses", row::address_rules)?.map(Arc::new);
                rules.insert(networks, parsed.clone());
                parsed
            };
            Ok(SecretRecord {
                hash: secret.bytes("hash").map(TokenHash::from_bytes)?,
                not_after: secret.optional_time("not_after")?,
                sid: token.bytes("sid").map(AccountSid::from_bytes)?,
                owner: token.bytes("owner").map(RepId::from_bytes)?,
                scopes,
                created_at: token.time("created_at")?,
                expires_at: token.time("expires_at")?,
                revoked_at: token.optional_time("revoked_at")?,
                rate_limit: token.code("rate_limit", |text| text.parse().ok())?,
                addresses,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use sqlx::{Connection as _, PgConnection};

    use super::*;
    use crate::Opening;

    #[tokio::test(flavor = "multi_thread")]
    async fn a_page_of_secrets_begins_where_it_is_to_begin_in_both_tables() {
        let cluster = latchkey_throwaway_postgres::Cluster::start().unwrap_or_else(|error| panic!("{error}"));
        let url = cluster.create_database().unwrap();
        let store = SqlStore::open(&url, Opening::Serve).await.unwrap();
        let mut connection = PgConnection::connect(&url).await.unwrap();
        // The plan of a large database, over an empty one.
        sqlx::raw_sql(
            "SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_nestloop = off; SET enable_sort = off",
        )
        .execute(&mut connection)
        .await
        .unwrap();
        let page = format!("PREPARE page (BYTEA, BIGINT, BIGINT) AS {}", select_live!("IS NULL"));
        sqlx::raw_sql(AssertSqlSafe(page)).execute(&mut connection).await.unwrap();
        let plan: Vec<String> = sqlx::query_scalar("EXPLAIN (COSTS OFF) EXECUTE page ('', 0, 1000)")
            .fetch_all(&mut connection)
            .await
            .unwrap();
        let begins = plan.iter().filter(|line| line.contains("Index Cond: ") && line.contains("(sid > ")).count();
        assert!(begins == 2 && plan.iter().any(|line| line.contains("Merge Join")), "{plan:#?}");
        store.close().await;
    }

    async fn one_revision_for_many(store: &SqlStore) {
        let sid = |index: u32| {
            let mut bytes = [0; 16];
            bytes[..4].copy_from_slice(&index.to_be_bytes());
            AccountSid::from_bytes(bytes)
        };
        // More than one statement takes, and some of them twice.
        let mut changes: Vec<TokenChange> = (0..1200).map(|index| TokenChange::Token(sid(index))).collect();
        changes.extend_from_within(..10);
        changes.extend([TokenChange::Owner(RepId::from_bytes([1; 16])), TokenChange::Everything]);
        let committed = store.begin().await.unwrap().commit_change(&changes, "done").await.unwrap();
        let revision = committed.revision().unwrap();
        assert_eq!((revision.number(), committed.unsettled()), (1, "done"));
        let found = store.token_changes(Revision::default()).await.unwrap();
        assert_eq!(found.latest, revision);
        assert_eq!(found.changes.unwrap().len(), 1202);

        let committed = store.begin().await.unwrap().commit_change(&[], ()).await.unwrap();
        assert_eq!(committed.revision(), None);
        drop(store.begin().await.unwrap());
        assert_eq!(store.token_changes(revision).await.unwrap().latest, revision);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn many_changes_have_one_revision() {
        let directory = tempfile::tempdir().unwrap();
        let file = format!("sqlite://{}", directory.path().join("latchkey.db").display());
        let cluster = latchkey_throwaway_postgres::Cluster::start().unwrap_or_else(|error| panic!("{error}"));
        for url in [file, cluster.create_database().unwrap()] {
            let store = SqlStore::open(&url, Opening::Serve).await.unwrap();
            one_revision_for_many(&store).await;
            store.close().await;
        }
    }
}
