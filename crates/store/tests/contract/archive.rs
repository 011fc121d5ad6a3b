//! Copies: written from either engine, taken in by either, refused where they are not whole.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use latchkey_domain::{Role, Timestamp};
use latchkey_service::ports::{
    AuditStore, ChangeStore, PolicyStore, RepStore, Revision, SessionStore, TokenChange, TokenFilter, TokenStore,
};
use latchkey_service::{AuditAction, AuditEntry, AuditKey, AuditVerdict, verify_audit};
use latchkey_store::{Archive, ArchiveError, Since, SqlStore};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use serde_json::Value;
use sqlx::{AnyConnection, Connection as _};

use crate::Fixture;
use crate::fixture::{NOW, after, email, entry, new_session, rep_id, secret, sid, use_of};

/// Tables in which what is taken in differs from the file: the entry that says so, and the number of that change.
const OWN: [&str; 4] = ["audit_entry", "audit_waiting", "token_change", "token_revision"];

fn key() -> AuditKey {
    AuditKey::parse(&"0b".repeat(32)).unwrap()
}

/// Puts something into every table.
async fn fill(fixture: &Fixture) {
    for number in 1..=3 {
        fixture.person(number, if number == 1 { Role::Admin } else { Role::Rep }).await;
        fixture.token(number, rep_id(number)).await;
    }
    fixture.sign_in(&new_session(1, rep_id(1)), secret(99), &entry(AuditAction::SignedIn)).await.unwrap();
    fixture.store.sequence_audit(&key(), 4).await.unwrap();
    let mut connection = AnyConnection::connect(&fixture.url).await.unwrap();
    let bytes = |length: usize| vec![0x2a_u8; length];
    let rep = |number: u8| rep_id(number).as_bytes().to_vec();
    for sql in [
        "INSERT INTO system_rep_owner (system_rep, owner) VALUES ($1, $2)",
        "INSERT INTO account_link (rep, hash, purpose, expires_at) VALUES ($1, $3, 'reset', 5)",
        "INSERT INTO set_up_code (hash, expires_at) VALUES ($3, 5)",
        "INSERT INTO sign_in_attempt (account, address, at) VALUES ($3, '192.0.2.1', 5)",
        "INSERT INTO token_selection (id, admin, created_at, expires_at) VALUES ($4, $1, 5, 6)",
        "INSERT INTO token_selection_member (selection, sid, used_today) VALUES ($4, $5, 1)",
        "INSERT INTO token_network (sid, first_address, last_address) VALUES ($5, $7, $7)",
        "INSERT INTO external_account (id, integration, level, entity, entity_key, state, settings, scopes, token, \
         token_generated, version, created_at, created_by, changed_at, changed_by, submitted_at, submitted_by) \
         VALUES ($4, 'e-verify', 'branch', 'Zürich', 'zürich', 'active', '{}', '', $5, 1, 3, 5, $1, 6, $2, 6, $2)",
        "INSERT INTO external_account_credential (account, name, key_id, sealed) VALUES ($4, 'password', $6, $3)",
    ] {
        let mut query = sqlx::query(sqlx::AssertSqlSafe(renumbered(sql)));
        for (number, value) in [rep(1), rep(2), bytes(32), bytes(16), sid(1).as_bytes().to_vec(), bytes(8), bytes(17)]
            .into_iter()
            .enumerate()
        {
            if sql.contains(&format!("${}", number + 1)) {
                query = query.bind(value);
            }
        }
        query.execute(&mut connection).await.unwrap();
    }
    for (number, text) in texts().into_iter().enumerate() {
        sqlx::query(
            "INSERT INTO record (collection, id, version, data, search_text, created_at, updated_at) \
             VALUES ('employees', $1, $2, $3, $3, $2, $2)",
        )
        .bind(format!("{number:04}"))
        .bind(i64::MAX - i64::try_from(number).unwrap())
        .bind(text)
        .execute(&mut connection)
        .await
        .unwrap();
    }
    connection.close().await.unwrap();
}

