//! What is here is not for the reader's role.

use leptos::prelude::*;

use crate::paths;

/// Given to a page that the reader may not see: the page that says so stands in its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Forbidden;

#[component]
pub(crate) fn ForbiddenPage() -> impl IntoView {
    view! {
        <div class="head">
            <div>
                <h1>"For admins only"</h1>
                <p>"Your role does not open this page. An admin can do this for you, or give you the role."</p>
            </div>
        </div>
        <p><a class="btn primary" href=paths::TOKENS>"Personal Access Tokens"</a></p>
    }
}
