//! The records that vendors read and write where no upstream is configured.

use async_trait::async_trait;
use latchkey_domain::Timestamp;
use latchkey_service::AuditEntry;
use latchkey_service::ports::{
    RecordDeletion, RecordInsertion, RecordReplacement, RecordStore, StoreResult, StoredRecord,
};
use sqlx::{AnyConnection, AssertSqlSafe};

use crate::failure::OrUnavailable;
use crate::lock::Lock;
use crate::row::{self, Fields, record_columns};
use crate::{SqlStore, audit, placeholders, search};

/// The longest pattern that SQLite matches, in bytes (`SQLITE_MAX_LIKE_PATTERN_LENGTH`).
const LONGEST_PATTERN: usize = 50_000;

#[async_trait]
impl RecordStore for SqlStore {
    async fn records(&self, collection: &str, after: Option<&str>, limit: u32) -> StoreResult<Vec<StoredRecord>> {
        // Every id is above the empty one.
        let rows = sqlx::query(concat!(
            "SELECT ",
            record_columns!(),
            " FROM record WHERE collection = $1 AND id > $2 ORDER BY id LIMIT $3"
        ))
        .bind(collection)
        .bind(after.unwrap_or_default())
        .bind(i64::from(limit))
        .fetch_all(&self.reads)
        .await
        .or_unavailable()?;
        rows.iter().map(row::record).collect()
    }

    async fn search_records(
        &self,
        collections: &[String],
        needle: &str,
        after: Option<&str>,
        limit: u32,
    ) -> StoreResult<Vec<StoredRecord>> {
        let pattern = search::pattern(needle);
        // NUL, which JSON never has as it is and PostgreSQL's text cannot hold, is found nowhere; nor is a text
        // nearly as long as the longest record.
        if needle.contains('\0') || pattern.len() > LONGEST_PATTERN {
            return Ok(Vec::new());
        }
        let mut found = Vec::new();
        for batch in collections.chunks(placeholders::MOST - 3) {
            let sql = format!(
                "SELECT {} FROM record WHERE collection IN ({}) AND id > $1 AND search_text LIKE $2 ESCAPE '\\' \
                 ORDER BY id LIMIT $3",
                record_columns!(),
                placeholders::list(4, batch.len())
            );
            let mut query =
                sqlx::query(AssertSqlSafe(sql)).bind(after.unwrap_or_default()).bind(&*pattern).bind(i64::from(limit));
            for collection in batch {
                query = query.bind(&**collection);
            }
            let rows = query.fetch_all(&self.reads).await.or_unavailable()?;
            found.extend(rows.iter().map(row::record).collect::<StoreResult<Vec<_>>>()?);
        }
        found.sort_by(|one, other| one.id.cmp(&other.id));
        found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        Ok(found)
    }

    async fn record(&self, collection: &str, id: &str) -> StoreResult<Option<StoredRecord>> {
        let mut connection = self.reads.acquire().await.or_unavailable()?;
        find(&mut connection, collection, id).await
    }

    async fn insert_record(&self, record: &StoredRecord, max: u32, audit: &AuditEntry) -> StoreResult<RecordInsertion> {
        let mut transaction = self.begin().await?;
        Lock::Records.take(&mut transaction).await?;
        let row = sqlx::query("SELECT CAST(COUNT(*) AS BIGINT) AS records FROM record WHERE collection = $1")
            .bind(&*record.collection)
            .fetch_one(&mut *transaction)
            .await
            .or_unavailable()?;
        if Fields::of(&row, "record").number("records")? >= i64::from(max) {
            return Ok(RecordInsertion::Full);
        }
        sqlx::query(
            "INSERT INTO record (collection, id, version, data, search_text, created_at, updated_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(&*record.collection)
        .bind(&*record.id)
        .bind(record.version)
        .bind(&*record.data)
        .bind(record.data.to_lowercase())
        .bind(record.created_at.unix_seconds())
        .bind(record.updated_at.unix_seconds())
        .execute(&mut *transaction)
        .await
        .or_unavailable()?;
        audit::write(&mut transaction, audit).await?;
        transaction.commit_unjudged().await?;
        Ok(RecordInsertion::Inserted)
    }

    async fn replace_record(
        &self,
        collection: &str,
        id: &str,
        version: Option<i64>,
        data: &str,
        now: Timestamp,
        audit: &AuditEntry,
    ) -> StoreResult<RecordReplacement> {
        let mut transaction = self.begin().await?;
        let row = sqlx::query(concat!(
            "UPDATE record SET data = $1, search_text = $2, version = version + 1, updated_at = $3 \
             WHERE collection = $4 AND id = $5 AND ($6 IS NULL OR version = $6) RETURNING ",
            record_columns!()
        ))
        .bind(data)
        .bind(data.to_lowercase())
        .bind(now.unix_seconds())
        .bind(collection)
        .bind(id)
        .bind(version)
        .fetch_optional(&mut *transaction)
        .await
        .or_unavailable()?;
        let Some(row) = row else {
            let there = find(&mut transaction, collection, id).await?;
            return Ok(if there.is_some() { RecordReplacement::Stale } else { RecordReplacement::NotFound });
        };
        let record = row::record(&row)?;
        audit::write(&mut transaction, audit).await?;
        transaction.commit_unjudged().await?;
        Ok(RecordReplacement::Replaced(record))
    }

    async fn delete_record(
        &self,
        collection: &str,
        id: &str,
        version: Option<i64>,
        audit: &AuditEntry,
    ) -> StoreResult<RecordDeletion> {
        let mut transaction = self.begin().await?;
        let deleted =
            sqlx::query("DELETE FROM record WHERE collection = $1 AND id = $2 AND ($3 IS NULL OR version = $3)")
                .bind(collection)
                .bind(id)
                .bind(version)
                .execute(&mut *transaction)
                .await
                .or_unavailable()?;
        if deleted.rows_affected() == 0 {
            let there = find(&mut transaction, collection, id).await?;
            return Ok(if there.is_some() { RecordDeletion::Stale } else { RecordDeletion::NotFound });
        }
        audit::write(&mut transaction, audit).await?;
        transaction.commit_unjudged().await?;
        Ok(RecordDeletion::Deleted)
    }
}

async fn find(connection: &mut AnyConnection, collection: &str, id: &str) -> StoreResult<Option<StoredRecord>> {
    let row = sqlx::query(concat!("SELECT ", record_columns!(), " FROM record WHERE collection = $1 AND id = $2"))
        .bind(collection)
        .bind(id)
        .fetch_optional(connection)
        .await
        .or_unavailable()?;
    row.as_ref().map(row::record).transpose()
}
