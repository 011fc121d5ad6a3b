//! The question before a token is revoked.

use latchkey_domain::view::{RevokedView, TokenView};
use latchkey_domain::{Timestamp, age_in_words};
use leptos::ev::SubmitEvent;
use leptos::html::Dialog;
use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::components::{FormState, Summary};
use crate::functions::revoke_token;
use crate::paths;

/// Asks whether a token is to be revoked. Without the live page it stands open in the page; with it, it is modal.
#[component]
pub(crate) fn RevokeDialog(
    /// The token.
    token: TokenView,
    /// The instant that the last use is told from.
    now: Timestamp,
    /// Whether it was asked for on the live page.
    live: bool,
    /// Called when the question is taken back.
    on_cancel: Callback<()>,
    /// Called when the token is revoked.
    on_revoked: Callback<RevokedView>,
) -> impl IntoView {
    let state = FormState::new("revoke", None);
    let dialog = NodeRef::<Dialog>::new();
    Effect::new(move || {
        if let Some(dialog) = dialog.get().filter(|_| live) {
            let _ = dialog.show_modal();
        }
    });
    let sid = token.sid.to_string();
    let on_submit = {
        let sid = sid.clone();
        move |event: SubmitEvent| {
            event.prevent_default();
            if !state.start() {
                return;
            }
            let sid = sid.clone();
            spawn_local(async move {
                match revoke_token(sid).await {
                    Ok(revoked) => on_revoked.run(revoked),
                    Err(error) => state.fail(&error),
                }
            });
        }
    };
    let last_use = match token.last_used_at {
        Some(at) => format!("It was last used {}.", age_in_words(now.seconds_since(at))),
        None => "It has never been used.".to_owned(),
    };
    view! {
        {(!live).then(|| view! { <a class="dialog-backdrop" href=paths::TOKENS tabindex="-1" aria-hidden="true"></a> })}
        <dialog
            class="dialog"
            node_ref=dialog
            open=!live
            aria-labelledby="revoke-title"
            aria-describedby="revoke-text"
            on:close=move |_| on_cancel.run(())
        >
            <form method="post" action=paths::TOKENS on:submit=on_submit>
                <h2 id="revoke-title">"Revoke " {token.description} "?"</h2>
                <Summary state=state/>
                <p id="revoke-text">
                    {last_use} " Calls with it stop working at once. This cannot be undone."
                </p>
                <input type="hidden" name="revoke" value=sid/>
                <div class="foot">
                    <a
                        class="btn quiet"
                        href=paths::TOKENS
                        on:click=move |event| {
                            event.prevent_default();
                            on_cancel.run(());
                        }
                    >
                        "Cancel"
                    </a>
                    <button type="submit" class="btn danger" aria-busy=move || state.is_busy().then_some("true")>"Revoke"</button>
                </div>
            </form>
        </dialog>
    }
}
