//! Whether a server and what a user may do there are enough, found out at the start rather than at the first call.

use std::time::Duration;

use sqlx::postgres::PgConnection;

use super::explain;
use crate::open::OpenError;
use crate::schema;

/// The oldest PostgreSQL that Latchkey works with. Tests run on 15.
const OLDEST: u32 = 14;

/// How long nodes are watched for a sign of life: more than two of their renewals.
const WATCHED: Duration = Duration::from_millis(1_200);

/// Refuses a server that is too old.
pub(super) fn check_version(connection: &PgConnection, database: &str) -> Result<(), OpenError> {
    match connection.server_version_num() {
        Some(number) if number < OLDEST * 10_000 => {
            let found = format!("{}.{}", number / 10_000, number % 10_000);
            Err(OpenError::ServerTooOld { database: database.to_owned(), found, oldest: OLDEST })
        }
        _ => Ok(()),
    }
}

/// Refuses a server that takes no writes: a standby, or a database that is set to be read.
pub(super) async fn check_writable(connection: &mut PgConnection, database: &str) -> Result<(), OpenError> {
    let takes_none: bool = sqlx::query_scalar("SELECT current_setting('transaction_read_only') = 'on'")
        .fetch_one(connection)
        .await
        .map_err(|error| explain(database, &error))?;
    if takes_none { Err(OpenError::ReadOnly { database: database.to_owned() }) } else { Ok(()) }
}

/// Refuses a user who may not read and write every table.
pub(super) async fn check_rights(connection: &mut PgConnection, database: &str) -> Result<(), OpenError> {
    let barred: Option<String> = sqlx::query_scalar(
        "SELECT CAST(relname AS TEXT) FROM pg_class \
         WHERE relnamespace = CAST(current_schema() AS regnamespace) AND relkind IN ('r', 'p') AND relname <> $1 \
         AND NOT (has_table_privilege(oid, 'SELECT') AND has_table_privilege(oid, 'INSERT') \
         AND has_table_privilege(oid, 'UPDATE') AND has_table_privilege(oid, 'DELETE')) ORDER BY relname LIMIT 1",
    )
    .bind(schema::LEDGER)
    .fetch_optional(connection)
    .await
    .map_err(|error| explain(database, &error))?;
    barred.map_or(Ok(()), |table| {
        let reason = format!("it must read, insert, update and delete in the table {table}");
        Err(OpenError::MissingRights { database: database.to_owned(), reason })
    })
}

/// Refuses to go on while nodes serve from the database: they would find another schema than they know.
pub(super) async fn check_alone(connection: &mut PgConnection, database: &str) -> Result<(), OpenError> {
    let explained = |error: sqlx::Error| explain(database, &error);
    let is_there: bool = sqlx::query_scalar("SELECT to_regclass('node') IS NOT NULL")
        .fetch_one(&mut *connection)
        .await
        .map_err(explained)?;
    if !is_there {
        return Ok(());
    }
    let first = renewals(connection).await.map_err(explained)?;
    if first.is_empty() {
        return Ok(());
    }
    tokio::time::sleep(WATCHED).await;
    let nodes = renewals(connection).await.map_err(explained)?.iter().filter(|node| !first.contains(node)).count();
    if nodes == 0 { Ok(()) } else { Err(OpenError::InUse { database: database.to_owned(), nodes }) }
}

/// The nodes that are known, each with what rises while it is alive.
async fn renewals(connection: &mut PgConnection) -> Result<Vec<(Vec<u8>, i64)>, sqlx::Error> {
    sqlx::query_as("SELECT id, renewal FROM node").fetch_all(connection).await
}
