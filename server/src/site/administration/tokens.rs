//! Adding a token for another service rep: first whose, then the form.

use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use latchkey_app::ssr::RequestContext;
use latchkey_app::{AdministrationPage, NewTokenForPage, Place, TokenAddedPage, TokenOwnerPage, one_rep};
use latchkey_domain::{Field, Refusal, RepId, RepState, TokenForm};
use latchkey_service::ports::RepFilter;
use latchkey_service::{Caller, Failure};

use super::{asked, fail, render};
use crate::ServerState;
use crate::site::forms::{PostedBy, token_form};
use crate::site::kept;
use crate::site::pages::target_of;

/// How many service reps are offered at once.
const OFFERED: u32 = 50;

pub(super) async fn show(State(state): State<ServerState>, request: Request) -> Response {
    let (context, caller) = match asked(&request) {
        Ok(asked) => asked,
        Err(response) => return *response,
    };
    let place = Place::parse(target_of(&request));
    let typed = kept::of(&request);
    let chosen = typed.as_ref().map(|fields| fields.text("rep")).or_else(|| place.value("rep"));
    let Some(chosen) = chosen else {
        return choose(&state, context, &caller, place.value("q").unwrap_or_default(), false, request).await;
    };
    let Ok(owner) = chosen.parse() else {
        return choose(&state, context, &caller, String::new(), true, request).await;
    };
    let refused = typed.map(|fields| (token_form(&fields), Refusal::SignedInAgain));
    show_form(&state, context, &caller, owner, refused, request).await
}

/// Makes the token. The answer shows its secret, this once: reloading it posts the form again, which leads to the
/// owner's page.
pub(super) async fn add(State(state): State<ServerState>, PostedBy(caller, posted): PostedBy) -> Response {
    let form = token_form(&posted.fields);
    let Ok(owner) = posted.fields.text("rep").parse::<RepId>() else {
        return choose(&state, posted.context, &caller, String::new(), true, posted.page).await;
    };
    let password = posted.fields.secret(Field::CurrentPassword.name());
    let base_url = posted.context.base_url.clone();
    match state.service.add_token_for(&caller, owner, &form, &password, &base_url).await {
        Ok(token) => match state.service.rep_details(&caller, owner).await {
            Ok(details) => {
                let page = TokenAddedPage { owner: details.overview.rep, maker: caller.rep.name, token };
                render(posted.context, AdministrationPage::TokenAdded(page), 200, posted.page).await
            }
            Err(failure) => fail(&state, &posted.context, failure, posted.page).await,
        },
        Err(Failure::Refused(Refusal::AlreadyCreated)) => {
            Redirect::to(&format!("{}?notice=already-created", one_rep(owner))).into_response()
        }
        Err(Failure::Refused(Refusal::NotFound)) => {
            choose(&state, posted.context, &caller, String::new(), true, posted.page).await
        }
        Err(failure) => {
            let refusal = failure.into_refusal(&posted.context.origin.request_id);
            show_form(&state, posted.context, &caller, owner, Some((form, refusal)), posted.page).await
        }
    }
}

async fn show_form(
    state: &ServerState,
    context: RequestContext,
    caller: &Caller,
    owner: RepId,
    refused: Option<(TokenForm, Refusal)>,
    request: Request,
) -> Response {
    let (owner, offered) = match state.service.new_token_form_for(caller, owner).await {
        Ok(form) => form,
        Err(Failure::Refused(Refusal::NotFound)) => {
            return choose(state, context, caller, String::new(), true, request).await;
        }
        Err(failure) => return fail(state, &context, failure, request).await,
    };
    let status = refused.as_ref().map_or(200, |(_, refusal)| refusal.status());
    let (form, refusal) = refused.unzip();
    let page = NewTokenForPage { owner, offered, form, refusal };
    render(context, AdministrationPage::NewToken(Box::new(page)), status, request).await
}

async fn choose(
    state: &ServerState,
    context: RequestContext,
    caller: &Caller,
    text: String,
    unfit: bool,
    request: Request,
) -> Response {
    let filter = RepFilter { text: text.clone(), state: Some(RepState::Enabled), ..RepFilter::default() };
    match state.service.rep_listing(caller, &filter, OFFERED).await {
        Ok(listing) => {
            let status = if unfit { 404 } else { 200 };
            let page = TokenOwnerPage { listing, text, unfit };
            render(context, AdministrationPage::TokenOwner(page), status, request).await
        }
        Err(failure) => fail(state, &context, failure, request).await,
    }
}
