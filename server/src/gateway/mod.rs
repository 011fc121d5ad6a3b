//! The gateway: what the catalog knows is forwarded to the service behind Latchkey.
//!
//! A request comes here once it has been judged (`api/mod.rs`); then
//! 1. an exchange begins in the name of its token (`exchanges.rs`), which ends when the token does;
//! 2. the credential and everything forged are taken from its headers, and who is calling is written into them
//!    (`headers.rs`); path and query stay as they are, byte for byte;
//! 3. it is sent to the upstream (`transport.rs`), its body passed on as it comes (`streams.rs`);
//! 4. the answer is passed back in the same way, or the connection becomes a tunnel (`upgrade.rs`).
//!
//! Nothing is kept of a body, so its size does not matter, nor how long it takes: what ends an exchange is that
//! nothing moves. Whoever leaves, the other side's connection is closed.

mod exchanges;
mod headers;
mod streams;
mod transport;
mod upgrade;
mod upstream;

use std::error::Error as _;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, HttpBody as _};
use axum::response::Response;
use http::header::HOST;
use http::request::Parts;
use http::uri::PathAndQuery;
use http::{HeaderName, HeaderValue, Request, StatusCode};
use hyper::body::Incoming;
use latchkey_domain::AccountSid;
use latchkey_service::Service;
use tokio::time::{MissedTickBehavior, interval};

use crate::problem::{Problem, ProblemCode};
use crate::request::{Arrival, TimeLimit};

use exchanges::{Awaited, Exchange, Exchanges};
use streams::Stream;
use transport::Client;

pub use upstream::Upstream;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");

/// How long things may take.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Making a connection to the upstream.
    pub connect: Duration,
    /// Nothing moves, and the upstream has to answer, or the client to send.
    pub idle: Duration,
    /// Nothing moves, and the client has to take what was answered: it may be slow, with much on its way to it.
    pub stalled: Duration,
    /// Nothing moves through a tunnel.
    pub tunnel: Duration,
    /// From one check of the open exchanges to the next.
    pub check: Duration,
    /// The look-up that such a check needs.
    pub lookup: Duration,
    /// An exchange goes on without anybody knowing that its token is still good.
    pub unproved: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            idle: Duration::from_mins(1),
            stalled: Duration::from_mins(10),
            tunnel: Duration::from_hours(1),
            check: Duration::from_millis(400),
            lookup: Duration::from_millis(500),
            unproved: Duration::from_secs(2),
        }
    }
}

impl Limits {
    fn idle(self, awaited: Awaited) -> Duration {
        match awaited {
            Awaited::Upstream | Awaited::ClientToSend => self.idle,
            Awaited::ClientToTake => self.stalled,
            Awaited::Either => self.tunnel,
        }
    }
}

/// The way to the service behind Latchkey.
pub struct Gateway {
    upstream: Upstream,
    client: Client,
    limits: Limits,
    exchanges: Arc<Exchanges>,
}

/// In whose name a request is forwarded.
pub(crate) struct Caller<'a> {
    /// The token.
    pub(crate) sid: AccountSid,
    /// Who is calling, as the upstream is told.
    pub(crate) identity: Vec<(HeaderName, HeaderValue)>,
    /// Where the request came from.
    pub(crate) arrival: &'a Arrival,
    /// Whether clients reach Latchkey over https.
    pub(crate) is_https: bool,
}

/// Marks an answer as the upstream's, whose headers and body are complete.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Forwarded;

impl Gateway {
    /// A gateway to this upstream. Nothing is sent there yet.
    ///
    /// # Errors
    /// Where the upstream's certificate could not be checked: the machine's root certificates cannot be read.
    pub fn new(upstream: Upstream, limits: Limits) -> std::io::Result<Self> {
        let client = transport::client(&upstream, limits.connect)?;
        Ok(Self { upstream, client, limits, exchanges: Arc::default() })
    }

    /// How many exchanges are under way.
    #[must_use]
    pub fn open_exchanges(&self) -> usize {
        self.exchanges.count()
    }

