//! Writing and reading the audit log: entries here, their chain in `chain`, what is shown of them in `lines`.

mod chain;
mod lines;

use async_trait::async_trait;
use latchkey_domain::external_account::ExternalAccountId;
use latchkey_domain::{AccountSid, RepId, Timestamp};
use latchkey_service::ports::{AuditStore, StoreResult};
use latchkey_service::{
    AuditAction, AuditActor, AuditCursor, AuditEntry, AuditFilter, AuditHead, AuditKey, AuditLine, AuditRange,
    AuditSubject, ChainStart, Origin, Sequencing, StoredLink,
};
use sqlx::any::{AnyArguments, AnyRow};
use sqlx::query::Query;
use sqlx::{Any, AnyConnection, AnyPool};

use crate::SqlStore;
use crate::failure::OrUnavailable;
use crate::lock::Lock;
use crate::row::Fields;

/// The columns of an entry, but for its number.
macro_rules! entry_columns {
    () => {
        "at, actor_kind, actor_id, action, subject_kind, subject_id, address, request_id, detail"
    };
}
pub(crate) use entry_columns;

#[async_trait]
impl AuditStore for SqlStore {
    async fn write_audit(&self, entries: &[AuditEntry]) -> StoreResult<()> {
        let mut transaction = self.begin().await?;
        for entry in entries {
            write(&mut transaction, entry).await?;
        }
        transaction.commit_unjudged().await
    }

    async fn sequence_audit(&self, key: &AuditKey, most: u32) -> StoreResult<Sequencing> {
        // Nearly always there is nothing to do, and then no lock is taken.
        if chain::waiting(&self.reads, 1).await? == 0 {
            return Ok(Sequencing::UpToDate);
        }
        let mut transaction = self.begin().await?;
        Lock::Audit.take(&mut transaction).await?;
        let done = chain::sequence(&mut transaction, key, most).await?;
        if matches!(done, Sequencing::Sequenced { .. }) {
            transaction.commit_unjudged().await?;
        }
        Ok(done)
    }

    async fn audit_chain(&self) -> StoreResult<Option<ChainStart>> {
        let mut connection = self.reads.acquire().await.or_unavailable()?;
        chain::start(&mut connection).await
    }

    async fn audit_head(&self) -> StoreResult<AuditHead> {
        let mut connection = self.reads.acquire().await.or_unavailable()?;
        chain::head(&mut connection).await
    }

    async fn audit_links(&self, after: i64, most: u32) -> StoreResult<Vec<StoredLink>> {
        chain::links(&self.reads, after, most).await
    }

    async fn unsequenced_audit_entries(&self) -> StoreResult<u64> {
        chain::waiting(&self.reads, u32::MAX).await
    }

    async fn outside_audit_entry(&self) -> StoreResult<Option<i64>> {
        chain::outside(&self.reads).await
    }

    async fn lost_audit_entry(&self) -> StoreResult<Option<i64>> {
        chain::lost(&self.reads).await
    }

    async fn audit_seq_before(&self, before: Timestamp) -> StoreResult<i64> {
        chain::seq_before(&self.reads, before).await
    }

    async fn seal_audit(&self, key: &AuditKey, through: i64, audit: Option<&AuditEntry>) -> StoreResult<AuditHead> {
        let mut transaction = self.begin().await?;
        Lock::Audit.take(&mut transaction).await?;
        let sealed = chain::seal(&mut transaction, key, through).await?;
        if let Some(audit) = audit {
            write(&mut transaction, audit).await?;
        }
        transaction.commit_unjudged().await?;
        Ok(sealed)
    }

    async fn audit_stretch(
        &self,
        filter: &AuditFilter,
        after: Option<AuditCursor>,
        most: u32,
    ) -> StoreResult<Option<AuditCursor>> {
        lines::stretch(&self.reads, filter, after, most).await
    }

    async fn audit_lines(&self, filter: &AuditFilter, range: AuditRange, most: u32) -> StoreResult<Vec<AuditLine>> {
        lines::page(&self.reads, filter, range, most).await
    }

    async fn count_audit_lines(&self, filter: &AuditFilter, range: AuditRange, most: u32) -> StoreResult<u32> {
        lines::count(&self.reads, filter, range, most).await
    }

    async fn newest_audit_id(&self) -> StoreResult<i64> {
        let row = sqlx::query("SELECT CAST(COALESCE(MAX(id), 0) AS BIGINT) AS newest FROM audit_entry")
            .fetch_one(&self.reads)
            .await
            .or_unavailable()?;
        Fields::of(&row, "audit_entry").number("newest")
    }
}

/// Writes an entry, in the transaction of what it tells of.
pub(crate) async fn write(connection: &mut AnyConnection, entry: &AuditEntry) -> StoreResult<()> {
    insert(connection, entry, &entry.detail).await
}

