//! `latchkey secrets …`, and servers with and without the keys that credentials are sealed under.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use serde_json::{Value, json};

use crate::office::{ADMIN, Office};
use crate::support::{Place, client, wait_for};

const FILE: &str = "secret-keys";
const WITH_FILE: [&str; 2] = ["--secret-key-file", FILE];
const PATH: &str = "/api/v1/external-service-account";

fn secrets(place: &Place, command: &str) -> crate::support::Ran {
    place.run(&[&["secrets", command], &WITH_FILE[..]].concat())
}

fn key_of(line: &Value) -> String {
    line["key"].as_str().unwrap().to_owned()
}

/// A place with an admin, a key and an active account; the account's token.
async fn with_account(place: &Place) -> String {
    place.add_rep(ADMIN, &["--admin"]);
    secrets(place, "new-key").lines();
    let keys = fs::read_to_string(place.path(FILE)).unwrap();
    let office = Office::of(place, Some(&keys)).await;
    let id = office.draft("Denver").await;
    office.keep_credentials(id, "hunter2-5f1c").await;
    let secret = office.generate(id, false).await;
    office.submit(id).await;
    office.store.close().await;
    secret
}

async fn credentials(url: &str, secret: &str) -> Value {
    let answer = client().get(format!("{url}{PATH}")).bearer_auth(secret).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    answer.json::<Value>().await.unwrap()["credentials"].clone()
}

#[test]
fn keys_are_added_before_all_others_and_are_their_owners_alone() {
    let place = Place::new();
    assert!(place.run(&["secrets", "new-key"]).failure(2).contains("--secret-key-file"));
    let first = secrets(&place, "new-key");
    let first_key = key_of(&first.json());
    assert_eq!(first.json(), json!({ "key": first_key, "keys": 1, "file": FILE }));
    assert!(first.stderr.contains("Keep a copy"));
    let file = place.path(FILE);
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let second = secrets(&place, "new-key").json();
    assert_eq!(second["keys"], 2);
    let text = fs::read_to_string(&file).unwrap();
    assert!(text.starts_with("# Latchkey's keys"), "{text}");
    let ids: Vec<&str> =
        text.lines().filter(|line| !line.starts_with('#')).map(|line| line.split(' ').next().unwrap()).collect();
    assert_eq!(ids, [key_of(&second), first_key]);
    assert!(!place.has_database(), "no database is needed");
    assert!(!place.path("secret-keys.new").exists());

    // Whoever left this there may still be at work.
    place.write("secret-keys.new", "");
    assert!(secrets(&place, "new-key").failure(5).contains("another command is at work"));
    fs::remove_file(place.path("secret-keys.new")).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
    for ran in
        [secrets(&place, "new-key"), secrets(&place, "rotate"), place.run(&[&["serve"], &WITH_FILE[..]].concat())]
    {
        assert!(ran.failure(5).contains("can be read by others"));
    }
    assert!(!place.has_database());
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    place.write(FILE, text.replacen(ids[0], "0123456789abcdef", 1));
    assert!(place.run(&[&["serve"], &WITH_FILE[..]].concat()).failure(5).contains("line 3: the key is not the one"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn credentials_are_sealed_anew_under_the_newest_key() {
    let place = Place::new();
    let secret = Box::pin(with_account(&place)).await;
    let old = fs::read_to_string(place.path(FILE)).unwrap();
    let unchanged = secrets(&place, "rotate").json();
    assert_eq!((&unchanged["resealed"], &unchanged["unneeded"]), (&json!(0), &json!([])));

    let newest = key_of(&secrets(&place, "new-key").json());
    // A server with both keys reads on while the credentials are sealed anew.
    let server = place.serve(&WITH_FILE);
    let expected = json!({ "user": "hunter", "password": "hunter2-5f1c" });
    assert_eq!(credentials(server.url(), &secret).await, expected);
    let rotated = secrets(&place, "rotate");
    let old_id = old.lines().last().unwrap().split(' ').next().unwrap();
    assert_eq!(rotated.json(), json!({ "resealed": 2, "key": newest, "unneeded": [old_id] }));
    assert!(rotated.stderr.contains(old_id), "{}", rotated.stderr);
    assert_eq!(credentials(server.url(), &secret).await, expected);
    assert_eq!(secrets(&place, "rotate").json()["resealed"], 0);
    server.kill();

    // The old key is not needed any more, and the new one is.
    let text = fs::read_to_string(place.path(FILE)).unwrap();
    let without_old: Vec<&str> = text.lines().filter(|line| !line.starts_with(old_id)).collect();
    place.write(FILE, without_old.join("\n"));
    let server = place.serve(&WITH_FILE);
    assert_eq!(credentials(server.url(), &secret).await, expected);
    let log = server.log();
    server.kill();
    let database = fs::read(place.path("latchkey.db")).unwrap();
    for text in ["hunter2-5f1c", secret.as_str()] {
        assert!(!log.contains(text));
        assert!(!database.windows(text.len()).any(|window| window == text.as_bytes()));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_does_not_start_without_the_keys_that_it_needs() {
    let place = Place::new();
    let secret = Box::pin(with_account(&place)).await;
    let text = fs::read_to_string(place.path(FILE)).unwrap();
    let id = text.lines().last().unwrap().split(' ').next().unwrap();

    let without = place.run(&["serve"]);
    let line = without.failure(5);
    assert!(line.contains(id) && line.contains("--secret-key-file"), "{line}");
    place.run(&["secrets", "new-key", "--secret-key-file", "others"]).lines();
    let line = place.run(&["serve", "--secret-key-file", "others"]);
    assert!(line.failure(5).contains(id) && line.stderr.contains("others"), "{line:?}");
    assert!(place.run(&["secrets", "rotate", "--secret-key-file", "others"]).failure(5).contains(id));
    assert!(place.run(&["serve", "--secret-key-file", "nothing"]).failure(5).contains("cannot be read"));
    // Commands that have nothing to do with credentials need no key.
    assert_eq!(place.run(&["token", "list", "--all"]).lines().len(), 1);
    let server = place.serve(&WITH_FILE);
    assert_eq!(credentials(server.url(), &secret).await["password"], "hunter2-5f1c");
}

#[test]
fn integrations_of_ones_own_have_to_fit_the_catalog() {
    let place = Place::new();
    let head = "[[integration]]\ncode = \"a\"\nlabel = \"A\"\ndescription = \"It.\"\nlevels = [\"system\"]\n";
    place.write("integrations.toml", format!("{head}scopes = [\"no-such\"]\n"));
    let ran = place.run(&["serve", "--integrations", "integrations.toml"]);
    let line = ran.failure(5);
    assert!(line.contains("line 1") && line.contains("no-such, which is not in the catalog"), "{line}");
    assert!(!place.has_database());
    place.write("integrations.toml", head);
    place.serve(&["--integrations", "integrations.toml"]);
    // A catalog of one's own leaves out what it has no scopes for, and says so.
    place.write("catalog.toml", "[[scope]]\nname = \"a-read\"\nlabel = \"A Read\"\ndescription = \"See.\"\n");
    let server = place.serve(&["--catalog", "catalog.toml"]);
    wait_for("the log's line", || server.log().contains("integration=e-verify").then_some(()));
}
