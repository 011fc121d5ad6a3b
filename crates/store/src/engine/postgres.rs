//! PostgreSQL: a server, which other nodes may be using too.
//!
//! 1. The URL is taken apart: what is Latchkey's own, and what the driver reads (`url`).
//! 2. On a connection of its own, server and user are looked at (`fitness`) and the schema is made, migrated or
//!    refused. Whatever is wrong so far is one line for the operator.
//! 3. The pools are made. Each of their connections has bounds on how long it waits and works.

mod fitness;
mod url;

use std::io::ErrorKind;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::migrate::Migrator;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPoolOptions};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor};

use crate::SqlStore;
use crate::engine::notices::{self, Notices};
use crate::engine::{Engine, PATIENCE, Place};
use crate::open::{OpenError, Opening};
use crate::schema::{self, SchemaChange};
use url::Settings;

/// Connections over which one node may say that it is there, at most.
const LINES: u32 = 16;

/// From how long a rest on a connection may have been lost without anybody's notice.
const RESTED: Duration = Duration::from_secs(1);

/// Held while a schema is made or migrated. The number is arbitrary, and the same in every release. Whoever comes
/// second waits for the first one's work; for tables that servers are using, nobody waits long.
const MIGRATION_LOCK: &str = "SET LOCAL lock_timeout = '60s'; SELECT pg_advisory_xact_lock(7524136780451231); \
                              SET LOCAL lock_timeout = '5s'";

/// What is committed survives a crash of the server, also where its administrator has chosen otherwise for the database
/// or the user: revocations, and that a node is there.
const DURABLE: &str =
    "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'";

/// Opens the database at `url`.
pub(crate) async fn open(url: &str, opening: Opening, notices: Notices) -> Result<SqlStore, OpenError> {
    let (settings, url) = url::read(url)?;
    let options = PgConnectOptions::from_str(&url).map_err(|error| unusable(&error))?;
    let database = name(&options);
    let connection = connect(&options, &database, &settings).await?;
    // Before any statement is prepared: what keeps notifications back may lose those too, which would be reported in
    // words that help nobody.
    if opening == Opening::Serve && notices == Notices::Listen {
        let heard = tokio::time::timeout(settings.connect_timeout, notices::come_through(&options)).await;
        let heard = heard.unwrap_or(Err(sqlx::Error::PoolTimedOut)).map_err(|error| explain(&database, &error))?;
        if !heard {
            return Err(OpenError::NoNotices { database });
        }
    }
    let schema = prepare(connection, &database, opening).await?;

    let lines = PgPoolOptions::new()
        // One is in use. One that has gone silent is held until the network gives it up, which may take a quarter of
        // an hour, and must not keep the node from having another.
        .max_connections(LINES)
        .acquire_timeout(settings.connect_timeout)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        .before_acquire(|connection, lent| Box::pin(is_alive(connection, lent.idle_for)))
        .after_connect(|connection, _| Box::pin(async move { connection.execute(DURABLE).await.map(drop) }))
        .connect_lazy_with(options.clone());
    let session: Arc<str> = session(&settings).into();
    let pool = AnyPoolOptions::new()
        .max_connections(if opening == Opening::Serve { settings.connections } else { 2 })
        .acquire_timeout(settings.connect_timeout)
        .test_before_acquire(false)
        .before_acquire(|connection, lent| Box::pin(is_alive(connection, lent.idle_for)))
        .after_connect(move |connection, _| {
            let session = Arc::clone(&session);
            Box::pin(async move {
                connection.execute(AssertSqlSafe(session)).await?;
                Ok(())
            })
        })
        .connect_with(AnyConnectOptions::from_str(&url).map_err(|error| unusable(&error))?)
        .await
        .map_err(|error| explain(&database, &error))?;
    Ok(SqlStore {
        engine: Engine::Postgres,
        reads: pool.clone(),
        writes: pool,
        place: Place::Server(lines, notices),
        node: Arc::default(),
        schema,
    })
}

/// Whether a connection can be lent. One that has rested is tried first: the first operation after a restart of the
/// server works. One that was just in use is not: that would double the ways of short operations.
async fn is_alive(connection: &mut impl Connection, rested: Duration) -> Result<bool, sqlx::Error> {
    Ok(rested < RESTED || tokio::time::timeout(PATIENCE, connection.ping()).await.is_ok_and(|answer| answer.is_ok()))
}

/// What every connection of a pool begins with. A statement that takes longer fails, and so does a transaction that
/// waits longer for a lock, as it does on SQLite; one whose node has gone silent does not keep its locks.
fn session(settings: &Settings) -> String {
    let (statement, lock) = (settings.statement_timeout.as_millis(), PATIENCE.as_millis());
    format!(
        "SET default_transaction_isolation = 'read committed'; SET statement_timeout = {statement}; \
         SET lock_timeout = {lock}; SET idle_in_transaction_session_timeout = '30s'; {DURABLE}"
    )
}

/// Connects to a server that is new enough.
async fn connect(options: &PgConnectOptions, database: &str, settings: &Settings) -> Result<PgConnection, OpenError> {
    let connected = tokio::time::timeout(settings.connect_timeout, options.connect()).await;
    let Ok(connected) = connected else {
        return Err(OpenError::Unreachable { database: database.to_owned(), reason: "no answer".to_owned() });
    };
    let connection = connected.map_err(|error| explain(database, &error))?;
    fitness::check_version(&connection, database)?;
    Ok(connection)
}

/// Brings the schema up to date, or refuses to, on a connection of its own.
async fn prepare(mut connection: PgConnection, database: &str, opening: Opening) -> Result<SchemaChange, OpenError> {
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
    fitness::check_writable(connection, database).await?;
    let from = version(connection, database, migrator).await?;
    match from {
        Some(found) if found == to => {
            fitness::check_rights(connection, database).await?;
            return Ok(SchemaChange { from: to, to, backup: None });
        }
        Some(found) if opening != Opening::Migrate => {
            return Err(OpenError::MigrationNeeded { database: database.to_owned(), found, known: to });
        }
        Some(_) => fitness::check_alone(connection, database).await?,
        None if opening == Opening::UseExisting => {
            return Err(OpenError::NothingThere { database: database.to_owned() });
        }
        None => {}
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
        return match error {
            sqlx::Error::Tls(error) => OpenError::NotPrivate { database, reason: error.to_string() },
            // What came over the connection was not TLS, or not by a certificate that is trusted.
            sqlx::Error::Io(error) if error.kind() == ErrorKind::InvalidData => {
                OpenError::NotPrivate { database, reason: error.to_string() }
            }
            sqlx::Error::Io(error) => OpenError::Unreachable { database, reason: error.to_string() },
            error => OpenError::Unreachable { database, reason: error.to_string() },
        };
    };
    let reason = answer.message().to_owned();
    match answer.code().as_deref() {
        Some("28P01") => OpenError::AccessDenied { database },
        Some("28000") => OpenError::NotAdmitted { database, reason },
        // The second: there is no schema that this user may use.
        Some("42501" | "3F000") => OpenError::MissingRights { database, reason },
        Some("3D000") => OpenError::NoSuchDatabase { database },
        Some("55P03") => OpenError::Locked { database },
        _ => OpenError::CannotOpen { database, reason },
    }
}