/// The statement with its parameters counted from 1, without gaps.
fn renumbered(sql: &str) -> String {
    let mut next = 0;
    (1..=7).fold(sql.to_owned(), |sql, number| {
        if !sql.contains(&format!("${number}")) {
            return sql;
        }
        next += 1;
        sql.replace(&format!("${number}"), &format!("${next}"))
    })
}

/// All sorts of texts, the same in every run.
fn texts() -> Vec<String> {
    let mut runner = TestRunner::deterministic();
    // PostgreSQL has no text with a zero in it, and nothing that Latchkey writes has one.
    let text = any::<String>().prop_map(|text| text.replace('\0', ""));
    let mut texts: Vec<String> = (0..300).map(|_| text.new_tree(&mut runner).unwrap().current()).collect();
    texts.extend(["", "\n\r\t\u{1}\u{7f}\u{2028}", r#"{"a":["\"", "\\"]}"#, "é漢🗝\u{10ffff}"].map(str::to_owned));
    texts
}

/// A file that is not there yet.
fn file(fixture: &Fixture, name: &str) -> PathBuf {
    fixture.folder().join(name)
}

async fn copy(fixture: &Fixture, name: &str) -> PathBuf {
    let path = file(fixture, name);
    fixture.store.copy_to(&path, NOW).await.unwrap();
    path
}

/// The rows of each table, in an order of their own.
fn rows(path: &Path) -> BTreeMap<String, Vec<String>> {
    let mut tables = BTreeMap::<String, Vec<String>>::new();
    let text = fs::read_to_string(path).unwrap();
    let mut table = String::new();
    for line in text.lines() {
        if line.starts_with('[') {
            tables.get_mut(&table).unwrap().push(line.to_owned());
        } else if let Some(name) = serde_json::from_str::<Value>(line).unwrap().get("rows_of") {
            name.as_str().unwrap().clone_into(&mut table);
            tables.insert(table.clone(), Vec::new());
        }
    }
    for rows in tables.values_mut() {
        rows.sort_unstable();
    }
    tables
}

fn imported(detail: &str) -> AuditEntry {
    AuditEntry { detail: detail.to_owned(), at: after(7), ..entry(AuditAction::DatabaseImported) }
}

async fn import(store: &SqlStore, path: &Path) -> Result<u64, ArchiveError> {
    let mut archive = Archive::open(path)?;
    Ok(store.import(&mut archive, &imported("here")).await?.unsettled())
}

pub(crate) async fn everything_moves_to_either_engine(fixture: Fixture) {
    fill(&fixture).await;
    let path = copy(&fixture, "copy").await;
    let written = rows(&path);
    let empty: Vec<&String> = written.iter().filter(|(_, rows)| rows.is_empty()).map(|(name, _)| name).collect();
    assert!(empty.is_empty(), "`fill` puts nothing into these tables: {empty:?}");
    for (number, target) in [Fixture::sqlite().await, Fixture::postgres().await].into_iter().enumerate() {
        let taken = import(&target.store, &path).await.unwrap();
        assert_eq!(taken, written.values().map(|rows| rows.len() as u64).sum::<u64>());
        // What came of it, written again, is the same.
        let again = rows(&copy(&target, &format!("again{number}")).await);
        assert_eq!(again.keys().collect::<Vec<_>>(), written.keys().collect::<Vec<_>>());
        for (table, rows) in &written {
            let differs = again[table] != *rows;
            assert_eq!(differs, OWN.contains(&&**table), "{table}");
        }
        let newest = &target.audit_log().await[0];
        assert_eq!((newest.action, newest.detail.as_str()), (AuditAction::DatabaseImported, "here"));
        // The chain goes on: numbers that the database gives out are after those that it was given.
        let verified = verify_audit(&target.store, &key(), None).await.unwrap();
        assert!(matches!(&verified, AuditVerdict::Whole(whole) if whole.head.seq == 4), "{verified:?}");
        target.store.sequence_audit(&key(), 1000).await.unwrap();
        let AuditVerdict::Whole(whole) = verify_audit(&target.store, &key(), None).await.unwrap() else { panic!() };
        assert_eq!((whole.head.seq, whole.unsequenced), (i64::try_from(written["audit_entry"].len()).unwrap() + 1, 0));
        // And it works: a token is found by its secret, another one is made, searched and revoked.
        assert!(target.store.credential(crate::fixture::token_hash(1)).await.unwrap().is_some());
        target.token(9, rep_id(1)).await;
        target.store.revoke_token(sid(9), None, after(1), &entry(AuditAction::TokenRevoked)).await.unwrap().unsettled();
        assert_eq!(
            target.store.tokens(TokenFilter { owner: Some(rep_id(1)), live_at: None }, 10).await.unwrap().len(),
            2
        );
    }
}

pub(crate) async fn a_database_that_was_used_takes_nothing_in(fixture: Fixture) {
    let path = copy(&fixture, "copy").await;
    fixture.rep(1).await;
    let before = rows(&copy(&fixture, "before").await);
    assert!(matches!(import(&fixture.store, &path).await, Err(ArchiveError::NotEmpty)));
    assert_eq!(rows(&copy(&fixture, "after").await), before);
}

pub(crate) async fn a_copy_is_of_one_instant(fixture: Fixture) {
    fixture.rep(1).await;
    let writing = async {
        for number in 10..60 {
            fixture.token(number, rep_id(1)).await;
        }
    };
    let copying = async {
        for number in 0..5 {
            let rows = rows(&copy(&fixture, &format!("copy{number}")).await);
            for table in ["token_secret", "token_last_used", "token_search", "token_revision"] {
                let expected = if table == "token_revision" { 1 } else { rows["token"].len() };
                assert_eq!(rows[table].len(), expected, "{table}");
            }
        }
    };
    tokio::join!(writing, copying);
}

pub(crate) async fn what_was_cut_off_or_changed_is_refused(fixture: Fixture) {
    let path = copy(&fixture, "copy").await;
    let whole = fs::read(&path).unwrap();
    #[cfg(unix)]
    assert_eq!(std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&path).unwrap().permissions()) & 0o777, 0o600);
    assert!(fixture.store.copy_to(&path, NOW).await.is_err(), "a file that is there is kept");
    assert_eq!(fs::read(&path).unwrap(), whole);
    let other = file(&fixture, "other");
    for length in 0..whole.len() {
        fs::write(&other, &whole[..length]).unwrap();
        assert!(Archive::open(&other).is_err(), "cut off after {length} bytes");
    }
    for index in 0..whole.len() {
        let mut changed = whole.clone();
        changed[index] ^= 1 << (index % 8);
        fs::write(&other, changed).unwrap();
        assert!(Archive::open(&other).is_err(), "bit {} of byte {index}", index % 8);
    }
    fs::write(&other, [&whole[..], b"\n"].concat()).unwrap();
    assert!(Archive::open(&other).is_err(), "more after its end");
    let text = String::from_utf8(whole).unwrap();
    let open = |from: &str, to: &str| {
        assert!(text.contains(from));
        fs::write(&other, text.replacen(from, to, 1)).unwrap();
        Archive::open(&other).err()
    };
    let format = open("{\"latchkey_database\":1,", "{\"latchkey_database\":2,\"more\":0,");
    assert!(matches!(format, Some(ArchiveError::OtherFormat { found: 2, known: 1, .. })), "{format:?}");
    let newer = open("\"schema\":", "\"schema\":99");
    assert!(matches!(newer, Some(ArchiveError::SchemaNewer { .. })), "{newer:?}");
    fs::write(&other, "no copy\n").unwrap();
    assert!(matches!(Archive::open(&other), Err(ArchiveError::NotACopy { .. })));
    assert!(matches!(Archive::open(&file(&fixture, "missing")), Err(ArchiveError::File { .. })));
}

