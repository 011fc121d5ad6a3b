//! How many calls a token may make.
//!
//! A limit is a number of calls in a window of fixed length. The window begins with the first call and counts
//! every call until it ends; the next call after that begins another. The original's limit is 25 calls in 5
//! seconds.

use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;

const MILLIS_PER_SECOND: i64 = 1000;

/// So many calls in a window of so many seconds: `25/5s`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RateLimit {
    calls: NonZeroU32,
    seconds: NonZeroU32,
}

/// The text is no rate limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a rate limit is calls per seconds, as 25/5s: 1 to 1,000,000 calls, 1 to 3,600 seconds")]
pub struct MalformedRateLimit;

impl RateLimit {
    /// The limit where none is set: the original's.
    pub const DEFAULT: Self = Self::of(25, 5);
    /// The most calls in a window.
    pub const MAX_CALLS: u32 = 1_000_000;
    /// The longest window, in seconds.
    pub const MAX_SECONDS: u32 = 3_600;

    /// A limit that is known to be one; zeros count as one.
    #[must_use]
    pub const fn of(calls: u32, seconds: u32) -> Self {
        Self {
            calls: match NonZeroU32::new(calls) {
                Some(calls) => calls,
                None => NonZeroU32::MIN,
            },
            seconds: match NonZeroU32::new(seconds) {
                Some(seconds) => seconds,
                None => NonZeroU32::MIN,
            },
        }
    }

    /// How many calls a window has room for.
    #[must_use]
    pub const fn calls(self) -> u32 {
        self.calls.get()
    }

    /// How long a window lasts, in seconds.
    #[must_use]
    pub const fn seconds(self) -> u32 {
        self.seconds.get()
    }
}

impl FromStr for RateLimit {
    type Err = MalformedRateLimit;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let number = |text: &str, most: u32| {
            let is_plain = text.bytes().all(|byte| byte.is_ascii_digit());
            let number = text.parse().ok().filter(|number: &NonZeroU32| is_plain && number.get() <= most);
            number.ok_or(MalformedRateLimit)
        };
        let (calls, window) = text.split_once('/').ok_or(MalformedRateLimit)?;
        let seconds = window.strip_suffix('s').ok_or(MalformedRateLimit)?;
        Ok(Self { calls: number(calls, Self::MAX_CALLS)?, seconds: number(seconds, Self::MAX_SECONDS)? })
    }
}

impl fmt::Display for RateLimit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}s", self.calls, self.seconds)
    }
}

/// Which limit holds for one token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum TokenRateLimit {
    /// The server's.
    #[default]
    Default,
    /// None.
    Off,
    /// One of its own.
    Own(RateLimit),
}

impl TokenRateLimit {
    /// The limit that holds, where the server's is `default`; `None` for none.
    #[must_use]
    pub const fn or(self, default: Option<RateLimit>) -> Option<RateLimit> {
        match self {
            Self::Default => default,
            Self::Off => None,
            Self::Own(limit) => Some(limit),
        }
    }
}

impl FromStr for TokenRateLimit {
    type Err = MalformedRateLimit;

    /// Reads `default`, `off`, or a limit.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "default" => Ok(Self::Default),
            "off" => Ok(Self::Off),
            limit => limit.parse().map(Self::Own),
        }
    }
}

impl fmt::Display for TokenRateLimit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => formatter.write_str("default"),
            Self::Off => formatter.write_str("off"),
            Self::Own(limit) => limit.fmt(formatter),
        }
    }
}

/// A window that is being counted. Times are milliseconds of any clock that does not run back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    ends_at: i64,
    calls: u32,
}

impl Window {
    /// Counts a call: in the window that runs, or else in a new one that begins with it.
    pub fn count(window: &mut Option<Self>, limit: RateLimit, now: i64) -> Usage {
        let length = i64::from(limit.seconds()) * MILLIS_PER_SECOND;
        // A limit that was made shorter holds at once.
        let running = window.filter(|window| !window.has_ended(now) && window.ends_at <= now.saturating_add(length));
        let mut current = running.unwrap_or(Self { ends_at: now.saturating_add(length), calls: 0 });
        current.calls = current.calls.saturating_add(1);
        *window = Some(current);
        current.usage(limit, now)
    }

