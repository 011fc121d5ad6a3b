//! A token's life: asked for, issued, listed, explained, taken back.

mod add;
mod add_for;
mod ended;
mod explain;
mod limit;
mod list;
mod revoke;

pub(crate) use add::{DrawnToken, TRIES, not_inserted};
pub use add::{IssuedToken, TokenOwner};
pub use explain::{ExplainedCall, HeldScope, OwnToken};
