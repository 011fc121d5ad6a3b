//! Opening: what both engines do, then what only one of them does.

use std::fs;
use std::path::{Path, PathBuf};

use latchkey_domain::Role;
use latchkey_service::AuditAction;
use latchkey_service::ports::{RepStore, Store};
use latchkey_store::{OpenError, Opening, SchemaChange, SqlStore};
use sqlx::migrate::Migrator;

use crate::Fixture;
use crate::fixture::{cluster, empty_postgres, empty_sqlite, entry, execute, new_rep};

/// The newest version of the schema.
const NEWEST: i64 = 9;
const UNCHANGED: SchemaChange = SchemaChange { from: NEWEST, to: NEWEST, backup: None };

async fn refusal(url: &str, opening: Opening) -> OpenError {
    let error = SqlStore::open(url, opening).await.expect_err("an error");
    let line = error.to_string();
    assert!(!line.contains('\n'), "one line: {line}");
    error
}

/// The refusal is the same, whatever the database is opened for.
async fn refusals(fixture: &Fixture) -> OpenError {
    let refused = refusal(&fixture.url, Opening::Serve).await;
    for opening in [Opening::UseCurrent, Opening::Migrate] {
        assert_eq!(refusal(&fixture.url, opening).await, refused);
    }
    refused
}

/// Makes a database as an older release may have left it: a ledger that lacks the newest version, and something
/// worth keeping.
async fn make_older(url: &str) {
    sqlx::any::install_default_drivers();
    let pool = sqlx::AnyPool::connect(&format!("{url}{}", if url.starts_with("sqlite") { "?mode=rwc" } else { "" }))
        .await
        .unwrap();
    Migrator::with_migrations(Vec::new()).run(&pool).await.unwrap();
    sqlx::query("CREATE TABLE keepsake (word TEXT)").execute(&pool).await.unwrap();
    sqlx::query("INSERT INTO keepsake (word) VALUES ('kept')").execute(&pool).await.unwrap();
    pool.close().await;
}

pub(crate) async fn an_empty_database_gets_its_schema(fixture: Fixture) {
    assert_eq!(fixture.store.schema_change(), &SchemaChange { from: 0, to: NEWEST, backup: None });
    fixture.rep(1).await;
    for opening in [Opening::Serve, Opening::UseCurrent, Opening::Migrate] {
        let again = SqlStore::open(&fixture.url, opening).await.unwrap();
        assert_eq!(again.schema_change(), &UNCHANGED);
        assert_eq!(again.reps().await.unwrap().len(), 1);
        let mut another = new_rep(2, Role::Rep);
        another.rep.email = "rep1@example.com".into();
        again.insert_rep(&another, &entry(AuditAction::RepAdded)).await.unwrap();
    }
}

pub(crate) async fn the_database_says_what_it_is(fixture: Fixture) {
    fixture.store.ping().await.unwrap();
    let engine = fixture.store.describe().await.unwrap().engine;
    let (name, version) = engine.split_once(' ').unwrap();
    assert_eq!(name, if fixture.url.starts_with("sqlite") { "SQLite" } else { "PostgreSQL" });
    assert!(version.starts_with(|first: char| first.is_ascii_digit()), "{version}");
}

pub(crate) async fn a_newer_schema_is_refused(fixture: Fixture) {
    fixture.execute(&format!("UPDATE _sqlx_migrations SET version = 9999 WHERE version = {NEWEST}")).await.unwrap();
    let refused = refusals(&fixture).await;
    assert!(matches!(refused, OpenError::SchemaNewer { found: 9999, known: NEWEST, .. }), "{refused}");
}

pub(crate) async fn an_unfinished_migration_is_refused(fixture: Fixture) {
    fixture.execute("UPDATE _sqlx_migrations SET success = false").await.unwrap();
    let refused = refusals(&fixture).await;
    assert!(matches!(refused, OpenError::MigrationUnfinished { version: 1, .. }), "{refused}");
}

pub(crate) async fn another_builds_migration_is_refused(fixture: Fixture) {
    let other = if fixture.url.starts_with("sqlite") { "X'00'" } else { "'\\x00'" };
    fixture.execute(&format!("UPDATE _sqlx_migrations SET checksum = {other}")).await.unwrap();
    let refused = refusals(&fixture).await;
    assert!(matches!(refused, OpenError::MigrationForeign { version: 1, .. }), "{refused}");
}

