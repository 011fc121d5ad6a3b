//! Storing the audit log.
//!
//! Each change writes its own entry through its own operation. Here is what is about the log alone.

use async_trait::async_trait;

use super::StoreResult;
use crate::AuditEntry;

/// The audit log's part of the database.
#[async_trait]
pub trait AuditStore: Send + Sync {
    /// Writes entries that tell of no change, all or none.
    ///
    /// # Errors
    /// [`super::StoreError`] where the database fails.
    async fn write_audit(&self, entries: &[AuditEntry]) -> StoreResult<()>;
}
