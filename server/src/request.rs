//! What happens to every request, whatever it asks for.
//!
//! 1. It gets an id, which its answer, its log line and its audit entries carry; an `Arrival` holds the id and
//!    the client's address, for the pages in the request's extensions. An id that the client sent is not looked at.
//! 2. A path that two readers could read differently is refused, before anything is routed by it.
//! 3. It is answered, within a `TimeLimit`. A panic becomes a 500 that says nothing of it.
//! 4. One line is logged: never the query, never a header, so never a credential.

use std::any::Any;
use std::net::IpAddr;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use futures_util::FutureExt as _;
use http::header::{ACCEPT, STRICT_TRANSPORT_SECURITY};
use http::{HeaderName, HeaderValue, StatusCode};
use latchkey_domain::path;
use latchkey_service::{Origin, RequestId};
use tokio::time::{Instant, sleep};
use tracing::Level;

use crate::ServerState;
use crate::admission::Vendor;
use crate::arriving;
use crate::auth;
use crate::connections::{AnswerText, Client, Whole};
use crate::header_lines::HeaderLines;
use crate::metrics::RouteClass;
use crate::networks::Networks;
use crate::problem::{Problem, ProblemCode};
use crate::vendor_headers::Lines as _;

/// The request's id, on every answer.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// How long browsers are to ask by https alone, in seconds.
const YEAR: &str = "max-age=31536000";

/// Whom a proxy heard from.
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The longest that a request may take until its answer begins; most of it is for bodies that arrive slowly.
const TIME_LIMIT: Duration = Duration::from_secs(30);

/// The limit on a request's time, in its extensions. A handler that watches over the time itself lifts it.
#[derive(Debug, Clone, Default)]
pub(crate) struct TimeLimit {
    is_lifted: Arc<AtomicBool>,
}

impl TimeLimit {
    /// Lets this request take any time.
    pub(crate) fn lift(&self) {
        self.is_lifted.store(true, Ordering::Relaxed);
    }

    /// Waits for its end; for that of a limit that cannot be lifted, where there is none.
    async fn passed(limit: Option<Self>) {
        sleep(TIME_LIMIT).await;
        if limit.is_some_and(|limit| limit.is_lifted.load(Ordering::Relaxed)) {
            std::future::pending::<()>().await;
        }
    }
}

/// Where a request came from, and what it is called.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Arrival {
    /// The address that the connection comes from.
    pub(crate) peer: IpAddr,
    /// The client's address; none where a trusted proxy does not say it.
    pub(crate) address: Option<IpAddr>,
    /// The request's id.
    pub(crate) request_id: RequestId,
}

impl Arrival {
    fn of(state: &ServerState, headers: &impl HeaderLines, client: &Client) -> Self {
        let peer = client.peer.ip().to_canonical();
        let address = address_of(headers, peer, &state.network.trusted_proxies);
        Self { peer, address, request_id: state.service.new_request_id() }
    }

    /// The same as the audit log has it.
    pub(crate) fn origin(&self) -> Origin {
        let address = self.address.map(|address| address.to_string()).unwrap_or_default();
        Origin { address, request_id: self.request_id.to_string() }
    }
}

/// What every request passes through on its way to `routed`, and its answer on the way back.
pub(crate) async fn handle<Routed>(
    state: &ServerState,
    request: Request,
    client: &Client,
    routed: impl FnOnce(Request, Arrival) -> Routed,
) -> Response
where
    Routed: Future<Output = Response>,
{
    let started = Instant::now();
    let arrival = Arrival::of(state, request.headers(), client);
    let route = RouteClass::of(state, request.uri().path());
    let line = tracing::enabled!(Level::INFO).then(|| (request.method().clone(), request.uri().clone()));

    let mut response = match path::check(request.uri().path()) {
        Ok(()) => answer(request, arrival, route, routed).await,
        Err(reason) => Problem::unsafe_path(reason).into_response(arrival.request_id.as_str()),
    };
    // Where it is known who is calling, it stands there already.
    let is_there = route == RouteClass::ForwardAuth && response.status().is_success();
    if let (false, Ok(value)) = (is_there, HeaderValue::from_str(arrival.request_id.as_str())) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    if state.web.is_https() {
        response.headers_mut().insert(STRICT_TRANSPORT_SECURITY, HeaderValue::from_static(YEAR));
    }
    let elapsed = started.elapsed();
    state.metrics.answered(route, response.status(), elapsed);
    if let Some((method, uri)) = line {
        log(&arrival, route, method.as_str(), uri.path(), response.status(), elapsed);
    }
    response
}

/// The answer to a question.
pub(crate) enum Answer {
    /// A gateway may let the request go on.
    Yes(Vendor),
    /// Anything else.
    Response(Response),
}

