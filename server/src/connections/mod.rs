//! Connections: accepted, bounded, and ended in good order.
//!
//! 1. A connection is accepted while fewer than [`Limits::concurrent`] are open; the rest wait in the kernel. Behind
//!    a [`Door`] with TLS, that comes first, in the time that a request's head may take.
//! 2. Its first request's head must arrive within [`Limits::head`], and so must each later one: a client that
//!    sends slowly, or nothing, loses the connection rather than keeping its place.
//! 3. Requests that arrive whole are answered as they come (`questions`); from the first other one on, the connection is
//!    hyper's.
//! 4. Whoever takes no answers loses the connection too: at once with the time for a head where questions are answered,
//!    and after ten minutes where answers may be large.
//! 5. When the server is to stop, nothing more is accepted; answers that are under way are finished, idle
//!    connections closed. What is left after [`Limits::farewell`] is cut off.

mod answer_text;
mod questions;
mod taking;
mod timer;
mod whole;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::response::Response;
use http::header::HOST;
use http::{HeaderValue, Request, Version};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::io::{AsyncRead, AsyncWrite, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep, timeout};
use tower::ServiceExt as _;

use crate::routing::Application;
use crate::tls::Tls;
use questions::{Next, READ_SIZE};
use taking::Noted;
use timer::{LOOK, LookedAt};

pub use answer_text::AnswerText;
pub use whole::Whole;

/// The pause after a failed accept: such failures (no file descriptors left) pass when connections end.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// The most that a request's head may hold, in bytes.
const MAX_HEAD: u32 = 64 * 1024;
/// The most requests at a time on one HTTP/2 connection.
const MAX_STREAMS: u32 = 100;
/// How long nothing of an answer may be taken. As long as the gateway waits for those who call through it.
const UNTAKEN: Duration = Duration::from_mins(10);
/// How often a quiet HTTP/2 connection is asked whether it is still there, and how long it has to answer.
const PING_INTERVAL: Duration = Duration::from_secs(30);
const PING_TIMEOUT: Duration = Duration::from_secs(10);

/// A connection's place among those that may be open. A request that goes on when its connection has become something
/// else keeps it.
#[derive(Debug, Clone)]
pub(crate) struct Place(#[expect(dead_code, reason = "it is given back by being dropped")] Arc<OwnedSemaphorePermit>);

/// What connections may take.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// How many are open at a time.
    pub concurrent: usize,
    /// How long a request's head may take to arrive.
    pub head: Duration,
    /// How long answers that are under way have to finish when the server stops.
    pub farewell: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { concurrent: 4096, head: Duration::from_secs(10), farewell: Duration::from_secs(8) }
    }
}

/// Who sent a request, as far as its connection tells.
#[derive(Debug, Clone)]
pub struct Client {
    /// The other end.
    pub peer: SocketAddr,
    place: Option<Place>,
}

impl Client {
    /// A client at the other end of a connection that has no place to keep.
    #[must_use]
    pub const fn at(peer: SocketAddr) -> Self {
        Self { peer, place: None }
    }

    /// The connection's place, for what goes on when the connection has become something else.
    pub(crate) const fn place(&self) -> Option<&Place> {
        self.place.as_ref()
    }
}

/// What answers the requests of connections.
pub trait Answers: Clone + Send + Sync + 'static {
    /// Answers a request.
    fn answer(&self, request: axum::extract::Request, client: &Client) -> impl Future<Output = Response> + Send;

    /// Answers a request that has arrived whole, or none where that is not one for which this is enough: then it is
    /// answered as every other.
    fn answer_whole(
        &self,
        _request: &Whole<'_>,
        _client: &Client,
        _to: &mut AnswerText,
    ) -> impl Future<Output = bool> + Send {
        std::future::ready(false)
    }
}

impl Answers for Application {
    fn answer(&self, request: axum::extract::Request, client: &Client) -> impl Future<Output = Response> + Send {
        Self::answer(self, request, client)
    }

