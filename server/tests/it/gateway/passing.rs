//! What passes through, and that it does not wait for its end.

use super::support::{EMPLOYEES, Site};

const WEBSOCKET: [&str; 4] = [
    "connection: keep-alive, Upgrade",
    "upgrade: WebSocket",
    "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==",
    "sec-websocket-version: 13",
];

#[tokio::test]
async fn path_and_query_are_sent_on_byte_for_byte() {
    let site = Site::start().await;
    for target in ["?", "?x=%2f%2F&y=../..//&;=?/", "/a%C3%A9-%20~?after=%00", "/x"] {
        let target = format!("{EMPLOYEES}{target}");
        let mut vendor = site.send(&format!("GET {target}"), &["connection: close"]).await;
        let mut upstream = site.reached().await;
        let head = upstream.head().await;
        assert!(head.starts_with(&format!("GET {target} HTTP/1.1\r\n")), "{head}");
        upstream.send("HTTP/1.1 299 Well\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok").await;
        let answer = vendor.rest().await;
        assert!(answer.starts_with("HTTP/1.1 299 ") && answer.ends_with("\r\n\r\nok"), "{answer}");
    }
}

#[tokio::test]
async fn a_download_arrives_as_it_comes() {
    let site = Site::start().await;
    let mut vendor = site.send(&format!("GET {EMPLOYEES}"), &["accept: text/event-stream"]).await;
    let mut upstream = site.reached().await;
    upstream.head().await;
    upstream.send("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n").await;
    assert!(vendor.head().await.contains("content-type: text/event-stream"));
    for event in ["data: one\n\n", "data: two\n\n"] {
        upstream.send(&format!("b\r\n{event}\r\n")).await;
        vendor.read_until(&format!("B\r\n{event}\r\n")).await;
    }
    assert_eq!(site.open_exchanges(), 1);
    upstream.send("0\r\n\r\n").await;
    assert_eq!(vendor.read_until("0\r\n\r\n").await, "0\r\n\r\n");
    site.has_come_to_rest().await;
}

#[tokio::test]
async fn an_upload_reaches_the_upstream_as_it_comes() {
    let site = Site::start().await;
    let mut vendor = site.send(&format!("POST {EMPLOYEES}"), &["content-length: 8", "expect: 100-continue"]).await;
    let mut upstream = site.reached().await;
    assert!(upstream.head().await.contains("content-length: 8\r\n"));
    assert!(vendor.head().await.starts_with("HTTP/1.1 100 "));
    vendor.send("four").await;
    upstream.read_until("four").await;
    vendor.send("more").await;
    upstream.read_until("more").await;
    upstream.send("HTTP/1.1 201 Created\r\nlocation: /api/v1/employees/7\r\ncontent-length: 0\r\n\r\n").await;
    assert!(vendor.head().await.contains("location: /api/v1/employees/7\r\n"));

    let mut vendor = site.send(&format!("POST {EMPLOYEES}"), &["transfer-encoding: chunked"]).await;
    let head = upstream.head().await;
    assert!(head.contains("transfer-encoding: chunked\r\n") && !head.contains("content-length"), "{head}");
    vendor.send("4\r\nfour\r\n").await;
    upstream.read_until("4\r\nfour\r\n").await;
    vendor.send("0\r\nx-latchkey-sid: forged\r\n\r\n").await;
    assert_eq!(upstream.read_until("0\r\n\r\n").await, "0\r\n\r\n");
    upstream.send("HTTP/1.1 204 No Content\r\n\r\n").await;
    assert!(vendor.head().await.starts_with("HTTP/1.1 204 "));
}

#[tokio::test]
async fn head_is_forwarded_as_head() {
    let site = Site::start().await;
    for (answered, expected) in [("content-length: 123\r\n", true), ("", false)] {
        let mut vendor = site.send(&format!("HEAD {EMPLOYEES}"), &["connection: close"]).await;
        let mut upstream = site.reached().await;
        assert!(upstream.head().await.starts_with("HEAD /"));
        upstream.send(&format!("HTTP/1.1 200 OK\r\nconnection: close\r\n{answered}\r\n")).await;
        let answer = vendor.rest().await;
        assert!(answer.ends_with("\r\n\r\n"), "{answer}");
        assert_eq!(answer.contains("content-length: 123\r\n"), expected, "{answer}");
        assert_eq!(answer.contains("content-length"), expected, "{answer}");
    }
}

#[tokio::test]
async fn a_websocket_becomes_a_tunnel() {
    let site = Site::start().await;
    let mut vendor = site.send(&format!("GET {EMPLOYEES}"), &WEBSOCKET).await;
    let mut upstream = site.reached().await;
    let head = upstream.head().await;
    for line in ["connection: upgrade", "upgrade: websocket", WEBSOCKET[2], WEBSOCKET[3]] {
        assert!(head.contains(&format!("{line}\r\n")), "{line}: {head}");
    }
    upstream
        .send("HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-accept: x\r\n\r\nhi")
        .await;
    let head = vendor.head().await;
    assert!(head.starts_with("HTTP/1.1 101 ") && head.contains("sec-websocket-accept: x\r\n"), "{head}");
    assert!(head.contains("upgrade: websocket\r\n") && head.contains("connection: upgrade\r\n"), "{head}");
    assert_eq!(vendor.read_until("hi").await, "hi");
    vendor.send("\0\u{1}frame").await;
    upstream.read_until("\0\u{1}frame").await;
    drop(vendor);
    assert_eq!(upstream.rest().await, "");
}

#[tokio::test]
async fn no_other_protocol_is_turned_to() {
    let site = Site::start().await;
    let target = format!("GET {EMPLOYEES}");
    for lines in [
        &["connection: upgrade, http2-settings", "upgrade: h2c", "http2-settings: AAMAAABkAARAAAAA"][..],
        &["connection: upgrade", "upgrade: websocket, h2c"],
        &["connection: upgrade", "upgrade: websocket", "upgrade: h2c"],
        &["upgrade: websocket"],
    ] {
        let mut vendor = site.send(&target, lines).await;
        let mut upstream = site.reached().await;
        let head = upstream.head().await;
        assert!(!head.contains("upgrade") && !head.contains("http2-settings"), "{head}");
        upstream.send("HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n").await;
        assert!(vendor.head().await.starts_with("HTTP/1.1 502 "));
    }
    // Nor is it where the upstream turns to something else than was asked for.
    let mut vendor = site.send(&target, &WEBSOCKET).await;
    let mut upstream = site.reached().await;
    upstream.head().await;
    upstream.send("HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n").await;
    assert!(vendor.head().await.starts_with("HTTP/1.1 502 "));
    // An upstream that declines is passed back like any other.
    let mut vendor = site.send(&target, &WEBSOCKET).await;
    let mut upstream = site.reached().await;
    upstream.head().await;
    upstream.send("HTTP/1.1 426 Upgrade Required\r\nupgrade: other\r\ncontent-length: 0\r\n\r\n").await;
    let head = vendor.head().await;
    assert!(head.starts_with("HTTP/1.1 426 ") && !head.contains("upgrade:"), "{head}");
}
