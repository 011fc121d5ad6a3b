//! However suddenly a process ends, no token that was generated in a set-up lives without its account, and no account
//! is active without its token.
//!
//! The test starts itself once more, as a process that sets accounts up, and kills that at some point, again and again.
//! After each time the database is looked at from the side, and a server is asked about every token that was answered
//! for.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};

use sqlx::{AnyConnection, Connection as _, Row as _};

use crate::office::{ADMIN, Office};
use crate::support::{Place, client, is_full};

const NAME: &str = "external_accounts::a_kill_parts_no_token_from_its_account";
/// The database that the started process works on, and where it begins to count.
const WORKER: &str = "TEST_ACCOUNTS_DATABASE";
const ROUND: &str = "TEST_ACCOUNTS_ROUND";

/// What an answer promised of a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Promise {
    /// It opens; it reads its account if that is active.
    Draft,
    Active,
    Ended,
    /// What was asked last of it was not answered.
    Open,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_parts_no_token_from_its_account() {
    if let Ok(database) = std::env::var(WORKER) {
        let round = std::env::var(ROUND).unwrap();
        work(&Office::at(&database, None).await, &round).await;
        return;
    }
    let rounds: u32 = if is_full() { 60 } else { 8 };
    let place = Place::new();
    place.add_rep(ADMIN, &["--admin"]);
    let mut promises: HashMap<String, Promise> = HashMap::new();
    for round in 0..rounds {
        // Each time a little later: every step is met in the middle sooner or later.
        run_and_kill(&place, round, 3 + 5 * (round % 7), &mut promises);
        assert_eq!(orphans(&place).await, (0, 0), "round {round}");
        let server = place.serve(&["--rate-limit", "off", "--trusted-proxies", "127.0.0.1"]);
        for (secret, promise) in &mut promises {
            let status = async |path: &str| {
                let request = client().get(format!("{}{path}", server.url())).bearer_auth(secret);
                request.send().await.unwrap().status().as_u16()
            };
            let found = match (status("/api/v1/token").await, status("/api/v1/external-service-account").await) {
                (401, 401) => Promise::Ended,
                (200, 404) => Promise::Draft,
                (200, 200) => Promise::Active,
                other => panic!("round {round}: {other:?}"),
            };
            assert!(*promise == Promise::Open || *promise == found, "round {round}: {promise:?}, found {found:?}");
            *promise = found;
        }
    }
    let count = |wanted| promises.values().filter(|promise| **promise == wanted).count();
    assert!(count(Promise::Active) > 0 && count(Promise::Ended) > 0, "{}", promises.len());
}

/// Lets the process work until it has answered so often, and ends it.
fn run_and_kill(place: &Place, round: u32, answers: u32, promises: &mut HashMap<String, Promise>) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", NAME, "--nocapture"])
        .env(WORKER, place.database_url())
        .env(ROUND, round.to_string())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut answered = 0;
    let mut note = |line: &str| -> bool {
        let Some((what, secret)) = line.strip_prefix("account: ").and_then(|line| line.split_once(' ')) else {
            return false;
        };
        let promise = match what {
            "draft" => Promise::Draft,
            "active" => Promise::Active,
            "ended" => Promise::Ended,
            "asked" => Promise::Open,
            other => panic!("{other}"),
        };
        promises.insert(secret.to_owned(), promise);
        promise != Promise::Open
    };
    while answered < answers {
        let line = lines.next().unwrap().unwrap();
        answered += u32::from(note(&line));
    }
    child.kill().unwrap();
    // What was said before the end counts too.
    for line in lines.map_while(Result::ok) {
        note(&line);
    }
    child.wait().unwrap();
}

/// Live tokens of integrations without an account, and active accounts without a token.
async fn orphans(place: &Place) -> (i64, i64) {
    sqlx::any::install_default_drivers();
    let mut database = AnyConnection::connect(&place.database_url()).await.unwrap();
    let row = sqlx::query(
        "SELECT (SELECT COUNT(*) FROM token WHERE source = 'integration' AND revoked_at IS NULL \
         AND sid NOT IN (SELECT token FROM external_account WHERE token IS NOT NULL)) AS tokens, \
         (SELECT COUNT(*) FROM external_account WHERE state = 'active' \
         AND (token IS NULL OR token NOT IN (SELECT sid FROM token))) AS accounts",
    )
    .fetch_one(&mut database)
    .await
    .unwrap();
    let found = (row.get("tokens"), row.get("accounts"));
    database.close().await.unwrap();
    found
}

/// Sets accounts up, gives them tokens and takes them away, for ever; says what it is about to do and what is done.
async fn work(office: &Office, round: &str) {
    let say = |what: &str, secret: &str| {
        let mut stdout = std::io::stdout().lock();
        writeln!(stdout, "account: {what} {secret}").unwrap();
        stdout.flush().unwrap();
    };
    for number in 0_u32.. {
        let id = office.draft(&format!("Branch {round}-{number}")).await;
        let mut secret = office.generate(id, false).await;
        say("draft", &secret);
        if number % 3 == 1 {
            say("asked", &secret);
            let next = office.generate(id, false).await;
            say("ended", &secret);
            say("draft", &next);
            secret = next;
        }
        say("asked", &secret);
        if number % 4 == 2 {
            office.cancel(id).await;
            say("ended", &secret);
            continue;
        }
        office.submit(id).await;
        say("active", &secret);
        if number % 2 == 0 {
            say("asked", &secret);
            let next = office.generate(id, true).await;
            say("ended", &secret);
            say("active", &next);
            secret = next;
        }
        if number % 5 == 3 {
            say("asked", &secret);
            office.revoke(id).await;
            say("ended", &secret);
        }
    }
}
