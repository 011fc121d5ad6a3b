//! Which part of the server answers which path.
//!
//! Latchkey's pages have routes of their own. Everything that no page knows goes to the vendor API, which is
//! routed by data: its own table and the catalog. Gateways ask below `/auth`, OAuth's two questions lie below
//! `/oauth2`. What neither knows is a 404: a problem document where programs
//! call, a page where people do.

use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use axum::{Extension, Router};
use http::StatusCode;
use http::header::{CACHE_CONTROL, RETRY_AFTER};

use crate::connections::{AnswerText, Answers as _, Client, Whole};
use crate::problem::{Problem, ProblemCode};
use crate::request::{Answer, Arrival};
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
#[derive(Clone)]
pub struct Application {
    state: ServerState,
    surface: Surface,
    /// Whatever has a route of its own.
    routes: Router,
}

impl Application {
    /// What is answered on one address.
    #[must_use]
    pub fn new(state: ServerState, surface: Surface) -> Self {
        let probes = Router::new()
            .route("/healthz", get(healthz))
            .route("/readyz", get(readyz))
            .route("/metrics", get(metrics::show))
            .fallback(move |state, arrival, request| otherwise(state, surface, arrival, request))
            .with_state(state.clone());
        let pages = match surface {
            Surface::Everything | Surface::Pages => site::router(&state),
            Surface::Vendors => assets::router(),
        };
        let routes = probes.merge(pages).merge(openapi::router(&state));
        Self { state, surface, routes }
    }

    /// The routes, for those who want to know which there are.
    pub const fn routes(&self) -> &Router {
        &self.routes
    }

    /// Answers a request. What gateways, services that introspect, and the catalog's vendors ask is known by its path
    /// alone, and goes past the routes.
    pub async fn answer(&self, request: Request, client: &Client) -> Response {
        let routed = |mut request: Request, arrival: Arrival| async move {
            let path = request.uri().path();
            if auth::answers(path) {
                auth::handle(&self.state, request, &arrival).await
            } else if oauth2::answers(path) {
                oauth2::handle(&self.state, request, &arrival).await
            } else if self.surface != Surface::Pages && api::is_of_catalog(&self.state, path) {
                if let Some(place) = client.place().filter(|_| self.state.gateway.is_some()) {
                    request.extensions_mut().insert(place.clone());
                }
                api::handle(&self.state, request, &arrival).await
            } else {
                request.extensions_mut().insert(arrival);
                self.routes.answer(request, client).await
            }
        };
        request::handle(&self.state, request, client, routed).await
    }

    /// Answers a question that has arrived whole, or nothing where it is another request.
    pub(crate) async fn answer_whole(&self, request: &Whole<'_>, client: &Client, to: &mut AnswerText) -> bool {
        let state = &self.state;
        match (request.method, request.path) {
            ("GET", auth::FORWARD | auth::NGINX) => {
                let answering = async |arrival: &Arrival| auth::answer(state, request, arrival).await;
                request::handle_whole(state, request, client, to, answering).await;
            }
            ("POST", oauth2::INTROSPECT) => {
                let answering =
                    async |arrival: &Arrival| Answer::Response(oauth2::introspect(state, request, arrival).await);
                request::handle_whole(state, request, client, to, answering).await;
            }
            _ => return false,
        }
        true
    }
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

async fn otherwise(
    State(state): State<ServerState>,
    surface: Surface,
    Extension(arrival): Extension<Arrival>,
    request: Request,
) -> Response {
    let path = request.uri().path();
    let first = path.split('/').nth(1).unwrap_or_default();
    if surface == Surface::Pages && api::is_of_catalog(&state, path) {
        let detail = "The API is answered on an address of its own. Ask the operator for it.";
        Problem::new(ProblemCode::NotFound, detail).into_response(arrival.request_id.as_str())
    } else if surface == Surface::Vendors || FOR_PROGRAMS.contains(&first) || api::serves(&state, path) {
        api::handle(&state, request, &arrival).await
    } else {
        site::not_found(state, request).await
    }
}
