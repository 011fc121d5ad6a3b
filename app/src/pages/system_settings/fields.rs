//! An integration's settings as inputs, whatever they are.

use latchkey_domain::external_account::SettingKind;
use leptos::prelude::*;

use super::{Below, is_first};
use crate::system_settings::{Problem, SettingInput};

/// The inputs of a form: lines of text, switches in a row of their own, and below "Advanced Settings" the rest.
#[component]
pub(super) fn Fields(
    inputs: Vec<SettingInput>,
    /// What is wrong with the form: the first field that is wrong gets the focus.
    problems: Vec<Problem>,
) -> impl IntoView {
    let (advanced, plain): (Vec<_>, Vec<_>) = inputs.into_iter().partition(|input| input.advanced);
    // What is wrong, or was changed by somebody else, must not be hidden.
    let is_open = advanced.iter().any(|input| input.problem.is_some() || input.meanwhile.is_some());
    let below = (!advanced.is_empty()).then(|| {
        view! {
            <details class="advanced" open=is_open>
                <summary>"Advanced Settings"</summary>
                <div class="rows"><Group inputs=advanced problems=problems.clone()/></div>
            </details>
        }
    });
    view! { <Group inputs=plain problems=problems.clone()/> {below} }
}

#[component]
fn Group(inputs: Vec<SettingInput>, problems: Vec<Problem>) -> impl IntoView {
    let (switches, texts): (Vec<_>, Vec<_>) = inputs.into_iter().partition(|input| input.kind == SettingKind::Switch);
    let texts = texts.into_iter().map(|input| {
        let is_first_wrong = is_first(&problems, &input.id());
        view! { <TextSetting input=input is_first_wrong=is_first_wrong/> }
    });
    let texts = texts.collect_view();
    let switches = switches.into_iter().map(|input| view! { <Switch input=input/> }).collect_view();
    view! {
        {(!texts.is_empty()).then(|| view! { <div class="settings">{texts}</div> })}
        {(!switches.is_empty()).then(|| view! { <div class="switches">{switches}</div> })}
    }
}

#[component]
fn TextSetting(input: SettingInput, is_first_wrong: bool) -> impl IntoView {
    let (id, field_name, hint) = (input.id(), input.field_name(), hint_of(&input));
    let SettingInput { name, label, help, kind, required, text, is_set, disabled, problem, meanwhile, .. } = input;
    let is_credential = kind == SettingKind::Credential;
    let (input_mode, class) = match kind {
        // As text, so that what is no number is sent too, and shown again.
        SettingKind::Integer { .. } => (Some("numeric"), "short"),
        SettingKind::Emails => (Some("email"), ""),
        SettingKind::Text | SettingKind::Switch | SettingKind::Credential => (None, ""),
    };
    let message_id = format!("{id}-message");
    let described_by = if help.is_empty() { message_id.clone() } else { format!("{} {message_id}", help_id(&id)) };
    let forget = (is_credential && is_set).then(|| {
        view! {
            <label class="check"><input type="checkbox" name=SettingInput::FORGET value=name/>{format!("Remove the {label} that is set")}</label>
        }
    });
    view! {
        <div class=if kind == SettingKind::Emails { "field wide" } else { "field" }>
            <FieldLabel id=id.clone() label=label.clone() help=help/>
            <input
                type=if is_credential { "password" } else { "text" }
                id=id
                name=field_name
                class=class
                value=(!is_credential).then_some(text)
                inputmode=input_mode
                autocomplete="off"
                autocapitalize="none"
                spellcheck="false"
                required=required && disabled.is_none()
                disabled=disabled.is_some()
                autofocus=is_first_wrong
                aria-invalid=problem.as_ref().map(|_| "true")
                aria-describedby=described_by
            />
            <Below id=message_id hint=hint problem=problem/>
            <Meanwhile text=meanwhile/>
            {forget}
        </div>
    }
}

/// A label, and behind "?" what helps.
#[component]
pub(super) fn FieldLabel(id: String, label: String, help: String) -> impl IntoView {
    let help = (!help.is_empty()).then(|| view! { <Help id=id.clone() label=label.clone() text=help/> });
    view! { <div class="label"><label for=id>{label}</label>{help}</div> }
}

/// "?", which tells what a field is for on hover, focus and touch.
#[component]
fn Help(id: String, label: String, text: String) -> impl IntoView {
    let id = help_id(&id);
    view! {
        <span class="tip">
            <button type="button" class="info" aria-label=format!("About {label}") aria-describedby=id.clone()>"?"</button>
            <span role="tooltip" class="tip-text" id=id>{text}</span>
        </span>
    }
}

/// The id of the text behind the "?" of an element.
pub(super) fn help_id(id: &str) -> String {
    format!("{id}-help")
}

#[component]
fn Switch(input: SettingInput) -> impl IntoView {
    let (id, field_name, is_on) = (input.id(), input.field_name(), input.is_on());
    let SettingInput { label, help, problem, meanwhile, .. } = input;
    let described_by = (!help.is_empty()).then(|| help_id(&id));
    let help = (!help.is_empty()).then(|| view! { <Help id=id.clone() label=label.clone() text=help/> });
    let problem = problem.map(|sentence| view! { <span class="error">{sentence}</span> });
    view! {
        <div class="switch">
            <label class="check"><input type="checkbox" id=id name=field_name value=SettingInput::ON checked=is_on aria-describedby=described_by/>{label}</label>
            {help}
            {problem}
            <Meanwhile text=meanwhile/>
        </div>
    }
}

/// What somebody else has saved in a field that is being filled in.
#[component]
fn Meanwhile(text: Option<String>) -> impl IntoView {
    text.map(|text| {
        let text = if text.is_empty() { "nothing".to_owned() } else { text };
        view! { <span class="meanwhile small">"Saved meanwhile: " <strong>{text}</strong></span> }
    })
}

fn hint_of(input: &SettingInput) -> String {
    if let Some(reason) = input.disabled {
        let state = if input.is_set { "Set" } else { "Not set" };
        return format!("{state}. {reason}");
    }
    match input.kind {
        SettingKind::Credential if input.is_set => {
            "Set. It is not shown again; what you enter here takes its place.".to_owned()
        }
        SettingKind::Credential => "Not set. It is kept encrypted, and not shown again.".to_owned(),
        SettingKind::Integer { min, max } => format!("A whole number from {min} to {max}."),
        SettingKind::Emails => "For example: ann@example.com, ben@example.com".to_owned(),
        SettingKind::Text | SettingKind::Switch if input.required => String::new(),
        SettingKind::Text | SettingKind::Switch => "Optional.".to_owned(),
    }
}