/// Writes an entry that says how many sessions ended, which only the database could count.
pub(crate) async fn write_ended(connection: &mut AnyConnection, entry: &AuditEntry, ended: u64) -> StoreResult<()> {
    let detail =
        if entry.detail.is_empty() { format!("{ended} ended") } else { format!("{}; {ended} ended", entry.detail) };
    insert(connection, entry, &detail).await
}

async fn insert(connection: &mut AnyConnection, entry: &AuditEntry, detail: &str) -> StoreResult<()> {
    let sql = concat!("INSERT INTO audit_entry (", entry_columns!(), ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)");
    bind(sqlx::query(sql), entry, detail).execute(connection).await.or_unavailable()?;
    Ok(())
}

/// Gives a statement an entry, in the order of [`entry_columns`], as its next nine values.
pub(crate) fn bind<'q>(
    query: Query<'q, Any, AnyArguments>,
    entry: &AuditEntry,
    detail: &str,
) -> Query<'q, Any, AnyArguments> {
    let (actor_kind, actor_id) = actor_columns(entry.actor);
    let (subject_kind, subject_id) = subject_columns(entry.subject);
    query
        .bind(entry.at.unix_seconds())
        .bind(actor_kind)
        .bind(actor_id)
        .bind(entry.action.code())
        .bind(subject_kind)
        .bind(subject_id)
        .bind(entry.origin.address.clone())
        .bind(entry.origin.request_id.clone())
        .bind(detail.to_owned())
}

/// The newest entries, the newest first.
pub(crate) async fn newest(pool: &AnyPool, limit: u32) -> StoreResult<Vec<AuditEntry>> {
    let rows = sqlx::query(
        "SELECT at, actor_kind, actor_id, action, subject_kind, subject_id, address, request_id, detail \
         FROM audit_entry ORDER BY id DESC LIMIT $1",
    )
    .bind(i64::from(limit))
    .fetch_all(pool)
    .await
    .or_unavailable()?;
    rows.iter().map(read).collect()
}

fn read(row: &AnyRow) -> StoreResult<AuditEntry> {
    let fields = Fields::of(row, "audit_entry");
    let actor_id: Option<[u8; 16]> = fields.optional_bytes("actor_id")?;
    let subject_id: Option<[u8; 16]> = fields.optional_bytes("subject_id")?;
    Ok(AuditEntry {
        at: fields.time("at")?,
        actor: fields.code("actor_kind", |kind| read_actor(kind, actor_id))?,
        action: fields.code("action", AuditAction::parse)?,
        subject: fields.code("subject_kind", |kind| read_subject(kind, subject_id))?,
        origin: Origin { address: fields.text("address")?, request_id: fields.text("request_id")? },
        detail: fields.text("detail")?,
    })
}

fn actor_columns(actor: AuditActor) -> (&'static str, Option<Vec<u8>>) {
    match actor {
        AuditActor::Rep(id) => ("rep", Some(id.as_bytes().to_vec())),
        AuditActor::Token(sid) => ("token", Some(sid.as_bytes().to_vec())),
        AuditActor::CommandLine => ("command_line", None),
        AuditActor::Anonymous => ("anonymous", None),
        AuditActor::Policy => ("policy", None),
    }
}

fn read_actor(kind: &str, id: Option<[u8; 16]>) -> Option<AuditActor> {
    match (kind, id) {
        ("rep", Some(id)) => Some(AuditActor::Rep(RepId::from_bytes(id))),
        ("token", Some(id)) => Some(AuditActor::Token(AccountSid::from_bytes(id))),
        ("command_line", None) => Some(AuditActor::CommandLine),
        ("anonymous", None) => Some(AuditActor::Anonymous),
        ("policy", None) => Some(AuditActor::Policy),
        _ => None,
    }
}

fn subject_columns(subject: AuditSubject) -> (&'static str, Option<Vec<u8>>) {
    match subject {
        AuditSubject::Rep(id) => ("rep", Some(id.as_bytes().to_vec())),
        AuditSubject::Token(sid) => ("token", Some(sid.as_bytes().to_vec())),
        AuditSubject::ExternalAccount(id) => ("external_account", Some(id.as_bytes().to_vec())),
        AuditSubject::Nothing => ("nothing", None),
    }
}

fn read_subject(kind: &str, id: Option<[u8; 16]>) -> Option<AuditSubject> {
    match (kind, id) {
        ("rep", Some(id)) => Some(AuditSubject::Rep(RepId::from_bytes(id))),
        ("token", Some(id)) => Some(AuditSubject::Token(AccountSid::from_bytes(id))),
        ("external_account", Some(id)) => Some(AuditSubject::ExternalAccount(ExternalAccountId::from_bytes(id))),
        ("nothing", None) => Some(AuditSubject::Nothing),
        _ => None,
    }
}
