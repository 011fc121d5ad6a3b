//! The chain: its links, its start, its end. Each function runs in the connection or transaction that it is given.

use latchkey_domain::Timestamp;
use latchkey_service::ports::{StoreError, StoreResult};
use latchkey_service::{AuditHead, AuditKey, AuditMac, ChainStart, Sequencing, StoredEntry, StoredLink};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AnyPool, AssertSqlSafe};

use crate::failure::OrUnavailable;
use crate::placeholders;
use crate::row::Fields;

/// How many links are taken out in one transaction: others wait for it.
const SEALED_AT_ONCE: i64 = 2_000;

/// The columns of an entry as it is stored.
macro_rules! stored_columns {
    () => {
        "audit_entry.id AS id, audit_entry.at AS at, audit_entry.actor_kind AS actor_kind, \
         audit_entry.actor_id AS actor_id, audit_entry.action AS action, audit_entry.subject_kind AS subject_kind, \
         audit_entry.subject_id AS subject_id, audit_entry.address AS address, \
         audit_entry.request_id AS request_id, audit_entry.detail AS detail"
    };
}

/// Puts entries that wait into the chain. Needs the lock.
pub(super) async fn sequence(connection: &mut AnyConnection, key: &AuditKey, most: u32) -> StoreResult<Sequencing> {
    let begun = start(connection).await?;
    if begun.is_some_and(|start| start.key_check != key.check()) {
        return Ok(Sequencing::OtherKey);
    }
    let rows = sqlx::query(concat!(
        "SELECT ",
        stored_columns!(),
        " FROM audit_waiting JOIN audit_entry ON audit_entry.id = audit_waiting.entry \
         ORDER BY audit_waiting.entry LIMIT $1"
    ))
    .bind(i64::from(most))
    .fetch_all(&mut *connection)
    .await
    .or_unavailable()?;
    if rows.is_empty() {
        // Another writer was faster.
        return Ok(Sequencing::UpToDate);
    }
    if begun.is_none() {
        begin(connection, &ChainStart::of(key)).await?;
    }
    let mut end = head(connection).await?;
    let mut links = Vec::with_capacity(rows.len());
    for row in &rows {
        let entry = stored_entry(Fields::of(row, "audit_entry"))?;
        let seq = end.seq.saturating_add(1);
        end = AuditHead { seq, mac: key.link(&end.mac, seq, &entry) };
        links.push((end, entry.id));
    }
    for batch in links.chunks(placeholders::MOST / 3) {
        link(connection, batch).await?;
    }
    for batch in links.chunks(placeholders::MOST) {
        forget(connection, batch).await?;
    }
    Ok(Sequencing::Sequenced { entries: u32::try_from(links.len()).unwrap_or(u32::MAX), head: end })
}

async fn begin(connection: &mut AnyConnection, start: &ChainStart) -> StoreResult<()> {
    sqlx::query(
        "INSERT INTO audit_chain (name, key_check, sealed_seq, sealed_mac, seal) VALUES ('audit', $1, $2, $3, $4)",
    )
    .bind(start.key_check.as_bytes().as_slice())
    .bind(start.sealed.seq)
    .bind(start.sealed.mac.as_bytes().as_slice())
    .bind(start.seal.as_bytes().as_slice())
    .execute(connection)
    .await
    .or_unavailable()?;
    Ok(())
}

async fn link(connection: &mut AnyConnection, links: &[(AuditHead, i64)]) -> StoreResult<()> {
    let sql = format!("INSERT INTO audit_link (seq, entry, mac) VALUES {}", placeholders::rows(3, links.len()));
    let mut query = sqlx::query(AssertSqlSafe(sql)).persistent(false);
    for (link, entry) in links {
        query = query.bind(link.seq).bind(*entry).bind(link.mac.as_bytes().to_vec());
    }
    query.execute(connection).await.or_unavailable()?;
    Ok(())
}

