//! The form for a new token.

use latchkey_domain::view::{AddressesView, NewTokenFormView};
use latchkey_domain::{Description, Field, Lifetime, PlainText, ScopeChoice, Timestamp, TokenForm};
use leptos::ev::SubmitEvent;
use leptos::html::{Form, Select};
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::loading::{Loading, LoadingFailed};
use crate::browser::{self, FormValues};
use crate::components::{FormState, Page, Reveal, ScopePicker, SubmitButton, Summary, TextField};
use crate::functions::{add_token, new_token_form};
use crate::place::Navigation;
use crate::{PlainPost, paths};

#[component]
pub(crate) fn NewTokenPage() -> impl IntoView {
    let form = Resource::new(|| (), |()| new_token_form());
    view! {
        <Page
            about="Make one for each vendor, so that each can be revoked alone."
            parent=paths::TOKENS
            path=paths::NEW_TOKEN
        >
            <Suspense fallback=Loading>
                {move || Suspend::new(async move {
                    match form.await {
                        Ok(form) => view! { <NewTokenForm offered=form/> }.into_any(),
                        Err(error) => view! { <LoadingFailed error=error/> }.into_any(),
                    }
                })}
            </Suspense>
        </Page>
    }
    .into_any()
}

#[component]
fn NewTokenForm(offered: NewTokenFormView) -> impl IntoView {
    let (typed, refusal) = match use_context::<PlainPost>() {
        Some(PlainPost::TokenRefused { form, refusal }) => (form, Some(refusal)),
        _ => (empty_form(&offered), None),
    };
    let state = FormState::new("", refusal.as_ref());
    let element = NodeRef::<Form>::new();
    let Reveal(reveal) = expect_context();
    let navigation: Navigation = expect_context();
    let on_submit = move |event: SubmitEvent| {
        event.prevent_default();
        let values = FormValues::of_submit(&event);
        let form = read(&values);
        if !state.check(form.parse().err()) || !state.start() {
            return;
        }
        let password = PlainText::new(values.text(Field::CurrentPassword.name()));
        spawn_local(async move {
            let TokenForm { form_id, description, expiration, scope_choice, scopes, addresses } = form;
            match add_token(form_id, description, expiration, scope_choice, scopes, addresses, password).await {
                Ok(token) => {
                    state.succeed();
                    reveal.set(Some(token));
                    // In the place of the form, which has done its work: Back leads to where it was opened from.
                    navigation.replace(paths::TOKENS);
                }
                Err(error) => state.fail(&error),
            }
        });
    };
    view! {
        <form class="card" method="post" action=paths::NEW_TOKEN novalidate node_ref=element on:submit=on_submit>
            <input type="hidden" name="form_id" value=typed.form_id.clone()/>
            <div class="pad rows">
                <Summary state=state/>
                <div class="grid-2">
                    <TextField
                        state=state
                        field=Field::Description
                        label="Description"
                        hint="What this token is for: the vendor's name is a good start."
                        value=typed.description.clone()
                        max_length=Description::MAX_LENGTH
                    />
                    <ExpirationField
                        state=state
                        chosen=typed.expiration.clone()
                        now=offered.now
                        longest=offered.longest
                        note=offered.expiration_note
                    />
                </div>
                <AddressesField state=state offered=offered.addresses typed=typed.addresses/>
            </div>
            <ScopePicker
                state=state
                scopes=offered.scopes
                choice=typed.scope_choice
                ticked=typed.scopes
                all_scopes=offered.all_scopes
                note=offered.scopes_note
                form=element
            />
            <PasswordIfNeeded state=state/>
            <div class="foot">
                <a class="btn quiet" href=paths::TOKENS>"Cancel"</a>
                <SubmitButton state=state label="Submit"/>
            </div>
        </form>
    }
}

#[component]
pub(super) fn ExpirationField(
    state: FormState,
    chosen: String,
    now: Timestamp,
    /// The longest that is allowed.
    longest: Lifetime,
    /// Why others are missing.
    note: String,
) -> impl IntoView {
    let select = NodeRef::<Select>::new();
    // Known once the page is alive: the date depends on the reader's zone, and changes with the choice.
    let until = RwSignal::new(None::<String>);
    let tell = move || {
        let lifetime = select.get().and_then(|select| Lifetime::parse(&select.value()));
        until.set(lifetime.map(|lifetime| format!("Until {}.", browser::local_date_words(lifetime.expires_at(now)))));
    };
    Effect::new(tell);
    let options: Vec<_> = Lifetime::ALL
        .into_iter()
        .filter(|lifetime| lifetime.days() <= longest.days())
        .map(|lifetime| {
            let code = lifetime.code();
            view! { <option value=code selected=code == chosen>{lifetime.label()}</option> }
        })
        .collect();
    let id = state.id(Field::Expiration);
    let message_id = format!("{id}-message");
    let message = move || {
        if let Some(problem) = state.problem(Field::Expiration) {
            return problem.sentence();
        }
        let until = until.get();
        let until = until.as_deref().unwrap_or("Counted from now.");
        if note.is_empty() { until.to_owned() } else { format!("{until} {note}") }
    };
    view! {
        <div class="field">
            <label for=id.clone()>"Expiration"</label>
            <select
                id=id
                name=Field::Expiration.name()
                node_ref=select
                aria-describedby=message_id.clone()
                aria-invalid=move || state.problem(Field::Expiration).is_some().then_some("true")
                on:change=move |_| {
                    state.left(Field::Expiration, None);
                    tell();
                }
            >
                {options}
            </select>
            <span id=message_id class=move || if state.problem(Field::Expiration).is_some() { "error" } else { "hint" }>{message}</span>
        </div>
    }
}

/// The networks that the token may be used from, where the policy lets it carry any.
#[component]
pub(super) fn AddressesField(state: FormState, offered: Option<AddressesView>, typed: String) -> impl IntoView {
    // What was typed before the policy changed is not lost.
    let kept = || AddressesView { required: false, hint: String::new() };
    let offered = offered.or_else(|| (!typed.is_empty()).then(kept));
    offered.map(|AddressesView { required, hint }| {
        let label = if required { "Addresses" } else { "Addresses (optional)" };
        view! { <TextField state=state field=Field::Addresses label=label hint=hint value=typed required=required/> }
    })
}

/// The password field, once it has turned out to be needed.
#[component]
pub(super) fn PasswordIfNeeded(state: FormState) -> impl IntoView {
    // Once shown it stays, also while a wrong password is being corrected.
    let needed = Memo::new(move |shown| shown == Some(&true) || state.problem(Field::CurrentPassword).is_some());
    move || {
        needed.get().then(|| {
            view! {
                <div class="pad rows">
                    <TextField
                        state=state
                        field=Field::CurrentPassword
                        label="Your password"
                        kind="password"
                        autocomplete="current-password"
                        hint="A selected scope is sensitive: confirm that it is you."
                    />
                </div>
            }
        })
    }
}

pub(super) fn empty_form(offered: &NewTokenFormView) -> TokenForm {
    TokenForm {
        form_id: offered.form_id.clone(),
        expiration: Lifetime::Days90.code().to_owned(),
        scope_choice: ScopeChoice::SELECTED_CODE.to_owned(),
        ..TokenForm::default()
    }
}

fn read(values: &FormValues) -> TokenForm {
    TokenForm {
        form_id: values.text("form_id"),
        description: values.text(Field::Description.name()),
        expiration: values.text(Field::Expiration.name()),
        scope_choice: values.text("scope_choice"),
        scopes: values.all("scopes[]"),
        addresses: values.text(Field::Addresses.name()),
    }
}
