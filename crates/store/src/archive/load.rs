//! Taking a file in: everything in the database makes way for it. Runs in the transaction that it is given.

use latchkey_service::ports::StoreResult;
use sqlx::query::Query;
use sqlx::{Any, AnyConnection, AssertSqlSafe};

use super::format::{Columns, Value};
use super::shape::{self, Kind, Table};
use super::{Archive, ArchiveError, write};
use crate::engine::Engine;
use crate::failure::OrUnavailable as _;
use crate::{placeholders, schema};

/// How many values go into one statement.
const VALUES: usize = 900;

/// Drops everything, makes the schema of the file's version, fills it, compares it with the file, and migrates it.
pub(super) async fn load(
    connection: &mut AnyConnection,
    engine: Engine,
    archive: &mut Archive,
) -> Result<(), ArchiveError> {
    shape::drop_everything(connection, engine).await?;
    migrate(connection, engine, archive.header.schema).await?;
    let tables = matching(connection, engine, archive).await?;
    if let Some(sql) = engine.refer_later() {
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut *connection).await.or_unavailable()?;
    }
    archive.rewind()?;
    for table in &tables {
        fill(connection, engine, table, archive).await?;
    }
    archive.finish()?;
    for sequence in &archive.sums.sequences {
        shape::set_sequence(connection, engine, sequence).await?;
    }
    shape::pass_rows(connection, engine).await?;
    check(connection, engine, archive).await?;
    migrate(connection, engine, schema::newest_known()).await
}

async fn migrate(connection: &mut AnyConnection, engine: Engine, version: i64) -> Result<(), ArchiveError> {
    let mut migrator = schema::up_to(engine, version);
    // The transaction has everything to itself.
    migrator.set_locking(false);
    let done = migrator.run(connection).await;
    done.map_err(|error| ArchiveError::Schema { reason: error.to_string() })
}

/// The tables in the file's order, with its columns' order and this database's types. What the file has and what the
/// schema of its version has must be the same.
async fn matching(
    connection: &mut AnyConnection,
    engine: Engine,
    archive: &Archive,
) -> Result<Vec<Table>, ArchiveError> {
    let here = shape::tables(connection, engine).await?;
    let unlike = || ArchiveError::damaged(archive.path(), "it has other tables than its schema");
    if here.len() != archive.header.tables.len() {
        return Err(unlike());
    }
    let in_order = |Columns { name, columns }: &Columns| {
        let table = here.iter().find(|table| table.name == *name)?;
        let kind = |name: &String| Some((name.clone(), table.columns.iter().find(|column| column.0 == *name)?.1));
        let columns: Vec<_> = columns.iter().map(kind).collect::<Option<_>>()?;
        (columns.len() == table.columns.len()).then(|| Table { name: name.clone(), columns })
    };
    archive.header.tables.iter().map(in_order).collect::<Option<_>>().ok_or_else(unlike)
}

/// Puts a table's rows in, in place of those that migrations and triggers have made.
async fn fill(
    connection: &mut AnyConnection,
    engine: Engine,
    table: &Table,
    archive: &mut Archive,
) -> Result<(), ArchiveError> {
    archive.rows_of(&table.name)?;
    let name = shape::quoted(&table.name);
    sqlx::raw_sql(AssertSqlSafe(format!("DELETE FROM {name}"))).execute(&mut *connection).await.or_unavailable()?;
    let columns = table.columns.iter().map(|(name, _)| shape::quoted(name)).collect::<Vec<_>>().join(", ");
    let begin = format!("INSERT INTO {name} ({columns}){} VALUES ", engine.with_given_numbers());
    let at_once = (VALUES / table.columns.len().max(1)).max(1);
    let whole: std::sync::Arc<str> = format!("{begin}{}", placeholders::rows(table.columns.len(), at_once)).into();
    let mut batch = Vec::with_capacity(at_once);
    while let Some(row) = archive.row()? {
        if row.len() != table.columns.len() {
            return Err(ArchiveError::damaged(archive.path(), "it has a row with other columns than its table"));
        }
        batch.push(row);
        if batch.len() == at_once {
            insert(connection, sqlx::query(AssertSqlSafe(std::sync::Arc::clone(&whole))), table, &mut batch).await?;
        }
    }
    if !batch.is_empty() {
        let sql = format!("{begin}{}", placeholders::rows(table.columns.len(), batch.len()));
        insert(connection, sqlx::query(AssertSqlSafe(sql)).persistent(false), table, &mut batch).await?;
    }
    Ok(())
}

