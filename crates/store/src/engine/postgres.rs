//! PostgreSQL: a server, which other nodes may be using too.

use std::str::FromStr;

use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::migrate::Migrator;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPoolOptions};
use sqlx::{ConnectOptions, Connection, Executor};

use crate::SqlStore;
use crate::engine::notices::{self, Notices};
use crate::engine::{Engine, PATIENCE, Place};
use crate::open::{OpenError, Opening};
use crate::schema::{self, SchemaChange};

/// Connections of one node that serves.
const CONNECTIONS: u32 = 10;

/// Connections over which one node may say that it is there, at most.
const LINES: u32 = 16;

/// A transaction that waits longer for a lock fails, as it does on SQLite, and one whose node has gone silent does
/// not keep its locks.
const SESSION: &str = "SET lock_timeout = '5s'; SET idle_in_transaction_session_timeout = '30s'";

/// Held while a schema is made or migrated. The number is arbitrary, and the same in every release.
const MIGRATION_LOCK: &str = "SET LOCAL lock_timeout = '5s'; SELECT pg_advisory_xact_lock(7524136780451231)";

/// Opens the database at `url`.
pub(crate) async fn open(url: &str, opening: Opening, notices: Notices) -> Result<SqlStore, OpenError> {
    let options = PgConnectOptions::from_str(url).map_err(|error| unusable(&error))?;
    let database = name(&options);
    // Before anything else: what keeps notifications back may lose prepared statements too, which would be reported
    // in words that help nobody.
    if opening == Opening::Serve && notices == Notices::Listen {
        let heard = tokio::time::timeout(PATIENCE, notices::come_through(&options)).await;
        let heard = heard.unwrap_or(Err(sqlx::Error::PoolTimedOut)).map_err(|error| explain(&database, &error))?;
        if !heard {
            return Err(OpenError::NoNotices { database });
        }
    }
    let schema = prepare(&options, &database, opening).await?;

    let lines = PgPoolOptions::new()
        // One is in use. One that has gone silent is held until the network gives it up, which may take a quarter of
        // an hour, and must not keep the node from having another.
        .max_connections(LINES)
        .acquire_timeout(PATIENCE)
        .idle_timeout(None)
        .max_lifetime(None)
        .connect_lazy_with(options.clone());
    let pool = AnyPoolOptions::new()
        .max_connections(if opening == Opening::Serve { CONNECTIONS } else { 2 })
        .acquire_timeout(PATIENCE)
        // One more round trip an operation, and the first one after a restart of the server works.
        .test_before_acquire(true)
        .after_connect(|connection, _| {
            Box::pin(async move {
                connection.execute(SESSION).await?;
                Ok(())
            })
        })
        .connect_with(AnyConnectOptions::from_str(url).map_err(|error| unusable(&error))?)
        .await
        .map_err(|error| explain(&database, &error))?;
    Ok(SqlStore {
        engine: Engine::Postgres,
        reads: pool.clone(),
        writes: pool,
        place: Place::Server(lines, notices),
        schema,
    })
}

/// Brings the schema up to date, or refuses to, on a connection of its own.
async fn prepare(options: &PgConnectOptions, database: &str, opening: Opening) -> Result<SchemaChange, OpenError> {
    let mut connection = match tokio::time::timeout(PATIENCE, options.connect()).await {
        Ok(connected) => connected.map_err(|error| explain(database, &error))?,
        Err(_) => {
            return Err(OpenError::Unreachable { database: database.to_owned(), reason: "no answer".to_owned() });
        }
    };
    let outcome = migrate(&mut connection, database, opening, &mut schema::postgres()).await;
    // What was found out stands, however the connection ends.
    let _ = connection.close().await;
    outcome
}

async fn migrate(
    connection: &mut PgConnection,
    database: &str,
    opening: Opening,
    migrator: &mut Migrator,
) -> Result<SchemaChange, OpenError> {
    let to = schema::newest(migrator);
    let from = version(connection, database, migrator).await?;
    match from {
        Some(found) if found == to => return Ok(SchemaChange { from: to, to, backup: None }),
        Some(found) if opening != Opening::Migrate => {
            return Err(OpenError::MigrationNeeded { database: database.to_owned(), found, known: to });
        }
        _ => {}
    }
    // One transaction around all of it, ledger included: nobody ever sees half of a schema, and a migration that
    // fails leaves the database as it was. Of two nodes that start together the second waits here, and finds
    // everything done.
    let explained = |error: sqlx::Error| explain(database, &error);
    let mut transaction = connection.begin_with(Engine::Postgres.begin()).await.map_err(explained)?;
    transaction.execute(MIGRATION_LOCK).await.map_err(explained)?;
    migrator.set_locking(false);
    migrator.run(&mut *transaction).await.map_err(|error| schema::failed(database, &error))?;
    transaction.commit().await.map_err(explained)?;
    Ok(SchemaChange { from: from.unwrap_or_default(), to, backup: None })
}

/// The schema's version; `None` for an empty database.
async fn version(connection: &mut PgConnection, database: &str, migrator: &Migrator) -> Result<Option<i64>, OpenError> {
    let tables: Vec<String> =
        sqlx::query_scalar("SELECT CAST(tablename AS TEXT) FROM pg_tables WHERE schemaname = current_schema()")
            .fetch_all(&mut *connection)
            .await
            .map_err(|error| explain(database, &error))?;
    if tables.is_empty() {
        Ok(None)
    } else if tables.iter().any(|table| table == schema::LEDGER) {
        schema::version(connection, migrator, database).await.map(Some)
    } else {
        Err(OpenError::NotOurs { database: database.to_owned() })
    }
}

/// The database for people: everything of the URL but its password and parameters.
fn name(options: &PgConnectOptions) -> String {
    let user = options.get_username();
    let database = options.get_database().unwrap_or(user);
    match options.get_socket() {
        Some(socket) => format!("{database} of user {user} at {}", socket.display()),
        None => format!("postgres://{user}@{}:{}/{database}", options.get_host(), options.get_port()),
    }
}

/// The URL's error may quote what it cannot read, and that may be the password: only sqlx's own words get out.
fn unusable(error: &sqlx::Error) -> OpenError {
    let reason = match error {
        sqlx::Error::Configuration(_) => {
            "it is not of the form postgres://USER:PASSWORD@HOST:PORT/DATABASE (escape special characters with %)"
        }
        _ => "it cannot be read",
    };
    OpenError::UnusableUrl { reason: reason.to_owned() }
}

/// What the server's or the network's error says to an operator, by SQLSTATE
/// (<https://www.postgresql.org/docs/current/errcodes-appendix.html>).
fn explain(database: &str, error: &sqlx::Error) -> OpenError {
    let database = database.to_owned();
    let Some(answer) = error.as_database_error() else {
        let reason = match error {
            sqlx::Error::Io(error) => error.to_string(),
            error => error.to_string(),
        };
        return OpenError::Unreachable { database, reason };
    };
    match answer.code().as_deref() {
        Some("28P01" | "28000") => OpenError::AccessDenied { database },
        Some("3D000") => OpenError::NoSuchDatabase { database },
        Some("55P03") => OpenError::Locked { database },
        _ => OpenError::CannotOpen { database, reason: answer.message().to_owned() },
    }
}
