//! What PostgreSQL needs to be for production, and how its absence is said: one line, without the password.

use std::net::TcpListener;

use futures_util::future::join_all;
use latchkey_service::AuditAction;
use latchkey_service::ports::{AuditStore as _, ChangeStore as _, Following, NodeId, Revision, Store};
use latchkey_store::{Archive, OpenError, Opening, SqlStore};
use latchkey_throwaway_postgres::greet_as_version;
use sqlx::migrate::Migrator;

use crate::fixture::{NOW, empty_postgres, empty_sqlite, entry, execute};

async fn refusal(url: &str, opening: Opening) -> OpenError {
    let error = SqlStore::open(url, opening).await.expect_err("an error");
    let line = error.to_string();
    assert!(!line.contains('\n') && !line.contains("hunter2") && !line.contains("latchkey:latchkey"), "{line}");
    assert!(!format!("{error:?}").contains("hunter2"));
    error
}

/// A user of the cluster with a password, who may do nothing yet; and the URL by which they come to a database.
async fn user(url: &str, name: &str) -> String {
    execute(url, &format!("CREATE USER {name} PASSWORD 'hunter2'")).await.unwrap();
    url.replace("latchkey:latchkey@", &format!("{name}:hunter2@"))
}

#[tokio::test]
async fn a_user_who_may_not_make_the_schema_is_told_so() {
    let url = empty_postgres();
    let theirs = user(&url, "maker").await;
    let refused = refusal(&theirs, Opening::Serve).await;
    assert!(matches!(refused, OpenError::MissingRights { .. }), "{refused}");
    assert!(refused.to_string().contains("permission denied for schema public"), "{refused}");
    execute(&url, "GRANT CREATE ON SCHEMA public TO maker").await.unwrap();
    SqlStore::open(&theirs, Opening::Serve).await.unwrap().ping().await.unwrap();
}

#[tokio::test]
async fn a_user_who_may_not_write_is_told_so_at_the_start() {
    let url = empty_postgres();
    SqlStore::open(&url, Opening::Serve).await.unwrap().close().await;
    let theirs = user(&url, "reader").await;
    for grant in [
        "SELECT 1",
        "GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader",
        "GRANT INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO reader; REVOKE DELETE ON token FROM reader",
    ] {
        for sql in grant.split("; ") {
            execute(&url, sql).await.unwrap();
        }
        let refused = refusal(&theirs, Opening::Serve).await;
        assert!(matches!(refused, OpenError::MissingRights { .. }), "{grant}: {refused}");
    }
    let refused = refusal(&theirs, Opening::UseCurrent).await;
    assert!(refused.to_string().ends_with("in the table token"), "{refused}");
    execute(&url, "GRANT DELETE ON token TO reader").await.unwrap();
    SqlStore::open(&theirs, Opening::Serve).await.unwrap().ping().await.unwrap();
}

/// Whoever may only read and write the tables takes copies too; numbers go on after those in the rows.
#[tokio::test]
async fn a_user_of_the_tables_alone_takes_a_copy() {
    let url = empty_postgres();
    let owners = SqlStore::open(&url, Opening::Serve).await.unwrap();
    for _ in 0..3 {
        owners.write_audit(&[entry(AuditAction::SignedIn)]).await.unwrap();
    }
    let theirs = user(&url, "worker").await;
    execute(&url, "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO worker").await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("copy");
    let workers = SqlStore::open(&theirs, Opening::UseCurrent).await.unwrap();
    workers.copy_to(&path, NOW).await.unwrap();
    let target = SqlStore::open(&empty_postgres(), Opening::UseCurrent).await.unwrap();
    let mut archive = Archive::open(&path).unwrap();
    target.import(&mut archive, &entry(AuditAction::DatabaseImported)).await.unwrap().unsettled();
    target.write_audit(&[entry(AuditAction::SignedIn)]).await.unwrap();
    assert_eq!(target.newest_audit_entries(10).await.unwrap().len(), 5);
}

#[tokio::test]
async fn a_database_that_takes_no_writes_is_refused() {
    let url = empty_postgres();
    let name = url.rsplit('/').next().unwrap();
    execute(&url, &format!("ALTER DATABASE {name} SET default_transaction_read_only = on")).await.unwrap();
    let refused = refusal(&url, Opening::Serve).await;
    assert!(matches!(refused, OpenError::ReadOnly { .. }), "{refused}");
}

#[tokio::test]
async fn a_user_who_may_not_connect_is_refused() {
    let url = empty_postgres();
    let theirs = user(&url, "outsider").await;
    execute(&url, "ALTER USER outsider NOLOGIN").await.unwrap();
    let refused = refusal(&theirs, Opening::Serve).await;
    assert!(matches!(refused, OpenError::NotAdmitted { .. }), "{refused}");
}

#[tokio::test]
async fn a_server_that_is_too_old_is_refused() {
    let url =
        |version| format!("postgres://u:hunter2@127.0.0.1:{}/db?sslmode=disable", greet_as_version(version).unwrap());
    for version in ["13.18", "9.6.24", "12.22 (Debian 12.22-1)"] {
        let refused = refusal(&url(version), Opening::Serve).await;
        assert!(matches!(refused, OpenError::ServerTooOld { oldest: 14, .. }), "{version}: {refused}");
        assert!(refused.to_string().ends_with("Latchkey needs 14 or newer"), "{refused}");
    }
    // This one is new enough, and says nothing more.
    let refused = refusal(&url("14.0"), Opening::Serve).await;
    assert!(matches!(refused, OpenError::Unreachable { .. }), "{refused}");
}

