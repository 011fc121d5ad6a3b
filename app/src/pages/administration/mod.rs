//! The pages of administration, for admins: each is a function of what the server gives it. They need no script.

mod all_tokens;
mod audit_address;
mod audit_log;
mod audit_table;
mod invite;
mod move_tokens;
mod new_system_rep;
mod new_token_for;
mod policy;
mod rep;
mod rep_actions;
mod reps;
mod token_owner;

use latchkey_domain::RepState;
use latchkey_service::ports::RepOverview;
use leptos::prelude::*;

use crate::components::Tone;
use crate::{AdministrationPage, Said};

/// A page of administration.
#[component]
pub(crate) fn AdministrationView(page: AdministrationPage) -> impl IntoView {
    match page {
        AdministrationPage::Reps(page) => view! { <reps::RepsView page=page/> }.into_any(),
        AdministrationPage::Invite(page) => view! { <invite::InviteView page=page/> }.into_any(),
        AdministrationPage::NewSystemRep(page) => view! { <new_system_rep::NewSystemRepView page=page/> }.into_any(),
        AdministrationPage::Rep(page) => view! { <rep::RepView page=*page/> }.into_any(),
        AdministrationPage::AllTokens(page) => view! { <all_tokens::AllTokensView page=*page/> }.into_any(),
        AdministrationPage::AnyToken(page) => view! { <all_tokens::AnyTokenView page=*page/> }.into_any(),
        AdministrationPage::Revocation(page) => view! { <all_tokens::RevocationView page=*page/> }.into_any(),
        AdministrationPage::Move(page) => view! { <move_tokens::MoveView page=*page/> }.into_any(),
        AdministrationPage::TokenOwner(page) => view! { <token_owner::TokenOwnerView page=page/> }.into_any(),
        AdministrationPage::NewToken(page) => view! { <new_token_for::NewTokenForView page=*page/> }.into_any(),
        AdministrationPage::AuditLog(page) => view! { <audit_log::AuditLogView page=*page/> }.into_any(),
        AdministrationPage::Policy(page) => view! { <policy::PolicyView page=*page/> }.into_any(),
        AdministrationPage::TokenAdded(page) => view! { <new_token_for::TokenAddedView page=page/> }.into_any(),
    }
}

/// What a notice shows of a sentence.
pub(in crate::pages) fn noticed(said: Option<Said>) -> Option<(Tone, String)> {
    said.map(|said| (if said.done { Tone::Good } else { Tone::Warn }, said.sentence))
}

/// "1 token", "2 tokens".
fn counted(count: impl Into<u64>, noun: &str) -> String {
    let count = count.into();
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

/// A service rep's state at a glance.
#[component]
fn StatePill(state: RepState) -> impl IntoView {
    let class = match state {
        RepState::Enabled => "pill good",
        RepState::Invited => "pill warn",
        RepState::Disabled => "pill off",
    };
    view! { <span class=class>{state.label()}</span> }
}

/// What a field of addresses suggests.
#[component]
pub(in crate::pages) fn Suggestions(id: &'static str, reps: Vec<RepOverview>) -> impl IntoView {
    let options = reps.into_iter().map(|found| view! { <option value=found.rep.email>{found.rep.name}</option> });
    view! { <datalist id=id>{options.collect_view()}</datalist> }
}
