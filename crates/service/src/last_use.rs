//! When tokens were last used, and from where.
//!
//! A call only notes it in memory; the notes are written in batches, at the latest [`LONGEST_UNWRITTEN`] later and at the
//! end of the service ([`Service::keep_last_use`]). A crash loses the notes of those seconds, never a call.
//!
//! Writing takes something of the machine from the calls. So it rests [`REST`] times as long as it took, as far as that
//! keeps within [`LONGEST_UNWRITTEN`]: where few tokens are used it is done every [`SHORTEST_PAUSE`], and rarely where
//! many are.
//!
//! A note costs a warm call one short lock on one of 64 parts, and nothing is allocated for it once the part has grown
//! to what it holds: what has been written down leaves its room to the next. The time is noted of up to [`MAX_NOTES`]
//! tokens between two flushes; the address and the program of the latest call of up to [`MAX_CALLERS`] of those, which
//! take more room. Of the others the page says that they were not noted.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::IpAddr;
use std::num::NonZeroU16;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use latchkey_domain::{AccountSid, Timestamp, UsedFrom};
use tokio::sync::Notify;
use tokio::time::{Instant, timeout};

use crate::Service;
use crate::ports::{LastCall, NotedCall, Store, StoreResult};
use crate::sid_hash::BySid;

/// How long after a call it is written down at the latest: so old is what is said of calls that another node has taken.
pub const LONGEST_UNWRITTEN: Duration = Duration::from_secs(30);
/// How long nothing is written after notes were, at least.
const SHORTEST_PAUSE: Duration = Duration::from_secs(5);
/// And at most: what is left of [`LONGEST_UNWRITTEN`] is for the writing itself.
const LONGEST_PAUSE: Duration = Duration::from_secs(25);
/// So many times as long as a writing took, nothing is written.
const REST: u32 = 100;
/// How long a writing may take, before it is given up and begun again.
const PATIENCE: Duration = Duration::from_mins(2);

/// How many tokens can have notes that are not written yet; later ones wait for their next call.
const MAX_NOTES: usize = PARTS * 6_400;
/// From how many on they are written at once.
const FILLING: usize = MAX_NOTES / 4 * 3;
/// Of how many of them it is known where the call came from.
const MAX_CALLERS: usize = PARTS * 64;
/// How much of a program's name is kept, in bytes.
const MAX_AGENT: usize = 120;
/// In how many parts the notes lie, by the last bits of their tokens' names, which are random.
const PARTS: usize = 64;
/// How many notes are written at once. Those who revoke one of these tokens wait for no longer than that takes.
const BATCH: usize = 2_000;

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
    /// Somebody should write, before there is no room any more.
    is_filling: Notify,
    is_off: bool,
}

#[derive(Debug, Default)]
struct Part {
    notes: HashMap<AccountSid, Note, BySid>,
    /// Where the calls of some of the notes came from. The places that are free keep their room.
    callers: Vec<Caller>,
    free: Vec<NonZeroU16>,
}

/// A call with a token. Small: there may be hundreds of thousands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Note {
    /// Whole seconds since 1970; one beyond 2106 counts as that.
    at: u32,
    /// Rises with each call, so that one that came while the note was written is not taken for written.
    calls: u16,
    /// Which of the callers it came from, counted from 1, where there was room.
    caller: Option<NonZeroU16>,
}

impl Note {
    fn time(self) -> Timestamp {
        Timestamp::from_unix_seconds(self.at.into())
    }
}

#[derive(Debug, Default)]
struct Caller {
    address: Option<IpAddr>,
    agent: String,
}

impl Default for LastUse {
    fn default() -> Self {
        Self { parts: std::array::from_fn(|_| Mutex::default()), is_filling: Notify::new(), is_off: false }
    }
}

impl LastUse {
    /// Notes of nothing.
    pub(crate) fn off() -> Self {
        Self { is_off: true, ..Self::default() }
    }

    /// Notes a call with a token, and answers what was noted of the call before. A later call replaces an earlier
    /// one.
    pub fn note(&self, sid: AccountSid, at: Timestamp, from: CallOrigin<'_>) -> Option<Timestamp> {
        if self.is_off {
            return None;
        }
        let mut part = self.part_of(sid)?;
        let before = part.note(sid, at, from);
        if before.is_none() && part.notes.len() == FILLING / PARTS {
            self.is_filling.notify_one();
        }
        before
    }

    /// What is noted and not yet written.
    #[must_use]
    pub fn noted(&self, sid: AccountSid) -> Option<Timestamp> {
        self.part_of(sid)?.notes.get(&sid).map(|note| note.time())
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
        let mut all: Vec<AccountSid> = Vec::new();
        for number in 0..PARTS {
            all.extend(self.part(number).iter().flat_map(|part| part.notes.keys()));
        }
        // As the rows lie in the database: a page that holds several of them is written once.
        all.sort_unstable();
        for batch in all.chunks(BATCH) {
            self.write(store, batch).await?;
        }
        Ok(())
    }

