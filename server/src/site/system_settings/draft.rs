//! A set-up that is not submitted yet: its steps are kept, left, submitted or cancelled.

use axum::extract::Request;
use axum::response::{IntoResponse as _, Redirect, Response};
use latchkey_app::ssr::RequestContext;
use latchkey_app::system_settings::{
    ScopesInput, StepOfWizard, SystemSettingsPage, TokenInput, WizardAction, WizardPage,
};
use latchkey_app::{EXTERNAL_ACCOUNTS, Place, Said, external_account};
use latchkey_domain::external_account::{
    AccountErrors, AccountField, AccountForm, AccountProblem, AccountState, ExternalAccountId, SetUpStep,
};
use latchkey_domain::{FieldProblem, Refusal};
use latchkey_service::{
    AccountAttachment, AccountCancellation, AccountDetails, AccountSave, AccountSubmission, Failure,
};

use latchkey_service::ports::Acted;

use super::typed::{Typed, inputs, of_step, pasted, problems, scopes_step, step_form, together, version_of};
use super::{CONFLICT, On, SIGNED_IN_AGAIN, TOKEN_STEP, active, fail_posted, render, said, stale};
use crate::site::forms::{Fields, Posted};
use crate::site::pages::target_of;

pub(super) async fn show(
    on: On<'_>,
    context: RequestContext,
    details: AccountDetails,
    step: Option<SetUpStep>,
    lost: Option<&Fields>,
    request: Request,
) -> Response {
    let step = step.unwrap_or_else(|| first_open(&details));
    let mut shown = Shown { notice: notice_in(&Place::parse(target_of(&request))), ..Shown::of(step) };
    if let Some(fields) = lost {
        shown.version = Some(version_of(fields));
        shown.typed.fields = Some(fields);
        shown.notice = Some(said(false, SIGNED_IN_AGAIN));
    }
    answer(on, context, details, shown, 200, request).await
}

/// Keeps what a step's form holds, and goes on as its button says.
pub(super) async fn keep(on: On<'_>, details: AccountDetails, action: WizardAction, posted: Posted) -> Response {
    let Some(step) = SetUpStep::parse(&posted.fields.text("step")) else {
        return fail_posted(on, Refusal::NotFound.into(), posted).await;
    };
    let form = step_form(&posted.fields, &details.integration, step);
    let token = pasted(&posted.fields, &details).filter(|_| step == scopes_step());
    let is_emptied = details.summary.token.is_some()
        && posted.fields.all(TokenInput::NAME).first().is_some_and(|text| text.trim().is_empty());
    let (version, errors) = match on.state.service.save_account(on.caller, details.summary.id, &form).await {
        Ok(AccountSave::Saved { version, errors }) => (version, errors),
        Ok(AccountSave::Invalid(errors)) => return refuse(on, (step, form.version()), errors, posted).await,
        Ok(AccountSave::Stale(acted)) => return answer_stale(on, step, &acted, posted).await,
        Err(failure) => return fail_posted(on, failure, posted).await,
    };
    let (version, errors) = match token {
        None => (version, errors),
        Some(token) => {
            match on.state.service.attach_account_token(on.caller, details.summary.id, version, &token).await {
                Ok(AccountAttachment::Attached { version, .. }) => (version, errors),
                Ok(AccountAttachment::Invalid(more)) => (version, together(errors, &more)),
                Ok(AccountAttachment::Stale(acted)) => return answer_stale(on, step, &acted, posted).await,
                Ok(AccountAttachment::Submitted(acted)) => return active::submitted_by(on, &acted, posted).await,
                Err(failure) => return fail_posted(on, failure, posted).await,
            }
        }
    };
    if !errors.is_empty() {
        return refuse(on, (step, version), errors, posted).await;
    }
    let path = external_account(details.summary.id);
    let lead_to = |query: String| Redirect::to(&format!("{path}?{query}")).into_response();
    match action {
        WizardAction::Go(to) => lead_to(format!("step={}", to.code())),
        WizardAction::Next => go_on(on, (step, version), posted).await,
        WizardAction::Generate
            if details.integration.chooses_scopes() && form.scopes.as_ref().is_none_or(Vec::is_empty) =>
        {
            refuse(on, (step, version), AccountErrors::one(AccountProblem::ScopesMissing), posted).await
        }
        WizardAction::Generate => lead_to(format!("step={TOKEN_STEP}")),
        WizardAction::Submit if is_emptied => {
            refuse(on, (step, version), AccountErrors::one(AccountProblem::TokenMissing), posted).await
        }
        WizardAction::Submit => submit(on, AccountForm { version: version.to_string(), ..form }, posted).await,
        _ => lead_to(format!("step={}&notice=saved", step.code())),
    }
}

