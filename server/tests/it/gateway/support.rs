//! A server with an upstream that the test plays.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use latchkey_server::connections;
use latchkey_server::gateway::{Gateway, Limits, Upstream};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::support::{IssuedToken, TestApp};

/// Long enough for anything that is going to happen.
pub(super) const PATIENCE: Duration = Duration::from_secs(20);
pub(super) const EMPLOYEES: &str = "/api/v1/employees";

/// A server on a socket, its chore, and the upstream's socket.
pub(super) struct Site {
    pub(super) app: TestApp,
    pub(super) token: IssuedToken,
    pub(super) upstream: TcpListener,
    address: SocketAddr,
    _tasks: JoinSet<()>,
}

impl Site {
    pub(super) async fn start() -> Self {
        Self::start_with(Limits::default()).await
    }

    pub(super) async fn start_with(limits: Limits) -> Self {
        let upstream = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", upstream.local_addr().unwrap());
        let app = TestApp::start_before(Gateway::new(Upstream::parse(&url).unwrap(), limits).unwrap()).await;
        let token = app.token("employee-read employee-write").await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut tasks = JoinSet::new();
        let gateway = Arc::clone(app.gateway.as_ref().unwrap());
        tasks.spawn(gateway.end_exchanges(Arc::clone(&app.service)));
        let limits = connections::Limits::default();
        tasks.spawn(connections::serve(listener, app.application.clone(), limits, std::future::pending()));
        Self { app, token, upstream, address, _tasks: tasks }
    }

    /// A vendor's connection, on which a request's head was sent: its first line, and further lines.
    pub(super) async fn send(&self, line: &str, more: &[&str]) -> Wire {
        let authorization = format!("authorization: Bearer {}", self.token.secret);
        self.send_as(line, &[&[&*authorization], more].concat()).await
    }

    /// The same without a credential of its own.
    pub(super) async fn send_as(&self, line: &str, lines: &[&str]) -> Wire {
        let mut wire = Wire(TcpStream::connect(self.address).await.unwrap());
        let lines = lines.iter().flat_map(|line| [*line, "\r\n"]).collect::<String>();
        wire.send(&format!("{line} HTTP/1.1\r\nhost: pat.example.com\r\n{lines}\r\n")).await;
        wire
    }

    /// The next connection that reaches the upstream.
    pub(super) async fn reached(&self) -> Wire {
        Wire(timeout(PATIENCE, self.upstream.accept()).await.unwrap().unwrap().0)
    }

    /// Whether nothing has reached the upstream before a request that is sent now.
    pub(super) async fn was_never_reached(&self) -> bool {
        let mut vendor = self.send("GET /api/v1/employees/the-first", &[]).await;
        let mut upstream = self.reached().await;
        let is_first = upstream.head().await.starts_with("GET /api/v1/employees/the-first ");
        upstream.send("HTTP/1.1 204 No Content\r\n\r\n").await;
        is_first && vendor.head().await.starts_with("HTTP/1.1 204 ")
    }

    pub(super) fn open_exchanges(&self) -> usize {
        self.app.gateway.as_ref().unwrap().open_exchanges()
    }

    /// Waits until nothing is under way: the last part of an exchange may be let go of after its peers noticed.
    pub(super) async fn has_come_to_rest(&self) {
        let rest = async {
            while self.open_exchanges() > 0 {
                tokio::task::yield_now().await;
            }
        };
        timeout(PATIENCE, rest).await.unwrap();
    }
}

/// One end of a connection, byte for byte.
pub(super) struct Wire(TcpStream);

impl Wire {
    pub(super) async fn send(&mut self, text: &str) {
        self.0.write_all(text.as_bytes()).await.unwrap();
    }

    /// Reads up to and with `end`.
    pub(super) async fn read_until(&mut self, end: &str) -> String {
        let text = self.read(end).await;
        assert!(text.ends_with(end), "no {end:?} in {text:?}");
        text
    }

    /// A message's head.
    pub(super) async fn head(&mut self) -> String {
        self.read_until("\r\n\r\n").await
    }

    /// Everything until the connection ends.
    pub(super) async fn rest(&mut self) -> String {
        self.read("\0").await
    }

    async fn read(&mut self, end: &str) -> String {
        let mut bytes = Vec::new();
        while !bytes.ends_with(end.as_bytes()) {
            match timeout(PATIENCE, self.0.read_u8()).await.unwrap() {
                Ok(byte) => bytes.push(byte),
                Err(_) => break,
            }
        }
        String::from_utf8(bytes).unwrap()
    }
}
