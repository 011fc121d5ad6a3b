//! The database side of Latchkey: the service's port `Store` on SQLite and on PostgreSQL.
//!
//! How an operation runs:
//! 1. [`SqlStore::open`] chose the engine by the URL's scheme and brought the schema up to date (`open`, `schema`,
//!    `engine`). From there on nothing asks which engine it is.
//! 2. A reading operation takes a connection and runs one statement. A writing one begins a transaction
//!    (`SqlStore::begin`): on SQLite that takes the only write lock there is; on PostgreSQL it locks the row that
//!    its rule is about (`lock`) where a rule spans rows.
//! 3. It looks, decides with what only the database knows, writes, writes its audit entry (`audit`), commits. How
//!    it commits says whether verdicts depend on it (`transaction`, `changes`). A refusal is dropped uncommitted,
//!    which rolls it back.
//! 4. Rows become domain values in `row`, which refuses what Latchkey cannot have written.
//!
//! Each statement stands once, in the SQL that both engines speak: `$1` placeholders, RETURNING, ON CONFLICT,
//! integers for times and flags, COUNT cast to BIGINT. There is no clock and no randomness in it. What only one
//! engine can do sits in that engine's module. One operation is there twice: a revocation, for which somebody waits on
//! every node, is one statement where changes are told to others (`revocation`). `tests/contract` runs every operation
//! on both engines.

mod account_links;
mod archive;
mod audit;
mod changes;
mod constraint;
mod engine;
mod external_accounts;
mod failure;
mod listing;
mod lock;
mod open;
mod placeholders;
mod policy;
mod records;
mod rep_overview;
mod reps;
mod revocation;
mod row;
mod schema;
mod search;
mod sessions;
mod set_up;
mod standing;
mod token_moves;
mod token_selections;
mod tokens;
mod transaction;

use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use latchkey_service::AuditEntry;
use latchkey_service::ports::{NodeId, Store, StoreDescription, StoreResult};
use sqlx::AnyPool;

use crate::engine::{Engine, Place, Telling};
use crate::failure::{OrUnavailable, in_time};
use crate::row::Fields;
use crate::transaction::Write;

pub use archive::{Archive, ArchiveError, Copied, Happened, Replaced, Since, TakenBack};
pub use engine::notices::Notices;
pub use engine::sqlite::file_of as sqlite_file;
pub use open::{OpenError, Opening};
pub use schema::SchemaChange;

/// The database, open and with its schema up to date.
#[derive(Debug, Clone)]
pub struct SqlStore {
    engine: Engine,
    /// For reading. On SQLite these connections cannot write.
    reads: AnyPool,
    /// For transactions. On SQLite this is one connection, so that this process's writers wait in line, in order,
    /// rather than each polling for the file's lock. On PostgreSQL it is the same pool as `reads`.
    writes: AnyPool,
    place: Place,
    /// The node that follows the changes of this database here, once there is one.
    node: Arc<OnceLock<NodeId>>,
    schema: SchemaChange,
}

impl SqlStore {
    /// What opening did to the schema.
    #[must_use]
    pub const fn schema_change(&self) -> &SchemaChange {
        &self.schema
    }

    /// Whether the database still has the schema that it was opened with. Another release may have migrated it
    /// meanwhile: what this one reads and writes would then no longer be what stands there.
    ///
    /// # Errors
    /// [`latchkey_service::ports::StoreError`] where the database does not answer.
    pub async fn has_known_schema(&self) -> StoreResult<bool> {
        in_time(async {
            let row = sqlx::query("SELECT CAST(MAX(version) AS BIGINT) AS newest FROM _sqlx_migrations")
                .fetch_one(&self.reads)
                .await
                .or_unavailable()?;
            let newest = Fields::of(&row, schema::LEDGER).optional_number("newest")?;
            Ok(newest == Some(self.schema.to))
        })
        .await
    }

    /// Closes every connection, after what they are doing. Operations fail from here on.
    pub async fn close(&self) {
        if let Place::Server(lines, _) = &self.place {
            lines.close().await;
        }
        self.reads.close().await;
        self.writes.close().await;
    }

    /// Begins a transaction that may write.
    async fn begin(&self) -> StoreResult<Write> {
        let transaction = transaction::begin(&self.writes, self.engine.begin()).await?;
        Ok(Write::new(transaction, self.telling()))
    }

    /// The newest audit entries, the newest first.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn newest_audit_entries(&self, limit: u32) -> StoreResult<Vec<AuditEntry>> {
        audit::newest(&self.reads, limit).await
    }

    /// How changes are told to other nodes, where somebody listens.
    fn telling(&self) -> Option<Telling> {
        self.place.telling(self.node.get().copied())
    }
}

#[async_trait]
impl Store for SqlStore {
    async fn ping(&self) -> StoreResult<()> {
        // A table of its own: SQLite would answer a bare SELECT 1 without looking at the file.
        let asked = sqlx::query("SELECT name FROM write_lock").fetch_all(&self.reads);
        in_time(async { asked.await.or_unavailable().map(drop) }).await
    }

    async fn describe(&self) -> StoreResult<StoreDescription> {
        let row = sqlx::query(self.engine.version_query()).fetch_one(&self.reads).await.or_unavailable()?;
        let version: String = Fields::of(&row, "the engine").text("version")?;
        Ok(StoreDescription { engine: self.engine.describe(&version) })
    }
}
