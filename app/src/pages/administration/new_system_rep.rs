//! Adding a service that owns tokens.

use latchkey_domain::{Email, Field, PersonName};
use leptos::prelude::*;

use super::Suggestions;
use crate::components::{FormState, Page, SubmitButton, Summary, TextField};
use crate::{NewSystemRepPage, paths};

#[component]
pub(super) fn NewSystemRepView(page: NewSystemRepPage) -> impl IntoView {
    let NewSystemRepPage { form, refusal, people } = page;
    let state = FormState::new("", refusal.as_ref());
    let [owner, second_owner] = form.owners;
    view! {
        <Page
            title="Add a service"
            about="A service owns tokens that outlive any one person. It cannot sign in; two people answer for it."
            path=paths::NEW_REP
            parent=paths::SERVICE_REPS
        >
            <form class="card" method="post" action=paths::NEW_REP novalidate>
                <input type="hidden" name="kind" value="system"/>
                <div class="pad rows">
                    <Summary state=state/>
                    <div class="grid-2">
                        <TextField state=state field=Field::Name label="Name" value=form.name hint="What it does: Job feed, Payroll export." max_length=PersonName::MAX_LENGTH/>
                        <TextField
                            state=state
                            field=Field::Email
                            label="E-mail"
                            kind="email"
                            value=form.email
                            hint="The address that names it. Nothing is sent to it."
                            max_length=Email::MAX_LENGTH
                        />
                        <TextField state=state field=Field::Owner label="First owner" kind="email" value=owner hint="The e-mail address of a person." list="people"/>
                        <TextField state=state field=Field::SecondOwner label="Second owner" kind="email" value=second_owner hint="Another person's." list="people"/>
                    </div>
                    <Suggestions id="people" reps=people/>
                </div>
                <div class="foot">
                    <a class="btn quiet" href=paths::SERVICE_REPS>"Cancel"</a>
                    <SubmitButton state=state label="Add the service"/>
                </div>
            </form>
        </Page>
    }
}
