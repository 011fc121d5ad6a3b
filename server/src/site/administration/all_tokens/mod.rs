//! Everybody's tokens: the list and its forms, one of them, and revoking several.

mod any_token;
mod export;
mod list;
mod revocation;

pub(super) use any_token::{revoke, show as show_any};
pub(super) use list::{act, show};
pub(super) use revocation::{confirm, show as show_revocation};
