//! The functions of the live page.

use axum::Router;
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{MethodRouter, get, post};
use http::header::ACCEPT;
use http::{Method, StatusCode};
use latchkey_app::ssr::RequestContext;
use leptos::prelude::provide_context;
use leptos::server_fn::axum::server_fn_paths;
use leptos_axum::handle_server_fns_with_context;

use crate::problem::{Problem, ProblemCode};
use crate::{ServerState, request};

pub(super) fn router() -> Router<ServerState> {
    let functions = server_fn_paths().fold(Router::new(), |router, (path, method)| {
        let handler: MethodRouter<ServerState> = if method == Method::GET { get(run) } else { post(run) };
        router.route(path, handler)
    });
    functions.layer(from_fn(refuse_plain_forms))
}

async fn run(request: Request) -> Response {
    let Some(context) = request.extensions().get::<RequestContext>().cloned() else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    handle_server_fns_with_context(move || provide_context(context.clone()), request).await.into_response()
}

/// A form that is posted to a function by a browser would be answered by a redirect, and its result dropped: a
/// new token's secret would be lost. Our own forms never do that.
async fn refuse_plain_forms(request: Request, next: Next) -> Response {
    let accept = request.headers().get(ACCEPT).and_then(|value| value.to_str().ok());
    if accept.is_some_and(|accept| accept.contains("text/html")) {
        let origin = request::origin_of(&request);
        let detail = "Functions answer the live page only. Post the form to its own page.";
        return Problem::new(ProblemCode::NotAcceptable, detail).into_response(&origin.request_id);
    }
    next.run(request).await
}
