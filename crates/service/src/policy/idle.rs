//! Revoking tokens that nobody uses.
//!
//! A token is idle when neither its making nor its last use is younger than the policy's days. Uses that are noted and
//! not yet written count: this node writes its own down before it looks, and waits for the other nodes to have
//! written theirs before it revokes anything. The store looks once more, in the transaction that revokes.

use std::time::Duration;

use latchkey_domain::{AccountSid, Timestamp};

use crate::ports::{IdleRevocation, Revision, StoreResult, TokenOrder, TokenPosition, TokenQuery, TokenSort};
use crate::{AuditAction, AuditActor, AuditEntry, AuditSubject, LONGEST_UNWRITTEN, Origin, Outcome, Service};

use super::BreachKind;

/// How many tokens are revoked in one transaction.
const STEP: u32 = 500;
/// How many tokens are passed by at once.
const STRETCH: u32 = 50_000;
/// After how long every node has written down the uses that it had noted, or has ended.
const WRITTEN: Duration = LONGEST_UNWRITTEN.saturating_add(Duration::from_secs(5));

impl Service {
    /// Revokes the tokens that have not been used for as long as the policy says, in steps. Answers how many that
    /// were. Run at the start and now and then, and when a policy is saved.
    ///
    /// # Errors
    /// Where the database fails; what was done until then stays done.
    pub async fn revoke_idle_tokens(&self) -> Outcome<u64> {
        let (mut revoked, mut after) = (0, None);
        loop {
            let stored = self.store.policy().await?;
            let Some(idle) = stored.policy.idle else { return Ok(revoked) };
            let now = self.now();
            let since = now.plus_seconds(-idle.seconds());
            let Some(query) = BreachKind::Idle.query(&stored.policy, now) else { return Ok(revoked) };
            self.flush_last_use().await?;
            let (found, rest) = self.idle_stretch(&query, after, since).await?;
            after = rest;
            if !found.is_empty() {
                if self.is_among_nodes().await? {
                    tokio::time::sleep(WRITTEN).await;
                    // Others have written theirs meanwhile, and the store looks once more at what is written.
                    self.flush_last_use().await?;
                }
                let each = AuditEntry {
                    at: now,
                    actor: AuditActor::Policy,
                    action: AuditAction::IdleTokenRevoked,
                    subject: AuditSubject::Nothing,
                    origin: Origin { address: String::new(), request_id: String::new() },
                    detail: format!("not used for {} days", idle.days()),
                };
                let done = self.store.revoke_idle(&found, since, stored.version, &each).await?;
                match self.settle(done).await {
                    IdleRevocation::Revoked(sids) => {
                        revoked += u64::try_from(sids.len()).unwrap_or_default();
                    }
                    // By the new policy from the beginning.
                    IdleRevocation::Stale => {
                        after = None;
                        continue;
                    }
                }
            }
            if after.is_none() {
                return Ok(revoked);
            }
        }
    }

    /// The next tokens that are idle, and where to go on.
    async fn idle_stretch(
        &self,
        query: &TokenQuery,
        after: Option<TokenPosition>,
        since: Timestamp,
    ) -> StoreResult<(Vec<AccountSid>, Option<TokenPosition>)> {
        let order = TokenOrder { by: TokenSort::LastUsed, descending: false };
        let stretch = self.store.walk_tokens(query, order, after, STEP, STRETCH).await?;
        let found = stretch.found.into_iter().map(|position| position.sid);
        // Used while this was looking.
        let found = found.filter(|sid| self.last_use.noted(*sid).is_none_or(|noted| noted < since));
        Ok((found.collect(), stretch.rest))
    }

    /// Whether other nodes may have noted uses that they have not written down.
    async fn is_among_nodes(&self) -> StoreResult<bool> {
        let Some(mut roll_call) = self.store.roll_call() else { return Ok(false) };
        Ok(!roll_call.behind(Revision::from_number(i64::MAX), self.index.node()).await?.is_empty())
    }
}
