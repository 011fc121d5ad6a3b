//! The one time a secret is seen.
//!
//! The panel lives in the memory of one page. Leaving the page forgets it; the browser's memory of left pages
//! (the back-forward cache) is wiped too. Leaving before anything was copied asks once.

use latchkey_domain::view::NewTokenView;
use leptos::html::Code;
use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::browser;
use crate::place::Navigation;

/// The token that was just made, if its secret is still to be seen.
#[derive(Clone, Copy)]
pub(crate) struct Reveal(pub RwSignal<Option<NewTokenView>>);

const QUESTION: &str =
    "The Auth Token has not been copied, and it is not shown again. Leave this page and lose sight of it?";

/// Shows Account SID, Auth Token and a `curl` line, each with a button that copies it.
#[component]
pub(crate) fn RevealPanel(
    /// The token.
    token: NewTokenView,
    /// Whether the page comes alive: without that, buttons that copy would be dead.
    live: bool,
) -> impl IntoView {
    let Reveal(reveal) = expect_context();
    let stored = RwSignal::new(false);
    let navigation: Navigation = expect_context();
    Effect::new(move || {
        guard_leaving(stored, reveal, navigation);
        // What has just appeared is what the reader came for; the button that was pressed is gone.
        request_animation_frame(|| browser::focus("reveal-title"));
    });
    let curl = token.curl_line();
    view! {
        <section class="reveal" aria-labelledby="reveal-title">
            <header>
                <h2 id="reveal-title" tabindex="-1">
                    {token.description.clone()}
                    " is ready. Give these two to the vendor now: the Auth Token is not shown again."
                </h2>
            </header>
            <Secret label="Account SID" value=token.sid.to_string() primary=false live=live stored=RwSignal::new(false)/>
            <Secret label="Auth Token" value=token.auth_token.expose().to_owned() primary=true live=live stored=stored/>
            <Secret label="Try it" value=curl.expose().to_owned() primary=false live=live stored=stored/>
            <div class="bar">
                <p class="muted small grow">"Forgotten later? Revoke this token and add a new one."</p>
                {live
                    .then(|| {
                        view! {
                            <button type="button" class="btn" on:click=move |_| reveal.set(None)>"I have stored it"</button>
                        }
                    })}
            </div>
        </section>
    }
}

/// One value with its copy button.
#[component]
fn Secret(label: &'static str, value: String, primary: bool, live: bool, stored: RwSignal<bool>) -> impl IntoView {
    let shown = NodeRef::<Code>::new();
    let state = RwSignal::new(Copied::No);
    let text = value.clone();
    let on_copy = move |_| {
        let text = text.clone();
        spawn_local(async move {
            if browser::copy(&text).await {
                state.set(Copied::Yes);
            } else {
                if let Some(element) = shown.get_untracked() {
                    browser::select(&element);
                }
                state.set(Copied::Selected);
            }
            // Selecting counts as copying: the reader has the value in hand.
            stored.set(true);
            set_timeout(move || state.set(Copied::No), COPIED_FOR);
        });
    };
    let button_text = move || match state.get() {
        Copied::No => "Copy",
        Copied::Yes => "Copied",
        Copied::Selected => "Selected: press Ctrl+C",
    };
    view! {
        <div class="secret">
            <strong>{label}</strong>
            <code node_ref=shown tabindex="0" aria-label=label>{value}</code>
            {live
                .then(|| {
                    view! {
                        <button
                            type="button"
                            class=if primary { "btn primary copy" } else { "btn copy" }
                            aria-label=move || format!("{} {label}", button_text())
                            on:click=on_copy
                        >
                            {button_text}
                        </button>
                    }
                })}
            <span class="visually-hidden" role="status">
                {move || match state.get() {
                    Copied::No => String::new(),
                    Copied::Yes => format!("{label} copied"),
                    Copied::Selected => format!("{label} selected: press Ctrl+C"),
                }}
            </span>
        </div>
    }
}

/// How long a button says that it has copied.
const COPIED_FOR: std::time::Duration = std::time::Duration::from_secs(2);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Copied {
    No,
    Yes,
    Selected,
}

/// Asks once before the page is left with nothing copied, and forgets the secret when it is.
fn guard_leaving(stored: RwSignal<bool>, reveal: RwSignal<Option<NewTokenView>>, navigation: Navigation) {
    let at_risk = move || !stored.get_untracked() && reveal.read_untracked().is_some();
    navigation.set_guard(Some(Callback::new(move |()| {
        let may_leave = !at_risk() || browser::confirm(QUESTION);
        if may_leave {
            stored.set(true);
            reveal.set(None);
        }
        may_leave
    })));
    let handles = [
        window_event_listener(leptos::ev::beforeunload, move |event| {
            if at_risk() {
                event.prevent_default();
            }
        }),
        // A page kept for the Back button must not keep the secret.
        window_event_listener_untyped("pagehide", move |_| reveal.set(None)),
    ];
    on_cleanup(move || {
        for handle in handles {
            handle.remove();
        }
        navigation.set_guard(None);
        reveal.try_set(None);
    });
}
