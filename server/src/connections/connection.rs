//! One connection, from its first byte to its end.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::body::Body;
use http::header::HOST;
use http::{HeaderValue, Request, Version};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::io::{AsyncRead, AsyncWrite, BufReader};
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior, interval_at};

use super::answering::{Answering, UnderWay, counted};
use super::questions::{self, Next, READ_SIZE};
use super::taking::Noted;
use super::timer::{LOOK, LookedAt};
use super::{Answers, Client, Limits};

/// The most that a request's head may hold, in bytes.
const MAX_HEAD: u32 = 64 * 1024;
/// The most requests at a time on one HTTP/2 connection.
const MAX_STREAMS: u32 = 100;
/// How long nothing of an answer may be taken. As long as the gateway waits for those who call through it.
const UNTAKEN: Duration = Duration::from_mins(10);
/// How often a quiet HTTP/2 connection is asked whether it is still there, and how long it has to answer.
const PING_INTERVAL: Duration = Duration::from_secs(30);
const PING_TIMEOUT: Duration = Duration::from_secs(10);

/// How hyper speaks on those that are handed to it.
pub(super) fn protocol(limits: Limits) -> Builder<TokioExecutor> {
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
pub(super) struct Patience {
    /// What is left of the time for its first request's head: a handshake may have taken nearly all of it.
    pub(super) first: Duration,
    /// The time for each later one's.
    pub(super) later: Duration,
    /// How often it is looked at while nothing happens. It does not depend on what is left, and is never nothing.
    pub(super) look: Duration,
}

impl Patience {
    pub(super) fn of(limits: Limits) -> Self {
        Self { first: limits.head, later: limits.head, look: limits.head.clamp(Duration::from_millis(10), LOOK) }
    }
}

/// Serves one, until it has ended or has been waited for too long.
pub(super) async fn serve(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    client: Client,
    app: impl Answers,
    protocol: Arc<Builder<TokioExecutor>>,
    patience: Patience,
    mut stopped: watch::Receiver<()>,
) {
    let peer = client.peer;
    let begun = Instant::now();
    let mut looks = interval_at(begun + patience.look, patience.look);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (stream, notes) = Noted::of(stream);
    let mut stream = BufReader::with_capacity(READ_SIZE, stream);
    let next = questions::serve(&mut stream, &client, &app, patience, &mut looks, &mut stopped).await;
    let Next::Other { was_asked } = next else { return };
    // Those that were answered say nothing of the next one, whose head has its own time.
    let (begun, first) = if was_asked { (Instant::now(), patience.later) } else { (begun, patience.first) };
    let served = Arc::new(Served { app, client, was_asked: AtomicBool::new(false), under_way: Arc::default() });
    let service = {
        let served = Arc::clone(&served);
        service_fn(move |mut request: Request<Incoming>| {
            let served = Arc::clone(&served);
            name_host(&mut request);
            async move {
                served.was_asked.store(true, Ordering::Relaxed);
                let answering = Answering::begin(&served.under_way);
                let answer = served.app.answer(request.map(Body::new), &served.client).await;
                Ok::<_, Infallible>(counted(answer, answering))
            }
        })
    };
    let connection = protocol.serve_connection_with_upgrades(TokioIo::new(stream), service).into_owned();
    let mut connection = pin!(connection);
    let under_way = &served.under_way;
    let (mut quiet, mut stuck) = (Rest::at(notes.moves()), Rest::at(under_way.steps()));
    let (mut is_stopping, mut leaving) = (false, None::<Instant>);
    let ended = loop {
        tokio::select! {
            biased;
            ended = connection.as_mut() => break ended,
            _ = stopped.changed(), if !is_stopping => {
                is_stopping = true;
                connection.as_mut().graceful_shutdown();
            }
            // The connection is then looked at again, and its timers with it.
            _ = looks.tick() => {}
        }
        // The protocol's own limit on heads begins once it is known which protocol is spoken.
        if begun.elapsed() >= first && !served.was_asked.load(Ordering::Relaxed) {
            tracing::debug!(%peer, "a connection was closed: no request came");
            return;
        }
        let is_stuck = stuck.has_lasted(under_way.steps()) >= UNTAKEN && under_way.wait_to_be_taken();
        let is_full = notes.untaken_since().is_some_and(|since| since.elapsed() >= UNTAKEN);
        let is_left = leaving.is_some_and(|since| since.elapsed() >= UNTAKEN) && under_way.all() == 0;
        if is_stuck || is_full || is_left {
            tracing::debug!(%peer, "a connection was closed: its answers are not taken");
            return;
        }
        // HTTP/2 has no limit of its own on how long nothing is asked.
        let is_quiet = quiet.has_lasted(notes.moves()) >= patience.later && notes.untaken_since().is_none();
        if is_quiet && under_way.all() == 0 && leaving.is_none() && served.was_asked.load(Ordering::Relaxed) {
            // What of an answer is on its way still gets there, however slowly it is taken.
            leaving = Some(Instant::now());
            connection.as_mut().graceful_shutdown();
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
    /// How many requests are being answered, up to their answers' ends.
    under_way: Arc<UnderWay>,
}

/// For how long a count has stood still, as far as it was looked at.
struct Rest {
    count: u64,
    since: Instant,
}

impl Rest {
    fn at(count: u64) -> Self {
        Self { count, since: Instant::now() }
    }

    fn has_lasted(&mut self, count: u64) -> Duration {
        if count != self.count {
            *self = Self::at(count);
        }
        self.since.elapsed()
    }
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
    use std::net::SocketAddr;

    use axum::response::Response;
    use http::StatusCode;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};
    use tokio::sync::Notify;
    use tokio::task::JoinHandle;
    use tokio::time::{sleep, timeout};

    use super::*;
    use crate::connections::{AnswerText, Whole};

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

    fn served(app: impl Answers) -> (DuplexStream, JoinHandle<()>, watch::Sender<()>) {
        let (client, server) = duplex(1024);
        let limits = Limits::default();
        let (stopping, stopped) = watch::channel(());
        let peer = Client::at(SocketAddr::from(([127, 0, 0, 1], 1)));
        let serving = serve(server, peer, app, Arc::new(protocol(limits)), Patience::of(limits), stopped);
        (client, tokio::spawn(serving), stopping)
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

    /// Says OK after a minute.
    #[derive(Clone)]
    struct Slow;

    impl Answers for Slow {
        async fn answer(&self, _: axum::extract::Request, _: &Client) -> Response {
            sleep(Duration::from_mins(1)).await;
            Response::new(Body::empty())
        }
    }

    /// Asks once by HTTP/2, with room for so much of an answer.
    async fn ask_by_http2(client: DuplexStream, room: u32) -> Response<Incoming> {
        let mut builder = hyper::client::conn::http2::Builder::new(TokioExecutor::new());
        builder.initial_stream_window_size(room);
        let (mut asking, connection) = builder.handshake(TokioIo::new(client)).await.unwrap();
        // It goes on for as long as the server lets it: pings are answered, nothing is asked.
        let kept = asking.clone();
        tokio::spawn(async move {
            let ended = connection.await;
            drop(kept);
            ended
        });
        let request = Request::get("http://latchkey/").body(Body::empty()).unwrap();
        asking.send_request(request).await.unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn http2_that_asks_nothing_more_is_told_to_end() {
        let (client, serving, _stopping) = served(Much);
        let begun = Instant::now();
        let answer = ask_by_http2(client, 2 * u32::try_from(MUCH).unwrap()).await;
        assert_eq!(axum::body::to_bytes(Body::new(answer.into_body()), MUCH).await.unwrap().len(), MUCH);
        timeout(Duration::from_mins(1), serving).await.unwrap().unwrap();
        assert!(begun.elapsed() >= Limits::default().head, "{:?}", begun.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn http2_whose_answer_is_not_there_yet_is_waited_for() {
        let (client, serving, _stopping) = served(Slow);
        assert_eq!(ask_by_http2(client, 1024).await.status(), StatusCode::OK);
        timeout(Duration::from_mins(1), serving).await.unwrap().unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn http2_that_has_no_room_for_an_answer_is_cut_off() {
        for room in [0, 1] {
            let (client, serving, _stopping) = served(Much);
            let begun = Instant::now();
            let _answer = ask_by_http2(client, room).await;
            timeout(3 * UNTAKEN, serving).await.unwrap_or_else(|_| panic!("{room}")).unwrap();
            assert!(begun.elapsed() >= UNTAKEN, "{room}: {:?}", begun.elapsed());
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
        let (app, protocol) = (Asked(Arc::clone(&asked)), Arc::new(protocol(limits)));
        let (_stopping, stopped) = watch::channel(());
        let serving = serve(server, peer, app, protocol, patience, stopped);
        let serving = tokio::spawn(serving);
        timeout(LOOK / 2, asked.notified()).await.unwrap();
        assert!(!serving.is_finished());
    }
}
