//! When tokens were last used, and from where.
//!
//! A call only notes it in memory; the notes are written in batches, at the latest [`FLUSH_INTERVAL`] later and at the
//! end of the service. A crash loses the notes of the last few seconds, never a call.
//!
//! A note costs a warm call one short lock on one of 64 parts, and nothing is allocated for it once the part has grown
//! to what it holds: what has been written down leaves its room to the next. The time is noted of up to [`MAX_NOTES`]
//! tokens between two flushes; the address and the program of the latest call of up to [`MAX_CALLERS`] of those, which
//! take more room. Of the others the page says that they were not noted.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use latchkey_domain::{AccountSid, Timestamp, UsedFrom};

use crate::ports::{LastCall, NotedCall, Store, StoreResult};

/// How often the notes are written down: so old is what is said of calls that another node has taken, at most.
pub const FLUSH_INTERVAL: Duration = Duration::from_secs(5);

/// How many tokens can have notes that are not written yet; later ones wait for their next call.
const MAX_NOTES: usize = PARTS * 1_600;
/// Of how many of them it is known where the call came from.
const MAX_CALLERS: usize = PARTS * 64;
/// How much of a program's name is kept, in bytes.
const MAX_AGENT: usize = 120;
/// In how many parts the notes lie, by the last bits of their tokens' names, which are random.
const PARTS: usize = 64;
/// How many notes are written at once. Those who revoke one of these tokens wait for no longer than that takes.
const BATCH: usize = 500;

/// Where a call came from.
#[derive(Debug, Clone, Copy, Default)]
pub struct CallOrigin<'a> {
    /// The client's address, where it is known.
    pub address: Option<IpAddr>,
    /// What the client says that it is; empty where it does not say.
    pub agent: &'a str,
}

impl<'a> CallOrigin<'a> {
    /// A call from there, by a client that says this of itself.
    #[must_use]
    pub const fn of(from: UsedFrom, agent: &'a str) -> Self {
        let address = match from {
            UsedFrom::Address(address) => Some(address),
            UsedFrom::Unknown | UsedFrom::Anywhere => None,
        };
        Self { address, agent }
    }
}

/// Notes of when tokens were last used.
#[derive(Debug)]
pub struct LastUse {
    parts: [Mutex<Part>; PARTS],
}

#[derive(Debug, Default)]
struct Part {
    notes: HashMap<AccountSid, Note>,
    /// Where the calls of some of the notes came from. The places that are free keep their room.
    callers: Vec<Caller>,
    free: Vec<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Note {
    at: Timestamp,
    /// The place of where it came from, where there was room.
    caller: Option<usize>,
    /// Rises with each call, so that one that came while the note was written is not taken for written.
    calls: u64,
}

#[derive(Debug, Default)]
struct Caller {
    address: Option<IpAddr>,
    agent: String,
}

impl Default for LastUse {
    fn default() -> Self {
        Self { parts: std::array::from_fn(|_| Mutex::default()) }
    }
}

impl LastUse {
    /// Notes a call with a token, and answers what was noted of the call before. A later call replaces an earlier
    /// one.
    pub fn note(&self, sid: AccountSid, at: Timestamp, from: CallOrigin<'_>) -> Option<Timestamp> {
        self.part_of(sid)?.note(sid, at, from)
    }

    /// What is noted and not yet written.
    #[must_use]
    pub fn noted(&self, sid: AccountSid) -> Option<Timestamp> {
        self.part_of(sid)?.notes.get(&sid).map(|note| note.at)
    }

    /// The same, with where the call came from.
    #[must_use]
    pub fn noted_call(&self, sid: AccountSid) -> Option<LastCall> {
        let part = self.part_of(sid)?;
        part.notes.get(&sid).map(|note| part.call(*note))
    }

    /// Writes the notes down. They are dropped only once they are written, so that lists show them throughout.
    ///
    /// # Errors
    /// Where the database fails; the notes that are not written stay.
    pub async fn flush(&self, store: &dyn Store) -> StoreResult<()> {
        let mut batch: Vec<(NotedCall, Note)> = Vec::new();
        for number in 0..PARTS {
            if let Some(part) = self.part(number) {
                batch.extend(
                    part.notes.iter().map(|(sid, note)| (NotedCall { sid: *sid, call: part.call(*note) }, *note)),
                );
            }
            let is_last = number + 1 == PARTS;
            while batch.len() >= BATCH || (is_last && !batch.is_empty()) {
                let rest = batch.split_off(batch.len().min(BATCH));
                self.write(store, std::mem::replace(&mut batch, rest)).await?;
            }
        }
        Ok(())
    }

    async fn write(&self, store: &dyn Store, batch: Vec<(NotedCall, Note)>) -> StoreResult<()> {
        let (calls, notes): (Vec<NotedCall>, Vec<Note>) = batch.into_iter().unzip();
        store.note_uses(&calls).await?;
        for (call, written) in calls.iter().zip(notes) {
            if let Some(mut part) = self.part_of(call.sid) {
                part.drop_written(call.sid, written);
            }
        }
        Ok(())
    }

