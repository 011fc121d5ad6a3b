//! What was typed into the forms of an account, and the inputs that show it again.

use std::collections::BTreeMap;

use latchkey_app::external_account;
use latchkey_app::system_settings::{Problem, SettingInput, TokenInput, caption_of};
use latchkey_domain::external_account::{
    AccountErrors, AccountField, AccountForm, AccountTokenForm, Integration, IntegrationSetting, SetUpStep,
    SettingKind, SettingProblem,
};
use latchkey_domain::{Field, PlainText};
use latchkey_service::AccountDetails;

use crate::site::forms::Fields;

/// The fields of a form and what is wrong with it, as far as anything was sent.
#[derive(Clone, Default)]
pub(super) struct Typed<'a> {
    /// What was typed; nothing where the page shows what stands in the account.
    pub(super) fields: Option<&'a Fields>,
    /// What is wrong with it.
    pub(super) errors: AccountErrors,
    /// Whether somebody has changed the account since the form was made: what they saved is shown beside.
    pub(super) is_stale: bool,
}

/// A step's form, as it was posted.
pub(super) fn step_form(fields: &Fields, integration: &Integration, step: SetUpStep) -> AccountForm {
    let below = |prefix: &str| -> BTreeMap<String, String> {
        fields.below(prefix).map(|(name, text)| (name.to_owned(), text.to_owned())).collect()
    };
    let credentials = fields.below(SettingInput::CREDENTIAL_PREFIX);
    let chooses = integration.chooses_scopes() && step == scopes_step();
    AccountForm {
        version: fields.text("version"),
        step,
        values: below(SettingInput::PREFIX),
        credentials: credentials.map(|(name, text)| (name.to_owned(), PlainText::new(text.to_owned()))).collect(),
        forgotten: fields.all(SettingInput::FORGET),
        scopes: chooses.then(|| fields.all("scopes[]")),
    }
}

/// The version of the account that a form was made of; one that is no number is no account's.
pub(super) fn version_of(fields: &Fields) -> i64 {
    fields.text("version").parse().unwrap_or_default()
}

/// The step that asks for the token, and for the scopes where they are chosen.
pub(super) const fn scopes_step() -> SetUpStep {
    SetUpStep::Additional
}

/// The form that generates a token, as it was posted.
pub(super) fn token_form(fields: &Fields) -> AccountTokenForm {
    AccountTokenForm {
        version: fields.text("version"),
        owner: fields.text(&AccountField::TokenOwner.name()),
        description: fields.typed(Field::Description),
        expiration: fields.typed(Field::Expiration),
        addresses: fields.typed(Field::Addresses),
        reads_credentials: !fields.text("reads_credentials").is_empty(),
    }
}

/// The Auth Token that was pasted into the field; nothing where the field was left as it was.
pub(super) fn pasted(fields: &Fields, details: &AccountDetails) -> Option<PlainText> {
    let text = fields.secret(TokenInput::NAME);
    let caption = details.summary.token.as_ref().map(caption_of);
    let typed = text.expose().trim();
    (!typed.is_empty() && caption.as_deref() != Some(typed)).then(|| PlainText::new(typed.to_owned()))
}

/// The inputs of a step, in the order in which its form shows them.
pub(super) fn inputs(details: &AccountDetails, step: SetUpStep, typed: &Typed<'_>) -> Vec<SettingInput> {
    let mut inputs: Vec<_> =
        details.integration.settings_of(step).map(|setting| input(details, setting, typed)).collect();
    inputs.sort_by_key(|input| (input.advanced, input.kind == SettingKind::Switch));
    inputs
}

fn input(details: &AccountDetails, setting: &IntegrationSetting, typed: &Typed<'_>) -> SettingInput {
    let is_credential = setting.kind == SettingKind::Credential;
    let saved = details.settings.value(setting).map(|value| value.typed()).unwrap_or_default();
    let mut input = SettingInput {
        name: setting.name.to_string(),
        label: setting.label.clone(),
        help: setting.help.clone(),
        kind: setting.kind,
        required: setting.required,
        advanced: setting.advanced,
        text: saved.clone(),
        is_set: details.credentials.contains(&setting.name),
        disabled: (is_credential && !details.can_keep_credentials).then_some(SettingProblem::WHY_NOT_KEPT),
        problem: None,
        meanwhile: None,
    };
    if let Some(fields) = typed.fields.filter(|_| !is_credential) {
        input.text = fields.text(&input.field_name());
        let differs = typed.is_stale && input.text.trim() != saved;
        input.meanwhile = differs.then(|| if setting.kind == SettingKind::Switch { on_or_off(&saved) } else { saved });
    }
    let problem = typed.errors.at(&AccountField::Setting(setting.name.clone()));
    input.problem = problem.map(|problem| problem.sentence(Some(setting), &input.text));
    input
}

fn on_or_off(saved: &str) -> String {
    if saved == SettingInput::ON { "on" } else { "off" }.to_owned()
}

/// What is wrong with a form, in its order; then what is wrong elsewhere in the account, with links that lead there.
pub(super) fn problems(details: &AccountDetails, inputs: &[SettingInput], typed: &Typed<'_>) -> Vec<Problem> {
    let here = inputs.iter().filter_map(|input| Some(Problem::new(&input.id(), input.problem.clone()?)));
    let here: Vec<Problem> = here.collect();
    let mut of_token = Vec::new();
    let mut elsewhere = Vec::new();
    for problem in typed.errors.iter() {
        match problem.field() {
            AccountField::Setting(name) if inputs.iter().any(|input| input.name == name.as_str()) => {}
            AccountField::Setting(name) => {
                let setting = details.integration.setting(name.as_str());
                let step = setting.map_or(scopes_step(), |setting| setting.step);
                let path = external_account(details.summary.id);
                let at = format!("{path}?step={}#{}{name}", step.code(), SettingInput::PREFIX);
                elsewhere.push(Problem { at, sentence: problem.sentence(setting, "") });
            }
            field => {
                let problem = Problem::new(&field.name(), problem.sentence(None, ""));
                of_token.push((field == AccountField::Token, problem));
            }
        }
    }
    // The scopes stand above the token.
    of_token.sort_by_key(|(is_token, _)| *is_token);
    here.into_iter().chain(of_token.into_iter().map(|(_, problem)| problem)).chain(elsewhere).collect()
}

/// Those problems of an account that belong to a step.
pub(super) fn of_step(errors: &AccountErrors, integration: &Integration, step: SetUpStep) -> AccountErrors {
    let mut found = AccountErrors::default();
    for problem in errors.iter() {
        let belongs_to = match problem.field() {
            AccountField::Setting(name) => {
                integration.setting(name.as_str()).map_or(scopes_step(), |setting| setting.step)
            }
            _ => scopes_step(),
        };
        if belongs_to == step {
            found.add(problem.clone());
        }
    }
    found
}

/// Both.
pub(super) fn together(mut errors: AccountErrors, more: &AccountErrors) -> AccountErrors {
    for problem in more.iter() {
        errors.add(problem.clone());
    }
    errors
}
