//! One server on a file, and the command line beside it.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::count;
use super::race::{self, Maker};
use crate::support::Place;

const OPEN: [&str; 4] = ["--rate-limit", "off", "--trusted-proxies", "127.0.0.1"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_server_revokes_is_refused_after_the_reply() {
    let place = Place::new();
    place.add_rep("ann@example.com", &[]);
    let server = place.serve(&OPEN);
    let maker = Arc::new(Maker::at(&place.database_url(), "ann@example.com").await);
    let count = count(40, 10_000);
    let races = race::run(&[server.url().to_owned()], maker, count, 4, None).await;
    assert_eq!(races.refused.load(Ordering::SeqCst), count);
    assert_eq!((races.repeated.load(Ordering::SeqCst), races.unanswered.load(Ordering::SeqCst)), (0, 0));
    assert!(races.let_in.load(Ordering::SeqCst) > 0, "{races:?}");
}

#[test]
fn a_second_server_does_not_serve_from_the_same_file() {
    let place = Place::new();
    let server = place.serve(&[]);
    let second = place.run(&["serve", "--listen", "127.0.0.1:0"]);
    assert!(second.failure(5).starts_with("another server serves from "), "{second:?}");
    server.kill();
    place.serve(&[]);
}

#[test]
fn a_file_has_one_server_however_it_is_named() {
    let place = Place::new();
    let server = place.serve(&[]);
    std::os::unix::fs::symlink(place.path("latchkey.db"), place.path("other.db")).unwrap();
    let by_link = place.on(&format!("sqlite://{}", place.path("other.db").display()));
    let second = by_link.run(&["serve", "--listen", "127.0.0.1:0"]);
    assert!(second.failure(5).starts_with("another server serves from "), "{second:?}");
    server.kill();
}

#[test]
fn nobody_serves_where_it_cannot_be_told_whether_another_does() {
    let place = Place::new();
    std::fs::create_dir(place.path("latchkey.db-serving")).unwrap();
    let refused = place.run(&["serve", "--listen", "127.0.0.1:0"]);
    assert!(refused.failure(5).starts_with("whether another server serves from "), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_command_revokes_is_refused_when_it_returns() {
    let place = Arc::new(Place::new());
    place.add_rep("ann@example.com", &[]);
    let server = place.serve(&OPEN);
    let maker = Arc::new(Maker::at(&place.database_url(), "ann@example.com").await);
    let count = count(8, 500);
    let command = {
        let place = Arc::clone(&place);
        move |sid: &str| drop(place.run(&["token", "revoke", sid]).json())
    };
    let races = race::run(&[server.url().to_owned()], maker, count, 2, Some(Arc::new(command))).await;
    assert_eq!(races.refused.load(Ordering::SeqCst), count);
    assert!(races.let_in.load(Ordering::SeqCst) > 0, "{races:?}");
}
