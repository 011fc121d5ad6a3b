//! Points in time on a page.

use latchkey_domain::Timestamp;
use leptos::prelude::*;

use crate::browser;

/// A point in time, in words; exactly, in the reader's zone, on hover, focus and touch.
///
/// Server and browser first show the same text, in UTC; once the page is alive the reader's zone takes its place.
#[component]
pub(crate) fn Moment(
    /// An id that no other element of the page has.
    #[prop(into)]
    id: String,
    /// The point.
    at: Timestamp,
    /// What is shown: "6 months", "4 minutes ago".
    #[prop(into)]
    words: String,
) -> impl IntoView {
    let tooltip_id = id.clone();
    let exact = RwSignal::new(at.to_words());
    Effect::new(move || exact.set(browser::local_words(at)));
    view! {
        <span class="tip" on:keydown=dismiss on:mouseleave=restore on:focusout=restore>
            <time datetime=at.to_rfc3339() tabindex="0" aria-describedby=id>{words}</time>
            <span role="tooltip" class="tip-text" id=tooltip_id>{exact}</span>
        </span>
    }
}

/// Hides the tooltip of an element on Esc, as WCAG 2.2 asks in 1.4.13.
pub(super) fn dismiss(event: leptos::ev::KeyboardEvent) {
    if event.key() == "Escape" {
        mark(&event, true);
    }
}

/// Lets a tooltip show again once it has been left.
pub(super) fn restore<E: AsRef<web_sys::Event>>(event: E) {
    mark(event.as_ref(), false);
}

fn mark(event: &web_sys::Event, dismissed: bool) {
    use wasm_bindgen::JsCast;
    if let Some(element) = event.current_target().and_then(|target| target.dyn_into::<web_sys::Element>().ok()) {
        let _ = element.toggle_attribute_with_force("data-dismissed", dismissed);
    }
}