/// A file that is changed after it was found to be whole.
pub(crate) async fn nothing_is_written_unless_all_is(fixture: Fixture) {
    fill(&fixture).await;
    let path = copy(&fixture, "copy").await;
    let target = if fixture.is_sqlite() { Fixture::postgres().await } else { Fixture::sqlite().await };
    let before = rows(&copy(&target, "before").await);
    let mut archive = Archive::open(&path).unwrap();
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replacen("rep2@example.com", "rep9@example.com", 1)).unwrap();
    let refused = target.store.import(&mut archive, &imported("")).await.map(drop);
    assert!(matches!(refused, Err(ArchiveError::Damaged { .. })), "{refused:?}");
    assert_eq!(rows(&copy(&target, "after").await), before);
}

async fn restore(fixture: &Fixture, path: &Path, since: Since) -> Result<latchkey_store::Replaced, ArchiveError> {
    let mut archive = Archive::open(path)?;
    let entry = AuditEntry { detail: "restored".to_owned(), at: after(7), ..entry(AuditAction::DatabaseRestored) };
    Ok(fixture.store.restore(&mut archive, since, None, entry).await?.unsettled())
}

async fn latest(fixture: &Fixture) -> Revision {
    fixture.store.token_changes(Revision::from_number(i64::MAX)).await.unwrap().latest
}

