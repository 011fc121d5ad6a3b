//! What happens to every request, whatever it asks for.
//!
//! 1. It gets an id, which its answer, its log line and its audit entries carry; [`Origin`] in its extensions
//!    holds the id and the client's address. An id that the client sent is not looked at.
//! 2. A path that two readers could read differently is refused, before anything is routed by it.
//! 3. It is answered, within a [`TimeLimit`]. A panic becomes a 500 that says nothing of it.
//! 4. One line is logged: never the query, never a header, so never a credential.

use std::any::Any;
use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::extract::{ConnectInfo, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use futures_util::FutureExt as _;
use http::header::{ACCEPT, STRICT_TRANSPORT_SECURITY};
use http::{HeaderName, HeaderValue};
use latchkey_domain::path;
use latchkey_service::Origin;
use tokio::time::{Instant, sleep};

use crate::ServerState;
use crate::problem::{Problem, ProblemCode};

/// The request's id, on every answer.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

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

    async fn passed(self) {
        sleep(TIME_LIMIT).await;
        if self.is_lifted.load(Ordering::Relaxed) {
            std::future::pending().await
        }
    }
}

/// Wraps every route.
pub(crate) async fn handle(State(state): State<ServerState>, mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let origin = Origin { address: address_of(&request), request_id: state.service.new_request_id() };
    let request_id = origin.request_id.clone();
    let method = request.method().clone();
    let path = request.uri().path().to_owned();
    request.extensions_mut().insert(origin);

    let mut response = match path::check(&path) {
        Ok(()) => answer(request, next, &request_id).await,
        Err(reason) => {
            Problem::new(ProblemCode::UnsafePath, format!("This path is refused: {reason}.")).into_response(&request_id)
        }
    };
    if let Ok(value) = HeaderValue::from_str(&request_id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    if state.web.is_https() {
        let year = HeaderValue::from_static("max-age=31536000");
        response.headers_mut().insert(STRICT_TRANSPORT_SECURITY, year);
    }
    let status = response.status().as_u16();
    let milliseconds = started.elapsed().as_millis();
    tracing::info!(%request_id, %method, ?path, status, milliseconds, "request");
    response
}

/// The id and the address of a request that has passed through [`handle`].
pub(crate) fn origin_of(request: &Request) -> Origin {
    let nowhere = || Origin { address: String::new(), request_id: String::new() };
    request.extensions().get().cloned().unwrap_or_else(nowhere)
}

async fn answer(mut request: Request, next: Next, request_id: &str) -> Response {
    let for_people = accepts_html(&request);
    let limit = TimeLimit::default();
    request.extensions_mut().insert(limit.clone());
    let answered = tokio::select! {
        answered = AssertUnwindSafe(next.run(request)).catch_unwind() => Some(answered),
        () = limit.passed() => None,
    };
    let failure = match answered {
        Some(Ok(response)) => return response,
        Some(Err(panic)) => {
            tracing::error!(request_id, panic = message_of(panic.as_ref()), "a request's handler panicked");
            Problem::new(ProblemCode::Internal, "Something went wrong inside Latchkey. Try again.")
        }
        None => Problem::new(ProblemCode::RequestTimeout, "The request did not arrive in time. Send it again."),
    };
    let response = failure.into_response(request_id);
    if !for_people {
        return response;
    }
    let text = format!("Something went wrong here. Go back and try again.\nRequest id: {request_id}\n");
    (response.status(), text).into_response()
}

fn address_of(request: &Request) -> String {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    peer.map(|ConnectInfo(peer)| peer.ip().to_canonical().to_string()).unwrap_or_default()
}

fn accepts_html(request: &Request) -> bool {
    let accept = request.headers().get(ACCEPT).and_then(|value| value.to_str().ok());
    accept.is_some_and(|accept| accept.contains("text/html"))
}

fn message_of(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::body::{Body, to_bytes};
    use axum::middleware::from_fn;
    use axum::routing::get;
    use tower::ServiceExt as _;

    use super::*;

    async fn answered(path: &str, accept: &str) -> (u16, String) {
        let app = Router::new()
            .route("/panic", get(async || -> &str { panic!("hunter2") }))
            .route("/never", get(std::future::pending::<&str>))
            .layer(from_fn(async |request, next| answer(request, next, "the-id").await));
        let request = Request::get(path).header(ACCEPT, accept).body(Body::empty()).unwrap();
        let response = app.oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test(start_paused = true)]
    async fn panics_and_endless_requests_are_answered_without_their_cause() {
        for (path, status, code) in [("/panic", 500, "\"internal\""), ("/never", 408, "\"request_timeout\"")] {
            let (found, body) = answered(path, "*/*").await;
            assert!(found == status && body.contains(code) && body.contains("the-id"), "{path}: {found} {body}");
            assert!(!body.contains("hunter2"), "{body}");
            let (found, body) = answered(path, "text/html,*/*").await;
            assert!(found == status && body.ends_with("Request id: the-id\n"), "{path}: {found} {body}");
        }
    }

    #[test]
    fn a_panics_message_is_found_in_both_its_forms() {
        assert_eq!(message_of(&"here"), "here");
        assert_eq!(message_of(&"there".to_owned()), "there");
        assert_eq!(message_of(&1), "no message");
    }
}
