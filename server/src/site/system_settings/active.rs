//! An account that is set up.

use axum::extract::Request;
use axum::response::{IntoResponse as _, Redirect, Response};
use latchkey_app::ssr::RequestContext;
use latchkey_app::system_settings::{AccountPage, SettingsOfStep, SystemSettingsPage};
use latchkey_app::{Place, Said, external_account};
use latchkey_domain::Refusal;
use latchkey_domain::external_account::{AccountErrors, SetUpStep};
use latchkey_service::ports::Acted;
use latchkey_service::{AccountDetails, AccountSave};

use super::typed::{Typed, inputs, problems, step_form, version_of};
use super::{CONFLICT, On, SIGNED_IN_AGAIN, fail_posted, render, said, stale};
use crate::site::forms::{Fields, Posted};
use crate::site::pages::target_of;

pub(super) async fn show(
    on: On<'_>,
    context: RequestContext,
    mut details: AccountDetails,
    step: Option<SetUpStep>,
    lost: Option<&Fields>,
    request: Request,
) -> Response {
    let mut shown = Shown { notice: notice_in(&Place::parse(target_of(&request))), ..Shown::default() };
    if let Some(fields) = lost {
        details.summary.version = version_of(fields);
        shown.notice = Some(said(false, SIGNED_IN_AGAIN));
        shown.step = step;
        shown.typed.fields = Some(fields);
    }
    answer(on, context, details, shown, 200, request).await
}

/// Saves the settings of a step, all of them or none.
pub(super) async fn save(on: On<'_>, details: AccountDetails, posted: Posted) -> Response {
    let Some(step) = SetUpStep::parse(&posted.fields.text("step")) else {
        return fail_posted(on, Refusal::NotFound.into(), posted).await;
    };
    let mut form = step_form(&posted.fields, &details.integration, step);
    // What its token may do is fixed once it is set up.
    form.scopes = None;
    match on.state.service.save_account(on.caller, details.summary.id, &form).await {
        Ok(AccountSave::Saved { errors, .. }) if errors.is_empty() => {
            Redirect::to(&format!("{}?notice=saved", external_account(details.summary.id))).into_response()
        }
        Ok(AccountSave::Saved { errors, .. } | AccountSave::Invalid(errors)) => {
            answer_typed(on, details, (step, errors, None), 422, posted).await
        }
        Ok(AccountSave::Stale(acted)) => {
            let notice = Some(stale(&acted, acted.by == on.caller.rep.id));
            answer_typed(on, details, (step, AccountErrors::default(), notice), CONFLICT, posted).await
        }
        Err(failure) => fail_posted(on, failure, posted).await,
    }
}

/// Ends the account's token.
pub(super) async fn revoke(on: On<'_>, details: AccountDetails, posted: Posted) -> Response {
    match on.state.service.revoke_account(on.caller, details.summary.id).await {
        Ok(revoked) => {
            let notice = if revoked.had_ended { "had-ended" } else { "revoked" };
            Redirect::to(&format!("{}?notice={notice}", external_account(details.summary.id))).into_response()
        }
        Err(failure) => fail_posted(on, failure, posted).await,
    }
}

/// Says that a draft's form came too late: the account is active.
pub(super) async fn submitted_by(on: On<'_>, acted: &Acted, posted: Posted) -> Response {
    let details = match super::named(&posted.page) {
        Ok(id) => on.state.service.account(on.caller, id).await,
        Err(failure) => Err(failure),
    };
    match details {
        Ok(details) => show_submitted(on, posted.context, details, acted, posted.page).await,
        Err(failure) => fail_posted(on, failure, posted).await,
    }
}

/// The account, with who has submitted it, to whom that comes in between.
pub(super) async fn show_submitted(
    on: On<'_>,
    context: RequestContext,
    details: AccountDetails,
    acted: &Acted,
    request: Request,
) -> Response {
    let who = if acted.by == on.caller.rep.id { "You have" } else { acted.name.as_str() };
    let verb = if acted.by == on.caller.rep.id { "" } else { " has" };
    let sentence =
        format!("{who}{verb} submitted this account meanwhile: it is active, and nothing more was done now.");
    let shown = Shown { notice: Some(said(false, sentence)), ..Shown::default() };
    answer(on, context, details, shown, CONFLICT, request).await
}

/// The same, to a form of a draft that is none any more.
pub(super) async fn say_that_it_was_submitted(on: On<'_>, details: AccountDetails, posted: Posted) -> Response {
    let acted = details.summary.submitted.clone().unwrap_or_else(|| details.summary.changed.clone());
    submitted_by(on, &acted, posted).await
}

async fn answer_typed(
    on: On<'_>,
    details: AccountDetails,
    (step, errors, notice): (SetUpStep, AccountErrors, Option<Said>),
    status: u16,
    posted: Posted,
) -> Response {
    let mut details = match on.again(&details).await {
        Ok(details) => details,
        Err(failure) => return fail_posted(on, failure, posted).await,
    };
    let Posted { context, fields, page } = posted;
    let is_stale = status == CONFLICT;
    if !is_stale {
        // What was typed is still of the version that its form was made of.
        details.summary.version = version_of(&fields);
    }
    let typed = Typed { fields: Some(&fields), errors, is_stale };
    answer(on, context, details, Shown { step: Some(step), typed, notice }, status, page).await
}

/// What the page shows beside what stands in the account.
#[derive(Default)]
struct Shown<'a> {
    /// The step that was typed into.
    step: Option<SetUpStep>,
    typed: Typed<'a>,
    notice: Option<Said>,
}

async fn answer(
    on: On<'_>,
    context: RequestContext,
    details: AccountDetails,
    shown: Shown<'_>,
    status: u16,
    request: Request,
) -> Response {
    let Shown { step: typed_step, typed, notice } = shown;
    let untouched = Typed::default();
    let section = |step| {
        let typed = if typed_step == Some(step) { &typed } else { &untouched };
        let inputs = inputs(&details, step, typed);
        let problems = problems(&details, &inputs, typed);
        SettingsOfStep { step, inputs, problems }
    };
    let sections = SetUpStep::ALL.map(section).into_iter().filter(|section| !section.inputs.is_empty()).collect();
    let catalog = on.state.service.catalog().scopes();
    let scopes = catalog.iter().filter(|scope| details.scopes.contains(&scope.name)).map(|scope| scope.label.clone());
    let page = AccountPage { scopes: scopes.collect(), sections, notice, account: details };
    render(context, SystemSettingsPage::Account(Box::new(page)), status, request).await
}

fn notice_in(place: &Place) -> Option<Said> {
    match place.value("notice")?.as_str() {
        "submitted" => Some(said(true, "Submitted: the account is active, and its token works.")),
        "saved" => Some(said(true, "The settings are saved.")),
        "revoked" => Some(said(true, "Its token is revoked. No call with it succeeds any longer.")),
        "had-ended" => Some(said(false, "Its token had ended before: somebody else was faster. Nothing has changed.")),
        _ => None,
    }
}