/// By their ids, one by one: a lower id may have been committed in between, and must go on waiting.
async fn forget(connection: &mut AnyConnection, links: &[(AuditHead, i64)]) -> StoreResult<()> {
    let sql = format!("DELETE FROM audit_waiting WHERE entry IN ({})", placeholders::list(1, links.len()));
    let mut query = sqlx::query(AssertSqlSafe(sql)).persistent(false);
    for (_, entry) in links {
        query = query.bind(*entry);
    }
    query.execute(connection).await.or_unavailable()?;
    Ok(())
}

/// Where the chain starts.
pub(super) async fn start(connection: &mut AnyConnection) -> StoreResult<Option<ChainStart>> {
    let row = sqlx::query("SELECT key_check, sealed_seq, sealed_mac, seal FROM audit_chain")
        .fetch_optional(connection)
        .await
        .or_unavailable()?;
    let Some(row) = row else { return Ok(None) };
    let fields = Fields::of(&row, "audit_chain");
    let mac = |column| fields.bytes(column).map(AuditMac::from_bytes);
    Ok(Some(ChainStart {
        key_check: mac("key_check")?,
        sealed: AuditHead { seq: fields.number("sealed_seq")?, mac: mac("sealed_mac")? },
        seal: mac("seal")?,
    }))
}

/// Where the chain ends.
pub(super) async fn head(connection: &mut AnyConnection) -> StoreResult<AuditHead> {
    // What was sealed is asked for only where no link is left; both in one statement, since links may be taken out
    // between two.
    let row = sqlx::query(
        "SELECT seq, mac FROM (SELECT 1 AS place, seq, mac FROM \
         (SELECT seq, mac FROM audit_link ORDER BY seq DESC LIMIT 1) AS last_link \
         UNION ALL SELECT 2 AS place, sealed_seq AS seq, sealed_mac AS mac FROM audit_chain) AS ends \
         ORDER BY place LIMIT 1",
    )
    .fetch_optional(connection)
    .await
    .or_unavailable()?;
    let Some(row) = row else { return Ok(AuditHead::NONE) };
    let fields = Fields::of(&row, "audit_link");
    Ok(AuditHead { seq: fields.number("seq")?, mac: fields.bytes("mac").map(AuditMac::from_bytes)? })
}

/// The links after a number, with their entries where those are there.
pub(super) async fn links(pool: &AnyPool, after: i64, most: u32) -> StoreResult<Vec<StoredLink>> {
    let rows = sqlx::query(concat!(
        "SELECT audit_link.seq AS seq, audit_link.entry AS entry, audit_link.mac AS mac, ",
        stored_columns!(),
        " FROM audit_link LEFT JOIN audit_entry ON audit_entry.id = audit_link.entry \
         WHERE audit_link.seq > $1 ORDER BY audit_link.seq LIMIT $2"
    ))
    .bind(after)
    .bind(i64::from(most))
    .fetch_all(pool)
    .await
    .or_unavailable()?;
    rows.iter().map(stored_link).collect()
}

fn stored_link(row: &AnyRow) -> StoreResult<StoredLink> {
    let fields = Fields::of(row, "audit_link");
    let entry = Fields::of(row, "audit_entry");
    let is_there = entry.optional_number("id")?.is_some();
    Ok(StoredLink {
        seq: fields.number("seq")?,
        entry_id: fields.number("entry")?,
        mac: fields.bytes("mac").map(AuditMac::from_bytes)?,
        entry: if is_there { Some(stored_entry(entry)?) } else { None },
    })
}

fn stored_entry(fields: Fields<'_>) -> StoreResult<StoredEntry> {
    Ok(StoredEntry {
        id: fields.number("id")?,
        at: fields.number("at")?,
        actor_kind: fields.text("actor_kind")?,
        actor_id: fields.raw_bytes("actor_id")?,
        action: fields.text("action")?,
        subject_kind: fields.text("subject_kind")?,
        subject_id: fields.raw_bytes("subject_id")?,
        address: fields.text("address")?,
        request_id: fields.text("request_id")?,
        detail: fields.text("detail")?,
    })
}

