//! The pages of external service accounts, for admins. The gate has turned everybody else away; the use cases ask
//! again.
//!
//! One address shows an account whatever becomes of it: a draft's wizard, the form that generates its token, and once
//! it is submitted its own page. Its forms say in `action` what they are for ([`WizardAction`]), in `step` which step
//! they are, and in `version` which state of the account they were made of.
//!
//! - `typed` reads what was posted, and makes inputs of what stands in an account;
//! - `draft` keeps steps, leads from one to the next, submits and cancels;
//! - `token` generates;
//! - `active` saves, revokes and shows an account that is set up.

mod active;
mod draft;
mod list;
mod start;
mod token;
mod typed;

use axum::Router;
use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::{MethodRouter, get, post};
use http::StatusCode;
use latchkey_app::ssr::RequestContext;
use latchkey_app::system_settings::{SystemSettingsPage, WizardAction};
use latchkey_app::{EXTERNAL_ACCOUNTS, NEW_EXTERNAL_ACCOUNT, ONE_EXTERNAL_ACCOUNT, Place, Said, external_account_at};
use latchkey_domain::Refusal;
use latchkey_domain::external_account::{AccountState, ExternalAccountId, SetUpStep};
use latchkey_service::ports::Acted;
use latchkey_service::{AccountDetails, Caller, Failure};

use super::administration::{CONFLICT, asked, fail};
use super::forms::{Posted, PostedBy};
use super::kept;
use super::pages::{self, Given, target_of};
use crate::ServerState;

/// The handler of a page of external service accounts; `None` where the path is none of them.
pub(super) fn page_at(path: &str) -> Option<MethodRouter<ServerState>> {
    match path {
        EXTERNAL_ACCOUNTS => Some(get(list::show)),
        NEW_EXTERNAL_ACCOUNT => Some(get(start::show)),
        ONE_EXTERNAL_ACCOUNT => Some(get(show)),
        _ => None,
    }
}

/// The forms of external service accounts.
pub(super) fn forms() -> Router<ServerState> {
    Router::new().route(NEW_EXTERNAL_ACCOUNT, post(start::start)).route(ONE_EXTERNAL_ACCOUNT, post(act))
}

/// The value of `step` for the form that generates a token.
const TOKEN_STEP: &str = "token";

/// An account as it stands.
async fn show(State(state): State<ServerState>, request: Request) -> Response {
    let (context, caller) = match asked(&request) {
        Ok(asked) => asked,
        Err(response) => return *response,
    };
    let details = match named(&request) {
        Ok(id) => state.service.account(&caller, id).await,
        Err(failure) => Err(failure),
    };
    let details = match details {
        Ok(details) => details,
        Err(failure) => return fail(&state, &context, failure, request).await,
    };
    let place = Place::parse(target_of(&request));
    let lost = kept::of(&request);
    let step = match &lost {
        Some(fields) => Some(fields.text("step")),
        None => place.value("step"),
    };
    let on = On { state: &state, caller: &caller };
    if step.as_deref() == Some(TOKEN_STEP) {
        return token::show(on, context, details, lost.as_deref(), request).await;
    }
    let step = step.and_then(|step| SetUpStep::parse(&step));
    if details.summary.state == AccountState::Draft {
        draft::show(on, context, details, step, lost.as_deref(), request).await
    } else {
        active::show(on, context, details, step, lost.as_deref(), request).await
    }
}

/// Does what a form asks for.
async fn act(State(state): State<ServerState>, PostedBy(caller, posted): PostedBy) -> Response {
    let on = On { state: &state, caller: &caller };
    let details = match named(&posted.page) {
        Ok(id) => state.service.account(&caller, id).await,
        Err(failure) => Err(failure),
    };
    let details = match details {
        Ok(details) => details,
        Err(failure) => return fail(&state, &posted.context, failure, posted.page).await,
    };
    let is_draft = details.summary.state == AccountState::Draft;
    match (WizardAction::parse(&posted.fields.text("action")), is_draft) {
        (None, _) => fail(&state, &posted.context, Refusal::NotFound.into(), posted.page).await,
        (Some(WizardAction::Issue), _) => token::issue(on, details, posted).await,
        (Some(WizardAction::Discard), true) => draft::discard(on, details, posted).await,
        (Some(WizardAction::Cancel), true) => draft::ask_to_cancel(on, details, posted).await,
        (Some(action), true) => Box::pin(draft::keep(on, details, action, posted)).await,
        (Some(WizardAction::Save), false) => active::save(on, details, posted).await,
        (Some(WizardAction::Revoke), false) => active::revoke(on, details, posted).await,
        // A page from before it was submitted.
        (Some(_), false) => active::say_that_it_was_submitted(on, details, posted).await,
    }
}

/// What every handler stands on.
#[derive(Clone, Copy)]
struct On<'a> {
    state: &'a ServerState,
    caller: &'a Caller,
}

impl On<'_> {
    /// An account anew, after something was done to it.
    async fn again(self, details: &AccountDetails) -> Result<AccountDetails, Failure> {
        self.state.service.account(self.caller, details.summary.id).await
    }
}

/// The account that a path names.
fn named(request: &Request) -> Result<ExternalAccountId, Failure> {
    external_account_at(request.uri().path()).ok_or_else(|| Refusal::NotFound.into())
}

/// Answers with a page.
async fn render(context: RequestContext, page: SystemSettingsPage, status: u16, request: Request) -> Response {
    let mut response = pages::render_with(context, Given::SystemSettings(Box::new(page)), request).await;
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response
}

/// Answers a posted form where there is no page to show a failure on.
async fn fail_posted(on: On<'_>, failure: Failure, posted: Posted) -> Response {
    fail(on.state, &posted.context, failure, posted.page).await
}

fn said(done: bool, sentence: impl Into<String>) -> Said {
    Said { done, sentence: sentence.into() }
}

/// What is said where somebody has changed an account since a form of it was made.
fn stale(acted: &Acted, by_reader: bool) -> Said {
    let who = if by_reader { "You have".to_owned() } else { format!("{} has", acted.name) };
    said(
        false,
        format!(
            "{who} changed this account meanwhile, and nothing was done now. What you entered is still here, and what was saved meanwhile stands beside it: check it and send it again."
        ),
    )
}

const SIGNED_IN_AGAIN: &str =
    "Your session had ended, and nothing was done. What you entered is still here: check it and send it again.";