    /// Whether nothing is counted in it any more.
    #[must_use]
    pub const fn has_ended(&self, now: i64) -> bool {
        now >= self.ends_at
    }

    /// How it stands, without counting.
    #[must_use]
    pub fn usage(&self, limit: RateLimit, now: i64) -> Usage {
        let left = self.ends_at.saturating_sub(now).max(0);
        // Rounded up: at the named second the window has ended.
        let seconds = left.saturating_add(MILLIS_PER_SECOND - 1) / MILLIS_PER_SECOND;
        Usage { limit, calls: self.calls, ends_in_seconds: u32::try_from(seconds).unwrap_or(u32::MAX) }
    }
}

/// How a token stands with its limit, after a call was counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    /// The limit.
    pub limit: RateLimit,
    /// The calls in the window, this one included.
    pub calls: u32,
    /// In how many seconds the window ends, rounded up.
    pub ends_in_seconds: u32,
}

impl Usage {
    /// Whether the call that was counted is one too many.
    #[must_use]
    pub const fn is_over(&self) -> bool {
        self.calls > self.limit.calls()
    }

    /// How many more calls the window has room for.
    #[must_use]
    pub const fn remaining(&self) -> u32 {
        self.limit.calls().saturating_sub(self.calls)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn limits_are_read_and_written_alike() {
        assert_eq!("25/5s".parse(), Ok(RateLimit::DEFAULT));
        for text in ["25/5s", "1/1s", "1000000/3600s"] {
            assert_eq!(text.parse::<RateLimit>().unwrap().to_string(), text);
        }
        for text in ["", "25", "25/5", "0/5s", "25/0s", "+25/5s", "25/5m", "25/ 5s", "1000001/1s", "1/3601s", "-1/5s"] {
            assert_eq!(text.parse::<RateLimit>(), Err(MalformedRateLimit), "{text}");
        }
        for text in ["default", "off", "100/60s"] {
            assert_eq!(text.parse::<TokenRateLimit>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn the_twenty_sixth_call_in_a_window_is_one_too_many() {
        let mut window = None;
        for call in 1..=25 {
            let usage = Window::count(&mut window, RateLimit::DEFAULT, 1_000 + i64::from(call) * 100);
            assert!(!usage.is_over(), "{call}");
            assert_eq!((usage.calls, usage.remaining()), (call, 25 - call));
        }
        let last = Window::count(&mut window, RateLimit::DEFAULT, 6_099);
        assert_eq!((last.is_over(), last.remaining(), last.ends_in_seconds), (true, 0, 1));
        // The window began with the call at 1,100.
        let next = Window::count(&mut window, RateLimit::DEFAULT, 6_100);
        assert_eq!((next.is_over(), next.calls, next.ends_in_seconds), (false, 1, 5));
    }

    #[test]
    fn a_tokens_own_limit_goes_before_the_servers() {
        let default = Some(RateLimit::DEFAULT);
        assert_eq!(TokenRateLimit::Default.or(default), default);
        assert_eq!(TokenRateLimit::Off.or(default), None);
        assert_eq!(TokenRateLimit::Own(RateLimit::of(1, 1)).or(None), Some(RateLimit::of(1, 1)));
    }

    proptest! {
        #[test]
        fn any_text_gets_an_answer(text in any::<String>()) {
            let _ = (text.parse::<RateLimit>().is_ok(), text.parse::<TokenRateLimit>().is_ok());
        }

        /// However calls are spread, no window lets more through than its limit.
        #[test]
        fn no_window_lets_more_through(gaps in proptest::collection::vec(0_i64..700, 1..200), calls in 1_u32..20) {
            let limit = RateLimit::of(calls, 2);
            let (mut window, mut now, mut began, mut passed) = (None, 0, 0, 0);
            for gap in gaps {
                now += gap;
                let usage = Window::count(&mut window, limit, now);
                if usage.calls == 1 {
                    prop_assert!(passed == 0 || now >= began + 2_000);
                    (began, passed) = (now, 0);
                }
                passed += u32::from(!usage.is_over());
                prop_assert!(passed <= calls && now < began + 2_000);
            }
        }
    }
}