/// How many entries wait for their link, counted up to `most`.
pub(super) async fn waiting(pool: &AnyPool, most: u32) -> StoreResult<u64> {
    let row = sqlx::query(
        "SELECT CAST(COUNT(*) AS BIGINT) AS waiting FROM (SELECT entry FROM audit_waiting LIMIT $1) AS counted",
    )
    .bind(i64::from(most))
    .fetch_one(pool)
    .await
    .or_unavailable()?;
    let waiting = Fields::of(&row, "audit_waiting").number("waiting")?;
    Ok(u64::try_from(waiting).unwrap_or_default())
}

/// The first entry that has no link and waits for none. One statement, so that one that is being linked is seen
/// either before or after.
pub(super) async fn outside(pool: &AnyPool) -> StoreResult<Option<i64>> {
    let sql = "SELECT audit_entry.id AS id FROM audit_entry \
               LEFT JOIN audit_link ON audit_link.entry = audit_entry.id \
               LEFT JOIN audit_waiting ON audit_waiting.entry = audit_entry.id \
               WHERE audit_link.entry IS NULL AND audit_waiting.entry IS NULL ORDER BY audit_entry.id LIMIT 1";
    first(pool, sql).await
}

/// The first entry that waits and is not there.
pub(super) async fn lost(pool: &AnyPool) -> StoreResult<Option<i64>> {
    let sql = "SELECT audit_waiting.entry AS id FROM audit_waiting \
               LEFT JOIN audit_entry ON audit_entry.id = audit_waiting.entry \
               WHERE audit_entry.id IS NULL ORDER BY audit_waiting.entry LIMIT 1";
    first(pool, sql).await
}

async fn first(pool: &AnyPool, sql: &'static str) -> StoreResult<Option<i64>> {
    let row = sqlx::query(sql).fetch_optional(pool).await.or_unavailable()?;
    row.map(|row| Fields::of(&row, "audit_entry").number("id")).transpose()
}

/// The number of the last link before the first whose entry is not older than `before`.
pub(super) async fn seq_before(pool: &AnyPool, before: Timestamp) -> StoreResult<i64> {
    let row = sqlx::query(
        "SELECT CAST(COALESCE(\
         (SELECT MIN(audit_link.seq) - 1 FROM audit_link JOIN audit_entry ON audit_entry.id = audit_link.entry \
          WHERE audit_entry.at >= $1), \
         (SELECT MAX(seq) FROM audit_link), 0) AS BIGINT) AS seq",
    )
    .bind(before.unix_seconds())
    .fetch_one(pool)
    .await
    .or_unavailable()?;
    Fields::of(&row, "audit_link").number("seq")
}

/// Takes links and their entries out, and notes where the chain starts now. Needs the lock.
pub(super) async fn seal(connection: &mut AnyConnection, key: &AuditKey, through: i64) -> StoreResult<AuditHead> {
    let inconsistent = StoreError::Inconsistent { table: "audit_chain", column: "key_check" };
    let start = start(connection).await?.filter(|start| start.key_check == key.check()).ok_or(inconsistent)?;
    let seq = through.min(start.sealed.seq.saturating_add(SEALED_AT_ONCE));
    if seq <= start.sealed.seq {
        return Ok(start.sealed);
    }
    let row = sqlx::query("SELECT mac FROM audit_link WHERE seq = $1")
        .bind(seq)
        .fetch_optional(&mut *connection)
        .await
        .or_unavailable()?;
    let row = row.ok_or(StoreError::Inconsistent { table: "audit_link", column: "seq" })?;
    let sealed = AuditHead { seq, mac: Fields::of(&row, "audit_link").bytes("mac").map(AuditMac::from_bytes)? };
    let start = ChainStart::after(key, sealed);
    for sql in [
        "DELETE FROM audit_entry WHERE id IN (SELECT entry FROM audit_link WHERE seq <= $1)",
        "DELETE FROM audit_link WHERE seq <= $1",
    ] {
        sqlx::query(sql).bind(seq).execute(&mut *connection).await.or_unavailable()?;
    }
    sqlx::query("UPDATE audit_chain SET sealed_seq = $1, sealed_mac = $2, seal = $3")
        .bind(sealed.seq)
        .bind(sealed.mac.as_bytes().as_slice())
        .bind(start.seal.as_bytes().as_slice())
        .execute(connection)
        .await
        .or_unavailable()?;
    Ok(sealed)
}
