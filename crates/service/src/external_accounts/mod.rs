//! External service accounts: setting a vendor's integration up, and what becomes of it.
//!
//! 1. An admin starts a draft for an integration, at a level, for somebody ([`Service::start_account`]). There is one
//!    account for each of these, drafts included.
//! 2. Step by step it is filled in ([`Service::save_account`]). A draft keeps what is well formed; what was typed wrong
//!    is named, stays in the page's field, and what was kept before stays kept. Credentials are sealed.
//! 3. Its token is generated ([`Service::generate_account_token`]) or pasted ([`Service::attach_account_token`]), and
//!    confirmed: by the same judgement that a call meets, for each route that it has to open ([`Confirmation`]).
//! 4. It is submitted ([`Service::submit_account`]) or cancelled ([`Service::cancel_account`]).
//! 5. From then on how it stands follows from its token alone ([`AccountState`]): revoked here or anywhere else, moved,
//!    expired, its owner disabled. [`Service::revoke_account`] ends the token, [`Service::replace_account_token`] gives
//!    it another; the account stays, with its settings.
//! 6. The vendor reads it with that token ([`Service::own_account`]).
//!
//! Every version of an account has a number. A form is of one version: where somebody else has changed the account
//! meanwhile, nothing is done, and the answer says who did and when. The number is a form's one-time id too: sent
//! twice, it does its work once.

mod attach;
mod cancel;
mod confirm;
mod generate;
mod list;
mod open;
mod own;
mod replace;
mod revoke;
mod save;
mod start;
mod submit;

pub use attach::AccountAttachment;
pub use cancel::AccountCancellation;
pub use confirm::{Confirmation, RouteCheck, ScopeCheck};
pub use generate::{AccountTokenOffer, AccountTokenOutcome, GeneratedAccountToken};
pub use list::{ACCOUNT_PAGE, AccountList, AccountSummary, AccountToken};
pub use open::AccountDetails;
pub use own::OwnAccount;
pub use revoke::AccountRevocation;
pub use save::AccountSave;
pub use start::AccountStart;
pub use submit::AccountSubmission;

use latchkey_domain::external_account::Integrations;

use crate::Service;

impl Service {
    /// The integrations on offer.
    #[must_use]
    pub fn integrations(&self) -> &Integrations {
        &self.integrations
    }
}
