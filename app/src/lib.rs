//! Latchkey's pages: rendered whole on the server, made live in the browser.
//!
//! One tree of components is compiled twice. With the feature `ssr` it renders every page in the server. With
//! `hydrate`, the pages on which people work (the list of tokens, the form for a new one) also run in the browser,
//! over the page that was sent. All other pages stay the server's: a little code in the browser checks their
//! fields while they are filled in, and puts the server's answers in place without loading the page again
//! ([`enhance`]).
//!
//! Every page works without any of that: links are links and forms are forms, whose answers the server renders
//! as whole pages ([`PlainPost`]).
//!
//! A live form's way: the form reads its fields, calls a function of [`functions`], and shows what came back. The
//! same function runs inside the server when a page is rendered there.

#![expect(unreachable_pub, reason = "what the component macro makes is public")]
#![expect(clippy::needless_pass_by_value, reason = "components own their props; the macro passes them so")]

#[cfg(not(any(erase_components, doc)))]
compile_error!(
    "build with `--cfg=erase_components`, as .cargo/config.toml says: server and browser would differ. A RUSTFLAGS variable takes that flag away."
);

#[cfg(feature = "ssr")]
mod administration;
#[cfg(feature = "ssr")]
mod areas;
mod browser;
mod components;
#[cfg(feature = "ssr")]
mod document;
mod enhance;
mod error;
#[expect(
    missing_docs,
    reason = "the server macro makes a struct of each function's arguments; the function says what they are"
)]
pub mod functions;
mod pages;
mod paths;
mod place;
mod plain_post;
#[cfg(feature = "ssr")]
mod reference;
mod root;
#[cfg(feature = "ssr")]
pub mod ssr;
#[cfg(feature = "ssr")]
pub mod system_settings;
#[cfg(feature = "ssr")]
mod unavailable;

#[cfg(feature = "ssr")]
pub use administration::{
    AccountLinkPage, AdministrationPage, AllTokensPage, AnyTokenPage, AuditLogPage, InvitePage, MovePage,
    NewSystemRepPage, NewTokenForPage, PolicyPage, RepAction, RepPage, RepsPage, RevocationPage, Said, ShownLink,
    TokenAddedPage, TokenOwnerPage, account_link,
};
#[cfg(feature = "ssr")]
pub use document::{Life, PageAssets, Shell, life_of, shell};
pub use enhance::enhance;
pub use error::AppError;
#[cfg(feature = "ssr")]
pub use pages::Forbidden;
pub use paths::sign_in_path;
#[cfg(feature = "ssr")]
pub use paths::{
    ABOUT_THE_API as REFERENCE_PAGES, ALL as PAGES, ALL_TOKENS, ANY_TOKEN, AUDIT_LOG, EXTERNAL_ACCOUNTS, INVITE,
    MOVE_TOKENS, NEW_EXTERNAL_ACCOUNT, NEW_REP, NEW_TOKEN_FOR, ONE_EXTERNAL_ACCOUNT, ONE_REP, ONE_TOKEN, POLICY,
    RESET_PASSWORD, REVOCATION, SERVICE_REPS, any_token, any_token_at, external_account, external_account_at,
    is_for_admins, one_rep, rep_at, revocation, revocation_at, token_at,
};
pub use place::Place;
pub use plain_post::{PlainPost, SettingsSection};
#[cfg(feature = "ssr")]
pub use reference::{Reference, ReferenceAnswer, ReferenceGroup, ReferenceOperation, ReferenceParameter};
pub use root::App;
#[cfg(feature = "hydrate")]
pub use root::hydrate;
#[cfg(feature = "ssr")]
pub use unavailable::unavailable_page;
