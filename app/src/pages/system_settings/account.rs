//! An account that is set up: how it stands, its token, its settings, replacing the token and revoking it.

use latchkey_domain::external_account::{AccountState, SetUpStep};
use latchkey_domain::{Timestamp, age_in_words};
use latchkey_service::AccountSummary;
use latchkey_service::ports::Acted;
use leptos::prelude::*;

use super::checks::Checks;
use super::fields::Fields;
use super::{Expiration, LastCall, Problems, StatePill, noticed};
use crate::components::{Moment, Notice, Page};
use crate::paths;
use crate::system_settings::{AccountPage, SettingsOfStep, WizardAction, name_of, place_of};

#[component]
pub(super) fn AccountView(page: AccountPage) -> impl IntoView {
    let AccountPage { account: details, scopes, sections, notice } = page;
    let (account, now) = (details.summary, details.now);
    let trouble = match &account.state {
        AccountState::Failing(trouble) => Some(view! { <p class="notice bad">{trouble.sentence()}</p> }),
        _ => None,
    };
    let checks = details.checks.map(|confirmation| {
        view! {
            <section class="section" aria-labelledby="confirmation-title">
                <h2 id="confirmation-title">"What its token opens now"</h2>
                <p>"Each call that the integration makes, asked just now of the rules that decide real calls."</p>
                <Checks confirmation=confirmation/>
            </section>
        }
    });
    let of_section = account.clone();
    let sections = sections.into_iter().map(|section| view! { <Settings account=of_section.clone() section=section/> });
    let sections = sections.collect_view();
    let is_live = account.token.as_ref().is_some_and(|token| token.status.is_live());
    let revoke = is_live.then(|| view! { <Revoke account=account.clone() now=now/> });
    view! {
        <Page
            title=name_of(&account)
            about="A vendor’s integration that is set up."
            path=paths::ONE_EXTERNAL_ACCOUNT
            parent=paths::EXTERNAL_ACCOUNTS
        >
            <Notice message=Signal::stored(noticed(notice))/>
            {trouble}
            <Facts account=account.clone() scopes=scopes now=now/>
            {checks}
            {sections}
            <Replace account=account/>
            {revoke}
        </Page>
    }
}

#[component]
fn Facts(account: AccountSummary, scopes: Vec<String>, now: Timestamp) -> impl IntoView {
    let fact = |name: &'static str, value: AnyView| view! { <div><dt>{name}</dt><dd>{value}</dd></div> };
    let by = |name: &'static str, id: &'static str, acted: Acted| {
        let words = age_in_words(now.seconds_since(acted.at));
        let who = view! { " by " <a href=paths::one_rep(acted.by)>{acted.name}</a> };
        fact(name, view! { <Moment id=id at=acted.at words=words/> {who} }.into_any())
    };
    let for_whom = match account.entity_rep {
        Some(rep) => {
            view! { {account.level.label()} " " <a href=paths::one_rep(rep)>{account.entity.clone()}</a> }.into_any()
        }
        None => place_of(&account).into_any(),
    };
    let of_token = account.token.clone().map(|token| {
        let name = view! {
            <a href=paths::any_token(token.sid)>{token.description.clone()}</a>
            <span class="sub mono">{token.sid.to_string()}</span>
        };
        let owner = view! {
            <a href=paths::one_rep(token.owner)>{token.owner_name.clone()}</a>
            {format!(" ({})", token.owner_email)}
        };
        view! {
            {fact("Token", name.into_any())}
            {fact("Owner", owner.into_any())}
            {fact("Expires", view! { <Expiration account=account.clone() token=token.clone() now=now/> }.into_any())}
            {fact("Last call", view! { <LastCall account=account.clone() token=token now=now/> }.into_any())}
        }
    });
    view! {
        <div class="card">
            <dl class="facts">
                {fact("State", view! { <StatePill state=account.state.clone()/> }.into_any())}
                {fact("Integration", account.label.clone().into_any())}
                {fact("For", for_whom)}
                {fact("Scopes", scopes.join(", ").into_any())}
                {of_token}
                {account.submitted.clone().map(|acted| by("Submitted", "submitted", acted))}
                {by("Changed", "changed", account.changed.clone())}
            </dl>
        </div>
    }
}

#[component]
fn Settings(account: AccountSummary, section: SettingsOfStep) -> impl IntoView {
    let SettingsOfStep { step, inputs, problems } = section;
    let id = format!("{}-title", step.code());
    let labelled_by = id.clone();
    let about = match step {
        SetUpStep::Credentials => "What belongs to the vendor. None of it is ever shown again.",
        SetUpStep::Additional => "The integration reads these with its token.",
    };
    view! {
        <section class="section" aria-labelledby=labelled_by>
            <h2 id=id>{step.label()}</h2>
            <p>{about}</p>
            <form method="post" action=paths::external_account(account.id) novalidate>
                <input type="hidden" name="step" value=step.code()/>
                <input type="hidden" name="version" value=account.version.to_string()/>
                <Problems problems=problems.clone()/>
                <Fields inputs=inputs problems=problems/>
                <div class="foot">
                    <button type="submit" class="btn" name="action" value=WizardAction::Save.code()>{format!("Save {}", step.label())}</button>
                </div>
            </form>
        </section>
    }
}

#[component]
fn Replace(account: AccountSummary) -> impl IntoView {
    let path = format!("{}?step=token", paths::external_account(account.id));
    view! {
        <section class="section action" aria-labelledby="replace-title">
            <h2 id="replace-title">"Replace the token"</h2>
            <p>"Generates another one with the same scopes, shows it once, and revokes the one in use at the same moment. The vendor’s calls are refused until it has the new one."</p>
            <a class="btn" href=path>"Replace the token"</a>
        </section>
    }
}

#[component]
fn Revoke(account: AccountSummary, now: Timestamp) -> impl IntoView {
    let last_call = match account.token.as_ref().and_then(|token| token.last_used_at) {
        Some(at) => format!("Its last call was {}.", age_in_words(now.seconds_since(at))),
        None => "It has made no call yet.".to_owned(),
    };
    let what = match &account.token {
        Some(token) => format!("its token, {}, ends at once, and every call with it is refused", token.description),
        None => "its token ends at once".to_owned(),
    };
    let sentence = format!(
        "{} stops: {what}. {last_call} The settings stay, and replacing the token starts it again.",
        name_of(&account)
    );
    view! {
        <section class="section action" id="revoke" aria-labelledby="revoke-title">
            <h2 id="revoke-title">{format!("Revoke {}?", name_of(&account))}</h2>
            <p>{sentence}</p>
            <form method="post" action=paths::external_account(account.id)>
                <div><button type="submit" class="btn danger" name="action" value=WizardAction::Revoke.code()>"Revoke"</button></div>
            </form>
        </section>
    }
}
