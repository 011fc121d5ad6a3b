//! Introspection (RFC 7662) and revocation (RFC 7009).
//!
//! Both take a form with one `token`, and refuse in OAuth's own words (RFC 6749 section 5.2): `error` and
//! `error_description`, beside the members that every problem has here.

mod form;
mod introspect;
mod revoke;

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, Method, StatusCode};
use serde::Serialize;

use crate::ServerState;
use crate::connections::Whole;
use crate::problem::{Problem, ProblemCode};
use crate::request::Arrival;

/// Where a resource server asks what a token is.
pub(crate) const INTROSPECT: &str = "/oauth2/introspect";
/// Where whoever holds a token gives it up.
pub(crate) const REVOKE: &str = "/oauth2/revoke";

/// Whether a path is one of the two.
pub(crate) fn answers(path: &str) -> bool {
    path == INTROSPECT || path == REVOKE
}

/// Answers a request to one of the two.
pub(crate) async fn handle(state: &ServerState, request: Request, arrival: &Arrival) -> Response {
    let answered = if request.method() != Method::POST {
        Err(Problem::method_not_allowed(HeaderValue::from_static("POST")))
    } else if request.uri().path() == INTROSPECT {
        let (parts, body) = request.into_parts();
        introspect::answer(state, &parts.headers, parts.uri.query(), body, arrival).await
    } else {
        revoke::answer(state, request, arrival).await
    };
    finish(answered, arrival)
}

/// Answers an introspection that has arrived whole.
pub(crate) async fn introspect(state: &ServerState, request: &Whole<'_>, arrival: &Arrival) -> Response {
    finish(introspect::answer(state, request, None, request.body, arrival).await, arrival)
}

fn finish(answered: Result<Response, Problem>, arrival: &Arrival) -> Response {
    let mut response = answered.unwrap_or_else(|problem| refusal(problem, arrival.request_id.as_str()));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// A refusal in OAuth's form.
fn refusal(problem: Problem, request_id: &str) -> Response {
    let error = error_of(problem.code());
    problem.into_oauth_response(error, request_id)
}

/// OAuth's word for a refusal: RFC 6749 section 5.2, RFC 6750 section 3.1, RFC 7009 section 2.2.1.
const fn error_of(code: ProblemCode) -> &'static str {
    match code {
        ProblemCode::CredentialMissing | ProblemCode::InvalidClient => "invalid_client",
        ProblemCode::MalformedCredential | ProblemCode::InvalidToken => "invalid_token",
        ProblemCode::InsufficientScope => "insufficient_scope",
        ProblemCode::AddressRefused => "unauthorized_client",
        ProblemCode::Unavailable
        | ProblemCode::RevocationUnconfirmed
        | ProblemCode::RateLimited
        | ProblemCode::TooManyFailures => "temporarily_unavailable",
        ProblemCode::Internal => "server_error",
        _ => "invalid_request",
    }
}

/// A JSON answer.
fn json(value: &impl Serialize) -> Result<Response, Problem> {
    let body = serde_json::to_vec(value)
        .map_err(|_| Problem::new(ProblemCode::Internal, "The answer could not be written. Try again."))?;
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::OK;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(response)
}
