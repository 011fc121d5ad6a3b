//! Vendors' credentials at rest: sealed under keys that are not in the database.
//!
//! - `keys.rs`: the keys, and the file that holds them;
//! - `seal.rs`: sealing a credential and opening it again;
//! - `rotate.rs`: sealing everything anew under the newest key, and finding out which keys are missing.

mod keys;
mod rotate;
mod seal;

pub use keys::{KeyFileProblem, KeyId, SecretKey, SecretKeys};
pub use rotate::Rotation;
pub use seal::{SealedCredential, VendorCredential};
