//! Adding and revoking one's own tokens.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use http::Uri;
use latchkey_app::PlainPost;
use latchkey_domain::{Field, Refusal, TokenForm};
use latchkey_service::Failure;

use super::{Fields, PostedBy};
use crate::ServerState;
use crate::site::{HOME, pages};

/// Makes a token. The answer is the list with the panel that shows the secret, this once: reloading it posts the
/// form again, which leads to the list.
pub(super) async fn add(State(state): State<ServerState>, PostedBy(caller, posted): PostedBy) -> Response {
    let form = token_form(&posted.fields);
    let password = posted.fields.secret(Field::CurrentPassword.name());
    match state.service.add_token(&caller, &form, &password, &posted.context.base_url).await {
        Ok(token) => {
            let (mut parts, _) = posted.page.into_parts();
            parts.uri = Uri::from_static(HOME);
            let page = Request::from_parts(parts, Body::empty());
            pages::render(posted.context, Some(PlainPost::TokenCreated(token)), page).await
        }
        Err(Failure::Refused(Refusal::AlreadyCreated)) => to_list("notice=already-created"),
        Err(failure) => posted.render(failure, |refusal| PlainPost::TokenRefused { form, refusal }).await,
    }
}

/// The form for a new token, as it was typed.
pub(in crate::site) fn token_form(fields: &Fields) -> TokenForm {
    TokenForm {
        form_id: fields.text("form_id"),
        description: fields.typed(Field::Description),
        expiration: fields.typed(Field::Expiration),
        scope_choice: fields.text("scope_choice"),
        scopes: fields.all("scopes[]"),
        addresses: fields.typed(Field::Addresses),
    }
}

/// Revokes a token, and leads to the list.
pub(super) async fn revoke(State(state): State<ServerState>, PostedBy(caller, posted): PostedBy) -> Response {
    let revoked = match posted.fields.text("revoke").parse() {
        Ok(sid) => state.service.revoke_token(&caller, sid).await,
        Err(_) => Err(Refusal::NotFound.into()),
    };
    match revoked {
        Ok(revoked) => to_list(if revoked.had_ended { "notice=had-ended" } else { "notice=revoked" }),
        Err(failure) => posted.render(failure, PlainPost::RevokeRefused).await,
    }
}

fn to_list(query: &str) -> Response {
    Redirect::to(&format!("{HOME}?{query}")).into_response()
}
