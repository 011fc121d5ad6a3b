//! A large body on its way through the gateway takes no memory to speak of.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::routing::get;
use futures_util::{StreamExt as _, stream};

use crate::support::{PATIENCE, Place, Server, is_full};

const GIBIBYTE: u64 = 1 << 30;
const CHUNK: usize = 64 * 1024;
/// The most that may be added to what the process takes when it is idle, in KiB.
const MOST_KIBIBYTES: u64 = 64 * 1024;

type Received = Arc<AtomicU64>;

async fn upstream(received: Received) -> SocketAddr {
    let download = async || {
        let chunk = Bytes::from(vec![7; CHUNK]);
        let chunks = usize::try_from(GIBIBYTE).unwrap() / CHUNK;
        Body::from_stream(stream::iter((0..chunks).map(move |_| Ok::<_, std::io::Error>(chunk.clone()))))
    };
    let upload = async |State(received): State<Received>, body: Body| {
        let mut body = body.into_data_stream();
        while let Some(chunk) = body.next().await {
            received.fetch_add(chunk.unwrap().len() as u64, Ordering::Relaxed);
        }
    };
    let app = axum::Router::new().route("/api/v1/employees", get(download).post(upload)).with_state(received);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    address
}

/// Sends a request's head.
fn open(server: &Server, secret: &str, method: &str, length: u64) -> TcpStream {
    let mut stream = TcpStream::connect(server.address()).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let head = format!(
        "{method} /api/v1/employees HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {secret}\r\n\
         content-length: {length}\r\nconnection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream
}

fn count(stream: &mut TcpStream) -> (String, u64) {
    let (mut buffer, mut total, mut first) = (vec![0; CHUNK], 0, String::new());
    loop {
        let read = stream.read(&mut buffer).unwrap();
        if read == 0 {
            return (first, total);
        }
        if first.is_empty() {
            first = String::from_utf8_lossy(&buffer[..read.min(64)]).into_owned();
        }
        total += read as u64;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gibibyte_each_way_takes_little_memory() {
    if !is_full() {
        return;
    }
    let place = Place::new();
    place.add_rep("ann@example.com", &[]);
    let token = place.add_token("Payroll");
    let secret = token["auth_token"].as_str().unwrap().to_owned();
    let received = Received::default();
    let address = upstream(Arc::clone(&received)).await;
    let server = place.serve(&["--upstream", &format!("http://{address}")]);
    let idle = server.kibibytes("VmRSS");
    let (server, peak) = tokio::task::spawn_blocking(move || {
        thread::scope(|scope| {
            let upload = scope.spawn(|| {
                let mut stream = open(&server, &secret, "POST", GIBIBYTE);
                let chunk = vec![7; CHUNK];
                for _ in 0..GIBIBYTE / CHUNK as u64 {
                    stream.write_all(&chunk).unwrap();
                }
                count(&mut stream).0
            });
            let download = scope.spawn(|| count(&mut open(&server, &secret, "GET", 0)));
            let (head, total) = download.join().unwrap();
            assert!(head.starts_with("HTTP/1.1 200") && total > GIBIBYTE, "{head} {total}");
            assert!(upload.join().unwrap().starts_with("HTTP/1.1 200"));
        });
        let peak = server.kibibytes("VmHWM");
        (server, peak)
    })
    .await
    .unwrap();
    drop(server);
    assert_eq!(received.load(Ordering::Relaxed), GIBIBYTE);
    assert!(peak < idle + MOST_KIBIBYTES, "{idle} KiB when idle, {peak} KiB at most");
}
