//! The document that a page is sent in. Only the server makes one.

use latchkey_domain::Appearance;
use leptos::nonce::use_nonce;
use leptos::prelude::*;
use leptos_meta::MetaTags;

use crate::App;
use crate::root::Live;

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
