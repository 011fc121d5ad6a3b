//! Points in time on a page.

use latchkey_domain::Timestamp;
use leptos::prelude::*;

/// A point in time, in words; exactly on hover, focus and touch. The page says it in UTC; where it is alive, the
/// reader's own zone takes its place as it is shown ([`crate::enhance`]).
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
    view! {
        <span class="tip">
            <time datetime=at.to_rfc3339() tabindex="0" aria-describedby=id>{words}</time>
            <span role="tooltip" class="tip-text" id=tooltip_id>{at.to_words()}</span>
        </span>
    }
}
