//! Generating an account's token. The answer shows the secret, this once: reloading it posts the form again, whose
//! version is used up.

use axum::extract::Request;
use axum::response::{IntoResponse as _, Redirect, Response};
use latchkey_app::ssr::RequestContext;
use latchkey_app::system_settings::{GenerateTokenPage, Problem, SystemSettingsPage, TokenGeneratedPage};
use latchkey_app::{Said, external_account};
use latchkey_domain::external_account::{AccountErrors, AccountField, AccountState, AccountTokenForm, SettingKind};
use latchkey_domain::{Field, Refusal};
use latchkey_service::{AccountDetails, AccountTokenOutcome};

use super::typed::{scopes_step, token_form};
use super::{CONFLICT, On, SIGNED_IN_AGAIN, active, fail, fail_posted, render, said};
use crate::site::forms::{Fields, Posted};

pub(super) async fn show(
    on: On<'_>,
    context: RequestContext,
    details: AccountDetails,
    lost: Option<&Fields>,
    request: Request,
) -> Response {
    if details.scopes.is_empty() {
        // They are chosen first.
        let path = external_account(details.summary.id);
        return Redirect::to(&format!("{path}?step={}", scopes_step().code())).into_response();
    }
    let mut shown = Shown { typed: lost.map(token_form), ..Shown::default() };
    if lost.is_some() {
        shown.notice = Some(said(false, SIGNED_IN_AGAIN));
    }
    answer(on, context, details, shown, 200, request).await
}

/// Generates it: for a draft, or in the place of the one in use.
pub(super) async fn issue(on: On<'_>, details: AccountDetails, posted: Posted) -> Response {
    let form = token_form(&posted.fields);
    let password = posted.fields.secret(Field::CurrentPassword.name());
    let (service, id, base_url) = (&on.state.service, details.summary.id, posted.context.base_url.clone());
    let outcome = if details.summary.state == AccountState::Draft {
        service.generate_account_token(on.caller, id, &form, &password, &base_url).await
    } else {
        service.replace_account_token(on.caller, id, &form, &password, &base_url).await
    };
    let (shown, status) = match outcome {
        Ok(AccountTokenOutcome::Generated(generated)) => {
            return match on.again(&details).await {
                Ok(details) => {
                    let page = TokenGeneratedPage {
                        account: details.summary,
                        token: generated.shown,
                        confirmation: generated.confirmation,
                    };
                    let page = SystemSettingsPage::TokenGenerated(Box::new(page));
                    render(posted.context, page, 200, posted.page).await
                }
                Err(failure) => fail_posted(on, failure, posted).await,
            };
        }
        Ok(AccountTokenOutcome::Invalid(errors)) => (Shown { errors, ..Shown::default() }, 422),
        Ok(AccountTokenOutcome::Stale(acted)) => {
            let sentence = if acted.by == on.caller.rep.id {
                "You have changed this account meanwhile: this form may have been sent twice. No token was generated now, and one that was is not shown again.".to_owned()
            } else {
                format!(
                    "{} has changed this account meanwhile, and no token was generated now. This is how it stands.",
                    acted.name
                )
            };
            (Shown { notice: Some(said(false, sentence)), ..Shown::default() }, CONFLICT)
        }
        Ok(AccountTokenOutcome::Submitted(acted)) => return active::submitted_by(on, &acted, posted).await,
        Err(failure) => match failure.into_refusal(&posted.context.origin.request_id) {
            refusal @ (Refusal::NotFound | Refusal::Forbidden) => {
                return fail_posted(on, refusal.into(), posted).await;
            }
            refusal => {
                let status = refusal.status();
                (Shown { refusal: Some(refusal), ..Shown::default() }, status)
            }
        },
    };
    match on.again(&details).await {
        Ok(details) => {
            let is_stale = status == CONFLICT;
            let version = if is_stale { details.summary.version.to_string() } else { form.version.clone() };
            let typed = Some(AccountTokenForm { version, ..form });
            answer(on, posted.context, details, Shown { typed, ..shown }, status, posted.page).await
        }
        Err(failure) => fail_posted(on, failure, posted).await,
    }
}

/// What the form shows beside what it offers.
#[derive(Default)]
struct Shown {
    typed: Option<AccountTokenForm>,
    errors: AccountErrors,
    refusal: Option<Refusal>,
    notice: Option<Said>,
}

async fn answer(
    on: On<'_>,
    context: RequestContext,
    details: AccountDetails,
    shown: Shown,
    status: u16,
    request: Request,
) -> Response {
    let offer = match on.state.service.account_token_offer(on.caller, details.summary.id).await {
        Ok(offer) => offer,
        Err(failure) => return fail(on.state, &context, failure, request).await,
    };
    let Shown { typed, errors, refusal, notice } = shown;
    let page = GenerateTokenPage {
        problems: problems(&errors, refusal.as_ref()),
        typed: typed.unwrap_or_else(|| offer.form.clone()),
        offer,
        refusal,
        notice,
        has_credentials: details.integration.settings.iter().any(|setting| setting.kind == SettingKind::Credential),
        now: details.now,
        account: details.summary,
    };
    render(context, SystemSettingsPage::GenerateToken(Box::new(page)), status, request).await
}

/// What is wrong, in the form's order.
fn problems(errors: &AccountErrors, refusal: Option<&Refusal>) -> Vec<Problem> {
    let owner = errors.at(&AccountField::TokenOwner);
    let owner = owner.map(|problem| Problem::new(&AccountField::TokenOwner.name(), problem.sentence(None, "")));
    let fields = match refusal {
        Some(Refusal::Invalid(errors)) => {
            [Field::Expiration, Field::Description, Field::Addresses, Field::CurrentPassword]
                .into_iter()
                .filter_map(|field| Some(Problem::new(field.name(), errors.at(field)?.sentence())))
                .collect()
        }
        _ => Vec::new(),
    };
    owner.into_iter().chain(fields).collect()
}
