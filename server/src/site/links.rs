//! Links by which somebody chooses a password: an invitation, or a reset. Looking at one changes nothing.

use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use latchkey_app::ssr::RequestContext;
use latchkey_app::{AccountLinkPage, INVITE};
use latchkey_domain::{Field, PlainText, Refusal};
use latchkey_service::ports::LinkPurpose;

use super::HOME;
use super::forms::{Fields, Posted, lead_in};
use super::pages::{Given, render_with};
use crate::ServerState;

/// The form behind a link; the same answer for every link that opens nothing.
pub(super) async fn show(State(state): State<ServerState>, request: Request) -> Response {
    let Some(context) = request.extensions().get::<RequestContext>().cloned() else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    render(&state, context, request, None).await
}

/// Sets the password and signs in; whoever was signed in here is not any longer.
pub(super) async fn choose_password(State(state): State<ServerState>, posted: Posted) -> Response {
    let agent = posted.agent();
    let (purpose, code) = link_of(&posted.page);
    let password = posted.fields.secret(Field::Password.name());
    match state.service.use_link(purpose, &code, &password, &posted.context.origin, &agent).await {
        Ok(session) => lead_in(&session, HOME, &state.web),
        Err(failure) => {
            let refusal = failure.into_refusal(&posted.context.origin.request_id);
            render(&state, posted.context, posted.page, Some(refusal)).await
        }
    }
}

async fn render(state: &ServerState, context: RequestContext, request: Request, refusal: Option<Refusal>) -> Response {
    let (purpose, code) = link_of(&request);
    let (holder, refusal) = match state.service.link_holder(purpose, &code).await {
        Ok(holder) => (Some(holder), refusal),
        Err(failure) => (None, Some(failure.into_refusal(&context.origin.request_id))),
    };
    let status = refusal.as_ref().map_or(200, Refusal::status);
    let page = AccountLinkPage { purpose, holder, refusal };
    let mut response = render_with(context, Given::AccountLink(Box::new(page)), request).await;
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::GONE);
    response
}

/// What the link at a request's address is for, and its code.
fn link_of(request: &Request) -> (LinkPurpose, PlainText) {
    let purpose = if request.uri().path() == INVITE { LinkPurpose::Invite } else { LinkPurpose::Reset };
    let query = Fields::read(request.uri().query().unwrap_or_default().as_bytes());
    (purpose, query.secret("code"))
}
