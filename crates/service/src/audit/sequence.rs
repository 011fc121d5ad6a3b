//! Putting committed entries into the chain.

use super::{AuditHead, AuditKey};
use crate::Service;
use crate::ports::StoreResult;

/// How many entries are sequenced in one transaction: few enough that other writers hardly wait.
const BATCH: u32 = 500;

/// What became of an attempt to sequence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sequencing {
    /// Nothing was waiting.
    UpToDate,
    /// Entries were put into the chain, which now ends here.
    Sequenced {
        /// How many.
        entries: u32,
        /// The end.
        head: AuditHead,
    },
    /// The chain was begun with another key. Nothing was done.
    OtherKey,
    /// There is no key.
    NoKey,
}

impl Service {
    /// Gives the service the key of the audit log's chain. Called once, before the first request.
    #[must_use]
    pub fn with_audit_key(mut self, key: AuditKey) -> Self {
        self.audit_key = Some(key);
        self
    }

    /// Puts every entry that is committed into the chain. Run every second, at the start and before the end; of
    /// several processes at one database one does it at a time.
    ///
    /// # Errors
    /// Where the database fails. What was sequenced stays, the rest waits.
    pub async fn sequence_audit(&self) -> StoreResult<Sequencing> {
        let Some(key) = &self.audit_key else { return Ok(Sequencing::NoKey) };
        let mut all = 0;
        loop {
            match self.store.sequence_audit(key, BATCH).await? {
                Sequencing::Sequenced { entries, head } if entries < BATCH => {
                    return Ok(Sequencing::Sequenced { entries: all + entries, head });
                }
                Sequencing::Sequenced { entries, .. } => all += entries,
                Sequencing::UpToDate if all > 0 => {
                    let head = self.store.audit_head().await?;
                    return Ok(Sequencing::Sequenced { entries: all, head });
                }
                other => return Ok(other),
            }
        }
    }

    /// The end of the chain.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn audit_head(&self) -> StoreResult<AuditHead> {
        self.store.audit_head().await
    }
}
