//! Everybody's tokens, for admins.
//!
//! - `search`: what was typed to filter and sort by, and what it means;
//! - `list`: pages of what passes, and exports;
//! - `look_up`: whose a leaked Auth Token is, and one token in full;
//! - `revocations`: revoking many at once, of a set that was fixed before.

mod list;
mod look_up;
mod revocations;
mod search;

pub use list::{AllTokens, ListedToken, TOKEN_PAGE, TokenExport};
pub use look_up::{AnyToken, LookUp};
pub use revocations::{AskedToRevoke, Chosen, MAX_CHOSEN, Preview, UNCONFIRMED};
pub use search::TokenSearch;
