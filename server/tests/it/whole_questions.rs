//! Questions of gateways over real sockets: one that arrives whole gets the answer that every other way of sending it
//! gets.

use std::net::SocketAddr;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use latchkey_domain::{RateLimit, Role};
use latchkey_server::NetworkSettings;
use latchkey_server::connections::{Limits, serve};
use latchkey_service::VendorLimits;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::support::{IssuedToken, Settings, TestApp};

/// Long enough for anything that is going to happen.
const PATIENCE: Duration = Duration::from_secs(20);

struct Server {
    app: TestApp,
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    ended: JoinHandle<()>,
}

impl Server {
    async fn start(calls: Option<RateLimit>, limits: Limits) -> Self {
        let network = NetworkSettings { trusted_proxies: "127.0.0.0/8".parse().unwrap(), ..NetworkSettings::default() };
        let vendor_limits = VendorLimits { calls, introspections: None };
        let app = TestApp::start_set(Settings { limits: vendor_limits, network, ..Settings::default() }).await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let ended = tokio::spawn(serve(listener, app.application.clone(), limits, async {
            let _ = stopped.await;
        }));
        Self { app, address, stop, ended }
    }

    async fn connect(&self) -> Connection {
        Connection { stream: TcpStream::connect(self.address).await.unwrap(), read: Vec::new() }
    }
}

struct Connection {
    stream: TcpStream,
    read: Vec<u8>,
}

/// An answer, without what differs from one to the next.
#[derive(Debug, PartialEq, Eq)]
struct Answer {
    status: String,
    lines: Vec<String>,
    body: String,
}

impl Connection {
    async fn send(&mut self, text: &str) {
        self.stream.write_all(text.as_bytes()).await.unwrap();
    }

    async fn more(&mut self) -> bool {
        let mut buffer = [0; 4096];
        let length = timeout(PATIENCE, self.stream.read(&mut buffer)).await.unwrap().unwrap_or_default();
        self.read.extend_from_slice(&buffer[..length]);
        length > 0
    }

    /// The next answer; its body is as long as it says.
    async fn answer(&mut self) -> Answer {
        let end = loop {
            if let Some(end) = self.read.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
                break end + 4;
            }
            assert!(self.more().await, "the connection ended: {:?}", String::from_utf8_lossy(&self.read));
        };
        let head = String::from_utf8(self.read.drain(..end).collect()).unwrap();
        let mut lines = head.trim_end().split("\r\n").map(str::to_owned);
        let status = lines.next().unwrap();
        let mut lines: Vec<String> = lines.collect();
        let value = |name: &str| {
            let line = lines.iter().find_map(|line| line.strip_prefix(&format!("{name}: ")));
            assert!(line.is_some(), "{name} is missing: {head}");
            line.unwrap_or_default().to_owned()
        };
        assert!(value("date").ends_with(" GMT"));
        let (length, id) = (value("content-length").parse().unwrap(), value("x-request-id"));
        while self.read.len() < length {
            assert!(self.more().await);
        }
        let body = String::from_utf8(self.read.drain(..length).collect()).unwrap();
        lines.retain(|line| !line.starts_with("date: ") && !line.starts_with("connection: "));
        lines.sort();
        let without_id = |text: &str| text.replace(&id, "ID");
        Answer { status, lines: lines.iter().map(|line| without_id(line)).collect(), body: without_id(&body) }
    }

    async fn ends(mut self) -> bool {
        self.read.clear();
        !self.more().await
    }
}

fn basic(token: &IssuedToken) -> String {
    format!("authorization: Basic {}\r\n", STANDARD.encode(format!("{}:{}", token.sid, token.secret)))
}

fn forward(target: &str, lines: &str) -> String {
    format!(
        "GET /auth/forward HTTP/1.1\r\nhost: latchkey\r\nX-Forwarded-Method: GET\r\nX-Forwarded-Uri: {target}\r\n\
         X-Forwarded-For: 192.0.2.7\r\n{lines}"
    )
}

fn nginx(target: &str, lines: &str) -> String {
    format!(
        "GET /auth/nginx HTTP/1.1\r\nhost: latchkey\r\nx-original-method: GET\r\nx-original-uri: {target}\r\n{lines}"
    )
}

/// The head of an introspection, and its form.
fn introspection(lines: &str, form: &str) -> (String, String) {
    let head = format!(
        "POST /oauth2/introspect HTTP/1.1\r\nhost: latchkey\r\ncontent-type: application/x-www-form-urlencoded\r\n\
         content-length: {}\r\n{lines}",
        form.len()
    );
    (head, form.to_owned())
}