    /// Ends, for as long as it runs, the exchanges whose token has ended or in which nothing moves.
    pub async fn end_exchanges(self: Arc<Self>, service: Arc<Service>) {
        let mut ticks = interval(self.limits.check);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            self.exchanges.check(&service, self.limits).await;
        }
    }

    /// Forwards a request that may be made.
    ///
    /// # Errors
    /// 502 or 504 where the upstream does not answer; 401, 408 or 503 where the exchange ended before it did.
    pub(crate) async fn forward(&self, caller: &Caller<'_>, mut parts: Parts, body: Body) -> Result<Response, Problem> {
        if let Some(limit) = parts.extensions.get::<TimeLimit>() {
            limit.lift();
        }
        let client = upgrade::asked_for(&mut parts);
        let exchange = self.exchanges.begin(caller.sid, self.limits, body);
        let request = self.request(caller, &parts, client.is_some(), &exchange)?;
        let answered = tokio::select! {
            biased;
            _ = exchange.ending() => None,
            answered = self.client.request(request) => Some(answered),
        };
        if let Some(end) = exchange.ended() {
            return Err(end.problem());
        }
        let Some(Ok(mut answer)) = answered else {
            let error = answered.and_then(Result::err);
            let cause = error.as_ref().and_then(|error| error.source()).map(tracing::field::display);
            tracing::warn!(request_id = %caller.arrival.request_id, cause, "the upstream could not be reached");
            return Err(unreachable("The service behind Latchkey cannot be reached. Try again in a moment."));
        };
        if answer.status() != StatusCode::SWITCHING_PROTOCOLS {
            return Ok(passed_back(answer, exchange));
        }
        match client {
            Some(client) if upgrade::names_websocket(answer.headers()) => {
                let upstream = hyper::upgrade::on(&mut answer);
                tokio::spawn(upgrade::tunnel(client, upstream, exchange));
                Ok(response(&answer, true, Body::empty()))
            }
            _ => Err(unreachable("The service behind Latchkey turned to a protocol that was not asked for.")),
        }
    }

    fn request(
        &self,
        caller: &Caller<'_>,
        parts: &Parts,
        is_upgrade: bool,
        exchange: &Arc<Exchange>,
    ) -> Result<Request<Stream>, Problem> {
        let target = parts.uri.path_and_query().cloned().unwrap_or(PathAndQuery::from_static("/"));
        let body = Stream::upload(Arc::clone(exchange));
        let length = body.size_hint().exact();
        let mut request = Request::new(body);
        *request.method_mut() = parts.method.clone();
        *request.uri_mut() = self.upstream.uri(target).map_err(|error| unwritable(&error))?;
        *request.headers_mut() = headers::for_upstream(
            &parts.headers,
            caller.identity.iter().cloned().chain(way(caller, parts).into_iter().filter_map(present)),
            length,
            is_upgrade,
        );
        Ok(request)
    }
}

/// How the caller reached Latchkey.
fn way(caller: &Caller<'_>, parts: &Parts) -> [(HeaderName, Option<HeaderValue>); 3] {
    let address = match caller.arrival.address {
        Some(address) => HeaderValue::from_str(&address.to_string()).ok(),
        None => Some(HeaderValue::from_static("")),
    };
    let authority = parts.uri.authority().and_then(|authority| HeaderValue::from_str(authority.as_str()).ok());
    let host = authority.or_else(|| parts.headers.get(HOST).cloned());
    let proto = HeaderValue::from_static(if caller.is_https { "https" } else { "http" });
    [(FORWARDED_FOR, address), (FORWARDED_PROTO, Some(proto)), (FORWARDED_HOST, host)]
}

fn present((name, value): (HeaderName, Option<HeaderValue>)) -> Option<(HeaderName, HeaderValue)> {
    value.map(|value| (name, value))
}

fn passed_back(answer: http::Response<Incoming>, exchange: Arc<Exchange>) -> Response {
    let (parts, body) = answer.into_parts();
    let body = Body::new(Stream::download(exchange, Body::new(body)));
    response(&http::Response::from_parts(parts, ()), false, body)
}

fn response<B>(answer: &http::Response<B>, is_upgrade: bool, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = answer.status();
    *response.headers_mut() = headers::for_client(answer.headers(), is_upgrade);
    response.extensions_mut().insert(Forwarded);
    response
}

fn unreachable(detail: &'static str) -> Problem {
    Problem::new(ProblemCode::UpstreamUnreachable, detail)
}

fn unwritable(error: &dyn std::error::Error) -> Problem {
    tracing::error!(cause = %error, "a request could not be written for the upstream");
    Problem::new(ProblemCode::Internal, "Something went wrong inside Latchkey. Try again.")
}