    fn answer_whole(
        &self,
        request: &Whole<'_>,
        client: &Client,
        to: &mut AnswerText,
    ) -> impl Future<Output = bool> + Send {
        Self::answer_whole(self, request, client, to)
    }
}

impl Answers for Router {
    async fn answer(&self, mut request: axum::extract::Request, client: &Client) -> Response {
        request.extensions_mut().insert(ConnectInfo(client.peer));
        match self.clone().oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        }
    }
}

/// Where connections come in.
pub struct Door {
    listener: TcpListener,
    tls: Option<Tls>,
}

impl Door {
    /// A listener whose connections are TLS, where that is given.
    #[must_use]
    pub const fn new(listener: TcpListener, tls: Option<Tls>) -> Self {
        Self { listener, tls }
    }
}

impl From<TcpListener> for Door {
    fn from(listener: TcpListener) -> Self {
        Self::new(listener, None)
    }
}

/// Serves connections until `stop` is done, and until they have ended.
pub async fn serve(door: impl Into<Door>, app: impl Answers, limits: Limits, stop: impl Future<Output = ()>) {
    let Door { listener, tls } = door.into();
    let protocol = Arc::new(protocol(limits));
    let places = Arc::new(Semaphore::new(limits.concurrent));
    let patience = Patience::of(limits);
    let graceful = GracefulShutdown::new();
    let (stopping, stopped) = watch::channel(());
    let mut open = JoinSet::new();
    let mut stop = pin!(stop);
    loop {
        let (stream, peer, place) = tokio::select! {
            () = &mut stop => break,
            Some(_) = open.join_next() => continue,
            accepted = accept(&listener, &places) => accepted,
        };
        let client = Client { peer, place };
        let ending = Ending { watcher: graceful.watcher(), stopped: stopped.clone() };
        let (app, protocol) = (app.clone(), Arc::clone(&protocol));
        match tls.clone() {
            None => open.spawn(serve_one(stream, client, app, protocol, patience, ending)),
            Some(tls) => open.spawn(async move {
                let (began, mut stopped) = (Instant::now(), ending.stopped.clone());
                let accepted = tokio::select! {
                    accepted = tls.accept(stream, peer, limits.head) => accepted,
                    // Nobody was answered yet: there is nothing to finish.
                    _ = stopped.changed() => None,
                };
                if let Some(stream) = accepted {
                    let first = limits.head.saturating_sub(began.elapsed());
                    serve_one(stream, client, app, protocol, Patience { first, ..patience }, ending).await;
                }
            }),
        };
    }
    drop((listener, stopping));
    if timeout(limits.farewell, graceful.shutdown()).await.is_err() {
        tracing::warn!(connections = open.len(), "closing connections that have not ended in time");
    }
    open.shutdown().await;
}

async fn accept(listener: &TcpListener, places: &Arc<Semaphore>) -> (TcpStream, SocketAddr, Option<Place>) {
    // The semaphore is never closed, so there is always a permit in the end.
    let place = Arc::clone(places).acquire_owned().await.ok().map(|permit| Place(Arc::new(permit)));
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                if let Err(error) = stream.set_nodelay(true) {
                    tracing::debug!(cause = %error, "TCP_NODELAY could not be set");
                }
                return (stream, peer, place);
            }
            Err(error) => {
                tracing::warn!(cause = %error, "a connection could not be accepted");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

fn protocol(limits: Limits) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(LookedAt)
        .header_read_timeout(limits.head)
        .max_buf_size(usize::try_from(MAX_HEAD).unwrap_or(usize::MAX))
        .keep_alive(true);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(MAX_STREAMS)
        .max_header_list_size(MAX_HEAD)
        .keep_alive_interval(PING_INTERVAL)
        .keep_alive_timeout(PING_TIMEOUT);
    builder
}

