//! The functions that the live page calls: one verb a file, each session → service → answer.
//!
//! Every one is a public endpoint below `/internal`. It checks the session itself, takes text as the form holds
//! it, and lets the domain read it.

mod add_token;
mod change_email;
mod change_password;
mod end_other_sessions;
mod list_tokens;
mod new_token_form;
mod rename;
mod revoke_token;
mod set_appearance;
mod settings;

pub use add_token::{AddToken, add_token};
pub use change_email::{ChangeEmail, change_email};
pub use change_password::{ChangePassword, change_password};
pub use end_other_sessions::{EndOtherSessions, end_other_sessions};
pub use list_tokens::{ListTokens, list_tokens};
pub use new_token_form::{GetNewTokenForm, new_token_form};
pub use rename::{Rename, rename};
pub use revoke_token::{RevokeToken, revoke_token};
pub use set_appearance::{SetAppearance, set_appearance};
pub use settings::{GetSettings, settings};

/// The functions that need a session of any role, by path. With the lists of other roles, which come with the
/// pages that need them, this names every function: a test holds it against the router.
pub const FOR_EVERYBODY_SIGNED_IN: [&str; 10] = [
    "/internal/tokens/add",
    "/internal/tokens/list",
    "/internal/tokens/new-form",
    "/internal/tokens/revoke",
    "/internal/settings/get",
    "/internal/settings/rename",
    "/internal/settings/change-email",
    "/internal/settings/change-password",
    "/internal/settings/set-appearance",
    "/internal/settings/end-other-sessions",
];
