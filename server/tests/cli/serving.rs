//! `latchkey serve`: what it says, how it ends, and what reaches it from other commands.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use sqlx::{Connection as _, Executor as _};

use crate::support::{PATIENCE, Place, Server, client, is_full, wait_for};

const REQUEST: &str = "GET /healthz HTTP/1.1\r\nhost: latchkey\r\n\r\n";

/// A connection on which something was sent.
fn send(server: &Server, text: &str) -> TcpStream {
    let mut stream = TcpStream::connect(server.address()).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(text.as_bytes()).unwrap();
    stream
}

/// Everything up to and with `end`, or up to the end of the connection.
fn read_until(stream: &mut TcpStream, end: &str) -> String {
    let mut text = Vec::new();
    let mut byte = [0];
    while !text.ends_with(end.as_bytes()) && matches!(stream.read(&mut byte), Ok(1)) {
        text.push(byte[0]);
    }
    String::from_utf8(text).unwrap()
}

async fn status(url: &str, token: &Value) -> u16 {
    let request = client().get(format!("{url}/api/v1/token")).bearer_auth(token["auth_token"].as_str().unwrap());
    request.send().await.unwrap().status().as_u16()
}

#[test]
fn one_line_says_where_it_listens_and_where_to_begin() {
    let place = Place::new();
    let server = place.serve(&[]);
    let setup = server.ready["setup"].as_str().unwrap().to_owned();
    assert_eq!(server.ready, json!({ "listening": server.url(), "setup": setup }));
    assert!(setup.starts_with(&format!("{}/setup?code=", server.url())), "{setup}");
    server.kill();

    let server = place.serve(&["--public-url", "https://PAT.example.com/"]);
    let renewed = server.ready["setup"].as_str().unwrap().to_owned();
    assert!(renewed.starts_with("https://pat.example.com/setup?code="), "{renewed}");
    assert_ne!(renewed.rsplit_once('='), setup.rsplit_once('='));
    server.kill();

    place.add_rep("ann@example.com", &["--admin"]);
    assert_eq!(place.serve(&[]).ready["setup"], Value::Null);
}

#[test]
fn beyond_this_machine_it_listens_where_that_is_asked_for() {
    let place = Place::new();
    let server = place.serve(&["--listen", "0.0.0.0:0", "--insecure-http"]);
    assert!(server.ready["setup"].as_str().unwrap().starts_with("http://localhost:"));
    server.kill();
}

#[tokio::test]
async fn changes_by_other_commands_hold_when_those_return() {
    let place = Place::new();
    place.add_rep("ann@example.com", &[]);
    let server = place.serve(&[]);
    for number in 0..5 {
        let token = place.add_token(&format!("Token {number}"));
        assert_eq!(status(server.url(), &token).await, 200);
        place.run(&["token", "revoke", token["account_sid"].as_str().unwrap()]).json();
        assert_eq!(status(server.url(), &token).await, 401);
    }
}

#[tokio::test]
async fn uses_of_tokens_are_written_down_at_the_end() {
    let place = Place::new();
    place.add_rep("ann@example.com", &[]);
    let token = place.add_token("x");
    let mut server = place.serve(&[]);
    assert_eq!(status(server.url(), &token).await, 200);
    server.signal("TERM");
    assert_eq!(server.wait().0.code(), Some(0));
    assert!(place.run(&["token", "list"]).json()["last_used_at"].is_string());
}

#[tokio::test]
async fn uses_of_tokens_are_written_down_while_it_serves() {
    let place = Place::new();
    place.add_rep("ann@example.com", &[]);
    let token = place.add_token("x");
    let server = place.serve(&[]);
    assert_eq!(status(server.url(), &token).await, 200);
    let used = wait_for("the use", || place.run(&["token", "list"]).json()["last_used_at"].as_str().map(str::to_owned));
    assert!(!used.is_empty());
    server.kill();
}

#[tokio::test]
async fn uses_of_tokens_are_written_down_at_the_end_also_where_that_takes_a_while() {
    let place = Place::new();
    place.add_rep("ann@example.com", &[]);
    let token = place.add_token("x");
    let mut server = place.serve(&[]);
    sqlx::any::install_default_drivers();
    let mut other = sqlx::AnyConnection::connect(&place.database_url()).await.unwrap();
    other.execute("BEGIN IMMEDIATE").await.unwrap();
    assert_eq!(status(server.url(), &token).await, 200);
    server.signal("TERM");
    // As long as writing a hundred thousand uses takes on a slow disk, nobody gives up.
    let begun = Instant::now();
    wait_for("two seconds", || {
        assert!(server.is_running());
        (begun.elapsed() > Duration::from_secs(2)).then_some(())
    });
    other.execute("ROLLBACK").await.unwrap();
    let (status, took) = server.wait();
    assert_eq!(status.code(), Some(0));
    assert!(took < Duration::from_secs(10), "{took:?}");
    assert!(place.run(&["token", "list"]).json()["last_used_at"].is_string(), "{}", server.log());
}

