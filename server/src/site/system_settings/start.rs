//! Starting a set-up.

use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use latchkey_app::external_account;
use latchkey_app::ssr::RequestContext;
use latchkey_app::system_settings::{IntegrationOffer, Problem, StartPage, SystemSettingsPage};
use latchkey_domain::external_account::{
    AccountErrors, AccountField, AccountLevel, AccountProblem, ExternalAccountId, Integration, IntegrationScopes,
    NewAccountForm, SetUpStep,
};
use latchkey_domain::{Catalog, Refusal};
use latchkey_service::{AccountStart, Caller};

use super::{CONFLICT, asked, fail, render};
use crate::ServerState;
use crate::site::forms::{Fields, PostedBy};
use crate::site::kept;

pub(super) async fn show(State(state): State<ServerState>, request: Request) -> Response {
    let (context, caller) = match asked(&request) {
        Ok(asked) => asked,
        Err(response) => return *response,
    };
    let lost = kept::of(&request);
    let refusal = lost.as_ref().map(|_| Refusal::SignedInAgain);
    let fresh = || NewAccountForm { level: AccountLevel::System.code().to_owned(), ..NewAccountForm::default() };
    let typed = lost.as_deref().map_or_else(fresh, read);
    answer(&state, context, &caller, Shown { typed, refusal, ..Shown::default() }, 200, request).await
}

/// Makes the draft, and leads to its first step.
pub(super) async fn start(State(state): State<ServerState>, PostedBy(caller, posted): PostedBy) -> Response {
    let typed = read(&posted.fields);
    let (shown, status) = match state.service.start_account(&caller, &typed).await {
        Ok(AccountStart::Started(id)) => {
            let first = SetUpStep::Credentials.code();
            return Redirect::to(&format!("{}?step={first}", external_account(id))).into_response();
        }
        Ok(AccountStart::Taken(id)) => {
            let errors = AccountErrors::one(AccountProblem::PlaceTaken);
            (Shown { taken: Some(id), errors, typed, refusal: None }, CONFLICT)
        }
        Ok(AccountStart::Invalid(errors)) => (Shown { typed, errors, ..Shown::default() }, 422),
        Err(failure) => return fail(&state, &posted.context, failure, posted.page).await,
    };
    answer(&state, posted.context, &caller, shown, status, posted.page).await
}

/// What the page shows beside what it offers.
#[derive(Default)]
struct Shown {
    typed: NewAccountForm,
    errors: AccountErrors,
    taken: Option<ExternalAccountId>,
    refusal: Option<Refusal>,
}

async fn answer(
    state: &ServerState,
    context: RequestContext,
    caller: &Caller,
    shown: Shown,
    status: u16,
    request: Request,
) -> Response {
    let reps = match state.service.suggested_reps(caller, None).await {
        Ok(reps) => reps,
        Err(failure) => return fail(state, &context, failure, request).await,
    };
    let catalog = state.service.catalog();
    let integrations = state.service.integrations().iter().map(|integration| offer(integration, catalog)).collect();
    let Shown { typed, errors, taken, refusal } = shown;
    let problems = problems(&errors, &typed);
    let page = StartPage { integrations, typed, problems, taken, refusal, reps };
    render(context, SystemSettingsPage::Start(Box::new(page)), status, request).await
}

fn read(fields: &Fields) -> NewAccountForm {
    let level = fields.text(&AccountField::Level.name());
    let of_rep = level == AccountLevel::ServiceRep.code();
    let entity = if of_rep { fields.text(StartPage::REP) } else { fields.text(&AccountField::Entity.name()) };
    NewAccountForm { integration: fields.text(&AccountField::Integration.name()), level, entity }
}

/// What is wrong, in the form's order, each at the field that is in sight at its level.
fn problems(errors: &AccountErrors, typed: &NewAccountForm) -> Vec<Problem> {
    let of_rep = typed.level == AccountLevel::ServiceRep.code();
    let of_system = typed.level == AccountLevel::System.code();
    let id_of = |field: &AccountField| match field {
        AccountField::Entity if of_rep => StartPage::REP.to_owned(),
        AccountField::Entity if of_system => AccountField::Level.name(),
        field => field.name(),
    };
    let fields = [AccountField::Integration, AccountField::Level, AccountField::Entity];
    let found = fields.iter().filter_map(|field| Some((field, errors.at(field)?)));
    found.map(|(field, problem)| Problem::new(&id_of(field), problem.sentence(None, &typed.entity))).collect()
}

fn offer(integration: &Integration, catalog: &Catalog) -> IntegrationOffer {
    let scopes = match &integration.scopes {
        IntegrationScopes::Chosen => Vec::new(),
        IntegrationScopes::These(scopes) => catalog
            .scopes()
            .iter()
            .filter(|scope| scopes.contains(&scope.name))
            .map(|scope| scope.label.clone())
            .collect(),
    };
    IntegrationOffer {
        code: integration.code.to_string(),
        label: integration.label.clone(),
        about: integration.description.clone(),
        scopes,
        levels: integration.levels.clone(),
    }
}
