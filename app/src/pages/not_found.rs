//! There is nothing at this address.

use leptos::prelude::*;

use crate::components::FrontDoor;
use crate::paths;

#[component]
pub(crate) fn NotFoundPage() -> impl IntoView {
    #[cfg(feature = "ssr")]
    if let Some(response) = use_context::<leptos_axum::ResponseOptions>() {
        response.set_status(http::StatusCode::NOT_FOUND);
    }
    view! {
        <FrontDoor title="Nothing here" about="There is no page at this address.">
            <a class="btn primary" href=paths::TOKENS>"Personal Access Tokens"</a>
        </FrontDoor>
    }
}