/// Leads to the next step, unless something is missing in this one.
async fn go_on(on: On<'_>, (step, version): (SetUpStep, i64), posted: Posted) -> Response {
    let details = match anew(on, super::named(&posted.page)).await {
        Ok(details) => details,
        Err(failure) => return fail_posted(on, failure, posted).await,
    };
    let missing = of_step(&details.missing, &details.integration, step);
    if !missing.is_empty() {
        return refuse(on, (step, version), missing, posted).await;
    }
    let next = SetUpStep::ALL.into_iter().find(|other| *other > step).unwrap_or(step);
    Redirect::to(&format!("{}?step={}", external_account(details.summary.id), next.code())).into_response()
}

async fn submit(on: On<'_>, form: AccountForm, posted: Posted) -> Response {
    let id = match super::named(&posted.page) {
        Ok(id) => id,
        Err(failure) => return fail_posted(on, failure, posted).await,
    };
    match on.state.service.submit_account(on.caller, id, &form).await {
        Ok(AccountSubmission::Submitted) => {
            Redirect::to(&format!("{}?notice=submitted", external_account(id))).into_response()
        }
        Ok(AccountSubmission::Invalid { errors, .. }) => refuse(on, (form.step, form.version()), errors, posted).await,
        Ok(AccountSubmission::Stale(acted)) => answer_stale(on, form.step, &acted, posted).await,
        Ok(AccountSubmission::AlreadySubmitted(acted)) => active::submitted_by(on, &acted, posted).await,
        Err(failure) => fail_posted(on, failure, posted).await,
    }
}

/// Asks whether the set-up is to be given up. Nothing is kept and nothing done; what was typed stays on the page.
pub(super) async fn ask_to_cancel(on: On<'_>, details: AccountDetails, posted: Posted) -> Response {
    let step = SetUpStep::parse(&posted.fields.text("step")).unwrap_or(SetUpStep::Credentials);
    let version = Some(version_of(&posted.fields));
    let Posted { context, fields, page } = posted;
    let mut shown = Shown { asks_to_cancel: true, version, ..Shown::of(step) };
    shown.typed.fields = Some(&fields);
    answer(on, context, details, shown, 200, page).await
}

pub(super) async fn discard(on: On<'_>, details: AccountDetails, posted: Posted) -> Response {
    let version = version_of(&posted.fields);
    match on.state.service.cancel_account(on.caller, details.summary.id, version).await {
        Ok(AccountCancellation::Cancelled { revoked, left_alone }) => {
            let notice = match (revoked, left_alone) {
                (Some(_), _) => "cancelled-revoked",
                (None, Some(_)) => "cancelled-left",
                (None, None) => "cancelled",
            };
            Redirect::to(&format!("{EXTERNAL_ACCOUNTS}?notice={notice}")).into_response()
        }
        Ok(AccountCancellation::Stale(acted)) => {
            let step = first_open(&details);
            let sentence =
                format!("{} meanwhile, and nothing was cancelled. This is how it stands now.", changed_by(on, &acted));
            answer_anew(on, Shown { notice: Some(said(false, sentence)), ..Shown::of(step) }, CONFLICT, posted).await
        }
        Ok(AccountCancellation::Submitted(acted)) => active::submitted_by(on, &acted, posted).await,
        Err(failure) => fail_posted(on, failure, posted).await,
    }
}

/// "Ann Mercer has changed this account".
fn changed_by(on: On<'_>, acted: &Acted) -> String {
    let who = if acted.by == on.caller.rep.id { "You have".to_owned() } else { format!("{} has", acted.name) };
    format!("{who} changed this account")
}

/// What a step shows beside what stands in the account.
struct Shown<'a> {
    step: SetUpStep,
    /// Which version of the account was typed over, where that is not the one that stands there now: who sends it
    /// again is told of what was changed meanwhile.
    version: Option<i64>,
    typed: Typed<'a>,
    notice: Option<Said>,
    asks_to_cancel: bool,
}

impl Shown<'_> {
    fn of(step: SetUpStep) -> Self {
        Self { step, version: None, typed: Typed::default(), notice: None, asks_to_cancel: false }
    }
}

/// The step again, with what was typed and what is wrong with it.
async fn refuse(on: On<'_>, (step, version): (SetUpStep, i64), errors: AccountErrors, posted: Posted) -> Response {
    let typed = Typed { errors, ..Typed::default() };
    let shown = Shown { typed, version: Some(version), ..Shown::of(step) };
    answer_typed(on, shown, 422, posted).await
}

