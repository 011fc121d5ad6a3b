//! Connections: accepted, bounded, and ended in good order.
//!
//! 1. A connection is accepted while fewer than [`Limits::concurrent`] are open; the rest wait in the kernel. Behind
//!    a [`Door`] with TLS, that comes first, in the time that a request's head may take.
//! 2. Its first request's head must arrive within [`Limits::head`], and so must each later one: a client that
//!    sends slowly, or nothing, loses the connection rather than keeping its place. One of HTTP/2 on which nothing moves
//!    for as long, and nothing is being answered, is told to end.
//! 3. Requests that arrive whole are answered as they come (`questions`); from the first other one on, the connection is
//!    hyper's.
//! 4. Whoever takes no answers loses the connection too: at once with the time for a head where questions are answered,
//!    and after ten minutes where answers may be large, or HTTP/2 gives them no room (`answering`).
//! 5. When the server is to stop, nothing more is accepted; answers that are under way are finished, idle
//!    connections closed. What is left after [`Limits::farewell`] is cut off.

mod answer_text;
mod answering;
mod connection;
mod questions;
mod taking;
mod timer;
mod whole;

use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use axum::response::Response;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};
use tower::ServiceExt as _;

use crate::routing::Application;
use crate::tls::Tls;
use connection::Patience;

pub use answer_text::AnswerText;
pub use whole::Whole;

/// The pause after a failed accept: such failures (no file descriptors left) pass when connections end.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

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
    let protocol = Arc::new(connection::protocol(limits));
    let places = Arc::new(Semaphore::new(limits.concurrent));
    let patience = Patience::of(limits);
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
        let mut stopped = stopped.clone();
        let (app, protocol) = (app.clone(), Arc::clone(&protocol));
        match tls.clone() {
            None => open.spawn(connection::serve(stream, client, app, protocol, patience, stopped)),
            Some(tls) => open.spawn(async move {
                let began = Instant::now();
                let accepted = tokio::select! {
                    accepted = tls.accept(stream, peer, limits.head) => accepted,
                    // Nobody was answered yet: there is nothing to finish.
                    _ = stopped.changed() => None,
                };
                if let Some(stream) = accepted {
                    let first = limits.head.saturating_sub(began.elapsed());
                    connection::serve(stream, client, app, protocol, Patience { first, ..patience }, stopped).await;
                }
            }),
        };
    }
    drop((listener, stopping));
    let all_ended = async { while open.join_next().await.is_some() {} };
    if timeout(limits.farewell, all_ended).await.is_err() {
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
