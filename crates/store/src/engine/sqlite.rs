//! SQLite: one file, one writer at a time.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use async_trait::async_trait;
use latchkey_service::ports::{ChangeWatch, StoreResult};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::migrate::Migrator;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteSynchronous};
use sqlx::{AnyPool, ConnectOptions, Connection, Executor};

use crate::SqlStore;
use crate::engine::{Engine, PATIENCE, Place};
use crate::failure::{OrUnavailable, unavailable};
use crate::open::{OpenError, Opening};
use crate::schema::{self, SchemaChange};

/// How many statements read at once.
const READERS: u32 = 4;

/// The largest file that is checked whole at the start, in bytes: about a tenth of a second.
const CHECKED_WHOLE: u64 = 16 << 20;

/// All but what stands for itself in a path.
const IN_A_PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// For connections that must not write: one writer is all that SQLite has, and it has a connection of its own.
const READER: &str = "PRAGMA synchronous = FULL; PRAGMA query_only = ON";
const WRITER: &str = "PRAGMA synchronous = FULL";

/// Opens the file that `rest`, the URL after its scheme, names.
pub(crate) async fn open(rest: &str, opening: Opening) -> Result<SqlStore, OpenError> {
    let path = path_of(rest)?;
    if opening != Opening::UseExisting {
        make_file(&path)?;
    } else if !path.exists() {
        return Err(OpenError::NothingThere { database: path.display().to_string() });
    }
    // Absolute and without detours, so that a change of directory changes nothing, and so that every character of
    // it survives its way through a URL into the pools.
    let path = fs::canonicalize(&path).map_err(|error| cannot_open(&path, &error))?;
    let schema = prepare(&path, opening, &schema::sqlite()).await?;

    let options = pool_options(&path)?;
    let readers = if opening == Opening::Serve { READERS } else { 1 };
    let reads = pool(readers, READER).connect_with(options.clone()).await.map_err(|error| explain(&path, &error))?;
    let writes = pool(1, WRITER).connect_with(options).await.map_err(|error| explain(&path, &error))?;
    Ok(SqlStore {
        engine: Engine::Sqlite,
        reads,
        writes,
        place: Place::File(path.into()),
        node: Arc::default(),
        schema,
    })
}

/// The file that an `sqlite:` URL names; `None` for every other URL.
#[must_use]
pub fn file_of(url: &str) -> Option<PathBuf> {
    path_of(url.strip_prefix("sqlite:")?).ok()
}

fn path_of(rest: &str) -> Result<PathBuf, OpenError> {
    let unusable = |reason: &str| Err(OpenError::UnusableUrl { reason: reason.to_owned() });
    let path = rest.strip_prefix("//").unwrap_or(rest);
    if path.contains('?') {
        return unusable("an sqlite: URL takes no parameters (write a question mark in a file's name as %3F)");
    }
    let Ok(path) = percent_decode_str(path).decode_utf8() else {
        return unusable("its % escapes are not UTF-8");
    };
    match &*path {
        "" => unusable("it names no file"),
        ":memory:" => unusable("a database in memory would be lost at the end; name a file"),
        path if path.contains('\0') => unusable("a file's name has no zero byte"),
        path => Ok(PathBuf::from(path)),
    }
}

/// Makes the file if it is missing, before SQLite would: readable by its owner only, whatever the umask. The files
/// that SQLite puts beside it get the same mode.
///
/// An existing file is not opened here. Closing it would drop the locks that this process already holds on it
/// (a trap of POSIX locks, which <https://www.sqlite.org/howtocorrupt.html> names).
fn make_file(path: &Path) -> Result<(), OpenError> {
    match private_file(path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => match fs::metadata(path) {
            Ok(file) if file.is_dir() => Err(cannot_open(path, &"it is a directory")),
            Ok(_) => Ok(()),
            Err(error) => Err(cannot_open(path, &error)),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Err(cannot_open(path, &"its directory does not exist"))
        }
        Err(error) => Err(cannot_open(path, &error)),
    }
}

/// Makes a file that must not be there yet, for its owner's eyes only.
fn private_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Brings the schema up to date, on a connection of its own.
async fn prepare(path: &Path, opening: Opening, migrator: &Migrator) -> Result<SchemaChange, OpenError> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(PATIENCE);
    let mut connection = connect(path, &options).await?;
    let outcome = migrate(&mut connection, path, opening, migrator).await;
    let closed = connection.close().await;
    let change = outcome?;
    closed.map_err(|error| explain(path, &error))?;
    Ok(change)
}

/// Connects, waiting where another process is switching the new file to WAL at this moment: SQLite waits for every
/// other lock by itself, for this one it does not.
async fn connect(path: &Path, options: &SqliteConnectOptions) -> Result<SqliteConnection, OpenError> {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        let error = match options.connect().await {
            Ok(connection) => return Ok(connection),
            Err(error) => explain(path, &error),
        };
        if !matches!(error, OpenError::Locked { .. }) || tokio::time::Instant::now() >= deadline {
            return Err(error);
        }
        tokio::time::sleep(PATIENCE / 100).await;
    }
}

