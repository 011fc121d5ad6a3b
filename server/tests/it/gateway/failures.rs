//! An upstream that does not answer, and requests that must not reach it.

use std::time::Duration;

use latchkey_server::gateway::{Gateway, Limits, Upstream};
use tokio::net::TcpListener;

use super::support::{EMPLOYEES, Site};
use crate::support::{Caller as _, TestApp};

fn impatient() -> Limits {
    let (idle, check) = (Duration::from_millis(200), Duration::from_millis(50));
    Limits { idle, check, ..Limits::default() }
}

#[tokio::test]
async fn an_upstream_that_is_not_there_is_502() {
    let address = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let upstream = Upstream::parse(&format!("http://{address}")).unwrap();
    let app = TestApp::start_before(Gateway::new(upstream, Limits::default()).unwrap()).await;
    let vendor = app.vendor("employee-read").await;
    let answer = vendor.get(EMPLOYEES).await;
    assert_eq!(answer.refusal(), (502, "upstream_unreachable".to_owned()));
    assert_eq!(answer.header("cache-control"), "no-store");
    assert!(!answer.header("latchkey-token-expires").is_empty() && !answer.header("x-request-id").is_empty());
    // What is Latchkey's own does not need it.
    assert_eq!(vendor.get("/api/v1/token").await.status, 200);
}

#[tokio::test]
async fn an_upstream_that_makes_no_sense_is_502() {
    let site = Site::start().await;
    for answer in ["", "nonsense\r\n\r\n", "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\n\r\n"] {
        let mut vendor = site.send(&format!("GET {EMPLOYEES}"), &[]).await;
        let mut upstream = site.reached().await;
        upstream.head().await;
        upstream.send(answer).await;
        drop(upstream);
        assert!(vendor.head().await.starts_with("HTTP/1.1 502 "), "{answer}");
    }
}

#[tokio::test]
async fn an_upstream_that_does_not_answer_is_504() {
    let site = Site::start_with(impatient()).await;
    let mut vendor = site.send(&format!("GET {EMPLOYEES}"), &["connection: close"]).await;
    let mut upstream = site.reached().await;
    upstream.head().await;
    let answer = vendor.rest().await;
    assert!(answer.starts_with("HTTP/1.1 504 ") && answer.contains("\"upstream_timeout\""), "{answer}");
    assert_eq!(upstream.rest().await, "");
}

#[tokio::test]
async fn a_client_that_does_not_send_is_408() {
    let site = Site::start_with(impatient()).await;
    let mut vendor = site.send(&format!("POST {EMPLOYEES}"), &["content-length: 9"]).await;
    let mut upstream = site.reached().await;
    assert!(vendor.head().await.starts_with("HTTP/1.1 408 "));
    upstream.rest().await;
}

#[tokio::test]
async fn an_answer_that_stops_is_broken_off() {
    let site = Site::start_with(impatient()).await;
    let mut vendor = site.send(&format!("GET {EMPLOYEES}"), &[]).await;
    let mut upstream = site.reached().await;
    upstream.head().await;
    upstream.send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\none\r\n").await;
    assert!(vendor.rest().await.ends_with("3\r\none\r\n"));
    assert_eq!(upstream.rest().await, "");
}

#[tokio::test]
async fn what_is_refused_never_reaches_the_upstream() {
    let site = Site::start().await;
    let reader = site.app.token("contact-read").await;
    let good = format!("authorization: Bearer {}", site.token.secret);
    let lacking = format!("authorization: Bearer {}", reader.secret);
    for (line, credential, status) in [
        ("GET /api/v1/employees", &lacking, 403),
        ("GET /api/v1/employees", &"accept: */*".to_owned(), 401),
        ("GET /api/v1/employees", &"authorization: Bearer nonsense".to_owned(), 401),
        ("GET /api/v1/nothing", &good, 404),
        ("PATCH /api/v1/employees", &good, 405),
        ("TRACE /api/v1/employees", &good, 405),
        ("GET /api/v1/employees/..", &good, 400),
        ("GET /api/v1/employees?access_token=x", &good, 400),
        ("GET /api/v1/token", &good, 200),
    ] {
        let mut vendor = site.send_as(line, &[credential, "expect: 100-continue"]).await;
        let head = vendor.head().await;
        assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{line}: {head}");
    }
    assert!(site.was_never_reached().await);
}
