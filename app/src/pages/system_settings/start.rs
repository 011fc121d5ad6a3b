//! Choosing what to set up, and for whom.

use latchkey_domain::external_account::{AccountField, AccountLevel};
use leptos::prelude::*;

use super::{Below, Problems, Suggestions, TextInput, is_first, problem_at};
use crate::components::Page;
use crate::paths;
use crate::system_settings::{IntegrationOffer, Problem, StartPage};

#[component]
pub(super) fn StartView(page: StartPage) -> impl IntoView {
    let StartPage { integrations, typed, problems, taken, refusal, reps } = page;
    let taken = taken.map(|id| {
        view! {
            <p class="notice warn" role="alert">
                "This integration is set up there already, or is being set up. "
                <a href=paths::external_account(id)>"Open that account"</a>
            </p>
        }
    });
    let refusal = refusal.map(|refusal| view! { <p class="notice warn" role="alert">{refusal.sentence()}</p> });
    view! {
        <Page
            about="Choose what it connects to, and for whom. That makes a draft, which can be left and taken up again."
            path=paths::NEW_EXTERNAL_ACCOUNT
            parent=paths::EXTERNAL_ACCOUNTS
        >
            {refusal}
            {taken}
            <form class="card" method="post" action=paths::NEW_EXTERNAL_ACCOUNT novalidate>
                <div class="pad rows">
                    <Problems problems=problems.clone()/>
                    <Offers integrations=integrations chosen=typed.integration problems=problems.clone()/>
                    <div class="grid-2">
                        <LevelField chosen=typed.level problems=problems.clone()/>
                        <TextInput
                            id="entity"
                            label="Entity"
                            value=typed.entity
                            hint="The name of the company or branch, or the e-mail address of the service rep. The system needs none."
                            list="reps"
                            problems=problems
                        />
                    </div>
                    <Suggestions id="reps" reps=reps/>
                </div>
                <div class="foot">
                    <a class="btn quiet" href=paths::EXTERNAL_ACCOUNTS>"Cancel"</a>
                    <button type="submit" class="btn primary">"Start the set-up"</button>
                </div>
            </form>
        </Page>
    }
}

#[component]
fn Offers(integrations: Vec<IntegrationOffer>, chosen: String, problems: Vec<Problem>) -> impl IntoView {
    let id = AccountField::Integration.name();
    let message_id = format!("{id}-message");
    let problem = problem_at(&problems, &id);
    let offers = integrations.into_iter().map(|offer| {
        let is_chosen = offer.code == chosen;
        view! { <Offer offer=offer is_chosen=is_chosen/> }
    });
    let described_by = message_id.clone();
    let invalid = problem.as_ref().map(|_| "true");
    view! {
        <fieldset
            class="offers"
            id=id.clone()
            tabindex="-1"
            autofocus=is_first(&problems, &id)
            aria-invalid=invalid
            aria-describedby=described_by
        >
            <legend>"Integration"</legend>
            <Below id=message_id hint="" problem=problem/>
            {offers.collect_view()}
        </fieldset>
    }
}

#[component]
fn Offer(offer: IntegrationOffer, is_chosen: bool) -> impl IntoView {
    let IntegrationOffer { code, label, about, scopes, levels } = offer;
    let scopes = if scopes.is_empty() {
        "Its scopes are chosen in the set-up.".to_owned()
    } else {
        format!("Scopes: {}.", scopes.join(", "))
    };
    let levels: Vec<&str> = levels.into_iter().map(AccountLevel::label).collect();
    let id = format!("integration-{code}");
    let about_id = format!("{id}-about");
    view! {
        <div class="offer">
            <input type="radio" id=id.clone() name="integration" value=code checked=is_chosen aria-describedby=about_id.clone()/>
            <label for=id>{label}</label>
            <p id=about_id class="hint">{format!("{about} {scopes} Levels: {}.", levels.join(", "))}</p>
        </div>
    }
}

#[component]
fn LevelField(chosen: String, problems: Vec<Problem>) -> impl IntoView {
    let id = AccountField::Level.name();
    let message_id = format!("{id}-message");
    let problem = problem_at(&problems, &id);
    let options = AccountLevel::ALL.map(|level| {
        let code = level.code();
        view! { <option value=code selected=code == chosen>{level.label()}</option> }
    });
    let described_by = message_id.clone();
    let invalid = problem.as_ref().map(|_| "true");
    view! {
        <div class="field">
            <label for=id.clone()>"Level"</label>
            <select
                id=id.clone()
                name=id.clone()
                autofocus=is_first(&problems, &id)
                aria-invalid=invalid
                aria-describedby=described_by
            >
                {Vec::from(options)}
            </select>
            <Below id=message_id hint="How much of the company it is for." problem=problem/>
        </div>
    }
}
