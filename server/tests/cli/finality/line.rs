//! A line to a PostgreSQL server on which things get lost.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use latchkey_throwaway_postgres::Cluster;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// What gets lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Way {
    /// Nothing.
    Open,
    /// The connection, before the server hears that a change is to be committed.
    CutBeforeCommit,
    /// The connection, once the server has committed a change.
    CutAfterCommit,
    /// Every notification.
    Deaf,
}

/// A line.
pub(super) struct Line {
    port: u16,
    server: u16,
    way: Arc<AtomicU8>,
    listening: JoinHandle<()>,
}

impl Line {
    pub(super) async fn to(cluster: &Cluster) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (port, server) = (listener.local_addr().unwrap().port(), cluster.port());
        let way = Arc::new(AtomicU8::new(Way::Open as u8));
        let listening = tokio::spawn({
            let way = Arc::clone(&way);
            async move {
                loop {
                    let (client, _) = listener.accept().await.unwrap();
                    let Ok(server) = TcpStream::connect(("127.0.0.1", server)).await else { continue };
                    tokio::spawn(pass(client, server, Arc::clone(&way)));
                }
            }
        });
        Self { port, server, way, listening }
    }

    pub(super) fn set(&self, way: Way) {
        self.way.store(way as u8, Ordering::SeqCst);
    }

    /// The URL by which a database is reached over this line.
    pub(super) fn url(&self, direct: &str) -> String {
        let over = direct.replace(&format!(":{}/", self.server), &format!(":{}/", self.port));
        format!("{over}?sslmode=disable")
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

/// Either end closes both.
async fn pass(client: TcpStream, server: TcpStream, way: Arc<AtomicU8>) {
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    tokio::select! {
        () = ask(from_client, to_server, Arc::clone(&way)) => {}
        () = answer(from_server, to_client, way) => {}
    }
}

async fn ask(mut client: OwnedReadHalf, mut server: OwnedWriteHalf, way: Arc<AtomicU8>) {
    let mut buffer = [0; 16 * 1024];
    let mut is_a_change = false;
    while let Ok(count @ 1..) = client.read(&mut buffer).await {
        let sent = &buffer[..count];
        let says = |text: &str| sent.windows(text.len()).any(|window| window == text.as_bytes());
        is_a_change |= says("NOTIFY latchkey_token_change");
        let commits = is_a_change && says("COMMIT");
        let now = way.load(Ordering::SeqCst);
        if commits && now == Way::CutBeforeCommit as u8 {
            return;
        }
        if server.write_all(sent).await.is_err() {
            return;
        }
        if commits && now == Way::CutAfterCommit as u8 {
            // Whatever it answers is not passed on. It has done it when nobody can hold a lock any more.
            tokio::time::sleep(std::time::Duration::from_millis(300)).await;
            return;
        }
        is_a_change &= !commits;
    }
}

/// Messages of the server are a letter, a length that counts itself, and the rest.
async fn answer(mut server: OwnedReadHalf, mut client: OwnedWriteHalf, way: Arc<AtomicU8>) {
    let mut head = [0; 5];
    while server.read_exact(&mut head).await.is_ok() {
        let length = u32::from_be_bytes([head[1], head[2], head[3], head[4]]) as usize;
        let mut body = vec![0; length - 4];
        if server.read_exact(&mut body).await.is_err() {
            return;
        }
        let now = way.load(Ordering::SeqCst);
        if now == Way::Deaf as u8 && head[0] == b'A' {
            continue;
        }
        let is_done = head[0] == b'C' && body.starts_with(b"COMMIT");
        if is_done && now == Way::CutAfterCommit as u8 {
            return;
        }
        if client.write_all(&head).await.is_err() || client.write_all(&body).await.is_err() {
            return;
        }
    }
}
