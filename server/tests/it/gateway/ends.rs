//! What ends an exchange before its time: its token, its client, the database.

use std::time::Duration;

use latchkey_server::gateway::Limits;
use tokio::time::Instant;

use super::support::{EMPLOYEES, Site, Wire};

/// The most that an exchange may outlive its token.
const AT_ONCE: Duration = Duration::from_secs(1);
const BEGUN: &str = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\none\r\n";

/// A download of which a part has arrived.
async fn download(site: &Site) -> (Wire, Wire) {
    let mut vendor = site.send(&format!("GET {EMPLOYEES}"), &[]).await;
    let mut upstream = site.reached().await;
    upstream.head().await;
    upstream.send(BEGUN).await;
    vendor.read_until("one\r\n").await;
    (vendor, upstream)
}

/// An upload of which a part has arrived.
async fn upload(site: &Site) -> (Wire, Wire) {
    let mut vendor = site.send(&format!("POST {EMPLOYEES}"), &["content-length: 100"]).await;
    let mut upstream = site.reached().await;
    vendor.send("one").await;
    upstream.read_until("one").await;
    (vendor, upstream)
}

async fn websocket(site: &Site) -> (Wire, Wire) {
    let lines = ["connection: upgrade", "upgrade: websocket"];
    let mut vendor = site.send(&format!("GET {EMPLOYEES}"), &lines).await;
    let mut upstream = site.reached().await;
    upstream.head().await;
    upstream.send("HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\none").await;
    vendor.read_until("\r\n\r\none").await;
    (vendor, upstream)
}

#[tokio::test]
async fn a_revoked_token_ends_what_goes_on_in_its_name() {
    let site = Site::start().await;
    let (mut download, mut upload, mut websocket) =
        (download(&site).await, upload(&site).await, websocket(&site).await);
    // Another token's exchange goes on.
    let other = site.app.token("employee-read").await;
    let mut others =
        site.send_as(&format!("GET {EMPLOYEES}"), &[&format!("authorization: Bearer {}", other.secret)]).await;
    let mut others_upstream = site.reached().await;
    others_upstream.head().await;

    site.app.revoke(site.token.sid).await;
    let revoked = Instant::now();
    assert_eq!(download.0.rest().await, "");
    assert_eq!(websocket.0.rest().await, "");
    assert!(upload.0.head().await.starts_with("HTTP/1.1 401 "));
    for upstream in [&mut download.1, &mut upload.1, &mut websocket.1] {
        assert_eq!(upstream.rest().await, "");
    }
    assert!(revoked.elapsed() < AT_ONCE, "{:?}", revoked.elapsed());

    assert_eq!(site.open_exchanges(), 1);
    others_upstream.send("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await;
    others.read_until("ok").await;
}

#[tokio::test]
async fn so_does_an_expired_one() {
    let site = Site::start().await;
    let (mut vendor, mut upstream) = download(&site).await;
    site.app.set_now(site.token.expires_at);
    let expired = Instant::now();
    assert_eq!((vendor.rest().await, upstream.rest().await), (String::new(), String::new()));
    assert!(expired.elapsed() < AT_ONCE, "{:?}", expired.elapsed());
}

#[tokio::test]
async fn so_does_a_disabled_owner() {
    let site = Site::start().await;
    let (mut vendor, mut upstream) = websocket(&site).await;
    site.app.set_disabled("ann@example.com", true).await;
    let disabled = Instant::now();
    assert_eq!((vendor.rest().await, upstream.rest().await), (String::new(), String::new()));
    assert!(disabled.elapsed() < AT_ONCE, "{:?}", disabled.elapsed());
}

#[tokio::test]
async fn an_ended_exchange_lets_the_upstream_go_though_its_client_reads_nothing() {
    let site = Site::start().await;
    let (vendor, mut upstream) = download(&site).await;
    let flood = format!("100000\r\n{}\r\n", "x".repeat(0x10_0000));
    // Until no more is taken, on any side.
    while tokio::time::timeout(Duration::from_millis(300), upstream.send(&flood)).await.is_ok() {}
    site.app.revoke(site.token.sid).await;
    let revoked = Instant::now();
    assert_eq!(upstream.rest().await, "");
    assert!(revoked.elapsed() < AT_ONCE, "{:?}", revoked.elapsed());
    drop(vendor);
}

#[tokio::test]
async fn a_client_that_leaves_takes_its_request_back() {
    let site = Site::start().await;
    for begin in [true, false] {
        let vendor = site.send(&format!("GET {EMPLOYEES}"), &[]).await;
        let mut upstream = site.reached().await;
        upstream.head().await;
        if begin {
            upstream.send(BEGUN).await;
        }
        drop(vendor);
        assert_eq!(upstream.rest().await, "");
    }
    let (vendor, mut upstream) = upload(&site).await;
    drop(vendor);
    assert_eq!(upstream.rest().await, "");
    site.has_come_to_rest().await;
}

#[tokio::test]
async fn without_the_database_they_end_in_time() {
    let limits = Limits { unproved: Duration::from_secs(1), check: Duration::from_millis(50), ..Limits::default() };
    let site = Site::start_with(limits).await;
    let (mut vendor, mut upstream) = download(&site).await;
    let waiting = site.send(&format!("GET {EMPLOYEES}"), &[]).await;
    let mut waiting_upstream = site.reached().await;
    waiting_upstream.head().await;
    site.app.store.close().await;
    let closed = Instant::now();
    assert_eq!((vendor.rest().await, upstream.rest().await), (String::new(), String::new()));
    let took = closed.elapsed();
    assert!(took > Duration::from_millis(700) && took < Duration::from_secs(2), "{took:?}");
    let mut waiting = waiting;
    assert!(waiting.head().await.starts_with("HTTP/1.1 503 "));
}