    fn part_of(&self, sid: AccountSid) -> Option<MutexGuard<'_, Part>> {
        let [.., last] = sid.as_bytes();
        self.part(usize::from(*last) % PARTS)
    }

    fn part(&self, number: usize) -> Option<MutexGuard<'_, Part>> {
        // A part is whole after any panic: nothing between its changes can fail.
        self.parts.get(number).map(|part| part.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Part {
    fn note(&mut self, sid: AccountSid, at: Timestamp, from: CallOrigin<'_>) -> Option<Timestamp> {
        let before = self.notes.get(&sid).copied();
        if before.is_some_and(|before| before.at > at) || (before.is_none() && self.notes.len() >= MAX_NOTES / PARTS) {
            return before.map(|before| before.at);
        }
        let caller = before.and_then(|before| before.caller).or_else(|| self.place());
        if let Some(caller) = caller.and_then(|place| self.callers.get_mut(place)) {
            caller.address = from.address;
            caller.agent.clear();
            caller.agent.push_str(from.agent.get(..from.agent.floor_char_boundary(MAX_AGENT)).unwrap_or_default());
        }
        let calls = before.map_or(0, |before| before.calls.wrapping_add(1));
        self.notes.insert(sid, Note { at, caller, calls });
        before.map(|before| before.at)
    }

    /// A place for where a call came from, if there is one.
    fn place(&mut self) -> Option<usize> {
        if let Some(free) = self.free.pop() {
            return Some(free);
        }
        let next = self.callers.len();
        (next < MAX_CALLERS / PARTS).then(|| {
            self.callers.push(Caller::default());
            next
        })
    }

    fn call(&self, note: Note) -> LastCall {
        let caller = note.caller.and_then(|place| self.callers.get(place));
        let address = caller.and_then(|caller| caller.address).map(|address| address.to_string());
        let agent = caller.map(|caller| caller.agent.clone());
        LastCall { at: note.at, address: address.unwrap_or_default(), agent: agent.unwrap_or_default() }
    }

    fn drop_written(&mut self, sid: AccountSid, written: Note) {
        if self.notes.get(&sid) == Some(&written) {
            self.notes.remove(&sid);
            self.free.extend(written.caller);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOWHERE: CallOrigin<'static> = CallOrigin { address: None, agent: "" };

    fn sid(number: u32) -> AccountSid {
        let mut bytes = [1; 16];
        bytes[..4].copy_from_slice(&number.to_be_bytes());
        bytes[15] = number.to_be_bytes()[3];
        AccountSid::from_bytes(bytes)
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_unix_seconds(seconds)
    }

    fn from(agent: &str) -> CallOrigin<'_> {
        CallOrigin { address: Some("192.0.2.7".parse().unwrap()), agent }
    }

    #[test]
    fn the_latest_call_wins() {
        let notes = LastUse::default();
        assert_eq!(notes.note(sid(1), at(5), from("one")), None);
        assert_eq!(notes.note(sid(1), at(9), from("two")), Some(at(5)));
        assert_eq!(notes.note(sid(1), at(7), from("three")), Some(at(9)));
        let call = LastCall { at: at(9), address: "192.0.2.7".to_owned(), agent: "two".to_owned() };
        assert_eq!(notes.noted_call(sid(1)), Some(call));
        assert_eq!(notes.noted(sid(1)), Some(at(9)));
        assert_eq!(notes.noted(sid(2)), None);
    }

    #[test]
    fn a_long_name_is_cut_between_characters() {
        let notes = LastUse::default();
        notes.note(sid(1), at(5), from(&format!("a{}", "é".repeat(200))));
        assert_eq!(notes.noted_call(sid(1)).unwrap().agent, format!("a{}", "é".repeat(59)));
    }

    #[test]
    fn what_came_while_it_was_written_stays() {
        let notes = LastUse::default();
        notes.note(sid(1), at(5), from("one"));
        let mut part = notes.part_of(sid(1)).unwrap();
        let written = part.notes[&sid(1)];
        // In the same second.
        part.note(sid(1), at(5), from("two"));
        part.drop_written(sid(1), written);
        assert_eq!(part.notes.len(), 1);
        let again = part.notes[&sid(1)];
        part.drop_written(sid(1), again);
        assert_eq!((part.notes.len(), part.free.len()), (0, 1));
        // Its room is taken by the next.
        part.note(sid(65), at(6), from("three"));
        assert_eq!((part.free.len(), part.callers.len()), (0, 1));
    }

    #[test]
    fn there_is_an_end_to_what_is_noted() {
        let notes = LastUse::default();
        for number in 0..200_000 {
            notes.note(sid(number), at(1), from("x"));
        }
        let count = |of: fn(&Part) -> usize| (0..PARTS).map(|number| of(&notes.part(number).unwrap())).sum::<usize>();
        assert_eq!(count(|part| part.notes.len()), MAX_NOTES);
        assert_eq!(count(|part| part.callers.len()), MAX_CALLERS);
        let unknown = notes.noted_call(sid(64 * 1_599)).unwrap();
        assert_eq!((unknown.address.as_str(), unknown.agent.as_str()), ("", ""));
        assert_eq!(notes.note(sid(199_999), at(2), NOWHERE), None);
    }
}