async fn migrate(
    connection: &mut SqliteConnection,
    path: &Path,
    opening: Opening,
    migrator: &Migrator,
) -> Result<SchemaChange, OpenError> {
    let database = path.display().to_string();
    let explained = |error: sqlx::Error| explain(path, &error);
    check(connection, path).await?;
    let from = version(connection, path, migrator).await?;
    let to = schema::newest(migrator);
    if from == Some(to) {
        // That the file cannot be written must come out now, not at the first sign-in.
        let probe = connection.begin_with("BEGIN IMMEDIATE").await.map_err(explained)?;
        probe.rollback().await.map_err(explained)?;
        return Ok(SchemaChange { from: to, to, backup: None });
    }
    let backup = match from {
        Some(_) => Some(back_up(connection, path, to).await?),
        None if opening == Opening::UseExisting => return Err(OpenError::NothingThere { database }),
        None => None,
    };
    // One transaction around all of it: of two processes that start together the second finds everything done, and
    // a migration that fails leaves the database as it was.
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await.map_err(explained)?;
    migrator.run(&mut *transaction).await.map_err(|error| schema::failed(&database, &error))?;
    transaction.commit().await.map_err(explained)?;
    Ok(SchemaChange { from: from.unwrap_or_default(), to, backup })
}

/// Looks for damage: everywhere in a small file, in the schema of a large one.
async fn check(connection: &mut SqliteConnection, path: &Path) -> Result<(), OpenError> {
    let explained = |error: sqlx::Error| explain(path, &error);
    if fs::metadata(path).is_ok_and(|file| file.len() <= CHECKED_WHOLE) {
        let found: String =
            sqlx::query_scalar("PRAGMA quick_check(1)").fetch_one(&mut *connection).await.map_err(explained)?;
        if found != "ok" {
            let reason = found.lines().last().unwrap_or_default().trim().to_owned();
            return Err(OpenError::Damaged { database: path.display().to_string(), reason });
        }
    }
    Ok(())
}

/// The schema's version; `None` for an empty database.
async fn version(
    connection: &mut SqliteConnection,
    path: &Path,
    migrator: &Migrator,
) -> Result<Option<i64>, OpenError> {
    let tables: Vec<String> = sqlx::query_scalar("SELECT name FROM sqlite_schema WHERE type = 'table'")
        .fetch_all(&mut *connection)
        .await
        .map_err(|error| explain(path, &error))?;
    let database = path.display().to_string();
    if tables.is_empty() {
        Ok(None)
    } else if tables.iter().any(|table| table == schema::LEDGER) {
        schema::version(connection, migrator, &database).await.map(Some)
    } else {
        Err(OpenError::NotOurs { database })
    }
}

/// Copies the database beside itself, under a name that is free, and answers that name.
async fn back_up(connection: &mut SqliteConnection, path: &Path, version: i64) -> Result<PathBuf, OpenError> {
    let failed = |reason: &dyn std::fmt::Display| OpenError::BackupFailed {
        database: path.display().to_string(),
        reason: reason.to_string(),
    };
    let mut attempt = 1;
    let backup = loop {
        let backup = schema::backup_path(path, version, attempt);
        // VACUUM INTO takes an empty file too. Making it here finds a free name without a race, and keeps the copy,
        // password hashes and all, from other people's eyes.
        match private_file(&backup) {
            Ok(_) => break backup,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => attempt += 1,
            Err(error) => return Err(failed(&error)),
        }
    };
    let copied = sqlx::query("VACUUM INTO $1").bind(backup.to_string_lossy().into_owned()).execute(connection).await;
    // SQLite does not wait until the copy is on the disk; a migration must.
    let kept = match copied {
        Ok(_) => File::open(&backup).and_then(|file| file.sync_all()).map_err(|error| failed(&error)),
        Err(error) => Err(failed(&error)),
    };
    if kept.is_err() {
        // Half a copy is worse than none. That it cannot be removed either is not what the operator must hear.
        let _ = fs::remove_file(&backup);
    }
    kept.map(|()| backup)
}

fn pool_options(path: &Path) -> Result<AnyConnectOptions, OpenError> {
    let Some(text) = path.to_str() else {
        return Err(cannot_open(path, &"its path is not UTF-8"));
    };
    let url = format!("sqlite://{}", utf8_percent_encode(text, IN_A_PATH));
    AnyConnectOptions::from_str(&url).map_err(|error| cannot_open(path, &error))
}

