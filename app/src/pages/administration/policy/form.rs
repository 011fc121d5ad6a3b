//! The form of the policy.

use latchkey_domain::{AddressUse, Field, IdleDays, Lifetime, PolicyForm};
use latchkey_service::ReservableScope;
use latchkey_service::ports::PolicyVersion;
use leptos::prelude::*;

use crate::components::{FormState, Message, SubmitButton, Summary};
use crate::paths;

#[component]
pub(super) fn Form(
    state: FormState,
    typed: PolicyForm,
    version: PolicyVersion,
    scopes: Vec<ReservableScope>,
    chosen: AnyView,
) -> impl IntoView {
    view! {
        <section class="section policy" id="form" aria-labelledby="form-title">
            <h2 id="form-title">"What is allowed"</h2>
            {chosen}
            <form method="post" action=paths::POLICY novalidate>
                <Summary state=state/>
                <input type="hidden" name="action" value="review"/>
                <input type="hidden" name="version" value=version.number().to_string()/>
                <Longest state=state typed=typed.longest/>
                <fieldset>
                    <legend>"All Scopes"</legend>
                    <label class="check"><input type="checkbox" name="all_scopes" value="1" checked=typed.all_scopes/> "Tokens may be given All Scopes"</label>
                    <p class="hint">"Tokens that have them keep them."</p>
                </fieldset>
                <AdminScopes state=state scopes=scopes ticked=typed.admin_scopes/>
                <Idle state=state is_on=typed.is_idle_on days=typed.idle_days/>
                <Addresses state=state chosen=typed.addresses/>
                <Networks state=state typed=typed.networks/>
                <div class="foot"><SubmitButton state=state label="Review the change"/></div>
            </form>
        </section>
    }
}

#[component]
fn Longest(state: FormState, typed: String) -> impl IntoView {
    let id = state.id(Field::Longest);
    let message = format!("{id}-message");
    let options = Lifetime::ALL.into_iter().map(|lifetime| {
        let is_chosen = lifetime.code() == typed;
        view! { <option value=lifetime.code() selected=is_chosen>{lifetime.label()}</option> }
    });
    view! {
        <div class="field short">
            <label for=id.clone()>"Longest lifetime"</label>
            <select
                id=id
                name=Field::Longest.name()
                aria-describedby=message.clone()
                aria-invalid=state.problem(Field::Longest).is_some().then_some("true")
                autofocus=state.is_first_wrong(Field::Longest)
            >
                {options.collect_view()}
            </select>
            <Message id=message state=state field=Field::Longest hint="Tokens that live longer keep their end."/>
        </div>
    }
}

#[component]
fn AdminScopes(state: FormState, scopes: Vec<ReservableScope>, ticked: Vec<String>) -> impl IntoView {
    let id = state.id(Field::AdminScopes);
    let message = format!("{id}-message");
    let described_by = message.clone();
    let boxes = scopes.into_iter().map(|scope| {
        let ReservableScope { name, label, is_left_over } = scope;
        let is_ticked = ticked.iter().any(|ticked| ticked == name.as_str());
        let left_over = is_left_over
            .then(|| view! { <span class="muted small">" (no longer sensitive, or gone from the catalog)"</span> });
        view! {
            <label class="check">
                <input type="checkbox" name="admin_scopes[]" value=name.to_string() checked=is_ticked/>
                <span>{label}{left_over}</span>
            </label>
        }
    });
    view! {
        <fieldset
            id=id
            tabindex="-1"
            autofocus=state.is_first_wrong(Field::AdminScopes)
            aria-describedby=described_by
            aria-invalid=state.problem(Field::AdminScopes).is_some().then_some("true")
        >
            <legend>"Sensitive scopes that only admins may grant"</legend>
            <div class="checks">{boxes.collect_view()}</div>
            <Message
                id=message
                state=state
                field=Field::AdminScopes
                hint="They stop counting at once in the tokens of reps that have them, and are no part of All Scopes. Taking one off the list lets it count again."
            />
        </fieldset>
    }
}

#[component]
fn Idle(state: FormState, is_on: bool, days: String) -> impl IntoView {
    let id = state.id(Field::IdleDays);
    let message = format!("{id}-message");
    let hint = format!(
        "{} to {} days since a token was made and last used. Looked at every hour; each revocation is in the audit log.",
        IdleDays::LEAST,
        IdleDays::MOST
    );
    view! {
        <fieldset>
            <legend>"Tokens that nobody uses"</legend>
            <label class="check"><input type="checkbox" name="idle" value="1" checked=is_on/> "Revoke them"</label>
            <div class="field short">
                <label for=id.clone()>"After days without use"</label>
                <input
                    type="text"
                    inputmode="numeric"
                    id=id
                    name=Field::IdleDays.name()
                    value=days
                    autocomplete="off"
                    aria-describedby=message.clone()
                    aria-invalid=state.problem(Field::IdleDays).is_some().then_some("true")
                    autofocus=state.is_first_wrong(Field::IdleDays)
                />
                <Message id=message state=state field=Field::IdleDays hint=hint/>
            </div>
        </fieldset>
    }
}

#[component]
fn Addresses(state: FormState, chosen: String) -> impl IntoView {
    let id = state.id(Field::AddressUse);
    let message = format!("{id}-message");
    let described_by = message.clone();
    let choices = AddressUse::ALL.into_iter().map(|known| {
        let is_chosen = known.code() == chosen;
        view! {
            <label class="check">
                <input type="radio" name=Field::AddressUse.name() value=known.code() checked=is_chosen/>
                {known.label()}
            </label>
        }
    });
    view! {
        <fieldset
            id=id
            tabindex="-1"
            autofocus=state.is_first_wrong(Field::AddressUse)
            aria-describedby=described_by
            aria-invalid=state.problem(Field::AddressUse).is_some().then_some("true")
        >
            <legend>"Address rules"</legend>
            {choices.collect_view()}
            <Message
                id=message
                state=state
                field=Field::AddressUse
                hint="The networks that a token may be used from. A token keeps the rules that it was made with."
            />
        </fieldset>
    }
}

#[component]
fn Networks(state: FormState, typed: String) -> impl IntoView {
    let id = state.id(Field::Networks);
    let message = format!("{id}-message");
    view! {
        <div class="field">
            <label for=id.clone()>"Networks for address rules (optional)"</label>
            <textarea
                id=id
                name=Field::Networks.name()
                class="mono"
                rows="3"
                autocomplete="off"
                autocapitalize="none"
                spellcheck="false"
                aria-describedby=message.clone()
                aria-invalid=state.problem(Field::Networks).is_some().then_some("true")
                autofocus=state.is_first_wrong(Field::Networks)
            >
                {typed}
            </textarea>
            <Message
                id=message
                state=state
                field=Field::Networks
                hint="Rules of new tokens must lie within these: 10.0.0.0/8, 2001:db8::/32, an address alone, with commas, spaces or lines between. Empty for anywhere."
            />
        </div>
    }
}