#[tokio::test]
async fn a_server_that_does_not_answer_is_not_waited_for() {
    // It takes connections, and says nothing.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    let began = std::time::Instant::now();
    let url = format!("postgres://u:hunter2@127.0.0.1:{port}/db?connect_timeout=1");
    let refused = refusal(&url, Opening::Serve).await;
    assert!(matches!(&refused, OpenError::Unreachable { reason, .. } if reason == "no answer"), "{refused}");
    assert!(began.elapsed() < std::time::Duration::from_secs(4));
}

#[tokio::test]
async fn tls_that_was_asked_for_is_not_done_without() {
    let url = empty_postgres();
    for mode in ["require", "verify-ca", "verify-full"] {
        let refused = refusal(&format!("{url}?sslmode={mode}"), Opening::Serve).await;
        assert!(matches!(refused, OpenError::NotPrivate { .. }), "{mode}: {refused}");
    }
    for mode in ["prefer", "disable"] {
        SqlStore::open(&format!("{url}?sslmode={mode}"), Opening::Serve).await.unwrap().ping().await.unwrap();
    }
    let refused = refusal(&format!("{url}?ssl_mode=require"), Opening::Serve).await;
    assert!(matches!(refused, OpenError::UnusableUrl { .. }), "{refused}");
}

#[tokio::test]
async fn connections_have_the_bounds_that_the_url_says() {
    let url = empty_postgres();
    let store = SqlStore::open(&format!("{url}?statement_timeout=1&connections=3"), Opening::Serve).await.unwrap();
    // A statement that would take longer is one that waits for a lock; that has a bound of its own, and this one
    // comes first.
    let mut connection = <sqlx::AnyConnection as sqlx::Connection>::connect(&url).await.unwrap();
    sqlx::raw_sql("BEGIN; LOCK TABLE write_lock").execute(&mut connection).await.unwrap();
    let began = std::time::Instant::now();
    let failed = store.ping().await.unwrap_err().to_string();
    assert!(failed.contains("statement timeout"), "{failed}");
    assert!(began.elapsed() < std::time::Duration::from_secs(4));
    let others = join_all((0..8).map(|_| store.ping())).await;
    assert!(others.iter().all(Result::is_err));
    let count = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
                 AND query LIKE '%write_lock%' AND pid <> pg_backend_pid()";
    let at_once: i64 = sqlx::query_scalar(count).fetch_one(&mut connection).await.unwrap();
    assert!((1..=3).contains(&at_once), "{at_once}");
}

async fn make_older(url: &str) {
    sqlx::any::install_default_drivers();
    let url = format!("{url}{}", if url.starts_with("sqlite") { "?mode=rwc" } else { "" });
    let pool = sqlx::AnyPool::connect(&url).await.unwrap();
    Migrator::with_migrations(Vec::new()).run(&pool).await.unwrap();
    pool.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_that_start_at_once_make_one_schema() {
    for _ in 0..3 {
        let (file, _directory) = empty_sqlite();
        for url in [file, empty_postgres()] {
            let opened = join_all((0..6).map(|_| SqlStore::open(&url, Opening::Serve))).await;
            for store in opened {
                let store = store.unwrap();
                store.ping().await.unwrap();
                store.close().await;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_that_migrate_at_once_migrate_once() {
    let (file, _directory) = empty_sqlite();
    for url in [file, empty_postgres()] {
        make_older(&url).await;
        let migrated = join_all((0..5).map(|_| SqlStore::open(&url, Opening::Migrate))).await;
        for store in migrated {
            let store = store.unwrap();
            store.ping().await.unwrap();
            store.close().await;
        }
        assert!(SqlStore::open(&url, Opening::Serve).await.is_ok());
    }
}

#[tokio::test]
async fn what_servers_are_serving_from_is_not_migrated() {
    let url = empty_postgres();
    let store = SqlStore::open(&url, Opening::Serve).await.unwrap();
    let Following::Membership(mut member) = store.follow_changes(NodeId::from_bytes([7; 16])).await.unwrap() else {
        panic!()
    };
    member.announce(1, Revision::default()).await.unwrap();
    // As an older release would find it: the newest version is still to be made.
    execute(&url, "DELETE FROM _sqlx_migrations WHERE version = (SELECT MAX(version) FROM _sqlx_migrations)")
        .await
        .unwrap();
    let alive = tokio::spawn(async move {
        for renewal in 2.. {
            member.announce(renewal, Revision::default()).await.unwrap();
            tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        }
    });
    let refused = refusal(&url, Opening::Migrate).await;
    assert!(matches!(refused, OpenError::InUse { nodes: 1, .. }), "{refused}");
    alive.abort();
    // One that has died without a word is not waited for: it goes on to migrate, and meets what is there already.
    let refused = refusal(&url, Opening::Migrate).await;
    assert!(!matches!(refused, OpenError::InUse { .. }), "{refused}");
}