#[test]
fn a_signal_ends_it_in_time_whoever_is_still_connected() {
    for signal in ["TERM", "INT"] {
        let place = Place::new();
        let mut server = place.serve(&[]);
        let mut idle = send(&server, REQUEST);
        assert!(read_until(&mut idle, "ok\n").ends_with("ok\n"));
        let silent = send(&server, "");
        let half_sent = send(&server, "GET /healthz HTTP/1.1\r\nhost: la");
        let mut without_body =
            send(&server, "POST /api/v1/employees HTTP/1.1\r\nhost: latchkey\r\ncontent-length: 9\r\n\r\n");
        assert!(read_until(&mut without_body, "\r\n").contains("401"));
        server.signal(signal);
        let (status, took) = server.wait();
        assert_eq!(status.code(), Some(0), "{signal}");
        assert!(took < Duration::from_secs(10), "{signal}: {took:?}");
        for mut connection in [idle, silent, half_sent] {
            assert_eq!(read_until(&mut connection, "\0"), "");
        }
        // The database was closed in good order: nothing is left beside it.
        assert!(!place.path("latchkey.db-wal").exists(), "{signal}");
    }
}

#[test]
fn without_open_connections_it_ends_at_once() {
    let place = Place::new();
    let mut server = place.serve(&[]);
    server.signal("TERM");
    let (status, took) = server.wait();
    assert_eq!(status.code(), Some(0));
    assert!(took < Duration::from_secs(5), "{took:?}");
}

#[test]
fn a_second_server_on_the_same_address_leaves_the_first_alone() {
    let place = Place::new();
    let server = place.serve(&[]);
    assert!(place.run(&["serve", "--listen", server.address()]).failure(5).contains(server.address()));
    assert!(read_until(&mut send(&server, REQUEST), "ok\n").ends_with("ok\n"));
}

#[tokio::test]
async fn requests_are_logged_without_query_and_credential() {
    let place = Place::new();
    place.add_rep("ann@example.com", &[]);
    let token = place.add_token("x");
    let server = place.serve(&[]);
    let secret = token["auth_token"].as_str().unwrap();
    let request = client().get(format!("{}/api/v1/employees?after=hunter2", server.url())).bearer_auth(secret);
    let answer = request.send().await.unwrap();
    let id = answer.headers()["x-request-id"].to_str().unwrap().to_owned();
    let find = |log: &str| log.lines().find(|line| line.contains(&id)).map(str::to_owned);
    let line = wait_for("the line in the log", || find(&server.log()));
    for part in ["method=GET", "path=\"/api/v1/employees\"", "status=400", "milliseconds="] {
        assert!(line.contains(part), "{part}: {line}");
    }
    let log = server.log();
    assert!(!log.contains("hunter2") && !log.contains(&secret[..20]), "{log}");
    assert_eq!(log.lines().filter(|line| line.contains(&id)).count(), 1, "{log}");
}

#[test]
fn an_answer_without_content_says_no_length() {
    // RFC 9110 section 8.6: no Content-Length with a 204.
    let place = Place::new();
    place.add_rep("ann@example.com", &[]);
    let token = place.add_token("x");
    let server = place.serve(&[]);
    let secret = token["auth_token"].as_str().unwrap();
    let request = format!("DELETE /api/v1/token HTTP/1.1\r\nhost: latchkey\r\nauthorization: Bearer {secret}\r\n\r\n");
    let head = read_until(&mut send(&server, &request), "\r\n\r\n");
    assert!(head.starts_with("HTTP/1.1 204 ") && !head.to_lowercase().contains("content-length"), "{head}");
}

#[test]
fn slow_clients_are_cut_off() {
    if !is_full() {
        return;
    }
    let place = Place::new();
    place.add_rep("ann@example.com", &[]);
    let token = place.add_token("x");
    let server = place.serve(&[]);
    // A head within 10 seconds, a body within 30.
    assert_eq!(read_until(&mut send(&server, "GET /healthz HTTP/1.1\r\n"), "\0"), "");
    let secret = token["auth_token"].as_str().unwrap();
    let request = format!(
        "POST /api/v1/employees HTTP/1.1\r\nhost: latchkey\r\nauthorization: Bearer {secret}\r\n\
         content-type: application/json\r\ncontent-length: 100\r\n\r\n{{"
    );
    let answer = read_until(&mut send(&server, &request), "\r\n");
    assert!(answer.contains("408"), "{answer}");
}

#[tokio::test]
async fn the_api_can_have_an_address_of_its_own() {
    let place = Place::new();
    place.add_rep("ann@example.com", &[]);
    let token = place.add_token("Payroll");
    let server = place.serve(&["--api-listen", "127.0.0.1:0"]);
    let (pages, api) = (server.url(), server.ready["api_listening"].as_str().unwrap());
    let get = async |url: &str, path: &str| {
        let request = client().get(format!("{url}{path}")).bearer_auth(token["auth_token"].as_str().unwrap());
        request.send().await.unwrap().status().as_u16()
    };
    assert_eq!((get(api, "/api/v1/employees").await, get(pages, "/api/v1/employees").await), (200, 404));
    for path in ["/api/v1/token", "/healthz", "/api/docs", "/api/openapi.json"] {
        assert_eq!((get(api, path).await, get(pages, path).await), (200, 200), "{path}");
    }
    for page in ["/sign-in", "/settings/general", "/nothing"] {
        let answer = client().get(format!("{api}{page}")).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), 404, "{page}");
    }
    assert_eq!(client().get(format!("{pages}/sign-in")).send().await.unwrap().status().as_u16(), 200);
}