pub(crate) async fn what_was_taken_back_since_stays_so(fixture: Fixture) {
    let store = &fixture.store;
    for number in 1..=5 {
        fixture.person(number, if number < 3 { Role::Admin } else { Role::Rep }).await;
        fixture.token(number, rep_id(number)).await;
        fixture.sign_in(&new_session(number, rep_id(number)), secret(99), &entry(AuditAction::SignedIn)).await.unwrap();
    }
    let path = copy(&fixture, "copy").await;
    let untouched = rows(&path);
    let change = entry(AuditAction::TokenRevoked);
    store.revoke_token(sid(1), None, after(1), &change).await.unwrap().unsettled();
    store.set_disabled(rep_id(2), Some(after(2)), &change).await.unwrap().unsettled();
    // Moved to somebody who was there, and to somebody who was not.
    fixture.person(6, Role::Rep).await;
    for sql in [
        "UPDATE token SET owner = (SELECT id FROM service_rep WHERE name = 'Rep 4') WHERE description = 'Token 3'",
        "UPDATE token SET owner = (SELECT id FROM service_rep WHERE name = 'Rep 6') WHERE description = 'Token 4'",
        "UPDATE service_rep SET role = 'rep' WHERE name = 'Rep 1'",
        "UPDATE service_rep SET password_hash = '$argon2id$new' WHERE name = 'Rep 3'",
        "UPDATE token_secret SET not_after = 9 WHERE sid IN (SELECT sid FROM token WHERE description = 'Token 5')",
        "UPDATE token SET expires_at = 1800000500, rate_limit = '1/60s' WHERE description = 'Token 5'",
        "UPDATE policy SET admin_scopes = 'employee-read', chosen_at = 1800000003, \
         chosen_by = (SELECT id FROM service_rep WHERE name = 'Rep 6')",
    ] {
        fixture.execute(sql).await.unwrap();
    }
    fixture.token(7, rep_id(1)).await;
    let revision = latest(&fixture).await;

    let replaced = restore(&fixture, &path, Since::Revoke).await.unwrap();
    assert_eq!((replaced.kept.tokens, replaced.kept.reps, replaced.lost), (2, 1, Some(1)));
    let token = async |number| store.token(sid(number), None).await.unwrap();
    assert_eq!(token(1).await.unwrap().revoked_at, Some(after(1)));
    assert_eq!(token(3).await.unwrap().owner, rep_id(4));
    assert_eq!((token(4).await.unwrap().owner, token(4).await.unwrap().revoked_at), (rep_id(4), Some(after(7))));
    assert_eq!((token(5).await.unwrap().expires_at, token(5).await.unwrap().revoked_at), (after(500), None));
    assert!(token(7).await.is_none(), "made since, and gone");
    assert_eq!(store.rep(rep_id(2)).await.unwrap().unwrap().disabled_at, Some(after(2)));
    assert_eq!(store.rep(rep_id(1)).await.unwrap().unwrap().role, Role::Rep);
    assert!(store.rep(rep_id(6)).await.unwrap().is_none());
    let after_it = rows(&copy(&fixture, "after").await);
    let policy = store.policy().await.unwrap();
    assert_eq!(policy.policy.admin_scopes.to_string(), "employee-read", "reserved since, and still so");
    assert!(after_it["service_rep"].iter().any(|row| row.contains("$argon2id$new")));
    assert!(after_it["token_secret"].iter().any(|row| row.ends_with(",9]")));
    assert!(after_it["session"].is_empty() && !untouched["session"].is_empty());
    assert!(latest(&fixture).await > revision);
    let newest = &fixture.audit_log().await[0];
    assert_eq!(newest.action, AuditAction::DatabaseRestored);
    assert_eq!(
        newest.detail,
        "restored; revoked since and kept so: 2 tokens, 1 service reps; made since and gone: 1 tokens"
    );
    assert!(store.session(secret(1)).await.unwrap().is_none());

    // The other answer: everything is as it was then, but for sessions.
    let revision = latest(&fixture).await;
    restore(&fixture, &path, Since::Revive).await.unwrap();
    let after_it = rows(&copy(&fixture, "revived").await);
    for table in ["token", "token_secret", "service_rep", "token_last_used", "policy"] {
        assert_eq!(after_it[table], untouched[table], "{table}");
    }
    assert!(after_it["session"].is_empty());
    assert!(latest(&fixture).await > revision);
}

