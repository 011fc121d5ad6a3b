//! Anybody's token.

use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use latchkey_app::{AdministrationPage, AnyTokenPage, Place, Said, any_token, any_token_at};
use latchkey_domain::{AccountSid, Refusal};
use latchkey_service::Failure;

use crate::ServerState;
use crate::site::administration::{asked, fail, render};
use crate::site::forms::PostedBy;
use crate::site::kept;
use crate::site::pages::target_of;

pub(in crate::site::administration) async fn show(State(state): State<ServerState>, request: Request) -> Response {
    let (context, caller) = match asked(&request) {
        Ok(asked) => asked,
        Err(response) => return *response,
    };
    let notice_of = |done, sentence: &str| Some(Said { done, sentence: sentence.to_owned() });
    let notice = match Place::parse(target_of(&request)).value("notice").as_deref() {
        _ if kept::of(&request).is_some() => notice_of(false, "Your session had ended, and nothing was done."),
        Some("revoked") => notice_of(true, "Revoked. No call with it succeeds any longer."),
        Some("had-ended") => notice_of(false, "It had ended before: somebody else was faster. Nothing has changed."),
        _ => None,
    };
    let found = match named(&request) {
        Ok(name) => state.service.any_token(&caller, name).await,
        Err(failure) => Err(failure),
    };
    match found {
        Ok(found) => {
            let page = AnyTokenPage { found, notice };
            render(context, AdministrationPage::AnyToken(Box::new(page)), 200, request).await
        }
        Err(failure) => fail(&state, &context, failure, request).await,
    }
}

/// Revokes it, and leads back to it.
pub(in crate::site::administration) async fn revoke(
    State(state): State<ServerState>,
    PostedBy(caller, posted): PostedBy,
) -> Response {
    let revoked = match named(&posted.page) {
        Ok(sid) => state.service.revoke_token_of(&caller, sid).await,
        Err(failure) => Err(failure),
    };
    match revoked {
        Ok(revoked) => {
            let notice = if revoked.had_ended { "had-ended" } else { "revoked" };
            Redirect::to(&format!("{}?notice={notice}", any_token(revoked.sid))).into_response()
        }
        Err(failure) => fail(&state, &posted.context, failure, posted.page).await,
    }
}

fn named(request: &Request) -> Result<AccountSid, Failure> {
    any_token_at(request.uri().path()).ok_or_else(|| Refusal::NotFound.into())
}
