//! What runs in the browser: the same application as in the server, taking over the page that was sent.
//!
//! `cargo xtask build` compiles this crate to WebAssembly. Everything it shows lives in `latchkey-app`.

use wasm_bindgen::prelude::wasm_bindgen;

/// Takes over a page that runs in the browser. Its script calls this once, after loading the module.
#[wasm_bindgen]
pub fn hydrate() {
    latchkey_app::hydrate();
}

/// Starts what a page of the server gets in the browser. Its script calls this once, after loading the module.
#[wasm_bindgen]
pub fn enhance() {
    latchkey_app::enhance();
}
