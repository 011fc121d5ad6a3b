//! Choosing a password by a link: an invitation, or a reset. A plain form without scripts.

use latchkey_domain::{Field, Password, Refusal};
use latchkey_service::ports::LinkPurpose;
use leptos::prelude::*;

use crate::components::{FormState, FrontDoor, SubmitButton, Summary, TextField};
use crate::place::Navigation;
use crate::{AccountLinkPage, paths};

#[component]
pub(crate) fn ChoosePasswordPage(page: AccountLinkPage) -> impl IntoView {
    let AccountLinkPage { purpose, holder, refusal } = page;
    let path = match purpose {
        LinkPurpose::Invite => paths::INVITE,
        LinkPurpose::Reset => paths::RESET_PASSWORD,
    };
    let title = paths::title(path);
    let Some(holder) = holder else {
        let sentence = refusal.unwrap_or(Refusal::AccountLinkInvalid).sentence();
        return view! {
            <FrontDoor title=title about="">
                <p role="alert">{sentence}</p>
                <a class="btn primary" href=paths::SIGN_IN>"Sign in"</a>
            </FrontDoor>
        }
        .into_any();
    };
    let (about, label) = match purpose {
        LinkPurpose::Invite => ("Choose a password. This link works once.", "Set password and sign in"),
        LinkPurpose::Reset => ("Your sessions end everywhere else. This link works once.", "Set password and sign in"),
    };
    let state = FormState::new("", refusal.as_ref());
    let code = expect_context::<Navigation>().value_now("code").unwrap_or_default();
    view! {
        <FrontDoor title=title about=about>
            <form method="post" action=format!("{path}?code={code}") novalidate>
                <Summary state=state/>
                <p>{holder.name}<span class="sub">{holder.email.clone()}</span></p>
                // Tells password managers whose password it is.
                <input type="text" autocomplete="username" value=holder.email readonly hidden/>
                <TextField
                    state=state
                    field=Field::Password
                    label="Password"
                    kind="password"
                    autocomplete="new-password"
                    hint=format!("At least {} characters. A few words in a row are easy to remember and hard to guess.", Password::MIN_LENGTH)
                    max_length=Password::MAX_LENGTH
                />
                <SubmitButton state=state label=label/>
            </form>
        </FrontDoor>
    }
    .into_any()
}