pub(crate) async fn another_programs_tables_are_refused(fixture: Fixture) {
    fixture.execute("DROP TABLE _sqlx_migrations").await.unwrap();
    let refused = refusals(&fixture).await;
    assert!(matches!(refused, OpenError::NotOurs { .. }), "{refused}");
}

pub(crate) async fn two_processes_open_an_empty_database_at_once(fixture: Fixture) {
    for _ in 0..5 {
        let (url, _directory) =
            if fixture.url.starts_with("sqlite") { empty_sqlite() } else { (empty_postgres(), empty_sqlite().1) };
        let (one, two) = tokio::join!(SqlStore::open(&url, Opening::Serve), SqlStore::open(&url, Opening::UseCurrent));
        one.unwrap().ping().await.unwrap();
        two.unwrap().ping().await.unwrap();
    }
}

pub(crate) async fn a_closed_store_fails(fixture: Fixture) {
    fixture.store.close().await;
    assert!(fixture.store.ping().await.is_err());
}

#[tokio::test]
async fn urls_of_other_databases_are_refused_without_their_password() {
    for (url, line) in [
        ("mysql://u:hunter2@host/db", "the database URL must begin with sqlite: or postgres:, not mysql:"),
        ("latchkey.db", "the database URL must begin with sqlite: or postgres:"),
        ("u:hunter2@host/db", "the database URL must begin with sqlite: or postgres:"),
        ("", "the database URL must begin with sqlite: or postgres:"),
        (
            "sqlite::memory:",
            "the database URL cannot be used: a database in memory would be lost at the end; name a file",
        ),
        (
            "postgres://u:hunter2@host:port/db",
            "the database URL cannot be used: it is not of the form postgres://USER:PASSWORD@HOST:PORT/DATABASE \
             (escape special characters with %)",
        ),
        (
            "postgres://u:hunter2@host/db?sslmode=hunter2",
            "the database URL cannot be used: its parameter sslmode is one of disable, prefer, require, verify-ca, \
             verify-full",
        ),
        (
            "postgres://u:hunter2@host/db?sslmode=verify-full&sslrootcert=nowhere/hunter2.pem",
            "the database URL cannot be used: the file of its parameter sslrootcert cannot be opened: No such file or \
             directory (os error 2)",
        ),
    ] {
        let refused = refusal(url, Opening::Serve).await;
        assert_eq!(refused.to_string(), line);
        assert!(!format!("{refused:?}").contains("hunter2"));
    }
}

mod on_sqlite {
    use super::*;

    fn path(url: &str) -> PathBuf {
        PathBuf::from(url.trim_start_matches("sqlite://"))
    }

    fn backup(path: &Path, suffix: &str) -> PathBuf {
        PathBuf::from(format!("{}.backup-before-v{NEWEST}{suffix}", path.display()))
    }

    #[cfg(unix)]
    fn mode(path: &Path) -> u32 {
        std::os::unix::fs::PermissionsExt::mode(&fs::metadata(path).unwrap().permissions()) & 0o777
    }

    #[tokio::test]
    async fn a_fresh_file_is_its_owners_alone_and_has_no_backup() {
        let (url, directory) = empty_sqlite();
        let store = SqlStore::open(&url, Opening::UseCurrent).await.unwrap();
        store.insert_rep(&new_rep(1, Role::Rep), &entry(AuditAction::RepAdded)).await.unwrap();
        let mut files: Vec<_> = fs::read_dir(directory.path()).unwrap().map(|file| file.unwrap().path()).collect();
        files.sort();
        assert_eq!(files.len(), 3, "the file, its log and the log's index: {files:?}");
        #[cfg(unix)]
        assert!(files.iter().all(|file| mode(file) == 0o600), "{files:?}");
        store.close().await;
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }

