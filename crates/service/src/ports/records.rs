//! Storing the records that vendors read and write where no upstream is configured.

use async_trait::async_trait;
use latchkey_domain::Timestamp;

use super::StoreResult;
use crate::AuditEntry;

/// A record: a JSON object in a collection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredRecord {
    /// The raw path of its collection.
    pub collection: String,
    /// Its name in the collection, 32 hexadecimal digits; ids sort by creation.
    pub id: String,
    /// Counts its changes, from 1.
    pub version: i64,
    /// The JSON object as text.
    pub data: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// What became of a new record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordInsertion {
    /// Stored.
    Inserted,
    /// Not stored: the collection is full.
    Full,
}

/// What became of a replacement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecordReplacement {
    /// Replaced; this is the record now.
    Replaced(StoredRecord),
    /// Not replaced: it has changed since the version that was named.
    Stale,
    /// There is no such record.
    NotFound,
}

/// What became of a removal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordDeletion {
    /// Removed.
    Deleted,
    /// Not removed: it has changed since the version that was named.
    Stale,
    /// There is no such record.
    NotFound,
}

/// The records' part of the database.
#[async_trait]
pub trait RecordStore: Send + Sync {
    /// The records of a collection with an id above `after`, in order of id.
    ///
    /// # Errors
    /// [`super::StoreError`] where the database fails.
    async fn records(&self, collection: &str, after: Option<&str>, limit: u32) -> StoreResult<Vec<StoredRecord>>;

    /// The records of these collections whose data contains `needle` in any case, with an id above `after`, in
    /// order of id.
    ///
    /// # Errors
    /// [`super::StoreError`] where the database fails.
    async fn search_records(
        &self,
        collections: &[String],
        needle: &str,
        after: Option<&str>,
        limit: u32,
    ) -> StoreResult<Vec<StoredRecord>>;

    /// One record.
    ///
    /// # Errors
    /// [`super::StoreError`] where the database fails.
    async fn record(&self, collection: &str, id: &str) -> StoreResult<Option<StoredRecord>>;

    /// Stores a new record, unless its collection has `max` already.
    ///
    /// # Errors
    /// [`super::StoreError`] where the database fails.
    async fn insert_record(&self, record: &StoredRecord, max: u32, audit: &AuditEntry) -> StoreResult<RecordInsertion>;

    /// Replaces a record's data, if it is still at `version` (at any, for `None`).
    ///
    /// # Errors
    /// [`super::StoreError`] where the database fails.
    async fn replace_record(
        &self,
        collection: &str,
        id: &str,
        version: Option<i64>,
        data: &str,
        now: Timestamp,
        audit: &AuditEntry,
    ) -> StoreResult<RecordReplacement>;

    /// Removes a record, if it is still at `version` (at any, for `None`).
    ///
    /// # Errors
    /// [`super::StoreError`] where the database fails.
    async fn delete_record(
        &self,
        collection: &str,
        id: &str,
        version: Option<i64>,
        audit: &AuditEntry,
    ) -> StoreResult<RecordDeletion>;
}
