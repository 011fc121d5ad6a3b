//! The policy: what holds, the form that changes it, what would come of a change, and the tokens from before.

mod breaches;
mod form;
mod preview;

use latchkey_domain::Refusal;
use leptos::prelude::*;

use super::noticed;
use crate::components::{FormState, Moment, Notice, Page};
use crate::{PolicyPage, paths};

use breaches::Breaches;
use form::Form;
use preview::{Holding, Preview};

#[component]
pub(super) fn PolicyView(page: PolicyPage) -> impl IntoView {
    let typed = page.form();
    let PolicyPage { overview, preview, refusal, notice, .. } = page;
    let version = overview.stored.version;
    let chosen = overview.stored.chosen.clone().map(|choice| {
        let day = choice.at.to_date_in_words();
        view! {
            <p class="muted">
                "Chosen by " <a href=paths::one_rep(choice.by)>{choice.name}</a> " on " <Moment id="chosen" at=choice.at words=day/> "."
            </p>
        }
    });
    let holding = (refusal == Some(Refusal::ChangedMeanwhile))
        .then(|| view! { <Holding policy=overview.stored.policy.clone() scopes=overview.scopes.clone()/> });
    // What the confirmation was refused for stands at the confirmation.
    let (of_preview, of_form) = if preview.is_some() { (refusal, None) } else { (None, refusal) };
    let state = FormState::new("", of_form.as_ref());
    view! {
        <Page about="The rules by which everybody’s tokens are kept in bounds. They hold for tokens that are made from now on; what else they do is said with each." path=paths::POLICY>
            <Notice message=Signal::stored(noticed(notice))/>
            {preview.map(|preview| view! { <Preview preview=*preview form=typed.clone() version=version refusal=of_preview/> })}
            {holding}
            <Form state=state typed=typed version=version scopes=overview.scopes chosen=chosen.into_any()/>
            <Breaches counts=overview.breaches/>
        </Page>
    }
}
