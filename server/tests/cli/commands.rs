//! Commands that do what they are asked.

use latchkey_domain::PlainText;
use latchkey_service::{DEFAULT_CATALOG, read_catalog};
use latchkey_service::{MonotoneClock, Origin, Service, SignInForm, SystemClock, SystemRandom};
use latchkey_store::{Opening, SqlStore};
use serde_json::{Value, json};
use std::sync::Arc;

use crate::support::{PASSWORD, Place};

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn service_reps_are_made_and_listed() {
    let place = Place::new();
    let ann = place.add_rep("Ann@Example.com", &["--admin"]);
    let id = ann["id"].clone();
    assert_eq!(id.as_str().map(str::len), Some(32));
    let expected =
        json!({ "id": id, "email": "ann@example.com", "name": "Ann Smith", "role": "admin", "kind": "human" });
    assert_eq!(ann, expected);
    place.add_rep("bob@example.com", &[]);
    // A service has no password: standard input is closed.
    let owners = ["--owner", "ann@example.com", "--owner", "bob@example.com"];
    let service = place
        .run(&[&["rep", "add", "--email", "feed@example.com", "--name", "Feed", "--system"], &owners[..]].concat());
    assert_eq!((&service.json()["kind"], &service.json()["role"]), (&json!("system"), &json!("rep")));
    let listed = place.run(&["rep", "list"]).lines();
    let emails: Vec<&Value> = listed.iter().map(|rep| &rep["email"]).collect();
    assert_eq!(emails, ["ann@example.com", "bob@example.com", "feed@example.com"]);
    assert!(listed.iter().all(|rep| keys(rep) == ["email", "enabled", "id", "kind", "name", "role"]));
}

#[tokio::test]
async fn a_password_is_one_line_without_its_end() {
    let place = Place::new();
    let ends = ["", "\n", "\r\n", "\nnot this\n"];
    for (number, end) in ends.iter().enumerate() {
        let email = format!("ann{number}@example.com");
        let arguments = ["rep", "add", "--email", &email, "--name", "Ann"];
        place.run_with_input(&arguments, &format!(" {PASSWORD} {end}")).json();
    }
    let store = SqlStore::open(&place.database_url(), Opening::UseCurrent).await.unwrap();
    let clock = Arc::new(MonotoneClock::new(SystemClock));
    let catalog = Arc::new(read_catalog(DEFAULT_CATALOG).unwrap());
    let service = Service::new(Arc::new(store), clock, Arc::new(SystemRandom), catalog).unwrap();
    let origin = Origin { address: String::new(), request_id: String::new() };
    for number in 0..ends.len() {
        let email = format!("ann{number}@example.com");
        let form = SignInForm { email, password: PlainText::new(format!(" {PASSWORD} ")) };
        assert!(service.sign_in(&form, &origin, "").await.is_ok(), "{number}");
    }
}

#[test]
fn tokens_are_made_listed_and_revoked() {
    let place = Place::new();
    place.add_rep("ann@example.com", &[]);
    place.add_rep("bob@example.com", &[]);
    let scopes = ["--scope", "employee-read", "--scope", "customer-write,customer-read"];
    let add = ["token", "add", "--rep", "ann@example.com", "--description", " Indeed ", "--expires", "1y"];
    let made = place.run(&[&add[..], &scopes].concat()).json();
    assert_eq!(keys(&made), ["account_sid", "auth_token", "description", "expires_at", "scopes"]);
    assert_eq!(made["scopes"], json!(["customer-read", "customer-write", "employee-read"]));
    assert_eq!(made["description"], "Indeed");
    let secret = made["auth_token"].as_str().unwrap();
    assert!(secret.starts_with("latchkey_") && secret.len() == 47);
    let all = place.add_token("All");
    assert_eq!(all["scopes"].as_array().map(Vec::len), Some(38));

    let listed = place.run(&["token", "list"]);
    assert!(!listed.stdout.contains("latchkey_"));
    let listed = listed.lines();
    assert_eq!(listed.len(), 2);
    assert_eq!(
        keys(&listed[0]),
        [
            "account_sid",
            "all_scopes",
            "created_at",
            "description",
            "expires_at",
            "last_used_at",
            "rate_limit",
            "revoked_at",
            "scopes",
            "service_rep",
            "status"
        ]
    );
    assert_eq!((&listed[0]["description"], &listed[1]["description"]), (&json!("All"), &json!("Indeed")));
    assert_eq!((&listed[0]["service_rep"], &listed[0]["status"]), (&json!("ann@example.com"), &json!("active")));
    assert!(place.run(&["token", "list", "--rep", "bob@example.com"]).lines().is_empty());

    let sid = made["account_sid"].as_str().unwrap();
    let revoked = json!({ "account_sid": sid, "description": "Indeed", "had_ended": false });
    assert_eq!(place.run(&["token", "revoke", sid]).json(), revoked);
    assert_eq!(place.run(&["token", "revoke", sid]).json()["had_ended"], true);
    assert_eq!(place.run(&["token", "list"]).lines().len(), 1);
    let all = place.run(&["token", "list", "--all", "--rep", "ANN@example.com"]).lines();
    assert_eq!((all.len(), &all[1]["status"]), (2, &json!("revoked")));
}

#[test]
fn the_catalog_in_use_is_printed_as_it_is() {
    let place = Place::new();
    assert_eq!(place.run(&["catalog"]).stdout, DEFAULT_CATALOG);
    let own = "[[scope]]\nname = \"a\"\nlabel = \"A\"\ndescription = \"A.\" # ours\n";
    place.write("own.toml", own);
    assert_eq!(place.run(&["catalog", "--catalog", "own.toml"]).stdout, own);
    assert!(!place.has_database());
}

