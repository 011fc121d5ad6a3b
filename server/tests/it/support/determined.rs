//! A clock that stands where it is set, and randomness that is the same in every run.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, Ordering};

use latchkey_domain::Timestamp;
use latchkey_service::ports::{Clock, Random, RandomUnavailable};

/// When every test begins: 23 November 2026, 14:00 UTC.
pub(crate) const NOW: Timestamp = Timestamp::from_unix_seconds(1_795_442_400);

pub(crate) struct SettableClock {
    millis: AtomicI64,
    tick: AtomicI64,
}

impl SettableClock {
    pub(crate) fn new() -> Self {
        Self { millis: AtomicI64::new(NOW.unix_seconds() * 1000), tick: AtomicI64::new(0) }
    }

    pub(crate) fn set(&self, now: Timestamp) {
        self.millis.store(now.unix_seconds() * 1000, Ordering::SeqCst);
    }

    /// From now on each look at the clock takes so many milliseconds.
    pub(crate) fn tick(&self, millis: i64) {
        self.tick.store(millis, Ordering::SeqCst);
    }
}

impl Clock for SettableClock {
    fn unix_millis(&self) -> i64 {
        self.millis.fetch_add(self.tick.load(Ordering::SeqCst), Ordering::SeqCst)
    }
}

/// Counts up, for each length of buffer by itself: what else is drawn changes no id.
#[derive(Default)]
pub(crate) struct CountingRandom(Mutex<HashMap<usize, u64>>);

impl Random for CountingRandom {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), RandomUnavailable> {
        let mut drawn = self.0.lock().unwrap();
        let count = drawn.entry(buffer.len()).or_default();
        *count += 1;
        let mut state = *count;
        for byte in buffer {
            // SplitMix64, so that the bytes look like randomness.
            state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mixed = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            *byte = mixed.to_be_bytes()[0];
        }
        Ok(())
    }
}
