//! The policy: what admins allow, and what comes of it.
//!
//! - `allow`: whether a token that somebody asks for is allowed, and what the add form offers;
//! - `breaches`: which tokens that are there already a policy would not allow;
//! - `change`: looking at a policy before it is saved, and saving it;
//! - `idle`: revoking tokens that nobody uses.
//!
//! A token that is issued is held against the policy twice: here, for what is to be said to whoever asks, and by the
//! store under its write lock, which refuses where another policy holds by then (`tokens/add.rs` begins anew). So a
//! token and a stricter policy that come at the same moment have an order.

mod allow;
mod breaches;
mod change;
mod idle;

pub(crate) use allow::{Allowed, addresses_view, expiration_note, scope_view};
pub use breaches::{BreachCount, BreachKind};
pub use change::{LostScope, PolicyOverview, PolicyPreview, PolicySaved, ReservableScope};