pub(crate) async fn what_was_revoked_since_is_not_guessed(fixture: Fixture) {
    fixture.rep(1).await;
    let without_tokens = copy(&fixture, "reps").await;
    fixture.token(1, rep_id(1)).await;
    let path = copy(&fixture, "copy").await;
    let target = Fixture::sqlite().await;
    target.rep(9).await;
    let before = rows(&copy(&target, "before").await);
    for path in [&path, &without_tokens] {
        let refused = restore(&target, path, Since::Revoke).await;
        assert!(matches!(refused, Err(ArchiveError::NotLater { .. })), "{refused:?}");
    }
    assert_eq!(rows(&copy(&target, "after").await), before);
    restore(&target, &path, Since::Revive).await.unwrap();
    assert!(target.store.credential(crate::fixture::token_hash(1)).await.unwrap().is_some());
    assert!(target.store.rep_by_email(&email("rep9@example.com")).await.unwrap().is_none());
}

/// Somebody who holds one table, and then waits for another that a restore has taken already.
#[tokio::test]
async fn a_restore_is_tried_again_where_it_and_others_wait_for_each_other() {
    let fixture = Fixture::postgres().await;
    fixture.rep(1).await;
    let path = copy(&fixture, "copy").await;
    let mut other = AnyConnection::connect(&fixture.url).await.unwrap();
    // Only the restore finds out.
    sqlx::raw_sql("SET deadlock_timeout = '1h'").execute(&mut other).await.unwrap();
    sqlx::raw_sql("BEGIN; LOCK TABLE write_lock IN ACCESS EXCLUSIVE MODE").execute(&mut other).await.unwrap();
    let waiting = async {
        let mut watching = AnyConnection::connect(&fixture.url).await.unwrap();
        let waits =
            "SELECT CAST(COUNT(*) AS BIGINT) FROM pg_locks WHERE NOT granted AND relation = 'write_lock'::regclass";
        while sqlx::query_scalar::<_, i64>(waits).fetch_one(&mut watching).await.unwrap() == 0 {
            tokio::task::yield_now().await;
        }
        let found = sqlx::raw_sql("SELECT 1 FROM account_link").execute(&mut other).await;
        found.and(sqlx::raw_sql("COMMIT").execute(&mut other).await).unwrap();
    };
    let (restored, ()) = tokio::join!(restore(&fixture, &path, Since::Revive), waiting);
    assert_eq!(restored.unwrap().lost, Some(0));
    assert_eq!(fixture.audit_log().await[0].action, AuditAction::DatabaseRestored);
}