    #[tokio::test]
    async fn what_stands_in_the_way_beside_it_is_said_to_be_a_matter_of_rights() {
        let (url, _directory) = empty_sqlite();
        SqlStore::open(&url, Opening::UseCurrent).await.unwrap().close().await;
        // As a log that somebody else has made: it cannot be opened as a file.
        fs::create_dir(format!("{}-wal", path(&url).display())).unwrap();
        let refused = refusal(&url, Opening::Serve).await;
        assert!(matches!(refused, OpenError::CannotOpen { .. }), "{refused}");
        assert!(refused.to_string().ends_with("for the user who runs this)"), "{refused}");
    }

    #[tokio::test]
    async fn an_older_database_is_copied_before_it_is_migrated() {
        for opening in [Opening::Serve, Opening::UseCurrent, Opening::Migrate] {
            let (url, _directory) = empty_sqlite();
            make_older(&url).await;
            let copy = backup(&path(&url), "");
            let store = SqlStore::open(&url, opening).await.unwrap();
            let expected = SchemaChange { from: 0, to: NEWEST, backup: Some(copy.canonicalize().unwrap()) };
            assert_eq!(store.schema_change(), &expected);
            store.ping().await.unwrap();
            // The copy has what was there, and nothing of what came.
            let copied = format!("sqlite://{}", copy.display());
            assert_eq!(execute(&copied, "DELETE FROM keepsake").await.unwrap(), 1);
            assert!(execute(&copied, "DELETE FROM token").await.is_err());
            #[cfg(unix)]
            assert_eq!(mode(&copy), 0o600);
        }
    }

    #[tokio::test]
    async fn an_earlier_backup_is_never_overwritten() {
        let (url, _directory) = empty_sqlite();
        make_older(&url).await;
        let path = path(&url);
        for suffix in ["", "-2"] {
            fs::write(backup(&path, suffix), "precious").unwrap();
        }
        let store = SqlStore::open(&url, Opening::Serve).await.unwrap();
        let made = store.schema_change().backup.clone().unwrap();
        assert_eq!(made.file_name(), backup(&path, "-3").file_name());
        for suffix in ["", "-2"] {
            assert_eq!(fs::read(backup(&path, suffix)).unwrap(), b"precious");
        }
    }

    #[tokio::test]
    async fn a_failing_migration_changes_nothing() {
        let (url, _directory) = empty_sqlite();
        make_older(&url).await;
        // In the way of the first schema's last table.
        execute(&url, "CREATE TABLE audit_entry (x TEXT)").await.unwrap();
        let refused = refusal(&url, Opening::Serve).await;
        assert!(matches!(refused, OpenError::MigrationFailed { .. }), "{refused}");
        assert!(execute(&url, "DELETE FROM token").await.is_err(), "the tables before it were not kept");
        assert!(backup(&path(&url), "").exists());
    }

    #[tokio::test]
    async fn what_is_no_database_is_refused() {
        let (url, _directory) = empty_sqlite();
        fs::write(path(&url), "no database, but quite some text: ".repeat(100)).unwrap();
        let refused = refusal(&url, Opening::Serve).await;
        assert!(matches!(refused, OpenError::NotADatabase { .. }), "{refused}");
    }

    #[tokio::test]
    async fn a_damaged_file_is_refused() {
        let (url, _directory) = empty_sqlite();
        SqlStore::open(&url, Opening::Serve).await.unwrap().close().await;
        let whole = fs::read(path(&url)).unwrap();
        for damage in ["cut off", "overwritten"] {
            let mut bytes = whole.clone();
            if damage == "cut off" {
                bytes.truncate(bytes.len() / 2);
            } else {
                // Behind the first page, so that the schema still reads.
                bytes[4096..8192].fill(0x55);
            }
            fs::write(path(&url), bytes).unwrap();
            let refused = refusal(&url, Opening::Serve).await;
            assert!(matches!(refused, OpenError::Damaged { .. }), "{damage}: {refused}");
        }
    }

