//! Inviting a person.

use latchkey_domain::{Email, Field, FieldProblem, PersonName, Role};
use leptos::prelude::*;

use crate::components::{FormState, Page, SubmitButton, Summary, TextField};
use crate::{InvitePage, paths};

#[component]
pub(super) fn InviteView(page: InvitePage) -> impl IntoView {
    let InvitePage { form, refusal, asks_password } = page;
    let state = FormState::new("", refusal.as_ref());
    let chosen_role = form.role;
    let roles = Role::ALL.into_iter().map(|role| {
        let chosen = role.code() == chosen_role;
        view! {
            <label>
                <input type="radio" name=Field::Role.name() value=role.code() checked=chosen/>
                {role.label()}
            </label>
        }
    });
    let roles = roles.collect_view();
    let problem = move || state.problem(Field::Role);
    let password = asks_password.then(|| {
        view! {
            <TextField
                state=state
                field=Field::CurrentPassword
                label="Your password"
                kind="password"
                autocomplete="current-password"
                hint="Only needed to invite an admin: confirm that it is you."
                required=false
            />
        }
    });
    view! {
        <Page
            about="They get a link to choose a password by. It works once, for 48 hours."
            path=paths::NEW_REP
            parent=paths::SERVICE_REPS
        >
            <form class="card" method="post" action=paths::NEW_REP novalidate>
                <input type="hidden" name="kind" value="human"/>
                <div class="pad rows">
                    <Summary state=state/>
                    <div class="grid-2">
                        <TextField state=state field=Field::Name label="Name" value=form.name max_length=PersonName::MAX_LENGTH/>
                        <TextField
                            state=state
                            field=Field::Email
                            label="E-mail"
                            kind="email"
                            value=form.email
                            hint="What they will sign in with."
                            max_length=Email::MAX_LENGTH
                        />
                    </div>
                    <fieldset id=state.id(Field::Role) tabindex="-1" aria-describedby="role-message" aria-invalid=move || problem().is_some().then_some("true")>
                        <legend>"Role"</legend>
                        <div class="choice">{roles}</div>
                        <span id="role-message" class=move || if problem().is_some() { "error" } else { "hint" }>
                            {move || {
                                problem()
                                    .map_or_else(|| "Admins oversee everybody's tokens and may grant every scope.".to_owned(), FieldProblem::sentence)
                            }}
                        </span>
                    </fieldset>
                    {password}
                </div>
                <div class="foot">
                    <a class="btn quiet" href=paths::SERVICE_REPS>"Cancel"</a>
                    <SubmitButton state=state label="Make the invitation"/>
                </div>
            </form>
        </Page>
    }
}
