//! Making the first admin's account, from the link that is printed at the start. A plain form without scripts.

use latchkey_domain::{Email, Field, Password, PersonName, Refusal};
use leptos::prelude::*;

use crate::components::{FormState, FrontDoor, SubmitButton, Summary, TextField};
use crate::place::Navigation;
use crate::{PlainPost, paths};

#[component]
pub(crate) fn SetUpPage() -> impl IntoView {
    let (name, email, refusal) = match use_context::<PlainPost>() {
        Some(PlainPost::SetUpRefused { name, email, refusal }) => (name, email, Some(refusal)),
        _ => (String::new(), String::new(), None),
    };
    if let Some(refusal @ (Refusal::SetUpClosed | Refusal::SetUpLinkInvalid)) = refusal {
        return view! {
            <FrontDoor title="Set up Latchkey" about="">
                <p role="alert">{refusal.sentence()}</p>
                <a class="btn primary" href=paths::SIGN_IN>"Sign in"</a>
            </FrontDoor>
        }
        .into_any();
    }
    let state = FormState::new("", refusal.as_ref());
    let code = expect_context::<Navigation>().value_now("code").unwrap_or_default();
    view! {
        <FrontDoor title="Set up Latchkey" about="Make the first admin's account. This link works once.">
            <form method="post" action=format!("/setup?code={code}") novalidate>
                <Summary state=state/>
                <TextField state=state field=Field::Name label="Name" value=name autocomplete="name" max_length=PersonName::MAX_LENGTH/>
                <TextField state=state field=Field::Email label="E-mail" kind="email" value=email autocomplete="username" max_length=Email::MAX_LENGTH/>
                <TextField
                    state=state
                    field=Field::Password
                    label="Password"
                    kind="password"
                    autocomplete="new-password"
                    hint=format!("At least {} characters. A few words in a row are easy to remember and hard to guess.", Password::MIN_LENGTH)
                    max_length=Password::MAX_LENGTH
                />
                <SubmitButton state=state label="Create account"/>
            </form>
        </FrontDoor>
    }
    .into_any()
}
