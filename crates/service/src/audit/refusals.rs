//! Vendors' calls that were refused, counted, so that the log gets a line for many of them.
//!
//! A summary is about one token, or where there is none about one address, and one reason. It is kept in memory and
//! written each minute and at the end. A crash loses the counts of the last minute.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use latchkey_domain::{AccountSid, Timestamp};

use crate::ports::{StoreError, StoreResult};
use crate::{AuditAction, AuditActor, AuditEntry, AuditSubject, Origin, Service};

/// How many summaries there are at most between two writings. What comes then is counted together, by reason.
const MAX_SUMMARIES: usize = 1_000;

/// Whose calls were refused.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Whose {
    Token(AccountSid),
    Address(String),
    Others,
}

#[derive(Debug)]
struct Summary {
    calls: u64,
    first: Timestamp,
    last: Timestamp,
    /// Where the last one came from.
    origin: Origin,
}

type Summaries = HashMap<(Whose, &'static str), Summary>;

/// The calls that were refused since the last writing.
#[derive(Debug, Default)]
pub struct RefusedCalls(Mutex<Summaries>);

impl RefusedCalls {
    /// Counts a call. `reason` is a word of this program's.
    pub fn note(&self, token: Option<AccountSid>, reason: &'static str, origin: &Origin, at: Timestamp) {
        let whose = token.map_or_else(|| Whose::Address(origin.address.clone()), Whose::Token);
        add(&mut self.summaries(), (whose, reason), Summary { calls: 1, first: at, last: at, origin: origin.clone() });
    }

    fn take(&self) -> Summaries {
        std::mem::take(&mut *self.summaries())
    }

    fn put_back(&self, taken: Summaries) {
        let mut summaries = self.summaries();
        for (key, summary) in taken {
            add(&mut summaries, key, summary);
        }
    }

    fn summaries(&self) -> MutexGuard<'_, Summaries> {
        // A map of counts is whole after any panic: each change is one insertion or replacement.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn add(summaries: &mut Summaries, mut key: (Whose, &'static str), summary: Summary) {
    if summaries.len() >= MAX_SUMMARIES && !summaries.contains_key(&key) {
        key.0 = Whose::Others;
    }
    match summaries.get_mut(&key) {
        None => {
            summaries.insert(key, summary);
        }
        Some(known) => {
            known.calls = known.calls.saturating_add(summary.calls);
            known.first = known.first.min(summary.first);
            if summary.last >= known.last {
                known.last = summary.last;
                known.origin = summary.origin;
            }
        }
    }
}

fn entry((whose, reason): &(Whose, &'static str), summary: &Summary) -> AuditEntry {
    let Summary { calls, first, last, origin } = summary;
    let (first, last_text) = (first.to_rfc3339(), last.to_rfc3339());
    let detail = match calls {
        1 => format!("1 call refused: {reason}, at {last_text}"),
        calls => format!("{calls} calls refused: {reason}, from {first} to {last_text}"),
    };
    let (actor, subject) = match whose {
        Whose::Token(sid) => (AuditActor::Token(*sid), AuditSubject::Token(*sid)),
        Whose::Address(_) | Whose::Others => (AuditActor::Anonymous, AuditSubject::Nothing),
    };
    let (origin, detail) = match whose {
        // Several addresses: none of them is the one.
        Whose::Others => (
            Origin { address: String::new(), request_id: origin.request_id.clone() },
            format!("{detail}; from addresses beyond those counted one by one"),
        ),
        _ => (origin.clone(), detail),
    };
    AuditEntry { at: *last, actor, action: AuditAction::CallsRefused, subject, origin, detail }
}

/// How long the database has to take the entries.
const WRITING: std::time::Duration = std::time::Duration::from_mins(1);

impl Service {
    /// Counts a vendor's call that was refused: one with this token, or with none that is known.
    pub fn note_refused_call(&self, token: Option<AccountSid>, reason: &'static str, origin: &Origin) {
        self.refused_calls.note(token, reason, origin, self.now());
    }

    /// Writes what was counted to the audit log. Run each minute and before the end.
    ///
    /// # Errors
    /// Where the database fails; the counts stay.
    pub async fn flush_refused_calls(&self) -> StoreResult<()> {
        let taken = self.refused_calls.take();
        if taken.is_empty() {
            return Ok(());
        }
        let mut entries: Vec<AuditEntry> = taken.iter().map(|(key, summary)| entry(key, summary)).collect();
        entries.sort_by_key(|entry| entry.at);
        // Within a time, and here: whoever gave this up from outside would lose what was taken.
        let written = tokio::time::timeout(WRITING, self.store.write_audit(&entries)).await;
        let written = written.unwrap_or_else(|_| Err(StoreError::Unavailable("it does not answer".into())));
        if written.is_err() {
            self.refused_calls.put_back(taken);
        }
        written
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(address: &str, id: &str) -> Origin {
        Origin { address: address.to_owned(), request_id: id.to_owned() }
    }

    fn entries(calls: &RefusedCalls) -> Vec<AuditEntry> {
        let mut entries: Vec<_> = calls.take().iter().map(|(key, summary)| entry(key, summary)).collect();
        entries.sort_by(|one, other| one.detail.cmp(&other.detail));
        entries
    }

    #[test]
    fn many_calls_make_one_line() {
        let calls = RefusedCalls::default();
        let token = AccountSid::from_bytes([1; 16]);
        for second in 0..37 {
            let at = Timestamp::from_unix_seconds(second);
            calls.note(Some(token), "insufficient_scope", &origin("192.0.2.1", &format!("r{second}")), at);
        }
        let at = Timestamp::from_unix_seconds(5);
        calls.note(None, "invalid_token", &origin("192.0.2.2", "x"), at);
        let [one, many] = <[AuditEntry; 2]>::try_from(entries(&calls)).unwrap();
        assert_eq!(one.detail, "1 call refused: invalid_token, at 1970-01-01T00:00:05Z");
        assert_eq!((one.actor, one.subject), (AuditActor::Anonymous, AuditSubject::Nothing));
        assert_eq!(one.origin, origin("192.0.2.2", "x"));
        let detail = "37 calls refused: insufficient_scope, from 1970-01-01T00:00:00Z to 1970-01-01T00:00:36Z";
        assert_eq!(many.detail, detail);
        assert_eq!((many.actor, many.subject), (AuditActor::Token(token), AuditSubject::Token(token)));
        assert_eq!((many.origin, many.at), (origin("192.0.2.1", "r36"), Timestamp::from_unix_seconds(36)));
        assert!(entries(&calls).is_empty(), "each is written once");
    }

    #[test]
    fn a_flood_of_addresses_stays_small() {
        let calls = RefusedCalls::default();
        let at = Timestamp::from_unix_seconds(0);
        for number in 0..5_000 {
            calls.note(None, "invalid_token", &origin(&format!("2001:db8::{number}"), ""), at);
        }
        let entries = entries(&calls);
        assert_eq!(entries.len(), MAX_SUMMARIES + 1);
        let rest = entries.iter().find(|entry| entry.origin.address.is_empty()).unwrap();
        assert!(rest.detail.starts_with("4000 calls refused: "), "{}", rest.detail);
    }

    #[test]
    fn what_could_not_be_written_is_not_forgotten() {
        let calls = RefusedCalls::default();
        let note = |second| calls.note(None, "x", &origin("a", ""), Timestamp::from_unix_seconds(second));
        note(1);
        let taken = calls.take();
        note(2);
        calls.put_back(taken);
        let [entry] = <[AuditEntry; 1]>::try_from(entries(&calls)).unwrap();
        assert_eq!(entry.detail, "2 calls refused: x, from 1970-01-01T00:00:01Z to 1970-01-01T00:00:02Z");
    }
}