/// The same for a question that has arrived whole: past the machinery that other requests need.
pub(crate) async fn handle_whole(
    state: &ServerState,
    request: &Whole<'_>,
    client: &Client,
    to: &mut AnswerText,
    answering: impl AsyncFnOnce(&Arrival) -> Answer,
) {
    let started = Instant::now();
    let arrival = Arrival::of(state, request, client);
    let answer = guarded(&arrival, None, Problem::too_slow, answering(&arrival)).await;
    let failed = |failure: Problem| Answer::Response(failure.into_response(arrival.request_id.as_str()));
    let (status, body) = match answer.unwrap_or_else(failed) {
        Answer::Yes(vendor) => {
            to.begin(StatusCode::OK, started);
            auth::say_yes(&vendor, to);
            (StatusCode::OK, Bytes::new())
        }
        Answer::Response(response) => {
            let status = response.status();
            let body = to.begin_as(response, started).await;
            to.line(REQUEST_ID, |value| value.extend_from_slice(arrival.request_id.as_bytes()));
            (status, body)
        }
    };
    if state.web.is_https() {
        to.line(STRICT_TRANSPORT_SECURITY, |value| value.extend_from_slice(YEAR.as_bytes()));
    }
    to.end(&body);
    let (route, elapsed) = (RouteClass::of(state, request.path), started.elapsed());
    state.metrics.answered(route, status, elapsed);
    log(&arrival, route, request.method, request.path, status, elapsed);
}

/// One line of what became of a request.
fn log(arrival: &Arrival, route: RouteClass, method: &str, path: &str, status: StatusCode, elapsed: Duration) {
    let (request_id, status, milliseconds) = (arrival.request_id, status.as_u16(), elapsed.as_millis());
    // Whoever asks has a line of its own for each request that it lets through.
    if route.is_question() && (200..300).contains(&status) {
        tracing::debug!(%request_id, %method, ?path, status, milliseconds, "request");
    } else {
        tracing::info!(%request_id, %method, ?path, status, milliseconds, "request");
    }
}

/// The id and the address of a request that has passed through [`handle`], as the audit log has them.
pub(crate) fn origin_of(request: &Request) -> Origin {
    let nowhere = || Origin { address: String::new(), request_id: String::new() };
    request.extensions().get().map_or_else(nowhere, Arrival::origin)
}

async fn answer<Routed>(
    request: Request,
    arrival: Arrival,
    route: RouteClass,
    routed: impl FnOnce(Request, Arrival) -> Routed,
) -> Response
where
    Routed: Future<Output = Response>,
{
    let request_id = arrival.request_id.as_str();
    let for_people = accepts(&request, "text/html");
    let is_safe = request.method().is_safe();
    let (mut request, has_arrived) = arriving::watch(request);
    // Questions are never forwarded, so nobody would look for it.
    let limit = (!route.is_question()).then(TimeLimit::default);
    if let Some(limit) = &limit {
        request.extensions_mut().insert(limit.clone());
    }
    // Where the request has arrived, it is not the client that took too long, but what its answer waits for: the
    // database, or an integration's own service. Whether it was done is not known then.
    let late = || match (has_arrived.get(), is_safe) {
        (false, _) => Problem::new(ProblemCode::RequestTimeout, "The request did not arrive in time. Send it again."),
        (true, true) => Problem::too_slow(),
        (true, false) => Problem::in_doubt(),
    };
    let failure = match guarded(&arrival, limit, late, routed(request, arrival)).await {
        Ok(response) => return response,
        Err(failure) => failure,
    };
    let response = failure.into_response(request_id);
    if !for_people {
        return response;
    }
    let text = format!("Something went wrong here. Go back and try again.\nRequest id: {request_id}\n");
    (response.status(), text).into_response()
}

/// What is answered, if that is in time (or `late` otherwise) and there is no panic.
async fn guarded<T>(
    arrival: &Arrival,
    limit: Option<TimeLimit>,
    late: impl FnOnce() -> Problem,
    answering: impl Future<Output = T>,
) -> Result<T, Problem> {
    // Most requests are answered without a wait, and then the timer is never set.
    let answered = tokio::select! {
        biased;
        answered = AssertUnwindSafe(answering).catch_unwind() => Some(answered),
        () = TimeLimit::passed(limit) => None,
    };
    match answered {
        Some(Ok(answer)) => Ok(answer),
        Some(Err(panic)) => {
            let request_id = arrival.request_id;
            tracing::error!(%request_id, panic = message_of(panic.as_ref()), "a request's handler panicked");
            Err(Problem::new(ProblemCode::Internal, "Something went wrong inside Latchkey. Try again."))
        }
        None => {
            let problem = late();
            if problem.code() != ProblemCode::RequestTimeout {
                tracing::error!(request_id = %arrival.request_id, "a request was not answered in time");
            }
            Err(problem)
        }
    }
}

