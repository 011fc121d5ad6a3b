//! The vendor API.
//!
//! A request is judged in one order, so that each refusal is the same whatever else is wrong with it:
//! 1. 400: an unsafe path (refused before it gets here), or more than one credential.
//! 2. 404 or 405: no such path, or not with this method (`routes.rs`).
//! 3. 401: no credential, or one that is not good; 429: too many calls; 403: it lacks the scope (`admission.rs`).
//! 4. The route itself (`token.rs`, `external_account.rs`; for the catalog's, `gateway/` where there is an upstream, else `records.rs`).
//!
//! Where the database does not answer, that is a 503: neither yes nor no. Cookies are not looked at here, nor are
//! headers that name another method or path.

mod body;
mod external_account;
mod precondition;
mod query;
mod records;
mod routes;
mod token;

use axum::body::{Body, HttpBody as _};
use axum::extract::Request;
use axum::response::Response;
use http::header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderValue, Method, StatusCode};
use latchkey_domain::{OwnAction, RouteMatch};
use latchkey_service::ports::StoreError;
use latchkey_service::{Failure, Purpose};
use serde::Serialize;

use crate::ServerState;
use crate::admission::{self, Vendor};
use crate::gateway::{Caller, Forwarded};
use crate::problem::{Problem, ProblemCode};
use crate::request::Arrival;
use crate::vendor_headers::Gathered;

use routes::Action;

pub(crate) use routes::{RecordAction, scope_in_catalog};

/// Whether the API has this path, with any method.
pub(crate) fn serves(state: &ServerState, path: &str) -> bool {
    routes::knows(state.service.catalog(), path)
}

/// Whether the catalog has this path, with any method.
pub(crate) fn is_of_catalog(state: &ServerState, path: &str) -> bool {
    state.service.catalog().find(None, path) != RouteMatch::Unknown
}

/// Answers a request to the API, or to a path that nothing else knows.
pub(crate) async fn handle(state: &ServerState, request: Request, arrival: &Arrival) -> Response {
    let is_head = request.method() == Method::HEAD;
    let answered = answer(state, request, arrival).await;
    let mut response = answered.unwrap_or_else(|problem| problem.into_response(arrival.request_id.as_str()));
    if response.extensions().get::<Forwarded>().is_some() {
        return response;
    }
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if is_head { without_body(response) } else { response }
}

async fn answer(state: &ServerState, request: Request, arrival: &Arrival) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let credential = admission::read(&parts.headers, parts.uri.query())?;
    let route = routes::find(state.service.catalog(), &parts.method, parts.uri.path())?;
    let agent = admission::agent(&parts.headers);
    let vendor = admission::admit(state, credential, route.scope.as_ref(), Purpose::Call, arrival, agent).await?;
    let answered = match (&state.gateway, route.action) {
        (None, _) | (_, Action::Own(_)) => {
            perform(&Call { state, vendor: &vendor, parts: &parts }, route.action, body).await
        }
        (Some(gateway), _) => gateway.forward(&caller(state, &vendor), parts, body).await,
    };
    if let Err(problem) = &answered {
        state.metrics.upstream_failed(problem.code());
    }
    let mut response = answered.unwrap_or_else(|problem| problem.into_response(arrival.request_id.as_str()));
    vendor.mark(&mut response);
    Ok(response)
}

/// The vendor, as the upstream is told of it.
fn caller<'a>(state: &ServerState, vendor: &'a Vendor) -> Caller<'a> {
    let mut identity = Gathered::default();
    vendor.identity(&mut identity);
    Caller {
        sid: vendor.credential.sid,
        identity: identity.lines().collect(),
        arrival: &vendor.arrival,
        is_https: state.web.is_https(),
    }
}

/// A request whose credential is good and may do what it asks.
struct Call<'a> {
    state: &'a ServerState,
    vendor: &'a Vendor,
    parts: &'a http::request::Parts,
}

impl Call<'_> {
    fn path(&self) -> &str {
        self.parts.uri.path()
    }

    /// What a failed use case looks like to a vendor. The log has the cause.
    fn problem(&self, failure: &Failure) -> Problem {
        let request_id = &self.vendor.arrival.request_id;
        tracing::error!(%request_id, cause = %failure, "a vendor's request failed");
        match failure {
            Failure::Store(StoreError::Unconfirmed(_)) => Problem::in_doubt(),
            Failure::Store(_) => Problem::unavailable(),
            Failure::Refused(_) | Failure::Random(_) | Failure::PasswordHashing(_) | Failure::Sealing(_) => internal(),
        }
    }
}

async fn perform(call: &Call<'_>, action: Action, body: Body) -> Result<Response, Problem> {
    match action {
        Action::Own(OwnAction::ShowToken) => token::show(call).await,
        Action::Own(OwnAction::GiveUpToken) => token::give_up(call).await,
        Action::Own(OwnAction::ShowExternalAccount) => external_account::show(call).await,
        Action::Record(RecordAction::Search) => records::search(call).await,
        Action::Record(RecordAction::List) => records::list(call).await,
        Action::Record(RecordAction::Create) => records::create(call, body).await,
        Action::Record(RecordAction::Read) => records::read(call).await,
        Action::Record(RecordAction::Replace) => records::replace(call, body).await,
        Action::Record(RecordAction::Delete) => records::delete(call).await,
        Action::Record(RecordAction::NotImplemented) => Err(Problem::new(
            ProblemCode::NotImplemented,
            "The catalog opens this method here, but Latchkey's own record store does not have it.",
        )),
    }
}

fn internal() -> Problem {
    Problem::new(ProblemCode::Internal, "Something went wrong inside Latchkey. Try again.")
}

/// A JSON answer.
fn json(status: StatusCode, value: &impl Serialize) -> Result<Response, Problem> {
    let body = serde_json::to_vec(value).map_err(|error| {
        tracing::error!(cause = %error, "an answer could not be written as JSON");
        internal()
    })?;
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(response)
}

/// The answer to HEAD: what GET would say, without the body but with its length (RFC 9110 section 9.3.2).
fn without_body(response: Response) -> Response {
    let length = response.body().size_hint().exact();
    let mut response = response.map(|_| Body::empty());
    if let Some(length) = length {
        response.headers_mut().insert(CONTENT_LENGTH, length.into());
    }
    response
}