/// How long a connection is waited for.
#[derive(Debug, Clone, Copy)]
struct Patience {
    /// What is left of the time for its first request's head: a handshake may have taken nearly all of it.
    first: Duration,
    /// The time for each later one's.
    later: Duration,
    /// How often it is looked at while nothing happens. It does not depend on what is left, and is never nothing.
    look: Duration,
}

impl Patience {
    fn of(limits: Limits) -> Self {
        Self { first: limits.head, later: limits.head, look: limits.head.clamp(Duration::from_millis(10), LOOK) }
    }
}

/// How a connection hears that the server is to stop.
struct Ending {
    /// Once it is hyper's.
    watcher: Watcher,
    /// Before.
    stopped: watch::Receiver<()>,
}

async fn serve_one(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    client: Client,
    app: impl Answers,
    protocol: Arc<Builder<TokioExecutor>>,
    patience: Patience,
    ending: Ending,
) {
    let peer = client.peer;
    let begun = Instant::now();
    let mut looks = interval_at(begun + patience.look, patience.look);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let Ending { watcher, mut stopped } = ending;
    let (stream, untaken) = Noted::of(stream);
    let mut stream = BufReader::with_capacity(READ_SIZE, stream);
    let next = questions::serve(&mut stream, &client, &app, patience, &mut looks, &mut stopped).await;
    let Next::Other { was_asked } = next else { return };
    // Those that were answered say nothing of the next one, whose head has its own time.
    let (begun, first) = if was_asked { (Instant::now(), patience.later) } else { (begun, patience.first) };
    let served = Arc::new(Served { app, client, was_asked: AtomicBool::new(false) });
    let service = {
        let served = Arc::clone(&served);
        service_fn(move |mut request: Request<Incoming>| {
            let served = Arc::clone(&served);
            name_host(&mut request);
            async move {
                served.was_asked.store(true, Ordering::Relaxed);
                Ok::<_, Infallible>(served.app.answer(request.map(Body::new), &served.client).await)
            }
        })
    };
    let connection = protocol.serve_connection_with_upgrades(TokioIo::new(stream), service).into_owned();
    let mut connection = pin!(watcher.watch(connection));
    let ended = loop {
        tokio::select! {
            biased;
            ended = connection.as_mut() => break ended,
            // The connection is then looked at again, and its timers with it.
            _ = looks.tick() => {}
        }
        // The protocol's own limit on heads begins once it is known which protocol is spoken.
        if begun.elapsed() >= first && !served.was_asked.load(Ordering::Relaxed) {
            tracing::debug!(%peer, "a connection was closed: no request came");
            return;
        }
        if untaken.since().is_some_and(|since| since.elapsed() >= UNTAKEN) {
            tracing::debug!(%peer, "a connection was closed: its answers are not taken");
            return;
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%peer, cause = %error, "a connection ended early");
    }
}

/// What the requests of one connection share.
struct Served<A> {
    app: A,
    client: Client,
    was_asked: AtomicBool,
}

