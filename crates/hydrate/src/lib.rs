//! What runs in the browser: the same application as on the server, taking over the page that the server sent.
//!
//! `cargo xtask build` compiles this crate to WebAssembly. Everything it shows lives in `latchkey-app`.

use wasm_bindgen::prelude::wasm_bindgen;

/// Brings the page to life. The script that Leptos puts into each page calls this once, after loading the module.
#[wasm_bindgen]
pub fn hydrate() {
    leptos::mount::hydrate_body(latchkey_app::App);
}
