//! What gateways ask: may this request go on?
//!
//! A gateway in front of a company's API sends each request's head here, without its body, and lets the request go
//! on where the answer is 200. The answer then says who is calling, in headers that the gateway hands to the API
//! in place of any that the vendor sent.
//!
//! Three dialects say which request is meant:
//! - `/auth/forward` (Traefik, Caddy, HAProxy): `X-Forwarded-Method` and `X-Forwarded-Uri`, believed from
//!   `--trusted-proxies` only. A refusal is the answer that the vendor gets.
//! - `/auth/nginx` (nginx's `auth_request`): `X-Original-Method` and `X-Original-URI`, likewise. nginx takes 401 and
//!   403 for a refusal and anything else for a failure, so that refusals travel in headers (`nginx.rs`).
//! - `/auth/envoy/…` (Envoy's `ext_authz` over HTTP): the question's own method, and its path behind the prefix.
//!
//! The question then passes what a call to the API passes, in the same order: path, catalog, credential, limit,
//! scope. Bodies are empty where the answer is yes: nginx keeps its connection to us open only then.

mod nginx;
mod question;

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use http::header::{CACHE_CONTROL, CONTENT_LENGTH};
use http::{HeaderMap, HeaderValue};
use latchkey_service::Purpose;

use crate::ServerState;
use crate::admission::{self, Vendor};
use crate::api;
use crate::problem::Problem;
use crate::request::Arrival;

use question::Question;

/// Where Traefik, Caddy and HAProxy ask.
pub(crate) const FORWARD: &str = "/auth/forward";
/// Where nginx asks.
pub(crate) const NGINX: &str = "/auth/nginx";
/// Before the path that Envoy asks about.
pub(crate) const ENVOY: &str = "/auth/envoy";

/// Whether gateways ask at this path.
pub(crate) fn answers(path: &str) -> bool {
    path == FORWARD || path == NGINX || envoys(path).is_some()
}

/// Answers a gateway.
pub(crate) async fn handle(state: &ServerState, request: Request, arrival: &Arrival) -> Response {
    let (parts, _) = request.into_parts();
    let path = parts.uri.path();
    let question = match path {
        FORWARD => question::forwarded(state, &parts, arrival),
        NGINX => question::original(state, &parts, arrival),
        _ => Ok(Question::of(parts.method.as_str(), envoys(path).unwrap_or_default(), parts.uri.query())),
    };
    let answered = answer(state, question, &parts.headers, arrival).await;
    answered.unwrap_or_else(|problem| {
        if path == NGINX {
            nginx::refusal(problem, arrival.request_id.as_str())
        } else {
            problem.into_response(arrival.request_id.as_str())
        }
    })
}

/// The path that Envoy asks about.
fn envoys(path: &str) -> Option<&str> {
    path.strip_prefix(ENVOY).filter(|rest| rest.starts_with('/'))
}

async fn answer(
    state: &ServerState,
    question: Result<Question<'_>, Problem>,
    headers: &HeaderMap,
    arrival: &Arrival,
) -> Result<Response, Problem> {
    let question = question?;
    let credential = admission::read(headers, question.query)?;
    let needed = api::scope_in_catalog(state.service.catalog(), question.method, question.path)?;
    let vendor =
        admission::admit(state, credential, Some(needed), Purpose::Call, arrival, admission::agent(headers)).await?;
    Ok(yes(&vendor))
}

fn yes(vendor: &Vendor) -> Response {
    let mut response = Response::new(Body::empty());
    // Room for all of them, and for what every answer gets.
    *response.headers_mut() = HeaderMap::with_capacity(12);
    response.headers_mut().extend(vendor.identity());
    vendor.mark(&mut response);
    let headers = response.headers_mut();
    headers.insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