/// The client's address: the connection's, or, where that is a trusted proxy's, the last one in `X-Forwarded-For`
/// that is not. None where a trusted proxy does not say it: then nothing is counted against the proxy itself.
fn address_of(headers: &impl HeaderLines, peer: IpAddr, trusted: &Networks) -> Option<IpAddr> {
    if !trusted.contains(peer) {
        return Some(peer);
    }
    // From the end: each proxy appends whom it heard from, and only the trusted ones' word counts. One that cannot be
    // read is as good as none: what stands before it is not looked at.
    let lines = headers.values(FORWARDED_FOR).rev();
    let hops = lines.flat_map(|line| line.rsplit(|byte| *byte == b','));
    for hop in hops {
        let address = std::str::from_utf8(hop).ok().and_then(|hop| hop.trim().parse::<IpAddr>().ok());
        match address.map(|address| address.to_canonical()) {
            Some(address) if trusted.contains(address) => {}
            found => return found,
        }
    }
    None
}

/// Whether a request names this kind of answer among those that it takes.
pub(crate) fn accepts(request: &Request, kind: &str) -> bool {
    let accept = request.headers().get(ACCEPT).and_then(|value| value.to_str().ok());
    accept.is_some_and(|accept| accept.contains(kind))
}

fn message_of(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}

#[cfg(test)]
mod tests {
    use axum::body::{Body, to_bytes};
    use http::HeaderMap;

    use super::*;

    async fn answered(path: &str, accept: &str) -> (u16, String) {
        let never = Body::from_stream(futures_util::stream::pending::<Result<Bytes, std::io::Error>>());
        let (method, body) = match path {
            "/slow" => ("POST", never),
            "/posted" => ("POST", Body::from("all of it")),
            _ => ("GET", Body::empty()),
        };
        let request = Request::builder().method(method).uri(path).header(ACCEPT, accept).body(body).unwrap();
        let arrival = Arrival { peer: [127, 0, 0, 1].into(), address: None, request_id: RequestId::default() };
        let routed = async |request: Request, _| {
            assert_ne!(request.uri().path(), "/panic", "hunter2");
            to_bytes(request.into_body(), usize::MAX).await.unwrap();
            std::future::pending::<Response>().await
        };
        let response = answer(request, arrival, RouteClass::Page, routed).await;
        let status = response.status().as_u16();
        let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test(start_paused = true)]
    async fn panics_and_endless_requests_are_answered_without_their_cause() {
        for (path, status, code) in [
            ("/panic", 500, "\"internal\""),
            ("/slow", 408, "\"request_timeout\""),
            ("/never", 503, "could not answer in time"),
            // It was all here, so something may have come of it.
            ("/posted", 503, "not known whether this was done"),
        ] {
            let (found, body) = answered(path, "*/*").await;
            assert!(found == status && body.contains(code) && body.contains("00000000"), "{path}: {found} {body}");
            assert!(!body.contains("hunter2"), "{body}");
            let (found, body) = answered(path, "text/html,*/*").await;
            assert!(
                found == status && body.ends_with("Request id: 00000000000000000000000000000000\n"),
                "{path}: {found} {body}"
            );
        }
    }

    #[test]
    fn the_client_behind_trusted_proxies_is_found() {
        let trusted: Networks = "10.0.0.0/8".parse().unwrap();
        let from = |peer: &str, lines: &[&str]| {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(FORWARDED_FOR, HeaderValue::from_bytes(line.as_bytes()).unwrap());
            }
            address_of(&headers, peer.parse().unwrap(), &trusted).map(|address| address.to_string()).unwrap_or_default()
        };
        assert_eq!(from("192.0.2.1", &["203.0.113.9"]), "192.0.2.1");
        assert_eq!(from("10.0.0.1", &["203.0.113.9"]), "203.0.113.9");
        assert_eq!(from("10.0.0.1", &["6.6.6.6, 203.0.113.9 ,10.0.0.2"]), "203.0.113.9");
        assert_eq!(from("10.0.0.1", &["6.6.6.6", "203.0.113.9"]), "203.0.113.9");
        assert_eq!(from("10.0.0.1", &["203.0.113.9, unknown"]), "");
        assert_eq!(from("10.0.0.1", &["é, 203.0.113.9"]), "203.0.113.9");
        assert_eq!(from("10.0.0.1", &["203.0.113.9, é"]), "");
        assert_eq!(from("10.0.0.1", &["203.0.113.9", "é"]), "");
        assert_eq!(from("10.0.0.1", &[]), "");
    }

    #[test]
    fn a_panics_message_is_found_in_both_its_forms() {
        assert_eq!(message_of(&"here"), "here");
        assert_eq!(message_of(&"there".to_owned()), "there");
        assert_eq!(message_of(&1), "no message");
    }
}
