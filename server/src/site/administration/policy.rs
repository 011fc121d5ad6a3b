//! The policy: what holds, what would come of a change, and saving it.

use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use latchkey_app::ssr::RequestContext;
use latchkey_app::{AdministrationPage, POLICY, Place, PolicyPage, Said};
use latchkey_domain::{Field, PolicyForm, Refusal};
use latchkey_service::ports::PolicyVersion;
use latchkey_service::{Caller, PolicyPreview, PolicySaved};

use super::{asked, fail, render};
use crate::ServerState;
use crate::site::forms::{Fields, Posted, PostedBy};
use crate::site::kept;
use crate::site::pages::target_of;

pub(super) async fn show(State(state): State<ServerState>, request: Request) -> Response {
    let (context, caller) = match asked(&request) {
        Ok(asked) => asked,
        Err(response) => return *response,
    };
    let shown = match kept::of(&request) {
        Some(fields) => Shown::refused(form_in(&fields), Refusal::SignedInAgain),
        None => Shown { notice: notice_in(&Place::parse(target_of(&request))), ..Shown::default() },
    };
    answer(&state, context, &caller, shown, request).await
}

/// Shows what would come of a policy, or saves it.
pub(super) async fn change(State(state): State<ServerState>, PostedBy(caller, posted): PostedBy) -> Response {
    let form = form_in(&posted.fields);
    let number = |name: &str| posted.fields.text(name).parse().ok();
    let Some(version) = number("version").map(PolicyVersion::from_number) else {
        return fail(&state, &posted.context, Refusal::NotFound.into(), posted.page).await;
    };
    match posted.fields.text("action").as_str() {
        "review" => match state.service.preview_policy(&caller, &form, version).await {
            Ok(preview) => {
                let shown = Shown { typed: Some(form), preview: Some(Box::new(preview)), ..Shown::default() };
                answer(&state, posted.context, &caller, shown, posted.page).await
            }
            Err(failure) => {
                let refusal = failure.into_refusal(&posted.context.origin.request_id);
                refuse(&state, &caller, posted, form, refusal).await
            }
        },
        "save" => {
            let shown_idle = number("shown_idle").and_then(|idle| u64::try_from(idle).ok()).unwrap_or_default();
            save(&state, &caller, posted, form, (version, shown_idle)).await
        }
        _ => fail(&state, &posted.context, Refusal::NotFound.into(), posted.page).await,
    }
}

async fn save(
    state: &ServerState,
    caller: &Caller,
    posted: Posted,
    form: PolicyForm,
    (version, shown_idle): (PolicyVersion, u64),
) -> Response {
    let password = posted.fields.secret(Field::CurrentPassword.name());
    match state.service.save_policy(caller, &form, version, shown_idle, &password).await {
        Ok(PolicySaved::Saved) => {
            begin_to_revoke(state);
            let notice = if shown_idle > 0 { "saved-and-revoking" } else { "saved" };
            Redirect::to(&format!("{POLICY}?notice={notice}")).into_response()
        }
        Ok(PolicySaved::MoreIdle(preview)) => {
            let sentence =
                "Meanwhile more tokens would be revoked than you were told, so nothing was saved.".to_owned();
            let notice = Some(Said { done: false, sentence });
            let shown = Shown {
                typed: Some(form),
                preview: Some(preview),
                notice,
                status: super::CONFLICT,
                ..Shown::default()
            };
            answer(state, posted.context, caller, shown, posted.page).await
        }
        Err(failure) => {
            let refusal = failure.into_refusal(&posted.context.origin.request_id);
            let is_password =
                matches!(&refusal, Refusal::Invalid(errors) if errors.at(Field::CurrentPassword).is_some());
            if is_password && let Ok(preview) = state.service.preview_policy(caller, &form, version).await {
                // The password alone is missing or wrong: what would come of it is still there to be confirmed.
                let status = refusal.status();
                let (typed, preview) = (Some(form), Some(Box::new(preview)));
                let shown = Shown { typed, preview, refusal: Some(refusal), status, ..Shown::default() };
                return answer(state, posted.context, caller, shown, posted.page).await;
            }
            refuse(state, caller, posted, form, refusal).await
        }
    }
}

/// Revokes what nobody uses beside the answer. What is not done here, the server does within the hour.
fn begin_to_revoke(state: &ServerState) {
    let service = state.service.clone();
    tokio::spawn(async move {
        if let Err(error) = service.revoke_idle_tokens().await {
            tracing::warn!(cause = %error, "tokens that nobody uses could not be revoked; the next try is within the hour");
        }
    });
}

/// What the page says beside what holds.
#[derive(Default)]
struct Shown {
    typed: Option<PolicyForm>,
    preview: Option<Box<PolicyPreview>>,
    refusal: Option<Refusal>,
    notice: Option<Said>,
    /// The answer's status; 200 for 0.
    status: u16,
}

impl Shown {
    fn refused(form: PolicyForm, refusal: Refusal) -> Self {
        Self { typed: Some(form), status: refusal.status(), refusal: Some(refusal), ..Self::default() }
    }
}

async fn refuse(state: &ServerState, caller: &Caller, posted: Posted, form: PolicyForm, refusal: Refusal) -> Response {
    if matches!(refusal, Refusal::Forbidden | Refusal::NotFound) {
        return fail(state, &posted.context, refusal.into(), posted.page).await;
    }
    answer(state, posted.context, caller, Shown::refused(form, refusal), posted.page).await
}

async fn answer(
    state: &ServerState,
    context: RequestContext,
    caller: &Caller,
    shown: Shown,
    request: Request,
) -> Response {
    match state.service.policy_overview(caller).await {
        Ok(overview) => {
            let Shown { typed, preview, refusal, notice, status } = shown;
            let page = PolicyPage { overview, typed, preview, refusal, notice };
            let status = if status == 0 { 200 } else { status };
            render(context, AdministrationPage::Policy(Box::new(page)), status, request).await
        }
        Err(failure) => fail(state, &context, failure, request).await,
    }
}

/// The form, as it was typed.
fn form_in(fields: &Fields) -> PolicyForm {
    PolicyForm {
        longest: fields.typed(Field::Longest),
        all_scopes: fields.text("all_scopes") == "1",
        admin_scopes: fields.all("admin_scopes[]"),
        is_idle_on: fields.text("idle") == "1",
        idle_days: fields.typed(Field::IdleDays),
        addresses: fields.typed(Field::AddressUse),
        networks: fields.typed(Field::Networks),
    }
}

fn notice_in(place: &Place) -> Option<Said> {
    let sentence = match place.value("notice")?.as_str() {
        "saved" => "The policy is saved.",
        "saved-and-revoking" => "The policy is saved. What nobody uses is being revoked; the audit log names each.",
        _ => return None,
    };
    Some(Said { done: true, sentence: sentence.to_owned() })
}
