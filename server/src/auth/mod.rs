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
use latchkey_service::Purpose;

use crate::admission::{self, Vendor};
use crate::connections::Whole;
use crate::header_lines::HeaderLines;
use crate::problem::Problem;
use crate::request::{Answer, Arrival};
use crate::vendor_headers::{Gathered, Lines};
use crate::{ServerState, api};

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

/// What a gateway asks, as its question arrived.
struct Asked<'a, H> {
    /// The question's own method.
    method: &'a str,
    /// Its own path, which says in which dialect it is.
    path: &'a str,
    query: Option<&'a str>,
    headers: &'a H,
}

/// Answers a gateway.
pub(crate) async fn handle(state: &ServerState, request: Request, arrival: &Arrival) -> Response {
    let (parts, _) = request.into_parts();
    let (method, path, query) = (parts.method.as_str(), parts.uri.path(), parts.uri.query());
    match decide(state, Asked { method, path, query, headers: &parts.headers }, arrival).await {
        Ok(vendor) => {
            let mut lines = Gathered::default();
            say_yes(&vendor, &mut lines);
            let mut response = Response::new(Body::empty());
            response.headers_mut().extend(lines.lines());
            response
        }
        Err(problem) => refusal(path, problem, arrival),
    }
}

/// Answers a question of a gateway's that has arrived whole.
pub(crate) async fn answer(state: &ServerState, question: &Whole<'_>, arrival: &Arrival) -> Answer {
    let (method, path) = (question.method, question.path);
    match decide(state, Asked { method, path, query: None, headers: question }, arrival).await {
        Ok(vendor) => Answer::Yes(vendor),
        Err(problem) => Answer::Response(refusal(path, problem, arrival)),
    }
}

/// Whether the request that a gateway asks about may go on.
///
/// # Errors
/// Why it may not ([`refusal`]).
async fn decide(
    state: &ServerState,
    asked: Asked<'_, impl HeaderLines + Sync>,
    arrival: &Arrival,
) -> Result<Vendor, Problem> {
    let Asked { method, path, query, headers } = asked;
    let question = match path {
        FORWARD => question::told(state, headers, arrival, &question::FORWARDED),
        NGINX => question::told(state, headers, arrival, &question::ORIGINAL),
        _ => Ok(Question::of(method, envoys(path).unwrap_or_default(), query)),
    }?;
    let credential = admission::read(headers, question.query)?;
    let needed = api::scope_in_catalog(state.service.catalog(), question.method, question.path)?;
    admission::admit(state, credential, Some(needed), Purpose::Call, arrival, admission::agent(headers)).await
}

/// The lines of an answer that lets a request go on. It has no body.
pub(crate) fn say_yes(vendor: &Vendor, to: &mut impl Lines) {
    vendor.identity(to);
    vendor.standing(to);
    to.line(CONTENT_LENGTH, |value| value.extend_from_slice(b"0"));
    to.line(CACHE_CONTROL, |value| value.extend_from_slice(b"no-store"));
}

/// The answer that lets none go on, in the dialect of the path at which was asked.
fn refusal(path: &str, problem: Problem, arrival: &Arrival) -> Response {
    if path == NGINX {
        nginx::refusal(problem, arrival.request_id.as_str())
    } else {
        problem.into_response(arrival.request_id.as_str())
    }
}

/// The path that Envoy asks about.
fn envoys(path: &str) -> Option<&str> {
    path.strip_prefix(ENVOY).filter(|rest| rest.starts_with('/'))
}
