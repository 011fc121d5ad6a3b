//! Choosing a token's scopes.
//!
//! The whole catalog in two columns and the catalog's order, with a box that filters it. Each (i) explains its
//! scope on hover, focus and touch. The rows stay in the page while they are filtered, so that what is ticked is
//! sent whether it is in sight or not.

use latchkey_domain::view::ScopeView;
use latchkey_domain::{Field, ScopeChoice};
use leptos::prelude::*;
use web_sys::HtmlFormElement;

use super::form::Message;
use crate::browser::FormValues;
use crate::components::FormState;

/// The choice between selected and all scopes, and the scopes to select from.
#[component]
pub(crate) fn ScopePicker(
    /// The form.
    state: FormState,
    /// The scopes on offer.
    scopes: Vec<ScopeView>,
    /// `selected` or `all`, at first.
    choice: String,
    /// The names of the ticked scopes, at first.
    ticked: Vec<String>,
    /// Whether All Scopes can be chosen.
    all_scopes: bool,
    /// Why something is missing.
    note: String,
    /// The form's element, to count what is ticked.
    form: NodeRef<leptos::html::Form>,
    /// Whether the page runs in the browser, so that a box can filter them.
    #[prop(default = true)]
    filterable: bool,
) -> impl IntoView {
    let total = scopes.len();
    let in_all = scopes.iter().filter(|scope| !scope.admin_only).count();
    let filter = RwSignal::new(String::new());
    let count = RwSignal::new(ticked.len());
    let chooses_all = choice == ScopeChoice::ALL_CODE;
    let search_text: Vec<String> =
        scopes.iter().map(|scope| format!("{} {}", scope.label, scope.description).to_lowercase()).collect();
    let none_found = move || {
        let filter = filter.read();
        !filter.is_empty() && !search_text.iter().any(|text| text.contains(filter.as_str()))
    };
    let recount = move || {
        if let Some(form) = form.get_untracked() {
            let form: &HtmlFormElement = &form;
            let ticked = FormValues::of(form).all("scopes[]").len();
            count.set(ticked);
            state.changed(Field::Scopes, || None);
        }
    };
    // What was ticked before the page came alive counts too.
    Effect::new(move || {
        if form.get().is_some() {
            recount();
        }
    });
    let rows: Vec<_> = scopes
        .into_iter()
        .map(|scope| {
            let is_ticked = ticked.iter().any(|name| name == scope.name.as_str());
            view! { <ScopeRow scope=scope ticked=is_ticked filter=filter/> }
        })
        .collect();
    // A form that chose them before the policy changed shows what it chose, and why that is refused.
    let all_choice = (all_scopes || chooses_all).then(|| {
        view! {
            <label>
                <input type="radio" name="scope_choice" value=ScopeChoice::ALL_CODE checked=chooses_all/>
                "All Scopes"
            </label>
        }
    });
    let nothing_to_choose = all_choice.is_none() && note.is_empty();
    let id = state.id(Field::Scopes);
    let is_first_wrong = state.is_first_wrong(Field::Scopes);
    let message_id = format!("{id}-message");
    let described_by = message_id.clone();
    view! {
        <fieldset
            class="scope-choice"
            id=id
            tabindex="-1"
            autofocus=is_first_wrong
            aria-describedby=described_by
            aria-invalid=move || state.problem(Field::Scopes).is_some().then_some("true")
            on:change=move |_| recount()
        >
            <legend>"Scopes"</legend>
            <div class="choice" hidden=nothing_to_choose>
                <label>
                    <input type="radio" name="scope_choice" value=ScopeChoice::SELECTED_CODE checked=!chooses_all/>
                    "Selected Scopes"
                </label>
                {all_choice}
            </div>
            <Message id=message_id state=state field=Field::Scopes hint="Give a vendor only what it needs: it can then neither read nor change anything else."/>
            {(!note.is_empty()).then(|| view! { <p class="hint">{note}</p> })}
            <p class="all-scopes hint">
                {format!("All Scopes are the {in_all} that the catalog has today. The token will not grow: a scope that is added later is not part of it.")}
            </p>
            <div class="picker">
                <div class="bar" hidden=!filterable>
                    <input
                        type="search"
                        aria-label="Filter scopes"
                        placeholder="Filter scopes"
                        autocomplete="off"
                        // Enter would send the form, and make a token before its time.
                        on:keydown=move |event| if event.key() == "Enter" { event.prevent_default() }
                        on:input=move |event| filter.set(event_target_value(&event).trim().to_lowercase())
                    />
                    <span class="small muted" role="status">{move || format!("{} of {total} selected", count.get())}</span>
                </div>
                <div class="scopes">{rows}</div>
                <p class="scopes-empty" hidden=move || !none_found()>"No scope matches the filter."</p>
            </div>
        </fieldset>
    }
}

#[component]
fn ScopeRow(scope: ScopeView, ticked: bool, filter: RwSignal<String>) -> impl IntoView {
    let ScopeView { name, label, description, sensitive, .. } = scope;
    let id = format!("scope-{name}");
    let about_id = format!("about-{name}");
    let text = format!("{label} {description}").to_lowercase();
    let is_filtered_out = move || !text.contains(filter.read().as_str());
    view! {
        <div class="scope" hidden=is_filtered_out>
            <input type="checkbox" id=id.clone() name="scopes[]" value=name.to_string() checked=ticked/>
            <label for=id>{label.clone()}</label>
            {sensitive.then(|| view! { <span class="tag">"sensitive"</span> })}
            <span class="tip scope-tip">
                <button type="button" class="info" aria-label=format!("About {label}") aria-describedby=about_id.clone()>"i"</button>
                <span role="tooltip" class="tip-text" id=about_id>{description}</span>
            </span>
        </div>
    }
}
