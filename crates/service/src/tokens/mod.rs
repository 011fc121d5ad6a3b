//! A token's life: asked for, issued, listed, taken back.

mod add;
mod ended;
mod list;
mod revoke;

pub use add::{IssuedToken, TokenOwner};
