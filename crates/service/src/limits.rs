//! How many calls are let through: per token, and per address that presents bad credentials.
//!
//! Windows are counted in memory, by each node for itself. What a stranger can add to is bounded: only a good
//! credential is counted under its own name, and addresses share a table of fixed size.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hash};
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use latchkey_domain::{AccountSid, RateLimit, Usage, Window};

use crate::Service;
use crate::sid_hash::BySid;

/// In how many parts the windows are kept, so that calls rarely wait for one another.
const PARTS: usize = 16;
/// How many windows a part holds before those that have ended are looked for.
const SWEEP_FROM: usize = 1024;
/// How many addresses a part remembers at most; more are not counted until others' windows end.
const MAX_ADDRESSES: usize = 4096;
/// How many calls with a bad credential an address may make.
const FAILED_CALLS: RateLimit = RateLimit::of(300, 60);

/// The limits of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VendorLimits {
    /// Calls with one token, where it has no limit of its own; `None` for no limit.
    pub calls: Option<RateLimit>,
    /// Introspections with one token; `None` for no limit.
    pub introspections: Option<RateLimit>,
}

impl Default for VendorLimits {
    fn default() -> Self {
        Self { calls: Some(RateLimit::DEFAULT), introspections: None }
    }
}

/// What a token is presented for: calls and introspections are counted apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// To call the API.
    Call,
    /// To ask about another token.
    Introspection,
}

/// The windows that are being counted.
pub(crate) struct Limits {
    settings: VendorLimits,
    tokens: Windows<(AccountSid, Purpose), BySid>,
    addresses: Windows<IpAddr>,
}

impl Limits {
    pub(crate) fn new(settings: VendorLimits) -> Self {
        Self { settings, tokens: Windows::new(usize::MAX), addresses: Windows::new(MAX_ADDRESSES) }
    }

    /// The limit of calls with a token that has none of its own.
    pub(crate) const fn calls(&self) -> Option<RateLimit> {
        self.settings.calls
    }
}

impl Service {
    /// Sets the limits. Called once, before the first request.
    #[must_use]
    pub fn with_limits(mut self, settings: VendorLimits) -> Self {
        self.limits = Limits::new(settings);
        self
    }

    /// Counts a call with a good credential, at this many milliseconds since 1970; `None` where no limit holds.
    pub(crate) fn count_call(&self, token: &crate::Known, purpose: Purpose, now: i64) -> Option<Usage> {
        let limit = match purpose {
            Purpose::Call => token.rate_limit.or(self.limits.settings.calls),
            Purpose::Introspection => self.limits.settings.introspections,
        }?;
        self.limits.tokens.count(&(token.sid, purpose), limit, now)
    }

    /// In how many seconds this address may present a credential again, where it has presented too many bad ones.
    ///
    /// Asked before anything is looked up, so that guessing does not cost the database anything. An address that
    /// is not known is never refused.
    #[must_use]
    pub fn refuses_address(&self, address: Option<IpAddr>) -> Option<u32> {
        let usage = self.limits.addresses.usage(&network_of(address?), FAILED_CALLS, self.clock.unix_millis())?;
        (usage.calls >= FAILED_CALLS.calls()).then_some(usage.ends_in_seconds)
    }

    /// Notes that this address presented a bad credential.
    pub fn note_failed_call(&self, address: Option<IpAddr>) {
        if let Some(address) = address {
            self.limits.addresses.count(&network_of(address), FAILED_CALLS, self.clock.unix_millis());
        }
    }

    /// How many windows are being counted, of tokens and of addresses.
    #[must_use]
    pub fn counted_windows(&self) -> (usize, usize) {
        (self.limits.tokens.len(), self.limits.addresses.len())
    }
}

/// What an address counts as: itself, or for IPv6 the first 64 bits, which one subscriber has whole.
pub(crate) fn network_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::from([a, b, c, d, 0, 0, 0, 0])
        }
        address @ IpAddr::V4(_) => address,
    }
}

/// Windows by what they belong to.
struct Windows<K, S = RandomState> {
    parts: [Mutex<Part<K, S>>; PARTS],
    hasher: S,
    most: usize,
    /// Whether anything was ever counted: most servers hear of no bad credential for days.
    is_in_use: AtomicBool,
}

