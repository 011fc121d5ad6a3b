//! Inviting a person, and adding a service.

use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use latchkey_app::ssr::RequestContext;
use latchkey_app::{AdministrationPage, InvitePage, NewSystemRepPage, Place, RepPage, ShownLink, one_rep};
use latchkey_domain::{Field, Refusal, RepKind, Role};
use latchkey_service::{Caller, InviteForm, SystemRepForm};

use super::{asked, fail, render};
use crate::ServerState;
use crate::site::forms::{Fields, PostedBy};
use crate::site::kept;
use crate::site::pages::target_of;

pub(super) async fn show(State(state): State<ServerState>, request: Request) -> Response {
    let (context, caller) = match asked(&request) {
        Ok(asked) => asked,
        Err(response) => return *response,
    };
    let typed = kept::of(&request);
    let refusal = typed.as_ref().map(|_| Refusal::SignedInAgain);
    let is_system = match &typed {
        Some(fields) => fields.text("kind") == RepKind::System.code(),
        None => Place::parse(target_of(&request)).value("kind").as_deref() == Some(RepKind::System.code()),
    };
    if is_system {
        let form = typed.as_deref().map(system_form).unwrap_or_default();
        return show_system(&state, context, &caller, form, refusal, request).await;
    }
    let fresh = || InviteForm { role: Role::Rep.code().to_owned(), ..InviteForm::default() };
    let form = typed.as_deref().map_or_else(fresh, invite_form);
    show_invite(&state, context, &caller, form, refusal, request).await
}

/// Makes whichever was asked for.
pub(super) async fn add(State(state): State<ServerState>, PostedBy(caller, posted): PostedBy) -> Response {
    if posted.fields.text("kind") == RepKind::System.code() {
        let form = system_form(&posted.fields);
        return match state.service.add_system_rep(&caller, &form).await {
            Ok(rep) => Redirect::to(&format!("{}?notice=added", one_rep(rep.id))).into_response(),
            Err(failure) => {
                let refusal = failure.into_refusal(&posted.context.origin.request_id);
                show_system(&state, posted.context, &caller, form, Some(refusal), posted.page).await
            }
        };
    }
    let form = invite_form(&posted.fields);
    let password = posted.fields.secret(Field::CurrentPassword.name());
    let (id, link) = match state.service.invite_rep(&caller, &form, &password).await {
        Ok(invited) => invited,
        Err(failure) => {
            let refusal = failure.into_refusal(&posted.context.origin.request_id);
            return show_invite(&state, posted.context, &caller, form, Some(refusal), posted.page).await;
        }
    };
    match state.service.rep_details(&caller, id).await {
        Ok(details) => {
            let link = Some(ShownLink { link, base_url: posted.context.base_url.clone() });
            let page = RepPage { details, link, notice: None, refused: None };
            render(posted.context, AdministrationPage::Rep(Box::new(page)), 200, posted.page).await
        }
        Err(failure) => fail(&state, &posted.context, failure, posted.page).await,
    }
}

async fn show_invite(
    state: &ServerState,
    context: RequestContext,
    caller: &Caller,
    form: InviteForm,
    refusal: Option<Refusal>,
    request: Request,
) -> Response {
    let status = refusal.as_ref().map_or(200, Refusal::status);
    let page = InvitePage { form, refusal, asks_password: state.service.asks_password(caller) };
    render(context, AdministrationPage::Invite(page), status, request).await
}

async fn show_system(
    state: &ServerState,
    context: RequestContext,
    caller: &Caller,
    form: SystemRepForm,
    refusal: Option<Refusal>,
    request: Request,
) -> Response {
    let status = refusal.as_ref().map_or(200, Refusal::status);
    match state.service.suggested_reps(caller, Some(RepKind::Human)).await {
        Ok(people) => {
            let page = NewSystemRepPage { form, refusal, people };
            render(context, AdministrationPage::NewSystemRep(page), status, request).await
        }
        Err(failure) => fail(state, &context, failure, request).await,
    }
}

fn invite_form(fields: &Fields) -> InviteForm {
    InviteForm { name: fields.typed(Field::Name), email: fields.typed(Field::Email), role: fields.typed(Field::Role) }
}

fn system_form(fields: &Fields) -> SystemRepForm {
    SystemRepForm {
        name: fields.typed(Field::Name),
        email: fields.typed(Field::Email),
        owners: [fields.typed(Field::Owner), fields.typed(Field::SecondOwner)],
    }
}
