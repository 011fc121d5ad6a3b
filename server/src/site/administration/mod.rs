//! The pages of administration, for admins. The gate has turned everybody else away; the use cases ask again.
//!
//! A page's handler finds out what it shows and hands it over whole. A form's handler calls its use case, and then
//! leads on where that went well, or shows the page again with what was typed and what became of it.

mod all_tokens;
mod audit_log;
mod move_tokens;
mod new_rep;
mod one_rep;
mod policy;
mod reps;
mod tokens;

use axum::Router;
use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{MethodRouter, get, post};
use http::StatusCode;
use latchkey_app::ssr::RequestContext;
use latchkey_app::{
    ALL_TOKENS, ANY_TOKEN, AUDIT_LOG, AdministrationPage, MOVE_TOKENS, NEW_REP, NEW_TOKEN_FOR, ONE_REP, POLICY,
    REVOCATION, SERVICE_REPS, rep_at,
};
use latchkey_domain::{Refusal, RepId};
use latchkey_service::{Caller, Failure};

use super::pages::{self, Given};
use super::unavailable;
use crate::ServerState;
use crate::problem::Problem;

/// The handler of a page of administration; `None` where the path is none of them.
pub(super) fn page_at(path: &str) -> Option<MethodRouter<ServerState>> {
    match path {
        SERVICE_REPS => Some(get(reps::show)),
        NEW_REP => Some(get(new_rep::show)),
        ONE_REP => Some(get(one_rep::show)),
        MOVE_TOKENS => Some(get(move_tokens::show)),
        NEW_TOKEN_FOR => Some(get(tokens::show)),
        ALL_TOKENS => Some(get(all_tokens::show)),
        ANY_TOKEN => Some(get(all_tokens::show_any)),
        REVOCATION => Some(get(all_tokens::show_revocation)),
        AUDIT_LOG => Some(get(audit_log::show)),
        POLICY => Some(get(policy::show)),
        _ => None,
    }
}

/// The forms of administration.
pub(super) fn forms() -> Router<ServerState> {
    Router::new()
        .route(NEW_REP, post(new_rep::add))
        .route(ONE_REP, post(one_rep::act))
        .route(MOVE_TOKENS, post(move_tokens::move_tokens))
        .route(NEW_TOKEN_FOR, post(tokens::add))
        .route(ALL_TOKENS, post(all_tokens::act))
        .route(ANY_TOKEN, post(all_tokens::revoke))
        .route(REVOCATION, post(all_tokens::confirm))
        .route(AUDIT_LOG, post(audit_log::export))
        .route(POLICY, post(policy::change))
}

/// A request's context, and who is asking.
pub(super) fn asked(request: &Request) -> Result<(RequestContext, Caller), Box<Response>> {
    let context = request.extensions().get::<RequestContext>().cloned();
    let Some((context, Some(caller))) = context.map(|context| (context.clone(), context.caller)) else {
        // The gate lets nobody come here without a session.
        return Err(Box::new(StatusCode::INTERNAL_SERVER_ERROR.into_response()));
    };
    Ok((context, caller))
}

/// The service rep that a path names.
fn named(request: &Request) -> Result<RepId, Failure> {
    rep_at(request.uri().path()).ok_or_else(|| Refusal::NotFound.into())
}

/// Answers with a page.
async fn render(context: RequestContext, page: AdministrationPage, status: u16, request: Request) -> Response {
    let mut response = pages::render_with(context, Given::Administration(Box::new(page)), request).await;
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response
}

/// Answers where there is no page to show a failure on.
pub(super) async fn fail(
    state: &ServerState,
    context: &RequestContext,
    failure: Failure,
    request: Request,
) -> Response {
    match failure.into_refusal(&context.origin.request_id) {
        Refusal::NotFound => pages::not_found(state, request).await,
        Refusal::Forbidden => pages::forbidden(context.clone(), request).await,
        Refusal::Unconfirmed => Problem::in_doubt().into_response(&context.origin.request_id),
        _ => unavailable::answer(&request, &context.origin.request_id),
    }
}

/// The status of an answer that says that something has changed meanwhile.
pub(super) const CONFLICT: u16 = 409;