#[test]
fn migrating_makes_the_schema_and_changes_nothing_after() {
    let place = Place::new();
    for _ in 0..2 {
        let ran = place.run(&["migrate"]);
        assert_eq!((ran.code, ran.stdout.as_str(), ran.stderr.lines().count()), (0, "", 1));
        assert!(place.has_database());
    }
}

#[test]
fn every_flag_can_be_a_variable() {
    let place = Place::new();
    place.add_rep("ann@example.com", &[]);
    let mut command = place.command(&["token", "add"]);
    command.envs([
        ("LATCHKEY_DATABASE_URL", place.database_url().as_str()),
        ("LATCHKEY_REP", "ann@example.com"),
        ("LATCHKEY_DESCRIPTION", "By variables"),
        ("LATCHKEY_EXPIRES", "180d"),
        ("LATCHKEY_SCOPE", "employee-read,contact-read"),
    ]);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert_eq!(place.run(&["token", "list"]).json()["scopes"], json!(["contact-read", "employee-read"]));
}

#[test]
fn help_and_version_are_results() {
    let place = Place::new();
    let secret = "postgres://ann:hunter2@localhost/latchkey";
    for arguments in [&["--help"][..], &["serve", "--help"], &["token", "add", "-h"], &["--version"]] {
        let mut command = place.command(arguments);
        let output = command.env("LATCHKEY_DATABASE_URL", secret).output().unwrap();
        assert!(output.status.success() && output.stderr.is_empty() && !output.stdout.is_empty(), "{arguments:?}");
        assert!(!String::from_utf8_lossy(&output.stdout).contains("hunter2"), "{arguments:?}");
    }
    assert!(!place.has_database());
}

#[test]
fn a_tokens_limit_is_set_and_listed() {
    let place = Place::new();
    place.add_rep("ann@example.com", &[]);
    let sid = place.add_token("Payroll")["account_sid"].as_str().unwrap().to_owned();
    let limit = |text: &str| place.run(&["token", "limit", &sid, text]);
    for text in ["100/60s", "off", "default"] {
        assert_eq!(limit(text).json(), json!({ "account_sid": sid, "rate_limit": text }));
        assert_eq!(place.run(&["token", "list"]).json()["rate_limit"], text);
    }
    assert!(limit("100").failure(2).contains("25/5s"));
    let missing = "LK00000000000000000000000000000000";
    assert!(place.run(&["token", "limit", missing, "off"]).failure(3).contains(missing));
}

#[test]
fn service_reps_are_disabled_and_enabled() {
    let place = Place::new();
    place.add_rep("ann@example.com", &["--admin"]);
    place.add_rep("bob@example.com", &[]);
    place.run(&["token", "add", "--rep", "bob@example.com", "--description", "A", "--expires", "1y", "--all-scopes"]);
    let disabled = json!({ "email": "bob@example.com", "enabled": false, "changed": true, "ended_sessions": 0, "stopped_tokens": 1 });
    assert_eq!(place.run(&["rep", "disable", "Bob@Example.com"]).json(), disabled);
    let again = place.run(&["rep", "disable", "bob@example.com"]).json();
    assert_eq!((&again["changed"], &again["stopped_tokens"]), (&json!(false), &json!(0)));
    assert_eq!(place.run(&["rep", "list"]).lines()[1]["enabled"], json!(false));
    assert_eq!(place.run(&["rep", "reset-password", "bob@example.com"]).code, 4);
    let enabled = json!({ "email": "bob@example.com", "enabled": true, "changed": true, "restored_tokens": 1 });
    assert_eq!(place.run(&["rep", "enable", "bob@example.com"]).json(), enabled);
    assert_eq!(place.run(&["rep", "enable", "bob@example.com"]).json()["changed"], json!(false));

    let last = place.run(&["rep", "disable", "ann@example.com"]);
    assert_eq!((last.code, last.stdout.as_str()), (4, ""));
    assert!(last.stderr.contains("the last admin who can sign in"), "{}", last.stderr);
    for command in ["disable", "enable", "reset-password"] {
        assert_eq!(place.run(&["rep", command, "nobody@example.com"]).code, 3, "{command}");
    }
}

#[test]
fn a_reset_link_is_printed() {
    let place = Place::new();
    place.add_rep("ann@example.com", &["--admin"]);
    place.add_rep("bob@example.com", &[]);
    let arguments = ["rep", "reset-password", "bob@example.com", "--public-url", "https://pat.example.com/"];
    let offered = place.run(&arguments);
    assert_eq!(offered.stderr, "");
    let offered = offered.json();
    assert_eq!(keys(&offered), ["email", "expires_at", "link"]);
    let link = offered["link"].as_str().unwrap();
    let code = link.strip_prefix("https://pat.example.com/reset-password?code=").unwrap();
    assert_eq!(code.len(), 43);
    let nowhere = place.run(&["rep", "reset-password", "bob@example.com"]);
    assert!(nowhere.stderr.contains("opens on this machine only") && nowhere.stderr.contains("--public-url"));
    assert!(nowhere.json()["link"].as_str().unwrap().starts_with("http://127.0.0.1:3000/reset-password?code="));
    let owners = ["--owner", "ann@example.com", "--owner", "bob@example.com"];
    place.run(&[&["rep", "add", "--email", "feed@example.com", "--name", "Feed", "--system"], &owners[..]].concat());
    assert_eq!(place.run(&["rep", "reset-password", "feed@example.com"]).code, 4);
    place.run(&["rep", "disable", "bob@example.com"]);
    let another = ["rep", "add", "--email", "other@example.com", "--name", "Other", "--system"];
    assert_eq!(place.run(&[&another, &owners[..]].concat()).code, 3, "a disabled person answers for nothing");
}
