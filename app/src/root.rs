//! The router, and what every page shares.

use leptos::prelude::*;
#[cfg(feature = "ssr")]
use leptos_router::SsrMode;
use leptos_router::components::{Route, Router, Routes};
use leptos_router::path;

use crate::components::Reveal;
use crate::pages::{NewTokenPage, TokenListPage};
use crate::{PlainPost, enhance};

/// Whether the page runs in the browser, for components that would be dead without.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Live(pub bool);

/// The pages.
#[component]
pub fn App() -> impl IntoView {
    let revealed = match use_context::<PlainPost>() {
        Some(PlainPost::TokenCreated(token)) => Some(token),
        _ => None,
    };
    provide_context(Reveal(RwSignal::new(revealed)));
    Effect::new(enhance::come_alive);
    view! {
        <Router>
            <Pages/>
        </Router>
    }
}

/// Takes over the page that was sent. The frame around it stays as it is.
#[cfg(feature = "hydrate")]
pub fn hydrate() {
    use leptos::mount::hydrate_from;
    use wasm_bindgen::JsCast;

    let main = document().get_element_by_id("main").and_then(|main| main.dyn_into::<web_sys::HtmlElement>().ok());
    if let Some(main) = main {
        hydrate_from(main, App).forget();
    }
}

/// The pages that run in the browser. It loads all others whole from the server, and has no code for them.
#[cfg(not(feature = "ssr"))]
#[component]
fn Pages() -> impl IntoView {
    view! {
        <Routes fallback=|| ()>
            <Route path=path!("/settings/personal-access-tokens") view=TokenListPage/>
            <Route path=path!("/settings/personal-access-tokens/new") view=NewTokenPage/>
        </Routes>
    }
}

/// Every page.
#[cfg(feature = "ssr")]
#[component]
fn Pages() -> impl IntoView {
    use crate::pages::{DiagnosticsPage, GeneralSettingsPage, NotFoundPage, SetUpPage, SignInPage};
    view! {
        <Routes fallback=NotFoundPage>
            <Route path=path!("/setup") view=SetUpPage ssr=SsrMode::Async/>
            <Route path=path!("/sign-in") view=SignInPage ssr=SsrMode::Async/>
            <Route path=path!("/settings/diagnostics") view=DiagnosticsPage ssr=SsrMode::Async/>
            <Route path=path!("/settings/general") view=GeneralSettingsPage ssr=SsrMode::Async/>
            <Route path=path!("/settings/personal-access-tokens") view=TokenListPage ssr=SsrMode::Async/>
            <Route path=path!("/settings/personal-access-tokens/new") view=NewTokenPage ssr=SsrMode::Async/>
        </Routes>
    }
}
