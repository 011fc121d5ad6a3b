//! What stands around the pages before the sign-in.

use leptos::prelude::*;

use super::mark::Key;

/// The frame of the pages before the sign-in: brand, heading, one sentence, the form.
#[component]
pub(crate) fn FrontDoor(
    /// The heading.
    title: &'static str,
    /// One sentence below it.
    about: &'static str,
    /// The form.
    children: Children,
) -> impl IntoView {
    view! {
        <main class="front" id="main">
            <p class="brand"><Key/>"Latchkey"</p>
            <div class="card">
                <h1>{title}</h1>
                {(!about.is_empty()).then(|| view! { <p>{about}</p> })}
                {children()}
            </div>
        </main>
    }
}