/// Tables of somebody else's, with values and rules that Latchkey does not know.
pub(crate) async fn what_others_have_put_there_is_left_alone(fixture: Fixture) {
    fixture.rep(1).await;
    fixture.token(1, rep_id(1)).await;
    for sql in [
        "CREATE TABLE others (id BIGINT PRIMARY KEY, share DOUBLE PRECISION NOT NULL)",
        "CREATE TABLE others_too (id BIGINT PRIMARY KEY REFERENCES others (id) DEFERRABLE INITIALLY DEFERRED)",
        "INSERT INTO others (id, share) VALUES (1, 0.5), (2, 0.25)",
        "INSERT INTO others_too (id) VALUES (1)",
    ] {
        fixture.execute(sql).await.unwrap();
    }
    let path = copy(&fixture, "copy").await;
    let copied = rows(&path);
    assert!(!copied.contains_key("others") && copied["token"].len() == 1, "{:?}", copied.keys());
    for since in [Since::Revive, Since::Revoke] {
        restore(&fixture, &path, since).await.unwrap();
        assert_eq!(rows(&copy(&fixture, &format!("{since:?}")).await)["token"], copied["token"], "{since:?}");
        let theirs = "UPDATE others SET share = share WHERE id IN (SELECT id FROM others_too)";
        assert_eq!(fixture.execute(theirs).await.unwrap(), 1, "{since:?}");
    }
    // On PostgreSQL its rule is as they made it: it is not looked at before the end.
    if fixture.url.starts_with("postgres") {
        let deferred = "INSERT INTO others_too (id) VALUES (3); INSERT INTO others (id, share) VALUES (3, 1)";
        assert!(fixture.execute(&format!("BEGIN; {deferred}; COMMIT")).await.is_ok());
    }
}

/// Whoever follows changes learns that everything has changed, and those who are to be waited for are still known.
pub(crate) async fn running_nodes_follow_a_restore(fixture: Fixture) {
    fixture.rep(1).await;
    for number in 1..=3 {
        fixture.token(number, rep_id(1)).await;
    }
    let path = copy(&fixture, "copy").await;
    fixture.execute("INSERT INTO node (id, renewal, applied) SELECT id, 5, 3 FROM service_rep").await.unwrap();
    let applied = latest(&fixture).await;
    let other = fixture.another_node().await;
    assert!(other.token_changes(applied).await.unwrap().changes.is_some());
    restore(&fixture, &path, Since::Revoke).await.unwrap();
    let found = other.token_changes(applied).await.unwrap();
    assert!(found.changes == Some(vec![TokenChange::Everything]) && found.latest > applied, "{found:?}");
    // Whoever is further behind is told so.
    assert_eq!(other.token_changes(Revision::from_number(1)).await.unwrap().changes, None);
    assert_eq!(fixture.execute("DELETE FROM node WHERE renewal = 5").await.unwrap(), 1);
    // Its prepared statements, from before the tables were made anew, still do.
    assert!(other.credential(crate::fixture::token_hash(1)).await.unwrap().is_some());
    other.note_uses(&[use_of(sid(1), Timestamp::from_unix_seconds(1_800_000_001))]).await.unwrap();
    assert!(other.has_known_schema().await.unwrap());
    fixture.execute("UPDATE _sqlx_migrations SET version = 9999 WHERE version = 1").await.unwrap();
    assert!(!other.has_known_schema().await.unwrap());
    other.close().await;
}
