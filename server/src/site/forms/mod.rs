//! Forms that are posted without the live page, each to the path of its own page.
//!
//! A form's handler calls the use case that the live page's function calls. Where that went well it leads on by
//! a redirect (so that reloading repeats nothing); otherwise it renders the form's page again, with what was
//! typed and what is wrong.

mod fields;
mod session;
mod settings;
mod tokens;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{DefaultBodyLimit, FromRequest, Request};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::post;
use http::header::{RETRY_AFTER, USER_AGENT};
use http::{HeaderValue, StatusCode};
use latchkey_app::ssr::RequestContext;
use latchkey_app::{
    ALL_TOKENS, ANY_TOKEN, AUDIT_LOG, INVITE, MOVE_TOKENS, NEW_EXTERNAL_ACCOUNT, NEW_REP, NEW_TOKEN_FOR,
    ONE_EXTERNAL_ACCOUNT, ONE_REP, POLICY, PlainPost, RESET_PASSWORD, REVOCATION, sign_in_path,
};
use latchkey_domain::Refusal;
use latchkey_service::{Caller, Failure};

use super::{administration, links, pages, system_settings};
use crate::ServerState;

pub(super) use fields::Fields;
pub(super) use session::lead_in;
pub(super) use tokens::token_form;

/// The largest form, in bytes.
pub(super) const MAX_FORM: usize = 64 * 1024;

/// The paths that forms are posted to. A test holds the list against the router.
pub const FORMS: [&str; 19] = [
    "/sign-in",
    "/sign-out",
    "/setup",
    "/settings/general",
    "/settings/personal-access-tokens",
    "/settings/personal-access-tokens/new",
    INVITE,
    RESET_PASSWORD,
    NEW_REP,
    ONE_REP,
    MOVE_TOKENS,
    NEW_TOKEN_FOR,
    ALL_TOKENS,
    ANY_TOKEN,
    REVOCATION,
    AUDIT_LOG,
    NEW_EXTERNAL_ACCOUNT,
    ONE_EXTERNAL_ACCOUNT,
    POLICY,
];

pub(super) fn router() -> Router<ServerState> {
    let [sign_in, sign_out, set_up, general, tokens, new_token, invite, reset, ..] = FORMS;
    Router::new()
        .route(sign_in, post(session::sign_in))
        .route(sign_out, post(session::sign_out))
        .route(set_up, post(session::set_up))
        .route(general, post(settings::change))
        .route(tokens, post(tokens::revoke))
        .route(new_token, post(tokens::add))
        .route(invite, post(links::choose_password))
        .route(reset, post(links::choose_password))
        .merge(administration::forms())
        .merge(system_settings::forms())
        .layer(DefaultBodyLimit::max(MAX_FORM))
}

/// A form of one's own settings or tokens that had lost its session, as its page shows it again.
pub(super) fn typed_again(path: &str, typed: &Fields) -> Option<PlainPost> {
    let refusal = Refusal::SignedInAgain;
    match path {
        "/settings/personal-access-tokens/new" => Some(PlainPost::TokenRefused { form: token_form(typed), refusal }),
        "/settings/general" => settings::typed_again(typed, refusal),
        _ => None,
    }
}

/// A posted form: the request's context, its fields, and the request without its body for rendering the page.
pub(super) struct Posted {
    pub(super) context: RequestContext,
    pub(super) fields: Fields,
    pub(super) page: Request,
}

impl Posted {
    /// Whoever is signed in; others are led to the sign-in, and back to this page.
    fn caller(&self) -> Result<Caller, Redirect> {
        let to_sign_in = || Redirect::to(&sign_in_path(self.page.uri().path()));
        self.context.caller.clone().ok_or_else(to_sign_in)
    }

    /// The browser's name for itself.
    pub(super) fn agent(&self) -> String {
        let agent = self.page.headers().get(USER_AGENT).and_then(|value| value.to_str().ok());
        agent.unwrap_or_default().to_owned()
    }

    /// The form's page again, with what became of the post.
    async fn render(self, failure: Failure, post: impl FnOnce(Refusal) -> PlainPost) -> Response {
        let refusal = failure.into_refusal(&self.context.origin.request_id);
        let status = StatusCode::from_u16(refusal.status()).unwrap_or(StatusCode::UNPROCESSABLE_ENTITY);
        let retry_after = match &refusal {
            Refusal::TooManyAttempts { retry_after_seconds } => Some(HeaderValue::from(*retry_after_seconds)),
            _ => None,
        };
        let mut response = pages::render(self.context, Some(post(refusal)), self.page).await;
        *response.status_mut() = status;
        if let Some(seconds) = retry_after {
            response.headers_mut().insert(RETRY_AFTER, seconds);
        }
        response
    }
}

impl FromRequest<ServerState> for Posted {
    type Rejection = Response;

    async fn from_request(request: Request, _: &ServerState) -> Result<Self, Response> {
        let (parts, body) = request.into_parts();
        let Some(context) = parts.extensions.get::<RequestContext>().cloned() else {
            return Err(StatusCode::INTERNAL_SERVER_ERROR.into_response());
        };
        let body = to_bytes(body, MAX_FORM).await.map_err(|_| StatusCode::PAYLOAD_TOO_LARGE.into_response())?;
        let page = Request::from_parts(parts, Body::empty());
        Ok(Self { context, fields: Fields::read(&body), page })
    }
}

/// A form that only somebody who is signed in may post. Others are led to the sign-in.
pub(super) struct PostedBy(pub(super) Caller, pub(super) Posted);

impl FromRequest<ServerState> for PostedBy {
    type Rejection = Response;

    async fn from_request(request: Request, state: &ServerState) -> Result<Self, Response> {
        let posted = Posted::from_request(request, state).await?;
        let caller = posted.caller().map_err(IntoResponse::into_response)?;
        Ok(Self(caller, posted))
    }
}
