//! Latchkey's mark.

use leptos::prelude::*;

/// A key, in the colour of the text around it.
#[component]
pub(super) fn Key() -> impl IntoView {
    view! {
        <svg width="22" height="22" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2.2" stroke-linecap="round" aria-hidden="true">
            <circle cx="8" cy="15" r="4.5"></circle>
            <path d="M11.4 11.6 20 3m-3.2 3.2 2.6 2.6M14 9l1.8 1.8"></path>
        </svg>
    }
}
