//! What a page shows while its data is on the way, and where that fails.

use leptos::prelude::*;

use crate::{AppError, browser};

/// Keeps the place of a page's content while it is loading.
#[component]
pub(super) fn Loading() -> impl IntoView {
    view! { <div class="card loading" role="status"><span class="visually-hidden">"Loading"</span></div> }
}

/// Says why a page's data did not come.
#[component]
pub(super) fn LoadingFailed(error: AppError) -> impl IntoView {
    if error == AppError::Refused(latchkey_domain::Refusal::SignedOut) {
        // The session has ended under a live page; the server leads a whole page to the sign-in itself.
        Effect::new(|| browser::leave_for(&crate::sign_in_path(&browser::current_path())));
    }
    view! { <p class="notice bad" role="alert">{error.sentence()}</p> }
}
