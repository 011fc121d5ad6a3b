//! A token's life: asked for, issued, listed, taken back.

mod add;
mod limit;
mod list;
mod revoke;

pub use add::{IssuedToken, TokenOwner};
