//! Latchkey's pages: rendered whole on the server, made live in the browser.
//!
//! One tree of components is compiled twice. With the feature `ssr` it renders pages in the server; with
//! `hydrate` it runs in the browser over the page it was sent. Every page works without the second half: links
//! are links and forms are forms, whose answers the server renders as whole pages ([`PlainPost`]).
//!
//! A live form's way: the form reads its fields, calls a function of [`functions`], and shows what
//! came back. The same function runs inside the server when a page is rendered there.

#![expect(unreachable_pub, reason = "what the component macro makes is public")]

mod browser;
pub mod components;
#[cfg(feature = "ssr")]
mod document;
mod error;
#[expect(
    missing_docs,
    reason = "the server macro makes a struct of each function's arguments; the function says what they are"
)]
pub mod functions;
mod pages;
mod paths;
mod plain_post;
mod root;
#[cfg(feature = "ssr")]
pub mod ssr;

#[cfg(feature = "ssr")]
pub use document::{PageAssets, Shell, shell};
pub use error::AppError;
pub use paths::sign_in_path;
pub use plain_post::{PlainPost, SettingsSection};
pub use root::{App, LIVE_PAGES};
