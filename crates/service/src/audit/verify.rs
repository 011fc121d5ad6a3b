//! Checking the whole chain in a database.

use super::chain::Walk;
use super::{AuditHead, AuditKey, AuditMac, Flaw};
use crate::ports::{Store, StoreResult};

/// How many links are read at once. Memory stays flat, however long the chain is.
const BATCH: u32 = 1_000;

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuditVerdict {
    /// Everything is as it was sequenced.
    Whole(Verified),
    /// Something is not; this is the first of it.
    Broken(Flaw),
    /// The chain was made with another key: nothing can be said.
    OtherKey,
}

/// A chain that is whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verified {
    /// How far the chain was sealed and taken out.
    pub sealed: AuditHead,
    /// Its end.
    pub head: AuditHead,
    /// The number of the link whose HMAC was asked for.
    pub found: Option<i64>,
    /// How many entries wait to be sequenced. Nothing protects them yet, and nothing is said of them.
    pub unsequenced: u64,
}

impl Verified {
    /// How many entries were checked.
    #[must_use]
    pub const fn entries(&self) -> i64 {
        self.head.seq - self.sealed.seq
    }
}

/// Checks the chain in `store`, and looks for `head` in it.
///
/// # Errors
/// Where the database fails.
pub async fn verify(store: &dyn Store, key: &AuditKey, head: Option<AuditMac>) -> StoreResult<AuditVerdict> {
    loop {
        let before = store.audit_chain().await?;
        let verdict = walk_all(store, key, head).await?;
        // While the walk went on, its part of the chain may have been sealed and taken out by somebody else.
        if matches!(verdict, AuditVerdict::Whole(_)) || store.audit_chain().await? == before {
            return Ok(verdict);
        }
    }
}

async fn walk_all(store: &dyn Store, key: &AuditKey, sought: Option<AuditMac>) -> StoreResult<AuditVerdict> {
    let start = match store.audit_chain().await? {
        None if store.audit_head().await? != AuditHead::NONE => return Ok(AuditVerdict::Broken(Flaw::Start)),
        None => AuditHead::NONE,
        Some(start) if start.key_check != key.check() => return Ok(AuditVerdict::OtherKey),
        Some(start) if key.seal(start.sealed.seq, &start.sealed.mac) != start.seal => {
            return Ok(AuditVerdict::Broken(Flaw::Start));
        }
        Some(start) => start.sealed,
    };
    let mut walk = Walk::begin(key, start, sought);
    // From the very first: nothing may stand before the start.
    let mut after = i64::MIN;
    loop {
        let links = store.audit_links(after, BATCH).await?;
        for link in &links {
            if let Err(flaw) = walk.step(link) {
                return Ok(AuditVerdict::Broken(flaw));
            }
        }
        match links.last() {
            Some(last) => after = last.seq,
            None => break,
        }
    }
    if let Some(entry_id) = store.outside_audit_entry().await? {
        return Ok(AuditVerdict::Broken(Flaw::Outside { entry_id, last_seq: walk.at().seq }));
    }
    if let Some(entry_id) = store.lost_audit_entry().await? {
        return Ok(AuditVerdict::Broken(Flaw::RemovedWhileWaiting { entry_id }));
    }
    match walk.found() {
        Err(flaw) => Ok(AuditVerdict::Broken(flaw)),
        Ok(found) => {
            let unsequenced = store.unsequenced_audit_entries().await?;
            Ok(AuditVerdict::Whole(Verified { sealed: start, head: walk.at(), found, unsequenced }))
        }
    }
}
