//! Writing a file.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use futures_util::TryStreamExt as _;
use latchkey_domain::Timestamp;
use sha2::{Digest as _, Sha256};
use sqlx::{AnyConnection, AssertSqlSafe};

use super::digest::Sum;
use super::format::{self, Columns, FORMAT, Header, RowsOf, Seal, Sums};
use super::{ArchiveError, shape};
use crate::engine::Engine;
use crate::failure::OrUnavailable as _;
use crate::{SqlStore, transaction};

/// What was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Copied {
    /// How many tables.
    pub tables: usize,
    /// How many rows, of all of them.
    pub rows: u64,
}

impl SqlStore {
    /// Writes everything in the database to a new file, for its owner's eyes only, as it is at one instant. Others go
    /// on using the database meanwhile. What could not be written whole is removed.
    ///
    /// # Errors
    /// Where the file is there already, or cannot be written, or the database fails.
    pub async fn copy_to(&self, path: &Path, taken_at: Timestamp) -> Result<Copied, ArchiveError> {
        let mut transaction = transaction::begin(&self.reads, self.engine.begin_reading()).await?;
        if let Some(sql) = self.engine.take_any_time() {
            sqlx::raw_sql(sql).execute(&mut *transaction).await.or_unavailable()?;
        }
        copy(&mut transaction, self.engine, self.schema.to, taken_at, path).await
    }
}

/// Writes what a transaction sees.
pub(super) async fn copy(
    connection: &mut AnyConnection,
    engine: Engine,
    schema: i64,
    taken_at: Timestamp,
    path: &Path,
) -> Result<Copied, ArchiveError> {
    let mut writer = Writer::create(path)?;
    let written = writer.write(connection, engine, schema, taken_at).await;
    if written.is_err() {
        // Half a copy is worse than none. That it cannot be removed either is not what the operator must hear.
        let _ = fs::remove_file(path);
    }
    written
}

/// A file that is being written.
struct Writer {
    path: PathBuf,
    out: BufWriter<File>,
    hash: Sha256,
}

impl Writer {
    fn create(path: &Path) -> Result<Self, ArchiveError> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(path).map_err(ArchiveError::file(path))?;
        Ok(Self { path: path.to_owned(), out: BufWriter::with_capacity(1 << 16, file), hash: Sha256::new() })
    }

    async fn write(
        &mut self,
        connection: &mut AnyConnection,
        engine: Engine,
        schema: i64,
        taken_at: Timestamp,
    ) -> Result<Copied, ArchiveError> {
        let tables = shape::tables(connection, engine).await?;
        let tables: Vec<Columns> = tables.iter().map(shape::Table::names).collect();
        let taken_at = taken_at.unix_seconds();
        self.line(&format::line(&Header { latchkey_database: FORMAT, schema, taken_at, tables: tables.clone() })?)?;
        let mut sums = Vec::with_capacity(tables.len());
        let mut rows: u64 = 0;
        for table in &tables {
            self.line(&format::line(&RowsOf { rows_of: table.name.clone() })?)?;
            let sum = each_row(connection, table, |line| self.line(line)).await?;
            rows = rows.saturating_add(sum.rows());
            sums.push(sum.written(&table.name));
        }
        let sequences = shape::sequences(connection, engine).await?;
        self.line(&format::line(&Sums { sums, sequences })?)?;
        self.seal()?;
        Ok(Copied { tables: tables.len(), rows })
    }

    fn line(&mut self, line: &[u8]) -> Result<(), ArchiveError> {
        self.hash.update(line);
        self.hash.update(b"\n");
        self.put(line)
    }

    fn put(&mut self, line: &[u8]) -> Result<(), ArchiveError> {
        let written = self.out.write_all(line).and_then(|()| self.out.write_all(b"\n"));
        written.map_err(ArchiveError::file(&self.path))
    }

    fn seal(&mut self) -> Result<(), ArchiveError> {
        let sha256 = hex::encode(std::mem::take(&mut self.hash).finalize());
        self.put(&format::line(&Seal { sha256 })?)?;
        let on_disk = self.out.flush().and_then(|()| self.out.get_ref().sync_all());
        on_disk.and_then(|()| sync_folder(&self.path)).map_err(ArchiveError::file(&self.path))
    }
}

/// Makes sure that a file's name is on the disk too.
fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

/// Hands each row of a table on as its line, and answers what they add up to.
async fn each_row(
    connection: &mut AnyConnection,
    table: &Columns,
    mut take: impl FnMut(&[u8]) -> Result<(), ArchiveError>,
) -> Result<Sum, ArchiveError> {
    let columns = table.columns.iter().map(|column| shape::quoted(column)).collect::<Vec<_>>().join(", ");
    let sql = format!("SELECT {columns} FROM {}", shape::quoted(&table.name));
    let mut rows = sqlx::query(AssertSqlSafe(sql)).persistent(false).fetch(connection);
    let mut sum = Sum::default();
    while let Some(row) = rows.try_next().await.or_unavailable()? {
        let line = format::line(&format::values(&row)?)?;
        sum.add(&line);
        take(&line)?;
    }
    Ok(sum)
}

/// What a table's rows add up to.
pub(super) async fn sum_of(connection: &mut AnyConnection, table: &Columns) -> Result<Sum, ArchiveError> {
    each_row(connection, table, |_| Ok(())).await
}