async fn insert(
    connection: &mut AnyConnection,
    mut query: Query<'_, Any, <Any as sqlx::Database>::Arguments>,
    table: &Table,
    batch: &mut Vec<Vec<Value>>,
) -> StoreResult<()> {
    for row in batch.drain(..) {
        for (value, (_, kind)) in row.into_iter().zip(&table.columns) {
            query = match (value, kind) {
                (Value::Number(number), _) => query.bind(number),
                (Value::Text(text), _) => query.bind(text),
                (Value::Bytes(bytes), _) => query.bind(bytes.hex),
                (Value::Null, Kind::Number) => query.bind(None::<i64>),
                (Value::Null, Kind::Text) => query.bind(None::<String>),
                (Value::Null, Kind::Bytes) => query.bind(None::<Vec<u8>>),
            };
        }
    }
    query.execute(connection).await.or_unavailable()?;
    Ok(())
}

/// Compares every table with what the file's rows add up to, and looks for rows that refer to none.
async fn check(connection: &mut AnyConnection, engine: Engine, archive: &Archive) -> Result<(), ArchiveError> {
    for (columns, sum) in archive.header.tables.iter().zip(&archive.sums.sums) {
        if write::sum_of(connection, columns).await?.written(&columns.name) != *sum {
            let reason = format!("the table {} has not become what the file says", columns.name);
            return Err(ArchiveError::damaged(archive.path(), reason));
        }
    }
    match engine.check_references() {
        sql if engine == Engine::Sqlite => {
            let dangling =
                sqlx::query(AssertSqlSafe(sql)).persistent(false).fetch_optional(connection).await.or_unavailable()?;
            if dangling.is_some() {
                return Err(ArchiveError::damaged(archive.path(), "it has rows that refer to none"));
            }
        }
        sql => {
            sqlx::raw_sql(AssertSqlSafe(sql)).execute(connection).await.or_unavailable()?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use latchkey_domain::Timestamp;
    use latchkey_service::{AuditAction, AuditActor, AuditEntry, AuditSubject, Origin};

    use super::*;
    use crate::{Opening, SqlStore};

    /// A file as the release of this version wrote it.
    async fn written_at(version: i64, path: &std::path::Path) {
        sqlx::any::install_default_drivers();
        let mut connection = <AnyConnection as sqlx::Connection>::connect("sqlite::memory:").await.unwrap();
        migrate(&mut connection, Engine::Sqlite, version).await.unwrap();
        for sql in [
            "INSERT INTO service_rep (id, email, name, role, kind, appearance, created_at) \
             VALUES (zeroblob(16), 'ann@example.com', 'Ann', 'admin', 'human', 'system', 1)",
            "INSERT INTO token (sid, owner, description, description_key, scopes, all_scopes, source, created_at, \
             expires_at) VALUES (zeroblob(16), zeroblob(16), 'A', 'a', 'employee-read', 0, 'page', 1, 2)",
            "INSERT INTO audit_entry (at, actor_kind, action, subject_kind, address, request_id, detail) \
             VALUES (1, 'command_line', 'rep_added', 'nothing', '', '', '')",
        ] {
            sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
        }
        let taken_at = Timestamp::from_unix_seconds(3);
        write::copy(&mut connection, Engine::Sqlite, version, taken_at, path).await.unwrap();
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn older_releases_files_are_taken_in_and_migrated() {
        let folder = tempfile::tempdir().unwrap();
        let cluster = latchkey_throwaway_postgres::Cluster::start().unwrap_or_else(|error| panic!("{error}"));
        for version in 1..=schema::newest_known() {
            let path = folder.path().join(format!("{version}"));
            written_at(version, &path).await;
            let file = format!("sqlite://{}", folder.path().join(format!("{version}.db")).display());
            for url in [file, cluster.create_database().unwrap()] {
                let store = SqlStore::open(&url, Opening::UseCurrent).await.unwrap();
                let entry = AuditEntry {
                    at: Timestamp::from_unix_seconds(4),
                    actor: AuditActor::CommandLine,
                    action: AuditAction::DatabaseImported,
                    subject: AuditSubject::Nothing,
                    origin: Origin { address: String::new(), request_id: String::new() },
                    detail: String::new(),
                };
                let mut archive = Archive::open(&path).unwrap();
                store.import(&mut archive, &entry).await.unwrap().unsettled();
                assert!(store.has_known_schema().await.unwrap(), "{version}");
                store.close().await;
                // It opens as any other does, and has what later migrations derive from the rows of before.
                let store = SqlStore::open(&url, Opening::Serve).await.unwrap();
                let derived = "SELECT token.sid FROM token JOIN token_last_used USING (sid) \
                               JOIN token_kind ON token_kind.id = token.kind";
                for (sql, rows) in [("SELECT sid FROM token", 1), (derived, usize::from(version < 6))] {
                    let found = sqlx::query(sql).fetch_all(&store.reads).await.unwrap();
                    assert_eq!(found.len(), rows, "{version}: {sql}");
                }
                store.close().await;
            }
        }
    }
}
