//! A token's life: asked for, issued, listed, explained, taken back.

mod add;
mod explain;
mod list;
mod revoke;

pub use add::{IssuedToken, TokenOwner};
pub use explain::{ExplainedCall, HeldScope, OwnToken};
