//! Connections over real sockets: clients that are slow, silent, many, or still there at the end.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use axum::routing::get;
use latchkey_server::connections::{Door, Limits, serve};
use latchkey_server::tls::Tls;
use rcgen::CertifiedKey;
use rustls::crypto::ring;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, RootCertStore};
use tempfile::tempdir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nhost: latchkey\r\n\r\n";
/// Long enough for anything that is going to happen.
const PATIENCE: Duration = Duration::from_secs(20);

struct Server {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    ended: JoinHandle<()>,
}

async fn start(limits: Limits, app: Router) -> Server {
    start_with(None, limits, app).await
}

async fn start_with(tls: Option<Tls>, limits: Limits, app: Router) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel();
    let ended = tokio::spawn(serve(Door::new(listener, tls), app, limits, async {
        let _ = stopped.await;
    }));
    Server { address, stop, ended }
}

fn limits() -> Limits {
    Limits { concurrent: 8, head: Duration::from_millis(200), farewell: Duration::from_millis(200) }
}

fn hello() -> Router {
    Router::new().route("/", get(|ConnectInfo(peer): ConnectInfo<SocketAddr>| async move { peer.to_string() }))
}

/// Reads until the text `end`, or until the connection ends.
async fn read_until(stream: &mut TcpStream, end: &str) -> String {
    let mut text = String::new();
    let mut buffer = [0; 1024];
    while !text.ends_with(end) {
        match timeout(PATIENCE, stream.read(&mut buffer)).await.unwrap() {
            Ok(0) | Err(_) => break,
            Ok(length) => text.push_str(std::str::from_utf8(&buffer[..length]).unwrap()),
        }
    }
    text
}

async fn is_closed(stream: &mut TcpStream) -> bool {
    read_until(stream, "\0").await;
    let mut buffer = [0; 1];
    matches!(timeout(PATIENCE, stream.read(&mut buffer)).await.unwrap(), Ok(0) | Err(_))
}

#[tokio::test]
async fn a_handler_knows_the_clients_address() {
    let server = start(Limits::default(), hello()).await;
    let mut client = TcpStream::connect(server.address).await.unwrap();
    client.write_all(REQUEST).await.unwrap();
    let own = client.local_addr().unwrap().to_string();
    assert!(read_until(&mut client, &own).await.starts_with("HTTP/1.1 200 OK\r\n"));
}

#[tokio::test]
async fn clients_that_send_nothing_or_too_slowly_are_cut_off() {
    let server = start(limits(), hello()).await;
    for sent in [&b""[..], b"G", b"GET / HTTP/1.1\r\nhost: la", b"PRI * HT", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"] {
        let mut client = TcpStream::connect(server.address).await.unwrap();
        client.write_all(sent).await.unwrap();
        let started = Instant::now();
        assert!(is_closed(&mut client).await, "{sent:?}");
        assert!(started.elapsed() < Duration::from_secs(5), "{sent:?}");
    }
}

#[tokio::test]
async fn a_connection_is_used_again_and_closed_when_idle() {
    let server = start(limits(), hello()).await;
    let mut client = TcpStream::connect(server.address).await.unwrap();
    let own = client.local_addr().unwrap().to_string();
    for _ in 0..3 {
        client.write_all(REQUEST).await.unwrap();
        assert!(read_until(&mut client, &own).await.ends_with(&own));
    }
    assert!(is_closed(&mut client).await);
}

#[tokio::test]
async fn a_client_too_many_waits_for_another_to_leave() {
    let server = start(Limits { concurrent: 1, head: PATIENCE, ..limits() }, hello()).await;
    let mut first = TcpStream::connect(server.address).await.unwrap();
    first.write_all(REQUEST).await.unwrap();
    let own = first.local_addr().unwrap().to_string();
    read_until(&mut first, &own).await;

    let mut second = TcpStream::connect(server.address).await.unwrap();
    second.write_all(REQUEST).await.unwrap();
    let mut buffer = [0; 1];
    assert!(timeout(Duration::from_millis(200), second.read(&mut buffer)).await.is_err());
    drop(first);
    assert_eq!(timeout(PATIENCE, second.read(&mut buffer)).await.unwrap().unwrap(), 1);
}

#[tokio::test]
async fn at_the_end_answers_are_finished_and_idle_connections_closed() {
    let (begun, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let app = {
        let (begun, go_on) = (Arc::clone(&begun), Arc::clone(&go_on));
        hello().route(
            "/slow",
            get(|| async move {
                begun.notify_one();
                go_on.notified().await;
                "finished"
            }),
        )
    };
    let server = start(Limits { head: PATIENCE, farewell: PATIENCE, ..limits() }, app).await;
    let mut idle = TcpStream::connect(server.address).await.unwrap();
    idle.write_all(REQUEST).await.unwrap();
    let own = idle.local_addr().unwrap().to_string();
    read_until(&mut idle, &own).await;
    let mut busy = TcpStream::connect(server.address).await.unwrap();
    busy.write_all(b"GET /slow HTTP/1.1\r\nhost: latchkey\r\n\r\n").await.unwrap();
    begun.notified().await;

    server.stop.send(()).unwrap();
    assert!(is_closed(&mut idle).await);
    assert!(TcpStream::connect(server.address).await.is_err());
    go_on.notify_one();
    assert!(read_until(&mut busy, "finished").await.ends_with("finished"));
    timeout(PATIENCE, server.ended).await.unwrap().unwrap();
}

#[tokio::test]
async fn at_the_end_what_does_not_finish_is_cut_off() {
    let app = hello().route("/never", get(std::future::pending::<&str>));
    let server = start(Limits { head: PATIENCE, ..limits() }, app).await;
    let mut clients = Vec::new();
    for sent in [&b"GET /never HTTP/1.1\r\nhost: latchkey\r\n\r\n"[..], b"GET / HTTP/1.1\r\nhost: la", b""] {
        let mut client = TcpStream::connect(server.address).await.unwrap();
        client.write_all(sent).await.unwrap();
        clients.push(client);
    }
    server.stop.send(()).unwrap();
    timeout(Duration::from_secs(5), server.ended).await.unwrap().unwrap();
    for mut client in clients {
        assert!(is_closed(&mut client).await);
    }
}

/// What a client of TLS says first.
fn client_hello() -> Vec<u8> {
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth();
    let name = ServerName::try_from("localhost").unwrap();
    let mut hello = Vec::new();
    ClientConnection::new(Arc::new(config), name).unwrap().write_tls(&mut hello).unwrap();
    hello
}

#[tokio::test]
async fn at_the_end_nobody_waits_for_a_handshake_that_does_not_go_on() {
    let CertifiedKey { cert, signing_key } = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let directory = tempdir().unwrap();
    let files = (directory.path().join("cert.pem"), directory.path().join("key.pem"));
    std::fs::write(&files.0, cert.pem()).unwrap();
    std::fs::write(&files.1, signing_key.serialize_pem()).unwrap();
    let tls = Tls::load(&files.0, &files.1).unwrap();
    let server = start_with(Some(tls), Limits { head: PATIENCE, farewell: PATIENCE, ..limits() }, hello()).await;
    let mut client = TcpStream::connect(server.address).await.unwrap();
    client.write_all(&client_hello()).await.unwrap();
    // Then it is certain that the handshake has begun.
    timeout(PATIENCE, client.read_exact(&mut [0; 1])).await.unwrap().unwrap();
    server.stop.send(()).unwrap();
    timeout(PATIENCE / 2, server.ended).await.unwrap().unwrap();
}
