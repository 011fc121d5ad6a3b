//! Everybody's accounts, as a list.

use std::collections::HashMap;

use latchkey_domain::external_account::{AccountLevel, AccountState, ExternalAccountId, IntegrationCode};
use latchkey_domain::{AccountSid, RepId, Timestamp, TokenStatus};

use super::{Held, state_of};
use crate::ports::{AccountRecord, Acted, Credential};
use crate::{Caller, Outcome, Service};

/// How many accounts a page has.
pub const ACCOUNT_PAGE: u32 = 100;

/// A page of accounts.
#[derive(Debug, Clone)]
pub struct AccountList {
    /// The accounts: by the integration's code, by level, by name.
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
    /// [`latchkey_domain::Refusal::Forbidden`] to others than admins, or where the database fails.
    pub async fn accounts(&self, caller: &Caller, rows: u32) -> Outcome<AccountList> {
        caller.require_admin()?;
        let now = self.now();
        // One more than is shown tells whether there are more.
        let mut records = self.store.external_accounts(rows.saturating_add(1)).await?;
        let shown = usize::try_from(rows).unwrap_or(usize::MAX);
        let more = records.len() > shown;
        records.truncate(shown);
        let sids: Vec<AccountSid> = records.iter().filter_map(|record| record.token.map(|(sid, _)| sid)).collect();
        let mut found: HashMap<AccountSid, Vec<Credential>> = HashMap::with_capacity(sids.len());
        for credential in self.store.credentials_of(&sids).await? {
            found.entry(credential.token.sid).or_default().push(credential);
        }
        let accounts = records.iter().map(|record| {
            let held = record.token.and_then(|(sid, is_generated)| self.held(found.remove(&sid)?, is_generated));
            self.account_summary(record, held.as_ref(), now)
        });
        Ok(AccountList { accounts: accounts.collect(), more, now })
    }

    /// An account as the list shows it.
    pub(super) fn account_summary(
        &self,
        record: &AccountRecord,
        held: Option<&Held>,
        now: Timestamp,
    ) -> AccountSummary {
        let integration = self.integrations.get_or_gone(&record.integration);
        AccountSummary {
            id: record.id,
            integration: record.integration.clone(),
            level: record.level,
            entity: super::entity_of(record),
            entity_rep: record.entity_rep.as_ref().map(|(id, _)| *id),
            state: state_of(record, integration.needed(&record.scopes), held, now),
            label: integration.label,
            token: held.map(|held| self.account_token(held, now)),
            version: record.version,
            started: record.started.clone(),
            changed: record.changed.clone(),
            submitted: record.submitted.clone(),
        }
    }

    fn account_token(&self, held: &Held, now: Timestamp) -> AccountToken {
        let Credential { token, owner, .. } = &held.credential;
        AccountToken {
            sid: token.sid,
            description: token.description.clone(),
            status: TokenStatus::at(now, token.expires_at, token.revoked_at),
            expires_at: token.expires_at,
            last_used_at: self.last_used_at(token),
            owner: owner.id,
            owner_name: owner.name.clone(),
            owner_email: owner.email.clone(),
            is_generated: held.is_generated,
        }
    }
}
