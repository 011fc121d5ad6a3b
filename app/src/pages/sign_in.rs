//! Signing in. A plain form without scripts: whoever signs in gets a new page anyway.

use latchkey_domain::{Email, Field};
use leptos::prelude::*;

use crate::components::{FormState, FrontDoor, SubmitButton, Summary, TextField};
use crate::place::Navigation;
use crate::{PlainPost, paths};

#[component]
pub(crate) fn SignInPage() -> impl IntoView {
    let in_query = || expect_context::<Navigation>().value_now("next").unwrap_or_default();
    let (email, next, refusal) = match use_context::<PlainPost>() {
        Some(PlainPost::SignInRefused { email, next, refusal }) => (email, next, Some(refusal)),
        _ => (String::new(), in_query(), None),
    };
    let state = FormState::new("", refusal.as_ref());
    view! {
        <FrontDoor title="Sign in" about="Manage the tokens that give vendors access to your company's API.">
            <form method="post" action=paths::SIGN_IN novalidate>
                <Summary state=state/>
                <input type="hidden" name="next" value=next/>
                <TextField state=state field=Field::Email label="E-mail" kind="email" value=email autocomplete="username" max_length=Email::MAX_LENGTH/>
                <TextField state=state field=Field::Password label="Password" kind="password" autocomplete="current-password"/>
                <SubmitButton state=state label="Sign in"/>
            </form>
        </FrontDoor>
    }
    .into_any()
}