struct Part<K, S> {
    windows: HashMap<K, Window, S>,
    sweep_at: usize,
}

impl<K: Hash + Eq + Clone, S: BuildHasher + Default> Windows<K, S> {
    /// None yet, and never more than `most` in a part.
    fn new(most: usize) -> Self {
        let part = || Mutex::new(Part { windows: HashMap::default(), sweep_at: SWEEP_FROM });
        Self { parts: std::array::from_fn(|_| part()), hasher: S::default(), most, is_in_use: AtomicBool::new(false) }
    }

    /// Counts a call; `None` where there is no room to count it.
    fn count(&self, key: &K, limit: RateLimit, now: i64) -> Option<Usage> {
        self.is_in_use.store(true, Ordering::Relaxed);
        self.with_part(key, |part| {
            if let Some(window) = part.windows.get_mut(key) {
                let mut counted = Some(*window);
                let usage = Window::count(&mut counted, limit, now);
                *window = counted.unwrap_or(*window);
                return Some(usage);
            }
            if part.windows.len() >= part.sweep_at.min(self.most) {
                part.windows.retain(|_, window| !window.has_ended(now));
                // Looking again is worthwhile once as many have come as are left.
                part.sweep_at = (part.windows.len() * 2).max(SWEEP_FROM);
                if part.windows.len() >= self.most {
                    return None;
                }
            }
            let mut counted = None;
            let usage = Window::count(&mut counted, limit, now);
            part.windows.extend(counted.map(|window| (key.clone(), window)));
            Some(usage)
        })
    }

    /// How a window stands, where one runs.
    fn usage(&self, key: &K, limit: RateLimit, now: i64) -> Option<Usage> {
        if !self.is_in_use.load(Ordering::Relaxed) {
            return None;
        }
        self.with_part(key, |part| {
            let window = part.windows.get(key).filter(|window| !window.has_ended(now))?;
            Some(window.usage(limit, now))
        })
    }

    fn len(&self) -> usize {
        self.parts.iter().map(|part| part.lock().unwrap_or_else(PoisonError::into_inner).windows.len()).sum()
    }

    fn with_part<T>(&self, key: &K, work: impl FnOnce(&mut Part<K, S>) -> Option<T>) -> Option<T> {
        // From the middle of the hash: the tables go by its ends.
        let place = usize::try_from((self.hasher.hash_one(key) >> 40) % PARTS as u64).unwrap_or_default();
        let part = self.parts.get(place)?;
        // A map of windows is whole after any panic: each change is one insertion or replacement.
        work(&mut part.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_ended_makes_room() {
        let windows = Windows::<u32>::new(usize::MAX);
        for key in 0..100_000_u32 {
            // A second between them: each window of a second has ended when the next begins.
            windows.count(&key, RateLimit::of(1, 1), i64::from(key) * 1_000);
        }
        assert!(windows.len() <= PARTS * SWEEP_FROM, "{}", windows.len());
    }

    #[test]
    fn a_flood_of_addresses_finds_a_full_table() {
        let windows = Windows::<u32>::new(MAX_ADDRESSES);
        let counted = (0..200_000_u32).filter(|key| windows.count(key, FAILED_CALLS, 0).is_some()).count();
        assert_eq!(counted, windows.len());
        assert_eq!(counted, PARTS * MAX_ADDRESSES);
        assert!(windows.count(&300_000, FAILED_CALLS, 60_000).is_some(), "a minute later there is room again");
    }

    #[test]
    fn addresses_of_one_subscriber_count_together() {
        let network = |text: &str| network_of(text.parse().unwrap());
        assert_eq!(network("2001:db8:1:2:3::4"), network("2001:db8:1:2:ffff::1"));
        assert_ne!(network("2001:db8:1:2::1"), network("2001:db8:1:3::1"));
        assert_eq!(network("::ffff:192.0.2.1"), network("192.0.2.1"));
        assert_ne!(network("192.0.2.1"), network("192.0.2.2"));
    }
}