    async fn write(&self, store: &dyn Store, batch: &[AccountSid]) -> StoreResult<()> {
        let written = batch.iter().filter_map(|sid| {
            let part = self.part_of(*sid)?;
            let note = *part.notes.get(sid)?;
            Some((NotedCall { sid: *sid, call: part.call(note) }, note))
        });
        let (calls, notes): (Vec<NotedCall>, Vec<Note>) = written.unzip();
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

impl Service {
    /// Writes down when tokens were last used, again and again. Never ends.
    pub async fn keep_last_use(&self) {
        let mut pause = SHORTEST_PAUSE;
        loop {
            // Notified or not.
            let _ = timeout(pause, self.last_use.is_filling.notified()).await;
            let begun = Instant::now();
            match timeout(PATIENCE, self.flush_last_use()).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => {
                    tracing::warn!(cause = %error, "uses of tokens could not be written; they are kept for the next time");
                }
                Err(_) => {
                    tracing::warn!("uses of tokens could not be written in time; they are kept for the next time");
                }
            }
            pause = pause_after(begun.elapsed());
        }
    }

    /// Writes down the uses noted since the last time. Run again before the end.
    ///
    /// # Errors
    /// Where the database fails; the uses stay noted.
    pub async fn flush_last_use(&self) -> StoreResult<()> {
        self.last_use.flush(self.store.as_ref()).await
    }
}

/// How long nothing is written after a writing that took so long.
fn pause_after(writing: Duration) -> Duration {
    writing.saturating_mul(REST).clamp(SHORTEST_PAUSE, LONGEST_PAUSE)
}

impl Part {
    fn note(&mut self, sid: AccountSid, at: Timestamp, from: CallOrigin<'_>) -> Option<Timestamp> {
        let at = u32::try_from(at.unix_seconds().max(0)).unwrap_or(u32::MAX);
        let Self { notes, callers, free } = self;
        let is_full = notes.len() >= MAX_NOTES / PARTS;
        let (before, note) = match notes.entry(sid) {
            Entry::Occupied(noted) => (Some(noted.get().time()), noted.into_mut()),
            Entry::Vacant(_) if is_full => return None,
            Entry::Vacant(place) => (None, place.insert(Note { at, calls: 0, caller: None })),
        };
        if note.at > at {
            return before;
        }
        *note = Note { at, calls: note.calls.wrapping_add(1), caller: note.caller.or_else(|| place(callers, free)) };
        if let Some(caller) = note.caller.and_then(|place| callers.get_mut(index(place))) {
            caller.address = from.address;
            caller.agent.clear();
            caller.agent.push_str(from.agent.get(..from.agent.floor_char_boundary(MAX_AGENT)).unwrap_or_default());
        }
        before
    }

    fn call(&self, note: Note) -> LastCall {
        let caller = note.caller.and_then(|place| self.callers.get(index(place)));
        let address = caller.and_then(|caller| caller.address).map(|address| address.to_string());
        let agent = caller.map(|caller| caller.agent.clone());
        LastCall { at: note.time(), address: address.unwrap_or_default(), agent: agent.unwrap_or_default() }
    }

    fn drop_written(&mut self, sid: AccountSid, written: Note) {
        if self.notes.get(&sid) == Some(&written) {
            self.notes.remove(&sid);
            self.free.extend(written.caller);
        }
    }
}

/// A place for where a call came from, if there is one.
fn place(callers: &mut Vec<Caller>, free: &mut Vec<NonZeroU16>) -> Option<NonZeroU16> {
    if let Some(free) = free.pop() {
        return Some(free);
    }
    if callers.len() >= MAX_CALLERS / PARTS {
        return None;
    }
    callers.push(Caller::default());
    u16::try_from(callers.len()).ok().and_then(NonZeroU16::new)
}

fn index(place: NonZeroU16) -> usize {
    usize::from(place.get() - 1)
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
    fn writing_much_is_done_rarely() {
        let seconds = Duration::from_secs_f64;
        assert_eq!(pause_after(seconds(0.001)), seconds(5.0));
        assert_eq!(pause_after(seconds(0.1)), seconds(10.0));
        assert_eq!(pause_after(seconds(3.0)), seconds(25.0));
        assert_eq!(pause_after(Duration::MAX), seconds(25.0));
    }

    #[tokio::test]
    async fn somebody_is_told_before_there_is_no_room() {
        let notes = LastUse::default();
        let note = |numbers: std::ops::Range<usize>| {
            for number in numbers {
                notes.note(sid(u32::try_from(number).unwrap()), at(1), from("x"));
            }
        };
        let is_told = async || timeout(Duration::ZERO, notes.is_filling.notified()).await.is_ok();
        note(0..FILLING - PARTS);
        assert!(!is_told().await);
        note(FILLING - PARTS..FILLING);
        assert!(is_told().await);
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
        for number in 0..500_000 {
            notes.note(sid(number), at(1), from("x"));
        }
        let count = |of: fn(&Part) -> usize| (0..PARTS).map(|number| of(&notes.part(number).unwrap())).sum::<usize>();
        assert_eq!(count(|part| part.notes.len()), MAX_NOTES);
        assert_eq!(count(|part| part.callers.len()), MAX_CALLERS);
        let unknown = notes.noted_call(sid(64 * 6_399)).unwrap();
        assert_eq!((unknown.address.as_str(), unknown.agent.as_str()), ("", ""));
        assert_eq!(notes.note(sid(499_999), at(2), NOWHERE), None);
    }
}
