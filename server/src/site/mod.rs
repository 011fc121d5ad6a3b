//! The web pages, for people with a browser.
//!
//! A request for a page, a form or a function goes through the gate (`gate`): vendor credentials are refused,
//! changes must come from our own pages, and the session's cookie says who is asking. Then
//! - a page is rendered (`pages`), or leads to the sign-in;
//! - a form that was posted without the live page calls its use case (`forms`) and is answered by a redirect,
//!   or by its own page again with what was typed;
//! - a form that has lost its session is kept until its sender has signed in again (`kept`);
//! - a function of the live page runs (`functions`) and checks the session itself.

mod administration;
mod cookie;
mod export;
mod forms;
mod functions;
mod gate;
mod headers;
mod kept;
mod links;
mod pages;
mod system_settings;
mod unavailable;

use axum::Router;
use axum::extract::Request;
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::get;

use crate::{ServerState, assets};

pub(crate) use cookie::NAMES as SESSION_COOKIES;
pub use forms::FORMS;
pub(crate) use gate::base_url;
pub(crate) use kept::KeptForms;
pub use pages::PUBLIC_PAGES;
pub(crate) use pages::render_public;

/// Where people land.
const HOME: &str = "/settings/personal-access-tokens";

/// Every route of the web pages: pages, forms, functions and assets.
pub fn router(state: &ServerState) -> Router {
    let gated = pages::router()
        .merge(forms::router())
        .merge(functions::router())
        .route("/", get(home))
        .route("/settings", get(home))
        .layer(from_fn_with_state(state.clone(), gate::pass))
        .with_state(state.clone());
    gated.merge(assets::router())
}

/// The page that says there is nothing at an address.
pub async fn not_found(state: ServerState, request: Request) -> Response {
    pages::not_found(&state, request).await
}

async fn home() -> Response {
    Redirect::to(HOME).into_response()
}
