//! The document and the router.

use latchkey_domain::Appearance;
use latchkey_domain::view::AccountView;
use leptos::nonce::use_nonce;
use leptos::prelude::*;
use leptos_meta::{MetaTags, Title, provide_meta_context};
use leptos_router::components::{Route, Router, Routes};
use leptos_router::{SsrMode, path};

use crate::PlainPost;
use crate::components::{Account, Reveal};
use crate::pages::{
    DiagnosticsPage, GeneralSettingsPage, NewTokenPage, NotFoundPage, SetUpPage, SignInPage, TokenListPage,
};

/// Where the built assets are, below the site's root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageAssets {
    /// The folder, which is named by their content: `/pkg/0123456789abcdef`.
    pub folder: String,
}

/// What the document needs to know of the page it holds.
#[derive(Debug, Clone)]
pub struct Shell {
    /// The built assets; pages are plain without them.
    pub assets: Option<PageAssets>,
    /// How the page looks to its reader.
    pub appearance: Appearance,
    /// Whether the page comes alive.
    pub live: bool,
}

/// Whether the page comes alive, for components that would be dead without.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Live(pub bool);

/// The whole document. Its [`Shell`] comes from the context.
pub fn shell() -> impl IntoView {
    let Shell { assets, appearance, live } =
        use_context().unwrap_or(Shell { assets: None, appearance: Appearance::default(), live: false });
    provide_context(Live(live));
    let nonce = use_nonce().map(|nonce| nonce.to_string());
    let head = assets.map(|PageAssets { folder }| {
        let scripts = live.then(|| {
            let script = format!(
                "import init,{{hydrate}} from '{folder}/latchkey.js';init({{module_or_path:'{folder}/latchkey_bg.wasm'}}).then(hydrate)"
            );
            view! {
                <link rel="modulepreload" href=format!("{folder}/latchkey.js")/>
                <link rel="preload" href=format!("{folder}/latchkey_bg.wasm") r#as="fetch" r#type="application/wasm" crossorigin="anonymous"/>
                <script type="module" nonce=nonce>{script}</script>
            }
        });
        view! {
            <link rel="stylesheet" href=format!("{folder}/latchkey.css")/>
            <link rel="icon" type="image/svg+xml" href=format!("{folder}/favicon.svg")/>
            {scripts}
        }
    });
    view! {
        <!DOCTYPE html>
        <html lang="en" data-theme=appearance.code()>
            <head>
                <meta charset="utf-8"/>
                <meta name="viewport" content="width=device-width, initial-scale=1"/>
                {head}
                <MetaTags/>
            </head>
            <body>
                <App/>
            </body>
        </html>
    }
}

/// The pages.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    let account = SharedValue::new(account_of_request).into_inner();
    provide_context(Account(RwSignal::new(account)));
    let revealed = match use_context::<PlainPost>() {
        Some(PlainPost::TokenCreated(token)) => Some(token),
        _ => None,
    };
    provide_context(Reveal(RwSignal::new(revealed)));
    // Tests, and people's scripts, can wait for the page to be alive.
    Effect::new(|| {
        if let Some(body) = document().body() {
            let _ = body.set_attribute("data-hydrated", "");
        }
    });
    view! {
        <Title formatter=|title| format!("{title} · Latchkey")/>
        <Router>
            <Routes fallback=NotFoundPage>
                <Route path=path!("/setup") view=SetUpPage ssr=SsrMode::Async/>
                <Route path=path!("/sign-in") view=SignInPage ssr=SsrMode::Async/>
                <Route path=path!("/settings/general") view=GeneralSettingsPage ssr=SsrMode::Async/>
                <Route path=path!("/settings/diagnostics") view=DiagnosticsPage ssr=SsrMode::Async/>
                <Route path=path!("/settings/personal-access-tokens") view=TokenListPage ssr=SsrMode::Async/>
                <Route path=path!("/settings/personal-access-tokens/new") view=NewTokenPage ssr=SsrMode::Async/>
            </Routes>
        </Router>
    }
}

fn account_of_request() -> Option<AccountView> {
    #[cfg(feature = "ssr")]
    {
        let request = use_context::<crate::ssr::RequestContext>()?;
        request.caller.map(|caller| AccountView::from(&caller.rep))
    }
    #[cfg(not(feature = "ssr"))]
    None
}
