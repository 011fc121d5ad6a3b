//! The pages of external service accounts, for admins: each is a function of what the server gives it. They need no
//! script.

mod account;
mod checks;
mod fields;
mod generate;
mod list;
mod start;
mod steps;
mod wizard;

use latchkey_domain::external_account::AccountState;
use latchkey_domain::{Timestamp, age_in_words, remaining_in_words};
use latchkey_service::{AccountSummary, AccountToken};
use leptos::prelude::*;

use super::administration::{Suggestions, noticed};
use crate::components::Moment;
use crate::system_settings::{Problem, SystemSettingsPage};

/// A page of external service accounts.
#[component]
pub(crate) fn SystemSettingsView(page: SystemSettingsPage) -> impl IntoView {
    match page {
        SystemSettingsPage::Accounts(page) => view! { <list::AccountsView page=page/> }.into_any(),
        SystemSettingsPage::Start(page) => view! { <start::StartView page=*page/> }.into_any(),
        SystemSettingsPage::Wizard(page) => view! { <wizard::WizardView page=*page/> }.into_any(),
        SystemSettingsPage::GenerateToken(page) => view! { <generate::GenerateTokenView page=*page/> }.into_any(),
        SystemSettingsPage::TokenGenerated(page) => view! { <generate::TokenGeneratedView page=*page/> }.into_any(),
        SystemSettingsPage::Account(page) => view! { <account::AccountView page=*page/> }.into_any(),
    }
}

/// How an account stands, in words beside the colour.
#[component]
fn StatePill(state: AccountState) -> impl IntoView {
    let class = match state {
        AccountState::Draft => "pill off",
        AccountState::Active => "pill good",
        AccountState::Expiring => "pill warn",
        AccountState::Failing(_) => "pill bad",
    };
    view! { <span class=class>{state.label()}</span> }
}

/// When an account's token ends, or that it has.
#[component]
fn Expiration(account: AccountSummary, token: AccountToken, now: Timestamp) -> impl IntoView {
    let words = if token.status.is_live() {
        format!("in {}", remaining_in_words(token.expires_at.seconds_since(now)))
    } else {
        token.status.label().to_owned()
    };
    view! { <Moment id=format!("ends-{}", account.id) at=token.expires_at words=words/> }
}

/// When an account's token was last used.
#[component]
fn LastCall(account: AccountSummary, token: AccountToken, now: Timestamp) -> impl IntoView {
    match token.last_used_at {
        Some(at) => {
            let words = age_in_words(now.seconds_since(at));
            view! { <Moment id=format!("called-{}", account.id) at=at words=words/> }.into_any()
        }
        None => "None yet".into_any(),
    }
}

/// What stands below a field: its hint or, in its place, what is wrong.
#[component]
fn Below(#[prop(into)] id: String, #[prop(into)] hint: String, problem: Option<String>) -> impl IntoView {
    let class = if problem.is_some() { "error" } else { "hint" };
    view! { <span id=id class=class>{problem.unwrap_or(hint)}</span> }
}

/// One line of text that no setting asks for.
#[component]
fn TextInput(
    id: &'static str,
    label: &'static str,
    value: String,
    hint: &'static str,
    /// The id of the list of texts that it suggests.
    #[prop(optional)]
    list: Option<&'static str>,
    /// What is wrong with the form.
    problems: Vec<Problem>,
) -> impl IntoView {
    let message = format!("{id}-message");
    let problem = problem_at(&problems, id);
    view! {
        <div class="field">
            <label for=id>{label}</label>
            <input
                type="text"
                id=id
                name=id
                value=value
                list=list
                autocomplete="off"
                autofocus=is_first(&problems, id)
                aria-invalid=problem.as_ref().map(|_| "true")
                aria-describedby=message.clone()
            />
            <Below id=message hint=hint problem=problem/>
        </div>
    }
}

/// Says above a form what is wrong with it, with a link to each field.
#[component]
fn Problems(problems: Vec<Problem>) -> impl IntoView {
    let links = problems.into_iter().map(|Problem { at, sentence }| view! { <li><a href=at>{sentence}</a></li> });
    let links = links.collect_view();
    let summary =
        (!links.is_empty()).then(|| view! { <div class="summary"><h2>"Not done yet"</h2><ul>{links}</ul></div> });
    view! { <div class="summary-place" role="alert">{summary}</div> }
}

/// What is wrong with the element of this id.
fn problem_at(problems: &[Problem], id: &str) -> Option<String> {
    problems.iter().find(|problem| problem.is_at(id)).map(|problem| problem.sentence.clone())
}

/// Whether the element of this id is the first to be mended: it gets the focus.
fn is_first(problems: &[Problem], id: &str) -> bool {
    problems.first().is_some_and(|problem| problem.is_at(id))
}
