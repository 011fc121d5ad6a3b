//! The form for another's token, and the one showing of its secret.

use latchkey_domain::{Description, Field};
use leptos::html::Form;
use leptos::prelude::*;

use super::super::new_token::{AddressesField, ExpirationField, PasswordIfNeeded, empty_form};
use crate::components::{FormState, Page, RevealPanel, ScopePicker, SubmitButton, Summary, TextField};
use crate::{NewTokenForPage, TokenAddedPage, paths};

#[component]
pub(super) fn NewTokenForView(page: NewTokenForPage) -> impl IntoView {
    let NewTokenForPage { owner, offered, form, refusal } = page;
    let typed = form.unwrap_or_else(|| empty_form(&offered));
    let state = FormState::new("", refusal.as_ref());
    let element = NodeRef::<Form>::new();
    let other = paths::NEW_TOKEN_FOR;
    view! {
        <Page
            about="The owner sees that you made it. What is offered is what the owner may grant."
            path=paths::NEW_TOKEN_FOR
            parent=paths::ALL_TOKENS
        >
            <form class="card" method="post" action=paths::NEW_TOKEN_FOR novalidate node_ref=element>
                <input type="hidden" name="form_id" value=typed.form_id.clone()/>
                <input type="hidden" name="rep" value=owner.id.to_string()/>
                <div class="pad rows">
                    <Summary state=state/>
                    <p>"Owner: " <strong>{owner.name}</strong> " (" {owner.email} ") · " <a href=other>"Choose somebody else"</a></p>
                    <div class="grid-2">
                        <TextField
                            state=state
                            field=Field::Description
                            label="Description"
                            hint="What this token is for: the vendor's name is a good start."
                            value=typed.description.clone()
                            max_length=Description::MAX_LENGTH
                        />
                        <ExpirationField
                            state=state
                            chosen=typed.expiration.clone()
                            now=offered.now
                            longest=offered.longest
                            note=offered.expiration_note
                        />
                    </div>
                    <AddressesField state=state offered=offered.addresses typed=typed.addresses/>
                </div>
                <ScopePicker
                    state=state
                    scopes=offered.scopes
                    choice=typed.scope_choice
                    ticked=typed.scopes
                    all_scopes=offered.all_scopes
                    note=offered.scopes_note
                    form=element
                    filterable=false
                />
                <PasswordIfNeeded state=state/>
                <div class="foot">
                    <a class="btn quiet" href=paths::one_rep(owner.id)>"Cancel"</a>
                    <SubmitButton state=state label="Submit"/>
                </div>
            </form>
        </Page>
    }
}

#[component]
pub(super) fn TokenAddedView(page: TokenAddedPage) -> impl IntoView {
    let TokenAddedPage { owner, maker, token } = page;
    let again = format!("{}?rep={}", paths::NEW_TOKEN_FOR, owner.id);
    view! {
        <Page
            title=format!("A token for {}", owner.name)
            about="Made for another service rep; both of you see who made it."
            path=paths::NEW_TOKEN_FOR
            parent=paths::ALL_TOKENS
        >
            <RevealPanel token=token.clone() live=false/>
            <div class="card">
                <dl class="facts">
                    <div><dt>"Description"</dt><dd>{token.description}</dd></div>
                    <div><dt>"Owner"</dt><dd><a href=paths::one_rep(owner.id)>{owner.name}</a>{format!(" ({})", owner.email)}</dd></div>
                    <div><dt>"Added by"</dt><dd>{maker}</dd></div>
                </dl>
                <div class="foot"><a class="btn" href=again>"Add another"</a></div>
            </div>
        </Page>
    }
}