    #[tokio::test]
    async fn a_place_that_cannot_hold_a_file_is_refused() {
        let (url, directory) = empty_sqlite();
        let refused = refusal(&format!("{url}/missing/latchkey.db"), Opening::Serve).await;
        assert!(refused.to_string().ends_with("its directory does not exist"), "{refused}");

        let refused = refusal(&format!("sqlite:{}", directory.path().display()), Opening::Serve).await;
        assert!(refused.to_string().ends_with("it is a directory"), "{refused}");

        fs::write(path(&url), "").unwrap();
        let refused = refusal(&format!("{url}/latchkey.db"), Opening::Serve).await;
        assert!(matches!(refused, OpenError::CannotOpen { .. }), "{refused}");
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn a_place_that_nobody_may_write_to_is_refused() {
        // Not even root may make files there.
        let refused = refusal("sqlite:///proc/latchkey.db", Opening::Serve).await;
        assert!(matches!(refused, OpenError::CannotOpen { .. }), "{refused}");
    }

    #[tokio::test]
    async fn a_database_that_stays_locked_is_refused() {
        let (url, _directory) = empty_sqlite();
        SqlStore::open(&url, Opening::Serve).await.unwrap().close().await;
        let pool = sqlx::AnyPool::connect(&url).await.unwrap();
        let writer = pool.begin_with("BEGIN IMMEDIATE").await.unwrap();
        let refused = refusal(&url, Opening::Serve).await;
        assert!(matches!(refused, OpenError::Locked { .. }), "{refused}");
        drop(writer);
    }

    #[tokio::test]
    async fn any_file_name_will_do() {
        let directory = tempfile::tempdir().unwrap();
        let folder = directory.path().join("50% of a:b [c] é");
        fs::create_dir(&folder).unwrap();
        let url = format!("sqlite:{}/what%3F #1.db", folder.display().to_string().replace('%', "%25"));
        let store = SqlStore::open(&url, Opening::Serve).await.unwrap();
        store.insert_rep(&new_rep(1, Role::Rep), &entry(AuditAction::RepAdded)).await.unwrap();
        assert!(folder.join("what? #1.db").is_file());
    }
}

mod on_postgres {
    use super::*;

    #[tokio::test]
    async fn an_older_database_waits_for_the_command() {
        let url = empty_postgres();
        make_older(&url).await;
        for opening in [Opening::Serve, Opening::UseCurrent] {
            let refused = refusal(&url, opening).await;
            assert!(matches!(refused, OpenError::MigrationNeeded { found: 0, known: NEWEST, .. }), "{refused}");
            assert!(refused.to_string().contains("latchkey migrate"), "{refused}");
            assert!(!refused.to_string().contains("latchkey:latchkey"), "{refused}");
        }
        let store = SqlStore::open(&url, Opening::Migrate).await.unwrap();
        assert_eq!(store.schema_change(), &SchemaChange { from: 0, to: NEWEST, backup: None });
        let again = SqlStore::open(&url, Opening::Serve).await.unwrap();
        assert_eq!(again.schema_change(), &UNCHANGED);
        assert_eq!(execute(&url, "DELETE FROM keepsake").await.unwrap(), 1);
    }

    #[tokio::test]
    async fn a_server_that_is_not_there_is_named_without_the_password() {
        // A port that was free a moment ago, and still is unless another program wants just this one.
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let refused = refusal(&format!("postgres://u:hunter2@127.0.0.1:{port}/db"), Opening::Serve).await;
        assert!(matches!(refused, OpenError::Unreachable { .. }), "{refused}");
        let line = refused.to_string();
        assert!(line.starts_with(&format!("cannot reach the database postgres://u@127.0.0.1:{port}/db: ")), "{line}");
        assert!(!format!("{refused:?}").contains("hunter2"));
    }

    #[tokio::test]
    async fn a_wrong_password_and_a_wrong_user_are_refused() {
        let url = empty_postgres();
        for wrong in ["latchkey:hunter2@", "nobody:hunter2@"] {
            let refused = refusal(&url.replace("latchkey:latchkey@", wrong), Opening::Serve).await;
            assert!(matches!(refused, OpenError::AccessDenied { .. }), "{refused}");
            assert!(!format!("{refused:?} {refused}").contains("hunter2"));
        }
    }

    #[tokio::test]
    async fn a_missing_database_is_refused() {
        let refused = refusal(&cluster().url("missing"), Opening::Serve).await;
        assert!(matches!(refused, OpenError::NoSuchDatabase { .. }), "{refused}");
    }
}
