//! The clocks that Latchkey runs on.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::ports::{BootClock, Clock};

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn unix_millis(&self) -> i64 {
        #[expect(clippy::disallowed_methods, reason = "the one place where the time comes from")]
        let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        i64::try_from(elapsed.as_millis()).unwrap_or(i64::MAX)
    }
}

impl BootClock for SystemClock {
    fn micros(&self) -> u64 {
        // Not the standard library's Instant, which stands still while the machine sleeps: another process may have
        // changed everything meanwhile.
        let time = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
        let part = |number: i64| u64::try_from(number).unwrap_or_default();
        part(time.tv_sec).saturating_mul(1_000_000).saturating_add(part(time.tv_nsec) / 1_000)
    }
}

/// A clock that never runs back: where the one inside does, it stands still until that has caught up.
///
/// A machine whose clock is set back must not revive a token whose expiry has been acted on.
#[derive(Debug, Default)]
pub struct MonotoneClock<C> {
    inner: C,
    highest: AtomicI64,
}

impl<C: Clock> MonotoneClock<C> {
    /// Holds this clock to one direction.
    pub const fn new(inner: C) -> Self {
        Self { inner, highest: AtomicI64::new(i64::MIN) }
    }
}

impl<C: Clock> Clock for MonotoneClock<C> {
    fn unix_millis(&self) -> i64 {
        let now = self.inner.unix_millis();
        self.highest.fetch_max(now, Ordering::Relaxed).max(now)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicI64;

    use super::*;

    struct Settable(AtomicI64);

    impl Clock for &Settable {
        fn unix_millis(&self) -> i64 {
            self.0.load(Ordering::Relaxed)
        }
    }

    #[test]
    fn a_step_back_stops_the_clock_and_a_step_forward_moves_it() {
        let inner = Settable(AtomicI64::new(5_000));
        let clock = MonotoneClock::new(&inner);
        assert_eq!(clock.unix_millis(), 5_000);
        inner.0.store(1_000, Ordering::Relaxed);
        assert_eq!(clock.unix_millis(), 5_000);
        inner.0.store(6_999, Ordering::Relaxed);
        assert_eq!(clock.now().unix_seconds(), 6);
    }
}