#[tokio::test]
async fn whole_or_not_the_answer_is_the_same() {
    let server = Server::start(None, Limits::default()).await;
    // Who may hand out the scope for introspection.
    server.app.person("ann@example.com", Role::Admin).await;
    let good = basic(&server.app.vendor("employee-read").await.token);
    let bad = good.replace("Basic ", "Basic x");
    let two = format!("{good}{good}");
    let service = basic(&server.app.vendor("token-introspect").await.token);
    let mut statuses = Vec::new();
    let questions = [
        forward("/api/v1/employees", &good),
        forward("/api/v1/employees?page=2", &good),
        forward("/api/v1/timecards", &good),
        forward("/api/v1/employees", &bad),
        forward("/api/v1/employees", &two),
        forward("/api/v1/employees", ""),
        forward("/nowhere", &good),
        forward("/api/v1/employees", "x-forwarded-uri: /api/v1/employees\r\n"),
        nginx("/api/v1/employees", &good),
        nginx("/api/v1/timecards", &good),
        nginx("/nowhere", &good),
    ];
    let token = format!("token={}", server.app.vendor("employee-read").await.token.secret);
    let introspections = [
        introspection(&service, &token),
        introspection(&service, "token=unknown"),
        introspection(&service, "tokens"),
        introspection(&good, &token),
        introspection("", &token),
    ];
    let questions = questions.map(|head| (head, String::new())).into_iter().chain(introspections);
    for (head, body) in questions {
        let question = format!("{head}\r\n{body}");
        let mut whole = server.connect().await;
        whole.send(&question).await;
        let expected = whole.answer().await;
        statuses.push(expected.status.clone());

        let mut closing = server.connect().await;
        closing.send(&format!("{head}connection: close\r\n\r\n{body}")).await;
        assert_eq!(closing.answer().await, expected, "{question}");
        assert!(closing.ends().await);

        let mut in_parts = server.connect().await;
        let (begin, end) = question.split_at(question.len() / 2);
        in_parts.send(begin).await;
        // Meanwhile the beginning is read, or it is not: the answer must not depend on it.
        whole.send(&question).await;
        assert_eq!(whole.answer().await, expected, "{question}");
        in_parts.send(end).await;
        assert_eq!(in_parts.answer().await, expected, "{question}");
    }
    let found: Vec<&str> = statuses.iter().map(|status| status.split(' ').nth(1).unwrap()).collect();
    let of_gateways = ["200", "200", "403", "401", "400", "401", "404", "400", "200", "403", "403"];
    assert_eq!(found, [&of_gateways[..], &["200", "200", "400", "403", "401"]].concat());
}

#[tokio::test]
async fn whole_questions_and_others_follow_each_other_on_one_connection() {
    let server = Server::start(None, Limits::default()).await;
    let good = basic(&server.app.vendor("employee-read").await.token);
    let question = format!("{}\r\n", forward("/api/v1/employees", &good));
    let own = format!("GET /api/v1/token HTTP/1.1\r\nhost: latchkey\r\n{good}\r\n");
    let mut connection = server.connect().await;
    connection.send(&format!("{question}{question}{own}{question}")).await;
    let mut bodies = Vec::new();
    for _ in 0..4 {
        let answer = connection.answer().await;
        assert_eq!(answer.status, "HTTP/1.1 200 OK");
        bodies.push(answer.body.len() > 2);
    }
    assert_eq!(bodies, [false, false, true, false]);
    // A body is no question, whatever it looks like.
    let body = format!("POST /auth/forward HTTP/1.1\r\nhost: latchkey\r\ncontent-length: {}\r\n\r\n", question.len());
    let mut connection = server.connect().await;
    connection.send(&format!("{body}{question}{own}")).await;
    assert!(connection.answer().await.status.contains("400"));
    assert!(connection.answer().await.body.len() > 2);
}

#[tokio::test]
async fn whole_questions_are_counted() {
    let server = Server::start(Some(RateLimit::of(2, 60)), Limits::default()).await;
    let good = basic(&server.app.vendor("employee-read").await.token);
    let question = format!("{}\r\n", forward("/api/v1/employees", &good));
    let mut connection = server.connect().await;
    let mut counts = Vec::new();
    for _ in 0..3 {
        connection.send(&question).await;
        let answer = connection.answer().await;
        let count = answer.lines.iter().find_map(|line| line.strip_prefix("x-rate-limit-count: ")).map(str::to_owned);
        counts.push((answer.status.contains("200"), count.unwrap_or_default()));
    }
    assert_eq!(counts, [(true, "1".to_owned()), (true, "2".to_owned()), (false, "3".to_owned())]);
}

#[tokio::test]
async fn a_connection_of_questions_is_closed_when_it_is_quiet_and_at_the_end() {
    let quiet = Limits { head: Duration::from_millis(200), ..Limits::default() };
    for (limits, stops) in [(quiet, false), (Limits { head: PATIENCE, ..quiet }, true)] {
        let server = Server::start(None, limits).await;
        let good = basic(&server.app.vendor("employee-read").await.token);
        let mut connection = server.connect().await;
        connection.send(&format!("{}\r\n", forward("/api/v1/employees", &good))).await;
        assert_eq!(connection.answer().await.status, "HTTP/1.1 200 OK");
        if stops {
            server.stop.send(()).unwrap();
            timeout(PATIENCE, server.ended).await.unwrap().unwrap();
        }
        assert!(connection.ends().await, "{stops}");
    }
}
