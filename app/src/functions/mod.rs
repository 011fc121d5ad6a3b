//! The functions that the live page calls: one verb a file, each session → service → answer.
//!
//! Every one is a public endpoint below `/internal`. It checks the session itself, takes text as the form holds
//! it, and lets the domain read it.

mod add_token;
mod encoding;
mod list_tokens;
mod new_token_form;
mod revoke_token;

pub(crate) use encoding::TextualJson;

pub use add_token::{AddToken, add_token};
pub use list_tokens::{ListTokens, list_tokens};
pub use new_token_form::{GetNewTokenForm, new_token_form};
pub use revoke_token::{RevokeToken, revoke_token};

/// The functions that need a session of any role, by path. A test holds the list against the router.
pub const FOR_EVERYBODY_SIGNED_IN: [&str; 4] =
    ["/internal/tokens/add", "/internal/tokens/list", "/internal/tokens/new-form", "/internal/tokens/revoke"];
