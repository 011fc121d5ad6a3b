//! Which part of the server answers which path.
//!
//! Latchkey's pages have routes of their own. Everything that no page knows goes to the vendor API, which is
//! routed by data: its own table and the catalog. Gateways ask below `/auth`, OAuth's two questions lie below
//! `/oauth2`. What neither knows is a 404: a problem document where programs
//! call, a page where people do.

use axum::Router;
use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use http::StatusCode;
use http::header::{CACHE_CONTROL, RETRY_AFTER};

use crate::problem::{Problem, ProblemCode};
use crate::{ServerState, api, assets, auth, metrics, oauth2, openapi, request, site};

/// First path segments below which every answer is for programs.
const FOR_PROGRAMS: [&str; 3] = ["api", "oauth2", "auth"];

/// What is answered on one address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Surface {
    /// Everything.
    Everything,
    /// Everything but the catalog's routes, which have an address of their own: what an upstream answers can then
    /// never act as the origin of the pages.
    Pages,
    /// What vendors and gateways call, and the contract; no page that goes by a session.
    Vendors,
}

/// The server as one service.
pub fn router(state: ServerState, surface: Surface) -> Router {
    let probes = Router::new()
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics::show))
        .fallback(move |state, request| otherwise(state, surface, request))
        .with_state(state.clone());
    let pages = match surface {
        Surface::Everything | Surface::Pages => site::router(&state),
        Surface::Vendors => assets::router(),
    };
    probes
        .merge(pages)
        .merge(openapi::router(&state))
        .layer(axum::middleware::from_fn_with_state(state, request::handle))
}

/// The process is up.
async fn healthz() -> Response {
    ([(CACHE_CONTROL, "no-store")], "ok\n").into_response()
}

/// The database answers too. Nothing else has to be asked: while it answers, verdicts come from it or from an index that
/// was held against it.
async fn readyz(State(state): State<ServerState>) -> Response {
    match state.service.check_store().await {
        Ok(()) => ([(CACHE_CONTROL, "no-store")], "ready\n").into_response(),
        Err(error) => {
            tracing::warn!(cause = %error, "not ready");
            let headers = [(CACHE_CONTROL, "no-store"), (RETRY_AFTER, "5")];
            (StatusCode::SERVICE_UNAVAILABLE, headers, "the database does not answer\n").into_response()
        }
    }
}

async fn otherwise(State(state): State<ServerState>, surface: Surface, request: Request) -> Response {
    let path = request.uri().path();
    let first = path.split('/').nth(1).unwrap_or_default();
    if auth::answers(path) {
        auth::handle(&state, request).await
    } else if oauth2::answers(path) {
        oauth2::handle(&state, request).await
    } else if surface == Surface::Pages && api::is_of_catalog(&state, path) {
        let detail = "The API is answered on an address of its own. Ask the operator for it.";
        Problem::new(ProblemCode::NotFound, detail).into_response(&request::origin_of(&request).request_id)
    } else if surface == Surface::Vendors || FOR_PROGRAMS.contains(&first) || api::serves(&state, path) {
        api::handle(state, request).await
    } else {
        site::not_found(state, request).await
    }
}
