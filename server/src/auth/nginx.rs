//! Refusals as nginx can pass them on.
//!
//! nginx's `auth_request` knows 401 and 403; any other status it turns into a 500 of its own, and the body it drops.
//! So every refusal but 401 (and 503, which is a failure indeed) is a 403 that says the real status in one header
//! and the problem document in another. The configuration in `docs/gateways/nginx.conf` makes the answer of them.

use axum::body::Body;
use axum::response::Response;
use http::{HeaderName, HeaderValue, StatusCode};

use crate::problem::Problem;

/// The status that the vendor is to get.
const STATUS: HeaderName = HeaderName::from_static("x-latchkey-status");
/// The problem document that the vendor is to get, on one line.
const PROBLEM: HeaderName = HeaderName::from_static("x-latchkey-problem");

pub(super) fn refusal(problem: Problem, request_id: &str) -> Response {
    let document = HeaderValue::from_str(&problem.document(request_id));
    let mut response = problem.into_response(request_id);
    let status = response.status();
    if let Ok(document) = document {
        response.headers_mut().insert(PROBLEM, document);
    }
    response.headers_mut().insert(STATUS, HeaderValue::from(status.as_u16()));
    if !matches!(status, StatusCode::UNAUTHORIZED | StatusCode::SERVICE_UNAVAILABLE) {
        *response.status_mut() = StatusCode::FORBIDDEN;
    }
    response.map(|_| Body::empty())
}
