//! The machine's clock set back and forward under servers that run: neither revives a token nor ends one beyond the
//! step, and a revocation is final at once all the same.
//!
//! The clock is libfaketime's, which a server reads in place of the machine's; what is measured in durations goes by
//! the machine's own.

use std::fs;
use std::path::PathBuf;

use latchkey_throwaway_postgres::Cluster;
use serde_json::Value;

use crate::support::{Place, Server, client, is_full};

/// A clock that is so many days off.
struct Clock {
    file: PathBuf,
    unfinished: PathBuf,
    library: PathBuf,
}

impl Clock {
    /// One that goes as the machine's.
    fn new(place: &Place) -> Self {
        let clock = Self { file: place.path("clock"), unfinished: place.path("clock.unfinished"), library: library() };
        clock.set(0);
        clock
    }

    /// Sets it to so many days after now.
    fn set(&self, days: i32) {
        // At once: one that is read halfway would be the machine's.
        fs::write(&self.unfinished, format!("{days:+}d\n")).unwrap();
        fs::rename(&self.unfinished, &self.file).unwrap();
    }

    /// Starts a server that goes by it.
    fn serve(&self, place: &Place) -> Server {
        let variables = [
            ("LD_PRELOAD", self.library.to_str().unwrap()),
            ("FAKETIME_TIMESTAMP_FILE", self.file.to_str().unwrap()),
            ("FAKETIME_NO_CACHE", "1"),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
            ("NO_FAKE_STAT", "1"),
        ];
        place.serve_with(&["--rate-limit", "off"], &variables)
    }
}

/// Where Debian's package has it.
fn library() -> PathBuf {
    let folders = fs::read_dir("/usr/lib").unwrap().map(|folder| folder.unwrap().path());
    let mut files = folders.map(|folder| folder.join("faketime/libfaketimeMT.so.1"));
    files.find(|file| file.is_file()).unwrap_or_else(|| panic!("libfaketime is missing"))
}

fn secret(token: &Value) -> &str {
    token["auth_token"].as_str().unwrap()
}

async fn status(server: &Server, token: &Value) -> u16 {
    let own = format!("{}/api/v1/token", server.url());
    let answer = client().get(own).bearer_auth(secret(token)).send().await.unwrap();
    answer.status().as_u16()
}

#[tokio::test(flavor = "multi_thread")]
async fn steps_of_the_clock_neither_revive_nor_end_a_token() {
    if !is_full() {
        return;
    }
    let place = Place::new();
    place.add_rep("ann@example.com", &[]);
    let short = place.add_token("Ends first");
    let long =
        ["token", "add", "--rep", "ann@example.com", "--expires", "180d", "--all-scopes", "--description", "Long"];
    let long = place.run(&long).json();
    let clock = Clock::new(&place);
    let server = clock.serve(&place);
    for (days, expected) in [
        (0, (200, 200)),
        // Back, which changes nothing, however far.
        (-400, (200, 200)),
        (89, (200, 200)),
        // Forward beyond the one's end, and back again: that one stays ended, and the other was never touched.
        (100, (401, 200)),
        (0, (401, 200)),
        (-400, (401, 200)),
        (179, (401, 200)),
        (181, (401, 401)),
        (0, (401, 401)),
    ] {
        clock.set(days);
        assert_eq!((status(&server, &short).await, status(&server, &long).await), expected, "{days} days");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revocation_is_final_on_a_node_whose_clock_jumps() {
    if !is_full() {
        return;
    }
    let cluster = Cluster::start().unwrap();
    let place = Place::new().on(&cluster.create_database().unwrap());
    place.add_rep("ann@example.com", &["--admin"]);
    let clock = Clock::new(&place);
    let (steady, jumping) = (place.serve(&["--rate-limit", "off"]), clock.serve(&place));
    for (round, days) in [0, 1, -1, 30, 29, -365, 31, 0, 60, -60, 61, 0].into_iter().enumerate() {
        let token = place.add_token(&format!("Round {round}"));
        clock.set(days);
        assert_eq!((status(&jumping, &token).await, status(&steady, &token).await), (200, 200), "round {round}");
        clock.set(days - 1);
        let own = format!("{}/api/v1/token", steady.url());
        let revoked = client().delete(own).bearer_auth(secret(&token)).send().await.unwrap();
        assert_eq!(revoked.status().as_u16(), 204, "round {round}");
        assert_eq!(status(&jumping, &token).await, 401, "round {round}");
        clock.set(days);
        assert_eq!(status(&jumping, &token).await, 401, "round {round}");
    }
    // What has expired for the one that revokes it is revoked for the other.
    let token = place.add_token("Ahead");
    clock.set(400);
    assert_eq!((status(&jumping, &token).await, status(&steady, &token).await), (401, 200));
    let form = [("token", secret(&token))];
    let revoked = client().post(format!("{}/oauth2/revoke", jumping.url())).form(&form).send().await.unwrap();
    assert_eq!(revoked.status().as_u16(), 200);
    assert_eq!(status(&steady, &token).await, 401);
}
