//! Replacing what a database holds by what a file holds: `import` into an empty one, `restore` over another.
//!
//! It is one transaction, and a change to everything (`Write::commit_change`): servers that are running go on with
//! what was there until it is committed (on PostgreSQL, where every table is locked for it, as long as what they have
//! in memory counts), and with the new from then on, before the command answers.

use std::path::Path;

use latchkey_service::AuditEntry;
use latchkey_service::ports::{Committed, StoreResult, TokenChange};
use sqlx::error::DatabaseError;
use sqlx::{AnyConnection, AssertSqlSafe};

use super::carried::{self, Happened, Kept, TakenBack};
use super::{Archive, ArchiveError, load, shape, write};
use crate::failure::OrUnavailable as _;
use crate::row::Fields;
use crate::transaction::Write;
use crate::{SqlStore, audit};

/// How often it is tried to have every table to oneself. Servers that go on take them in other orders, and where two wait
/// for each other, the database ends one of them.
const TRIES: u32 = 5;

/// What becomes of what was taken back since a copy was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Since {
    /// It stays taken back.
    Revoke,
    /// It is as it was then: tokens open again, people are let in again.
    Revive,
}

/// What a restore has done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Replaced {
    /// How many rows came from the file.
    pub rows: u64,
    /// What stays taken back, though the file has it otherwise.
    pub kept: TakenBack,
    /// How many live tokens are gone, since they were made after the copy was taken; `None` where the database that was
    /// replaced knew nothing.
    pub lost: Option<u64>,
}

impl SqlStore {
    /// Whether nobody has used the database yet: it has its schema, and nothing else.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn is_unused(&self) -> StoreResult<bool> {
        let mut connection = self.reads.acquire().await.or_unavailable()?;
        is_unused(&mut connection).await
    }

    /// What has happened in this database after the copy was taken, as far as times tell.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn happened_since(&self, archive: &Archive) -> StoreResult<Happened> {
        let mut connection = self.reads.acquire().await.or_unavailable()?;
        carried::since(&mut connection, archive).await
    }

    /// Takes a file into a database that is unused, with this entry in its audit log. Nothing is written unless all
    /// of it is, and is what the file says.
    ///
    /// # Errors
    /// Where the database is in use, or fails, or the file is not what it was when it was opened.
    pub async fn import(&self, archive: &mut Archive, entry: &AuditEntry) -> Result<Committed<u64>, ArchiveError> {
        let mut transaction = self.begin_replacing().await?;
        if !is_unused(&mut transaction).await? {
            return Err(ArchiveError::NotEmpty);
        }
        let kept = Kept::of(&mut transaction, false).await?;
        load::load(&mut transaction, self.engine, archive).await?;
        kept.hand_on(&mut transaction).await?;
        audit::write(&mut transaction, entry).await?;
        let rows = archive.rows();
        Ok(transaction.commit_change(&[TokenChange::Everything], rows).await?)
    }

    /// Replaces what the database holds by what a file holds, with this entry in its audit log, to which is added
    /// what stayed taken back. Sessions end, and links to choose a password by. With `copy`, what is replaced is
    /// written there first. Nothing is changed unless all of it is.
    ///
    /// # Errors
    /// Where the database fails, or the file is not what it was when it was opened, or what was taken back since
    /// cannot be told ([`ArchiveError::NotLater`]).
    pub async fn restore(
        &self,
        archive: &mut Archive,
        since: Since,
        copy: Option<&Path>,
        entry: AuditEntry,
    ) -> Result<Committed<Replaced>, ArchiveError> {
        let mut transaction = self.begin_replacing().await?;
        if let Some(path) = copy {
            write::copy(&mut transaction, self.engine, self.schema.to, entry.at, path).await?;
        }
        let replaced = self.replace(&mut transaction, archive, since, entry).await;
        if let (Err(_), Some(path)) = (&replaced, copy) {
            // What was to be replaced is still there. Where the commit fails, that is not certain: the copy stays.
            let _ = std::fs::remove_file(path);
        }
        Ok(transaction.commit_change(&[TokenChange::Everything], replaced?).await?)
    }

    async fn replace(
        &self,
        connection: &mut AnyConnection,
        archive: &mut Archive,
        since: Since,
        mut entry: AuditEntry,
    ) -> Result<Replaced, ArchiveError> {
        let was_unused = is_unused(connection).await?;
        let kept = Kept::of(connection, since == Since::Revoke).await?;
        load::load(connection, self.engine, archive).await?;
        let lost = if was_unused { None } else { Some(kept.lost(connection, entry.at).await?) };
        kept.hand_on(connection).await?;
        kept.end_sessions(connection).await?;
        let taken_back = kept.apply(connection, entry.at).await?;
        let taken_back = taken_back.ok_or_else(|| ArchiveError::NotLater { file: archive.path().to_owned() })?;
        entry.detail.push_str(&in_words(since, taken_back, lost));
        audit::write(connection, &entry).await?;
        Ok(Replaced { rows: archive.rows(), kept: taken_back, lost })
    }

    /// Begins a transaction that has the database to itself, as long as it takes.
    async fn begin_replacing(&self) -> StoreResult<Write> {
        if let Some(sql) = self.engine.refer_freely() {
            // Not to be said within a transaction, and of the connection that the next one will have: there is one.
            sqlx::raw_sql(sql).execute(&self.writes).await.or_unavailable()?;
        }
        let Some(any_time) = self.engine.take_any_time() else { return self.begin().await };
        let mut tries = 1;
        loop {
            let mut transaction = self.begin().await?;
            sqlx::raw_sql(any_time).execute(&mut *transaction).await.or_unavailable()?;
            let tables = shape::every_table(&mut transaction, self.engine).await?;
            let names = tables.iter().map(|table| shape::quoted(&table.name)).collect::<Vec<_>>().join(", ");
            let sql = format!("LOCK TABLE {names} IN ACCESS EXCLUSIVE MODE");
            match sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut *transaction).await {
                Ok(_) => return Ok(transaction),
                Err(error) if is_deadlock(&error) && tries < TRIES => tries += 1,
                Err(error) => return Err(error).or_unavailable(),
            }
        }
    }
}

/// Whether the database has ended a statement because it waited for somebody who waited for it.
fn is_deadlock(error: &sqlx::Error) -> bool {
    error.as_database_error().and_then(DatabaseError::code).is_some_and(|code| code == "40P01")
}

fn in_words(since: Since, TakenBack { tokens, reps }: TakenBack, lost: Option<u64>) -> String {
    let taken_back = match since {
        Since::Revoke => format!("revoked since and kept so: {tokens} tokens, {reps} service reps"),
        Since::Revive => "what was revoked since was revived".to_owned(),
    };
    let lost = lost.map(|lost| format!("; made since and gone: {lost} tokens")).unwrap_or_default();
    format!("; {taken_back}{lost}")
}

/// Every change leaves its entry, and the first one begins the chain.
async fn is_unused(connection: &mut AnyConnection) -> StoreResult<bool> {
    let row = sqlx::query(
        "SELECT CAST((SELECT COUNT(*) FROM audit_entry) + (SELECT COUNT(*) FROM audit_chain) \
         + (SELECT COUNT(*) FROM service_rep) + (SELECT COUNT(*) FROM token) AS BIGINT) AS number",
    )
    .persistent(false)
    .fetch_one(connection)
    .await
    .or_unavailable()?;
    Ok(Fields::of(&row, "the database").number("number")? == 0)
}
