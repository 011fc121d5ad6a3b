//! The line that says what has happened.

use leptos::prelude::*;

/// How a notice is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    /// It went well.
    Good,
    /// It is worth reading.
    Warn,
    /// It did not go well.
    Bad,
}

impl Tone {
    const fn class(self) -> &'static str {
        match self {
            Self::Good => "notice good",
            Self::Warn => "notice warn",
            Self::Bad => "notice bad",
        }
    }
}

/// Says what has happened, to eyes and screen readers. The element is always there: only then are changes of it
/// read out.
#[component]
pub(crate) fn Notice(
    /// What is said, if anything.
    #[prop(into)]
    message: Signal<Option<(Tone, String)>>,
) -> impl IntoView {
    view! {
        <div role="status" class="notice-place">
            {move || message.get().map(|(tone, sentence)| view! { <p class=tone.class()>{sentence}</p> })}
        </div>
    }
}
