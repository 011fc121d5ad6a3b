//! `latchkey export`, `import`, `backup` and `restore`: between engines, under running servers, and what they refuse.

use std::fs;
use std::io::Write as _;
use std::process::Stdio;

use latchkey_throwaway_postgres::Cluster;
use serde_json::{Value, json};

use crate::support::{Place, Ran, Server, client, wait_for};

const ADMIN: &str = "ann@example.com";

async fn status(server: &Server, token: &Value) -> u16 {
    let url = format!("{}/api/v1/token", server.url());
    let request = client().get(url).bearer_auth(token["auth_token"].as_str().unwrap());
    request.send().await.unwrap().status().as_u16()
}

fn revoke(place: &Place, token: &Value) {
    place.run(&["token", "revoke", token["account_sid"].as_str().unwrap()]).json();
}

/// Waits until a server has put every entry into the chain.
fn sequenced(place: &Place) {
    wait_for("the entries' links", || (place.run(&["audit", "verify"]).json()["unsequenced"] == 0).then_some(()));
}

#[tokio::test]
async fn a_database_moves_to_postgres_and_back() {
    let cluster = Cluster::start().unwrap();
    let place = Place::new();
    place.add_rep(ADMIN, &["--admin"]);
    let token = place.add_token("Indeed");
    let server = place.serve(&[]);
    assert_eq!(status(&server, &token).await, 200);
    sequenced(&place);
    drop(server);
    let exported = place.run(&["export", "moving"]).json();
    assert_eq!(exported["file"], json!("moving"));
    assert!(exported["tables"].as_u64().unwrap() > 20 && exported["rows"].as_u64().unwrap() > 10, "{exported}");

    let url = cluster.create_database().unwrap();
    let there = place.on(&url);
    let imported = there.run(&["import", "moving"]);
    assert!(imported.stderr.contains("tokens revoked since then open again"), "{imported:?}");
    assert_eq!((&imported.json()["rows"], &imported.json()["taken_at"]), (&exported["rows"], &exported["taken_at"]));
    let server = there.serve(&[]);
    assert_eq!(status(&server, &token).await, 200);
    assert_eq!(server.ready["setup"], Value::Null);
    sequenced(&there);
    let more = there.add_token("More");
    drop(server);
    assert!(there.run(&["import", "moving"]).failure(4).contains("not empty"));

    there.run(&["export", "back"]).json();
    let back = place.on(&format!("sqlite://{}", place.path("back.db").display()));
    back.run(&["import", "back"]).json();
    let server = back.serve(&["--audit-key-file", &place.path("latchkey.audit-key").display().to_string()]);
    assert_eq!((status(&server, &token).await, status(&server, &more).await), (200, 200));
    let key = place.path("latchkey.audit-key").display().to_string();
    wait_for("the chain", || {
        let verified = back.run(&["audit", "verify", "--audit-key-file", &key]).json();
        (verified["unsequenced"] == 0).then_some(())
    });
    // What is moved is as it was.
    let listed = |place: &Place| place.run(&["token", "list", "--all"]).lines();
    assert_eq!(listed(&back), listed(&there));
}

#[test]
fn files_that_are_not_whole_are_refused_before_anything_is_made() {
    let place = Place::new();
    place.add_rep(ADMIN, &["--admin"]);
    place.run(&["backup", "whole"]).json();
    assert!(place.run(&["backup", "whole"]).failure(5).contains("there already"));
    let whole = fs::read(place.path("whole")).unwrap();
    let mut bit = whole.clone();
    let middle = bit.len() / 2;
    bit[middle] ^= 1;
    let version = String::from_utf8(whole.clone()).unwrap().replacen(":1,", ":9,", 1);
    for (name, content) in [
        ("cut", &whole[..whole.len() - 10]),
        ("half", &whole[..middle]),
        ("bit", &bit),
        ("version", version.as_bytes()),
        ("empty", b""),
        ("other", b"{}\n"),
    ] {
        place.write(name, content);
        let fresh = Place::new();
        let path = place.path(name).display().to_string();
        for arguments in [&["import", &path][..], &["restore", &path, "--revoke-since"]] {
            assert!(fresh.run(arguments).failure(4).contains(name), "{arguments:?}");
            assert!(!fresh.has_database(), "{arguments:?}");
        }
    }
    assert!(place.run(&["import", "missing"]).failure(5).contains("missing"));
    place.run(&["restore", "whole", "--revoke-since", "--revive-revoked"]).failure(2);
}

