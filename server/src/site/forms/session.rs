//! Set-up, sign-in, sign-out.

use axum::extract::State;
use axum::response::{IntoResponse as _, Redirect, Response};
use http::header::SET_COOKIE;
use latchkey_app::PlainPost;
use latchkey_domain::Field;
use latchkey_service::{SetUpForm, SignInForm, StartedSession};

use super::Posted;
use crate::site::{HOME, cookie, pages};
use crate::{ServerState, WebSettings};

/// Starts a session, and leads on to where the visitor was going.
pub(super) async fn sign_in(State(state): State<ServerState>, posted: Posted) -> Response {
    let agent = posted.agent();
    let email = posted.fields.typed(Field::Email);
    let form = SignInForm { email: email.clone(), password: posted.fields.secret(Field::Password.name()) };
    match state.service.sign_in(&form, &posted.context.origin, &agent).await {
        Ok(session) => lead_in(&session, &pages::way_on(&posted.fields.secret("next")), &state.web),
        Err(failure) => {
            let next = posted.fields.text("next");
            posted.render(failure, |refusal| PlainPost::SignInRefused { email, next, refusal }).await
        }
    }
}

/// Makes the first admin and signs them in.
pub(super) async fn set_up(State(state): State<ServerState>, posted: Posted) -> Response {
    let agent = posted.agent();
    // The code stands in the form's own address, where the link had it.
    let query = super::Fields::read(posted.page.uri().query().unwrap_or_default().as_bytes());
    let (name, email) = (posted.fields.typed(Field::Name), posted.fields.typed(Field::Email));
    let form = SetUpForm {
        code: query.secret("code"),
        name: name.clone(),
        email: email.clone(),
        password: posted.fields.secret(Field::Password.name()),
    };
    match state.service.set_up(&form, &posted.context.origin, &agent).await {
        Ok(session) => lead_in(&session, HOME, &state.web),
        Err(failure) => posted.render(failure, |refusal| PlainPost::SetUpRefused { name, email, refusal }).await,
    }
}

/// Ends the session, where there is one.
pub(super) async fn sign_out(State(state): State<ServerState>, posted: Posted) -> Response {
    if let Some(caller) = &posted.context.caller
        && let Err(failure) = state.service.sign_out(caller).await
    {
        let _ = failure.into_refusal(&posted.context.origin.request_id);
        return http::StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    let mut response = Redirect::to("/sign-in").into_response();
    if let Some(value) = cookie::end(&state.web) {
        response.headers_mut().insert(SET_COOKIE, value);
    }
    // Pages that were left are not to be shown again by Back.
    response.headers_mut().insert("clear-site-data", http::HeaderValue::from_static("\"cache\""));
    response
}

pub(in crate::site) fn lead_in(session: &StartedSession, path: &str, web: &WebSettings) -> Response {
    let mut response = Redirect::to(path).into_response();
    if let Some(value) = cookie::start(session, web) {
        response.headers_mut().insert(SET_COOKIE, value);
    }
    response
}