/// The step again, with what was typed and what somebody else has saved meanwhile.
async fn answer_stale(on: On<'_>, step: SetUpStep, acted: &Acted, posted: Posted) -> Response {
    let notice = Some(stale(acted, acted.by == on.caller.rep.id));
    let shown = Shown { typed: Typed { is_stale: true, ..Typed::default() }, notice, ..Shown::of(step) };
    answer_typed(on, shown, CONFLICT, posted).await
}

async fn answer_typed(on: On<'_>, shown: Shown<'_>, status: u16, posted: Posted) -> Response {
    let details = match anew(on, super::named(&posted.page)).await {
        Ok(details) => details,
        Err(failure) => return fail_posted(on, failure, posted).await,
    };
    let Posted { context, fields, page } = posted;
    let typed = Typed { fields: Some(&fields), ..shown.typed };
    answer(on, context, details, Shown { typed, ..shown }, status, page).await
}

async fn answer_anew(on: On<'_>, shown: Shown<'_>, status: u16, posted: Posted) -> Response {
    match anew(on, super::named(&posted.page)).await {
        Ok(details) => answer(on, posted.context, details, shown, status, posted.page).await,
        Err(failure) => fail_posted(on, failure, posted).await,
    }
}

async fn anew(on: On<'_>, id: Result<ExternalAccountId, Failure>) -> Result<AccountDetails, Failure> {
    on.state.service.account(on.caller, id?).await
}

async fn answer(
    on: On<'_>,
    context: RequestContext,
    details: AccountDetails,
    shown: Shown<'_>,
    status: u16,
    request: Request,
) -> Response {
    if details.summary.state != AccountState::Draft {
        // It was submitted between two looks. Whoever is refused something learns by whom.
        if status != 200 {
            let acted = details.summary.submitted.clone().unwrap_or_else(|| details.summary.changed.clone());
            return active::show_submitted(on, context, details, &acted, request).await;
        }
        return active::show(on, context, details, None, None, request).await;
    }
    let page = page(details, shown);
    render(context, SystemSettingsPage::Wizard(Box::new(page)), status, request).await
}

fn page(mut details: AccountDetails, shown: Shown<'_>) -> WizardPage {
    let Shown { step, version, mut typed, notice, asks_to_cancel } = shown;
    details.summary.version = version.unwrap_or(details.summary.version);
    if let Some(problem) = trouble_of_token(&details).filter(|_| step == scopes_step()) {
        typed.errors.add(problem);
    }
    let inputs = inputs(&details, step, &typed);
    let problems = problems(&details, &inputs, &typed);
    let is_done = |step| of_step(&details.missing, &details.integration, step).is_empty();
    let steps = SetUpStep::ALL.map(|step| StepOfWizard { step, is_done: is_done(step) }).to_vec();
    let scopes = (step == scopes_step() && details.integration.chooses_scopes()).then(|| scopes(&details, &typed));
    let token = (step == scopes_step()).then(|| TokenInput {
        token: details.summary.token.clone(),
        problem: typed.errors.at(&AccountField::Token).map(|problem| problem.sentence(None, "")),
        checks: details.checks.clone(),
    });
    WizardPage {
        steps,
        current: step,
        inputs,
        scopes,
        token,
        problems,
        refusal: None,
        notice,
        asks_to_cancel,
        now: details.now,
        account: details.summary,
    }
}

/// What is the matter with the token that a draft has.
fn trouble_of_token(details: &AccountDetails) -> Option<AccountProblem> {
    details.missing.at(&AccountField::Token).filter(|problem| **problem != AccountProblem::TokenMissing).cloned()
}

fn scopes(details: &AccountDetails, typed: &Typed<'_>) -> ScopesInput {
    let ticked = match typed.fields {
        Some(fields) => fields.all("scopes[]"),
        None => details.scopes.iter().map(ToString::to_string).collect(),
    };
    let problem = typed.errors.at(&AccountField::Scopes).map(|problem| match problem {
        AccountProblem::ScopesMissing => FieldProblem::ScopesMissing,
        _ => FieldProblem::ScopeUnknown,
    });
    ScopesInput { offered: details.offered_scopes.clone(), ticked, problem: problem.map(Refusal::field) }
}

/// The first step in which something is missing.
fn first_open(details: &AccountDetails) -> SetUpStep {
    let is_open = |step: &SetUpStep| !of_step(&details.missing, &details.integration, *step).is_empty();
    SetUpStep::ALL.into_iter().find(is_open).unwrap_or(scopes_step())
}

fn notice_in(place: &Place) -> Option<Said> {
    match place.value("notice")?.as_str() {
        "saved" => Some(said(true, "Saved as a draft. Any admin can take it up again.")),
        _ => None,
    }
}