#[tokio::test]
async fn a_restore_under_a_running_server_revives_nothing_by_itself() {
    let cluster = Cluster::start().unwrap();
    let place = Place::new();
    for url in [place.database_url(), cluster.create_database().unwrap()] {
        let place = place.on(&url);
        place.add_rep(ADMIN, &["--admin"]);
        let (kept, revoked) = (place.add_token("Kept"), place.add_token("Revoked"));
        place.add_rep("bob@example.com", &[]);
        let name = |what: &str| format!("{what}-{}", url.split(':').next().unwrap());
        let file = name("backup");
        // While a server goes on.
        let server = place.serve(&[]);
        assert_eq!(status(&server, &revoked).await, 200);
        place.run(&["backup", &file]).json();
        revoke(&place, &revoked);
        place.run(&["rep", "disable", "bob@example.com"]).json();
        let later = place.add_token("Later");
        assert_eq!((status(&server, &revoked).await, status(&server, &later).await), (401, 200));

        let refused = place.run(&["restore", &file]);
        let line = refused.failure(6);
        assert!(line.contains("made that will be gone, 1 token was revoked and 1 service rep disabled"), "{line}");
        assert!(line.contains("--revoke-since") && line.contains("--revive-revoked"), "{line}");
        assert_eq!(status(&server, &later).await, 200, "nothing was done");

        let restored = place.run(&["restore", &file, "--revoke-since"]).json();
        let [revoked_then, disabled, lost] = ["kept_revoked", "kept_disabled", "lost_tokens"].map(|key| &restored[key]);
        assert_eq!([revoked_then, disabled, lost], [&json!(1), &json!(1), &json!(1)]);
        // From the moment on at which the command returns, in the server that has been running all along.
        assert_eq!(status(&server, &later).await, 401);
        assert_eq!(status(&server, &revoked).await, 401);
        assert_eq!(status(&server, &kept).await, 200);
        assert_eq!(place.run(&["rep", "list"]).lines()[1]["enabled"], json!(false));

        // What was replaced can be put back, and so can what was revoked: only when it is said.
        let replaced = restored["replaced"].as_str().unwrap().to_owned();
        assert_eq!(replaced, format!("{file}.replaced"));
        place.run(&["restore", &replaced, "--revive-revoked"]).json();
        assert_eq!((status(&server, &later).await, status(&server, &revoked).await), (200, 401));
        place.run(&["restore", &file, "--revive-revoked"]).json();
        assert_eq!(status(&server, &revoked).await, 200);
        revoke(&place, &revoked);
        assert_eq!((status(&server, &revoked).await, status(&server, &kept).await), (401, 200));
        // The log goes on as one chain, and tells of it.
        sequenced(&place);
    }
}

#[test]
fn a_backup_is_restored_where_everything_was_lost_and_says_what_it_cannot_know() {
    let place = Place::new();
    place.add_rep(ADMIN, &["--admin"]);
    place.add_token("Indeed");
    place.run(&["backup", "backup"]).json();
    let other = place.on(&format!("sqlite://{}", place.path("new.db").display()));
    assert!(other.run(&["restore", "backup", "--revoke-since"]).failure(4).contains("cannot tell what was revoked"));
    let asked = other.run(&["restore", "backup"]);
    let asked = asked.failure(6);
    assert!(asked.contains("this database is empty: nobody can tell what was revoked"), "{asked}");
    let restored: Ran = other.run(&["restore", "backup", "--revive-revoked"]);
    let restored = restored.json();
    assert_eq!((&restored["replaced"], &restored["lost_tokens"]), (&Value::Null, &Value::Null));
    assert_eq!(other.run(&["token", "list"]).lines().len(), 1);
    let refused = other.run_with_input(&["restore", "backup"], "revoke\n");
    refused.failure(6);
}

/// What a person at a terminal sees, who answers this, and the exit code.
fn at_a_terminal(place: &Place, arguments: &str, answer: &str) -> (i32, String) {
    let mut command = place.other("script");
    let line = format!("{} {arguments}", env!("CARGO_BIN_EXE_latchkey"));
    command.args(["--quiet", "--return", "--command", &line, "/dev/null"]).stdin(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(answer.as_bytes()).unwrap();
    // Its input stays open, as a terminal's does.
    let ran = Ran::of(child);
    drop(stdin);
    (ran.code, ran.stdout)
}

#[tokio::test]
async fn at_a_terminal_it_is_asked() {
    let place = Place::new();
    place.add_rep(ADMIN, &["--admin"]);
    let token = place.add_token("Indeed");
    place.run(&["backup", "backup"]).json();
    revoke(&place, &token);
    for (answer, code) in [("\n", 6), ("yes\n", 6), ("revoke\n", 0)] {
        let (found, seen) = at_a_terminal(&place, "restore backup", answer);
        assert_eq!(found, code, "{seen}");
        assert!(seen.contains("1 token was revoked and 0 service reps disabled"), "{seen}");
        assert_eq!(seen.contains("\"kept_revoked\":1"), code == 0, "{seen}");
        assert!(place.run(&["token", "list"]).lines().is_empty(), "still revoked");
    }
    let (found, seen) = at_a_terminal(&place, "restore backup", "revive\n");
    assert_eq!(found, 0, "{seen}");
    assert_eq!(place.run(&["token", "list"]).lines().len(), 1);
}
