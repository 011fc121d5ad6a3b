//! Anybody's token: whose it is, what it is, and revoking it.

use latchkey_domain::age_in_words;
use latchkey_service::AnyToken;
use leptos::prelude::*;

use super::super::noticed;
use crate::components::{Notice, Page};
use crate::pages::one_token::{Facts, Scopes};
use crate::{AnyTokenPage, paths};

#[component]
pub(in crate::pages::administration) fn AnyTokenView(page: AnyTokenPage) -> impl IntoView {
    let AnyTokenPage { found, notice } = page;
    let AnyToken { owner, token } = found;
    let view = token.token.clone();
    let last_use = match view.last_used_at {
        Some(at) => format!("It was last used {}.", age_in_words(token.now.seconds_since(at))),
        None => "It was never used.".to_owned(),
    };
    let revoke = view.status.is_live().then(|| {
        view! {
            <section class="section action" id="revoke" aria-labelledby="revoke-title">
                <h2 id="revoke-title">{format!("Revoke {}?", view.description)}</h2>
                <p>{format!("{last_use} It stops working at once, and cannot be brought back.")}</p>
                <form method="post" action=paths::any_token(view.sid)>
                    <div><button type="submit" class="btn danger">"Revoke"</button></div>
                </form>
            </section>
        }
    });
    let state = if owner.is_enabled() { "" } else { " (disabled)" };
    let scopes = token.scopes.clone();
    view! {
        <Page
            title=view.description.clone()
            about="Somebody’s token, as its owner sees it."
            path=paths::ANY_TOKEN
            parent=paths::ALL_TOKENS
        >
            <Notice message=Signal::stored(noticed(notice))/>
            <p class="whose">"Service Rep: " <a href=paths::one_rep(owner.id)>{owner.name.clone()}</a> {format!(", {}{state}", owner.email)}</p>
            <Facts token=token owner_name=owner.name/>
            {revoke}
            <Scopes scopes=scopes all=view.all_scopes/>
        </Page>
    }
}
