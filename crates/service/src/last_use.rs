//! When tokens were last used.
//!
//! A call only notes the time in memory; the notes are written in batches. A crash loses the notes of the last
//! few seconds, never a call.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use latchkey_domain::{AccountSid, Timestamp};

use crate::ports::{Store, StoreResult};

/// How many tokens can have notes that are not written yet; later ones wait for their next call.
const MAX_NOTES: usize = 100_000;

/// Notes of when tokens were last used.
#[derive(Debug, Default)]
pub struct LastUse {
    notes: Mutex<HashMap<AccountSid, Timestamp>>,
}

impl LastUse {
    /// Notes a call with a token, and answers what was noted of the call before. A later time replaces an earlier
    /// one.
    pub fn note(&self, sid: AccountSid, at: Timestamp) -> Option<Timestamp> {
        let mut notes = self.notes();
        let before = notes.get(&sid).copied();
        if let Some(noted) = notes.get_mut(&sid) {
            *noted = at.max(*noted);
        } else if notes.len() < MAX_NOTES {
            notes.insert(sid, at);
        }
        before
    }

    /// What is noted and not yet written.
    #[must_use]
    pub fn noted(&self, sid: AccountSid) -> Option<Timestamp> {
        self.notes().get(&sid).copied()
    }

    /// Writes the notes down. They are dropped only once they are written, so that lists show them throughout.
    ///
    /// # Errors
    /// Where the database fails; the notes stay.
    pub async fn flush(&self, store: &dyn Store) -> StoreResult<()> {
        let batch: Vec<(AccountSid, Timestamp)> = self.notes().iter().map(|(sid, at)| (*sid, *at)).collect();
        if batch.is_empty() {
            return Ok(());
        }
        store.note_uses(&batch).await?;
        let mut notes = self.notes();
        for (sid, written) in batch {
            if notes.get(&sid).is_some_and(|at| *at <= written) {
                notes.remove(&sid);
            }
        }
        Ok(())
    }

    fn notes(&self) -> MutexGuard<'_, HashMap<AccountSid, Timestamp>> {
        // A map of times is whole after any panic: each change is one insertion or removal.
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_time_wins() {
        let notes = LastUse::default();
        let sid = AccountSid::from_bytes([1; 16]);
        for seconds in [5, 9, 7] {
            notes.note(sid, Timestamp::from_unix_seconds(seconds));
        }
        assert_eq!(notes.noted(sid), Some(Timestamp::from_unix_seconds(9)));
        assert_eq!(notes.noted(AccountSid::from_bytes([2; 16])), None);
    }
}
