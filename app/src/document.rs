//! The document that a page is sent in. Only the server makes one.

use latchkey_domain::Appearance;
use latchkey_domain::view::AccountView;
use latchkey_service::OwnToken;
use leptos::nonce::use_nonce;
use leptos::prelude::*;

use crate::components::Frame;
use crate::place::Place;
use crate::root::Live;
use crate::system_settings::SystemSettingsPage;
use crate::{AdministrationPage, App, Forbidden, paths};

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
    /// The page's address.
    pub place: Place,
    /// Whose frame stands around the page; none around the pages before the sign-in.
    pub frame: Option<AccountView>,
    /// What becomes of the page in the browser.
    pub life: Life,
}

/// What becomes of a page in the browser.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Life {
    /// Nothing: it carries no script.
    Plain,
    /// It stays as the server made it; its fields are checked while they are filled in, and its forms' answers
    /// are put in place.
    Enhanced,
    /// It runs in the browser.
    Hydrated,
}

/// What becomes of the page at this path, for somebody who is signed in.
#[must_use]
pub fn life_of(path: &str) -> Life {
    if path == paths::TOKENS || path == paths::NEW_TOKEN { Life::Hydrated } else { Life::Enhanced }
}

/// The whole document. Its [`Shell`] comes from the context.
#[must_use]
pub fn shell() -> impl IntoView {
    let plain = || Shell { assets: None, place: Place::default(), frame: None, life: Life::Plain };
    let Shell { assets, place, frame, life } = use_context().unwrap_or_else(plain);
    let appearance = frame.as_ref().map_or(Appearance::default(), |account| account.appearance);
    let token = use_context::<OwnToken>();
    let of_administration = use_context::<AdministrationPage>().map(|page| page.title());
    let of_system = use_context::<SystemSettingsPage>().map(|page| page.title());
    let title = match (&token, of_administration.as_ref().or(of_system.as_ref())) {
        _ if use_context::<Forbidden>().is_some() => "For admins only",
        (_, Some(title)) => title,
        (Some(own), None) => &own.token.description,
        (None, None) => paths::title(&place.path),
    };
    let title = escaped(&paths::window_title(title));
    let body = match frame {
        Some(account) => view! { <Frame account=account path=place.path><App/></Frame> }.into_any(),
        None => view! { <App/> }.into_any(),
    };
    provide_context(Live(life == Life::Hydrated));
    let nonce = use_nonce().map(|nonce| nonce.to_string());
    let head = assets.map(|PageAssets { folder }| {
        let start = match life {
            Life::Plain => None,
            Life::Enhanced => Some("enhance"),
            Life::Hydrated => Some("hydrate"),
        };
        let scripts = start.map(|start| {
            let script = format!(
                "import init,{{{start}}} from '{folder}/latchkey.js';init({{module_or_path:'{folder}/latchkey_bg.wasm'}}).then({start})"
            );
            view! {
                <link rel="modulepreload" href=format!("{folder}/latchkey.js")/>
                <link rel="preload" href=format!("{folder}/latchkey_bg.wasm") r#as="fetch" r#type="application/wasm" crossorigin="anonymous"/>
                <script type="module" nonce=nonce>{script}</script>
            }
        });
        view! {
            {look(&folder)}
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
                <title inner_html=title></title>
            </head>
            <body>
                {body}
            </body>
        </html>
    }
}

/// What a page looks by: its styles, and the picture that stands for it.
pub(crate) fn look(folder: &str) -> impl IntoView + use<> {
    view! {
        <link rel="stylesheet" href=format!("{folder}/latchkey.css")/>
        <link rel="icon" type="image/svg+xml" href=format!("{folder}/favicon.svg")/>
    }
}

/// A text as the content of an element: a description is whatever somebody typed.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}
