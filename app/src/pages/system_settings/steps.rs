//! The row of a set-up's steps.

use latchkey_domain::external_account::SetUpStep;
use leptos::prelude::*;

use crate::system_settings::{StepOfWizard, WizardAction};

/// The steps, in a step's form. What is done has a ✓, the one that is shown is marked, and every other is a button
/// that saves what is typed and leads there.
#[component]
pub(super) fn Steps(
    /// The steps.
    steps: Vec<StepOfWizard>,
    /// The one that is shown.
    current: SetUpStep,
) -> impl IntoView {
    let items = steps.into_iter().enumerate().map(|(index, StepOfWizard { step, is_done })| {
        let is_current = step == current;
        let is_done = is_done && !is_current;
        let mark = if is_done { "✓".to_owned() } else { index.saturating_add(1).to_string() };
        let done = is_done.then(|| view! { <span class="visually-hidden">" (done)"</span> });
        let content =
            view! { <span class="mark" aria-hidden="true">{mark}</span><span>{step.label()}{done}</span> }.into_any();
        let content = if is_current {
            view! { <span class="here">{content}</span> }.into_any()
        } else {
            view! { <button type="submit" name="action" value=WizardAction::Go(step).code()>{content}</button> }
                .into_any()
        };
        let class = if is_done { "step done" } else { "step" };
        view! { <li class=class aria-current=is_current.then_some("step")>{content}</li> }
    });
    view! { <ol class="steps" aria-label="Steps">{items.collect_view()}</ol> }
}
