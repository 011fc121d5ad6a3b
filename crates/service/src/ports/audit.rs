//! Storing the audit log: its entries, their chain, and what is read of them.
//!
//! Each change writes its own entry through its own operation. Here is what is about the log alone.

use async_trait::async_trait;
use latchkey_domain::Timestamp;

use super::StoreResult;
use crate::{
    AuditCursor, AuditEntry, AuditFilter, AuditHead, AuditKey, AuditLine, AuditRange, ChainStart, Sequencing,
    StoredLink,
};

/// The audit log's part of the database.
#[async_trait]
pub trait AuditStore: Send + Sync {
    /// Writes entries that tell of no change, all or none.
    ///
    /// # Errors
    /// [`super::StoreError`] where the database fails.
    async fn write_audit(&self, entries: &[AuditEntry]) -> StoreResult<()>;

    /// Puts at most `most` of the entries that wait for it into the chain, one writer at a time. The first one
    /// begins the chain; one with another key does nothing.
    ///
    /// # Errors
    /// [`super::StoreError`] where the database fails.
    async fn sequence_audit(&self, key: &AuditKey, most: u32) -> StoreResult<Sequencing>;

    /// Where the chain starts; `None` before it was begun.
    ///
    /// # Errors
    /// [`super::StoreError`] where the database fails.
    async fn audit_chain(&self) -> StoreResult<Option<ChainStart>>;

    /// Where the chain ends: its last link, or else the last that was sealed.
    ///
    /// # Errors
    /// [`super::StoreError`] where the database fails.
    async fn audit_head(&self) -> StoreResult<AuditHead>;

    /// The links after the one with the number `after`, in order, at most `most`.
    ///
    /// # Errors
    /// [`super::StoreError`] where the database fails.
    async fn audit_links(&self, after: i64, most: u32) -> StoreResult<Vec<StoredLink>>;

    /// How many entries wait for their link.
    ///
    /// # Errors
    /// [`super::StoreError`] where the database fails.
    async fn unsequenced_audit_entries(&self) -> StoreResult<u64>;

    /// The first entry that has no link and waits for none.
    ///
    /// # Errors
    /// [`super::StoreError`] where the database fails.
    async fn outside_audit_entry(&self) -> StoreResult<Option<i64>>;

    /// The first entry that waits for its link and is not there.
    ///
    /// # Errors
    /// [`super::StoreError`] where the database fails.
    async fn lost_audit_entry(&self) -> StoreResult<Option<i64>>;

    /// The number of the last link before the first whose entry is not older than `before`; 0 for none.
    ///
    /// # Errors
    /// [`super::StoreError`] where the database fails.
    async fn audit_seq_before(&self, before: Timestamp) -> StoreResult<i64>;

    /// Takes the beginning of the chain out, at most up to the link `through`, and notes under a seal where the
    /// chain starts now. Goes on where it is called again, since one transaction takes out only so much.
    ///
    /// # Errors
    /// [`super::StoreError`] where the database fails.
    async fn seal_audit(&self, key: &AuditKey, through: i64, audit: Option<&AuditEntry>) -> StoreResult<AuditHead>;

    /// Where a stretch of `most` entries ends that are looked up for a filter, counted from `after` on; `None` where
    /// the log ends before that, and where the filter's own index leads straight to what passes.
    ///
    /// # Errors
    /// [`super::StoreError`] where the database fails.
    async fn audit_stretch(
        &self,
        filter: &AuditFilter,
        after: Option<AuditCursor>,
        most: u32,
    ) -> StoreResult<Option<AuditCursor>>;

    /// The first `most` entries of a part of the log that pass the filter, the newest first.
    ///
    /// # Errors
    /// [`super::StoreError`] where the database fails.
    async fn audit_lines(&self, filter: &AuditFilter, range: AuditRange, most: u32) -> StoreResult<Vec<AuditLine>>;

    /// How many entries of a part of the log pass the filter, counted up to `most`.
    ///
    /// # Errors
    /// [`super::StoreError`] where the database fails.
    async fn count_audit_lines(&self, filter: &AuditFilter, range: AuditRange, most: u32) -> StoreResult<u32>;

    /// The highest id of an entry; 0 where there is none.
    ///
    /// # Errors
    /// [`super::StoreError`] where the database fails.
    async fn newest_audit_id(&self) -> StoreResult<i64>;
}
