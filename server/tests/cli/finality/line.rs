//! A line to a PostgreSQL server on which things get lost.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

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
    let is_mute = AtomicBool::new(false);
    tokio::select! {
        () = ask(from_client, to_server, &way, &is_mute) => {}
        () = answer(from_server, to_client, &way, &is_mute) => {}
    }
}

async fn ask(mut client: OwnedReadHalf, mut server: OwnedWriteHalf, way: &AtomicU8, is_mute: &AtomicBool) {
    let mut asked = Asked::default();
    let mut buffer = [0; 16 * 1024];
    while let Ok(count @ 1..) = client.read(&mut buffer).await {
        let commits = asked.commits_a_change(&buffer[..count]);
        let now = way.load(Ordering::SeqCst);
        if commits && now == Way::CutBeforeCommit as u8 {
            return;
        }
        let is_cut = commits && now == Way::CutAfterCommit as u8;
        is_mute.fetch_or(is_cut, Ordering::SeqCst);
        if server.write_all(&buffer[..count]).await.is_err() {
            return;
        }
        if is_cut {
            // Whatever it answers is not passed on. It has done it when nobody can hold a lock any more.
            tokio::time::sleep(std::time::Duration::from_millis(300)).await;
            return;
        }
    }
}

/// What a client has said on a connection, as far as it has to do with changes.
#[derive(Default)]
struct Asked {
    /// What has come of a message that is not whole yet.
    rest: Vec<u8>,
    /// The client's names of statements that tell of a change.
    telling: HashSet<Vec<u8>>,
    /// Those among them that commit it, too.
    committing: HashSet<Vec<u8>>,
    /// Whether a change has been told of and not been committed.
    is_a_change: bool,
}

impl Asked {
    /// Whether, with what has been sent now, a change is to be committed.
    fn commits_a_change(&mut self, sent: &[u8]) -> bool {
        self.rest.extend_from_slice(sent);
        let mut commits = false;
        // The first message of a connection has no letter; it begins with the upper half of its length, which is 0.
        loop {
            let start = usize::from(self.rest.first().is_some_and(|letter| *letter != 0));
            let Some(length) = self.rest.get(start..start + 4) else { return commits };
            let whole = start + u32::from_be_bytes(length.try_into().unwrap()) as usize;
            if self.rest.len() < whole {
                return commits;
            }
            let message: Vec<u8> = self.rest.drain(..whole).collect();
            commits |= start == 1 && self.hear(message[0], &message[5..]);
        }
    }

    /// Takes in a message, and says whether it commits a change.
    fn hear(&mut self, letter: u8, message: &[u8]) -> bool {
        let says = |text: &str| message.windows(text.len()).any(|window| window == text.as_bytes());
        let mut words = message.split(|byte| *byte == 0);
        match letter {
            // Parse: a name, a statement.
            b'P' if says("pg_notify('latchkey_token_change'") => {
                let name = words.next().unwrap().to_vec();
                if says("WITH revoked AS") {
                    self.committing.insert(name.clone());
                }
                self.telling.insert(name);
                false
            }
            // Bind: a portal's name, a statement's name, values.
            b'B' => {
                let name = words.nth(1).unwrap();
                let commits = self.committing.contains(name);
                self.is_a_change |= !commits && self.telling.contains(name);
                commits
            }
            // Query: one without values.
            b'Q' if says("COMMIT") => std::mem::take(&mut self.is_a_change),
            b'Q' if says("ROLLBACK") => {
                self.is_a_change = false;
                false
            }
            _ => false,
        }
    }
}

/// Messages of the server are a letter, a length that counts itself, and the rest.
async fn answer(mut server: OwnedReadHalf, mut client: OwnedWriteHalf, way: &AtomicU8, is_mute: &AtomicBool) {
    let mut head = [0; 5];
    while server.read_exact(&mut head).await.is_ok() {
        let length = u32::from_be_bytes([head[1], head[2], head[3], head[4]]) as usize;
        let mut body = vec![0; length - 4];
        if server.read_exact(&mut body).await.is_err() {
            return;
        }
        let now = way.load(Ordering::SeqCst);
        if is_mute.load(Ordering::SeqCst) || (now == Way::Deaf as u8 && head[0] == b'A') {
            continue;
        }
        if client.write_all(&head).await.is_err() || client.write_all(&body).await.is_err() {
            return;
        }
    }
}