/// A pool whose connections never age: there is no network to lose them to, and their caches are worth keeping.
///
/// Where a statement meets a full disk or a failing one, SQLite ends its transaction by itself, and the driver goes on
/// believing that it is within one: it could begin no other. Such a connection makes way for a new one.
fn pool(connections: u32, set_up: &'static str) -> AnyPoolOptions {
    AnyPoolOptions::new()
        .max_connections(connections)
        .min_connections(1)
        .acquire_timeout(PATIENCE)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        .before_acquire(|connection, _| Box::pin(async move { Ok(!connection.is_in_transaction()) }))
        .after_connect(move |connection, _| {
            Box::pin(async move {
                connection.execute(set_up).await?;
                Ok(())
            })
        })
}

/// Tells whether the file has moved on, on a connection of its own: `PRAGMA data_version` changes with every commit
/// that another connection makes, of this process or of any other, and costs no more than a look at the WAL's index.
pub(crate) struct Watch {
    path: Arc<Path>,
    /// The connection and what it last saw; none after a failure, until it is asked again.
    connection: Option<(SqliteConnection, Option<i64>)>,
    /// Where the store is closed, nothing may be known of it any more.
    store: AnyPool,
}

impl Watch {
    pub(crate) async fn over(path: Arc<Path>, store: AnyPool) -> StoreResult<Self> {
        let mut watch = Self { path, connection: None, store };
        watch.connect().await?;
        Ok(watch)
    }

    async fn connect(&mut self) -> StoreResult<&mut (SqliteConnection, Option<i64>)> {
        if self.store.is_closed() {
            return Err(unavailable(sqlx::Error::PoolClosed));
        }
        if self.connection.is_none() {
            // Without making the file, where it has gone: that would be another database.
            let options =
                SqliteConnectOptions::new().filename(&self.path).busy_timeout(PATIENCE).pragma("query_only", "1");
            self.connection = Some((options.connect().await.or_unavailable()?, None));
        }
        self.connection.as_mut().ok_or_else(|| unavailable(sqlx::Error::PoolClosed))
    }
}

#[async_trait]
impl ChangeWatch for Watch {
    async fn has_moved(&mut self) -> StoreResult<bool> {
        let (connection, seen) = self.connect().await?;
        match sqlx::query_scalar::<_, i64>("PRAGMA data_version").fetch_one(connection).await {
            Ok(version) => Ok(seen.replace(version) != Some(version)),
            Err(error) => {
                self.connection = None;
                Err(unavailable(error))
            }
        }
    }
}

/// What SQLite's error says to an operator, by its primary result code (<https://www.sqlite.org/rescode.html>).
fn explain(path: &Path, error: &sqlx::Error) -> OpenError {
    let database = path.display().to_string();
    let Some(answer) = error.as_database_error() else {
        return OpenError::CannotOpen { database, reason: error.to_string() };
    };
    let code = answer.code().and_then(|code| code.parse::<u32>().ok());
    let reason = answer.message().to_owned();
    match code.map(|code| code & 0xff) {
        Some(5 | 6) => OpenError::Locked { database },
        Some(8) => OpenError::NotWritable { database },
        // It cannot be opened, and is there: it is somebody else's, as a rule, or a file beside it is.
        Some(14) if path.is_file() => {
            let reason = format!(
                "{reason} (the file, those beside it that begin with its name, and their directory must be readable \
                 and writable for the user who runs this)"
            );
            OpenError::CannotOpen { database, reason }
        }
        Some(11) => OpenError::Damaged { database, reason },
        Some(26) => OpenError::NotADatabase { database },
        _ => OpenError::CannotOpen { database, reason },
    }
}

fn cannot_open(path: &Path, reason: &dyn std::fmt::Display) -> OpenError {
    OpenError::CannotOpen { database: path.display().to_string(), reason: reason.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_name_files() {
        for (rest, path) in [
            ("//latchkey.db", "latchkey.db"),
            ("latchkey.db", "latchkey.db"),
            ("///var/lib/latchkey.db", "/var/lib/latchkey.db"),
            ("//with%20space%3F.db", "with space?.db"),
            ("//100%.db", "100%.db"),
        ] {
            assert_eq!(path_of(rest), Ok(PathBuf::from(path)), "{rest}");
        }
        for rest in ["", "//", ":memory:", "//:memory:", "//a.db?mode=ro", "//%ff", "//a%00b"] {
            assert!(matches!(path_of(rest), Err(OpenError::UnusableUrl { .. })), "{rest}");
        }
    }

    #[tokio::test]
    async fn a_write_where_none_may_be_is_explained() {
        let mut connection = SqliteConnection::connect("sqlite::memory:").await.unwrap();
        connection.execute("PRAGMA query_only = ON").await.unwrap();
        let error = connection.execute("CREATE TABLE a (b TEXT)").await.unwrap_err();
        assert!(matches!(explain(Path::new("a.db"), &error), OpenError::NotWritable { .. }), "{error}");
    }

    #[test]
    fn any_path_survives_the_pools_url() {
        let path = Path::new("/tmp/50% off?/a#b [c]:d é.db");
        let options = pool_options(path).unwrap();
        let options = SqliteConnectOptions::from_url(&options.database_url).unwrap();
        assert_eq!(options.get_filename(), path);
    }
}
