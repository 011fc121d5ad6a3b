//! Which page is shown where, and what every page shares.

use leptos::prelude::*;

use crate::components::Reveal;
use crate::pages::{NewTokenPage, TokenListPage};
use crate::place::{Navigation, Place};
use crate::{PlainPost, enhance, paths};

/// Whether the page runs in the browser, for components that would be dead without.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Live(pub bool);

/// The pages.
#[component]
pub fn App() -> impl IntoView {
    let navigation = Navigation::new(place_of_request());
    provide_context(navigation);
    let revealed = match use_context::<PlainPost>() {
        Some(PlainPost::TokenCreated(token)) => Some(token),
        _ => None,
    };
    provide_context(Reveal(RwSignal::new(revealed)));
    Effect::new(move || {
        navigation.listen();
        enhance::come_alive();
    });
    move || page_at(&navigation.path())
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
fn page_at(path: &str) -> AnyView {
    if path == paths::NEW_TOKEN { NewTokenPage().into_any() } else { TokenListPage().into_any() }
}

/// Every page.
#[cfg(feature = "ssr")]
fn page_at(path: &str) -> AnyView {
    use crate::pages::{
        AdministrationView, ChoosePasswordPage, DiagnosticsPage, Forbidden, ForbiddenPage, GeneralSettingsPage,
        NotFoundPage, OneTokenPage, QuickStartPage, ReferencePage, SetUpPage, SignInPage, SystemSettingsView,
    };
    if use_context::<Forbidden>().is_some() {
        return ForbiddenPage().into_any();
    }
    if let Some(page) = use_context::<crate::AdministrationPage>() {
        return view! { <AdministrationView page=page/> }.into_any();
    }
    if let Some(page) = use_context::<crate::system_settings::SystemSettingsPage>() {
        return view! { <SystemSettingsView page=page/> }.into_any();
    }
    if let Some(page) = use_context::<crate::AccountLinkPage>() {
        return view! { <ChoosePasswordPage page=page/> }.into_any();
    }
    match path {
        paths::SET_UP => SetUpPage().into_any(),
        paths::SIGN_IN => SignInPage().into_any(),
        paths::DIAGNOSTICS => DiagnosticsPage().into_any(),
        paths::GENERAL => GeneralSettingsPage().into_any(),
        paths::TOKENS => TokenListPage().into_any(),
        paths::NEW_TOKEN => NewTokenPage().into_any(),
        paths::REFERENCE => ReferencePage().into_any(),
        paths::QUICK_START => QuickStartPage().into_any(),
        // The server gives the token with the request, once it has found that it is the reader's own.
        _ => match use_context::<latchkey_service::OwnToken>() {
            Some(token) => view! { <OneTokenPage token=token/> }.into_any(),
            None => NotFoundPage().into_any(),
        },
    }
}

#[cfg(not(feature = "ssr"))]
fn place_of_request() -> Place {
    Place::parse(&crate::browser::current_path())
}

#[cfg(feature = "ssr")]
fn place_of_request() -> Place {
    use_context::<crate::Shell>().map(|shell| shell.place).unwrap_or_default()
}