/// Gives a request of HTTP/2 the Host that one of HTTP/1 has: it names the authority elsewhere (RFC 9113 section
/// 8.3.1), and everything that asks under which name Latchkey was called would otherwise have to look in both.
fn name_host(request: &mut Request<Incoming>) {
    if request.version() != Version::HTTP_2 || request.headers().contains_key(HOST) {
        return;
    }
    let host = request.uri().authority().and_then(|authority| HeaderValue::from_str(authority.as_str()).ok());
    if let Some(host) = host {
        request.headers_mut().insert(HOST, host);
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use http::StatusCode;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};
    use tokio::sync::Notify;
    use tokio::task::JoinHandle;

    use super::*;

    /// Says when it is asked, and never answers.
    #[derive(Clone)]
    struct Asked(Arc<Notify>);

    impl Answers for Asked {
        async fn answer(&self, _: axum::extract::Request, _: &Client) -> Response {
            self.0.notify_one();
            pending().await
        }
    }

    /// Says OK to what arrives whole, and much to everything else.
    #[derive(Clone)]
    struct Much;

    const MUCH: usize = 1 << 20;

    impl Answers for Much {
        async fn answer(&self, _: axum::extract::Request, _: &Client) -> Response {
            Response::new(Body::from(vec![b'x'; MUCH]))
        }

        async fn answer_whole(&self, request: &Whole<'_>, _: &Client, to: &mut AnswerText) -> bool {
            let is_question = request.path == "/question";
            if is_question {
                to.begin(StatusCode::OK, Instant::now());
                to.end(b"");
            }
            is_question
        }
    }

    fn served(app: impl Answers) -> (DuplexStream, JoinHandle<()>, (watch::Sender<()>, GracefulShutdown)) {
        let (client, server) = duplex(1024);
        let limits = Limits::default();
        let (stopping, stopped) = watch::channel(());
        let graceful = GracefulShutdown::new();
        let ending = Ending { watcher: graceful.watcher(), stopped };
        let peer = Client::at(SocketAddr::from(([127, 0, 0, 1], 1)));
        let serving = serve_one(server, peer, app, Arc::new(protocol(limits)), Patience::of(limits), ending);
        (client, tokio::spawn(serving), (stopping, graceful))
    }

    #[tokio::test(start_paused = true)]
    async fn a_beginning_after_a_question_has_the_time_of_a_head() {
        for beginning in ["P", "PRI * HTTP/2.0\r\n", "GET / HT", "\r\n"] {
            let (mut client, serving, _stopping) = served(Much);
            let begun = Instant::now();
            client.write_all(format!("GET /question HTTP/1.1\r\n\r\n{beginning}").as_bytes()).await.unwrap();
            timeout(Duration::from_mins(1), serving).await.unwrap_or_else(|_| panic!("{beginning:?}")).unwrap();
            assert!(begun.elapsed() >= Limits::default().head, "{beginning:?}: {:?}", begun.elapsed());
        }
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_takes_no_answer_is_cut_off_and_whoever_takes_it_slowly_is_not() {
        let (mut client, serving, _stopping) = served(Much);
        let begun = Instant::now();
        client.write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
        timeout(2 * UNTAKEN, serving).await.unwrap().unwrap();
        assert!((UNTAKEN..UNTAKEN + 3 * LOOK).contains(&begun.elapsed()), "{:?}", begun.elapsed());

        let (mut client, serving, _stopping) = served(Much);
        client.write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
        let mut taken = 0;
        let mut some = vec![0; MUCH / 8];
        while taken < MUCH {
            sleep(UNTAKEN / 2).await;
            assert!(!serving.is_finished());
            let most = some.len().min(MUCH - taken);
            client.read_exact(&mut some[..most]).await.unwrap();
            taken += most;
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_handshake_that_took_all_the_time_leaves_its_connection_as_quiet_as_any() {
        let limits = Limits::default();
        let patience = Patience { first: Duration::ZERO, ..Patience::of(limits) };
        assert_eq!(patience.look, LOOK);
        assert!(!Patience::of(Limits { head: Duration::ZERO, ..limits }).look.is_zero());
        let (mut client, server) = duplex(1024);
        let (asked, peer) = (Arc::new(Notify::new()), Client::at(SocketAddr::from(([127, 0, 0, 1], 1))));
        client.write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
        let graceful = GracefulShutdown::new();
        let (app, protocol) = (Asked(Arc::clone(&asked)), Arc::new(protocol(limits)));
        let (_stopping, stopped) = watch::channel(());
        let ending = Ending { watcher: graceful.watcher(), stopped };
        let serving = serve_one(server, peer, app, protocol, patience, ending);
        let serving = tokio::spawn(serving);
        timeout(LOOK / 2, asked.notified()).await.unwrap();
        assert!(!serving.is_finished());
    }
}
