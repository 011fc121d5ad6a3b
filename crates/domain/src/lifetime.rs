//! How long tokens live, and how that is said.
//!
//! The rules for words are decided here once; pages and command line only print what these functions return.

use serde::{Deserialize, Serialize};

use crate::{DAY, HOUR, MINUTE, Timestamp};

/// The lifetimes a token can be given, as the original's form offers them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Lifetime {
    /// 90 days.
    Days90,
    /// 180 days.
    Days180,
    /// 365 days.
    OneYear,
}

impl Lifetime {
    /// Every lifetime, in the form's order.
    pub const ALL: [Self; 3] = [Self::Days90, Self::Days180, Self::OneYear];

    /// The value in forms and on the command line.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Days90 => "90d",
            Self::Days180 => "180d",
            Self::OneYear => "1y",
        }
    }

    /// The words in the form's list.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Days90 => "90 Days",
            Self::Days180 => "180 Days",
            Self::OneYear => "1 Year",
        }
    }

    /// The length in days.
    #[must_use]
    pub const fn days(self) -> i64 {
        match self {
            Self::Days90 => 90,
            Self::Days180 => 180,
            Self::OneYear => 365,
        }
    }

    /// The lifetime with this code; `None` for anything else.
    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|lifetime| lifetime.code() == code)
    }

    /// The first instant at which a token made at `created_at` is no longer valid.
    #[must_use]
    pub const fn expires_at(self, created_at: Timestamp) -> Timestamp {
        created_at.plus_seconds(self.days() * DAY)
    }
}

/// What people are told about a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenStatus {
    /// Valid for more than 14 days.
    Active,
    /// Valid, for 14 days or less.
    ExpiringSoon,
    /// Its time has run out.
    Expired,
    /// Taken back before its time ran out.
    Revoked,
}

impl TokenStatus {
    /// Every status.
    pub const ALL: [Self; 4] = [Self::Active, Self::ExpiringSoon, Self::Expired, Self::Revoked];

    /// A token with this much time left, or less, is expiring soon.
    pub const EXPIRING_SOON_SECONDS: i64 = 14 * DAY;

    /// The status at `now` of a token with these times. Revocation is named first: it was somebody's decision.
    #[must_use]
    pub const fn at(now: Timestamp, expires_at: Timestamp, revoked_at: Option<Timestamp>) -> Self {
        if revoked_at.is_some() {
            return Self::Revoked;
        }
        let left = expires_at.seconds_since(now);
        if left <= 0 {
            Self::Expired
        } else if left <= Self::EXPIRING_SOON_SECONDS {
            Self::ExpiringSoon
        } else {
            Self::Active
        }
    }

    /// Whether calls with the token can still succeed.
    #[must_use]
    pub const fn is_live(self) -> bool {
        matches!(self, Self::Active | Self::ExpiringSoon)
    }

    /// The status with this name on the wire.
    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.code() == code)
    }

    /// The name on the wire.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::ExpiringSoon => "expiring_soon",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
        }
    }

    /// The words on the page.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Active => "Active",
            Self::ExpiringSoon => "Expiring soon",
            Self::Expired => "Expired",
            Self::Revoked => "Revoked",
        }
    }
}

/// Remaining time in words: months from 60 days up ("6 months", and twelve of them "1 year"), days from two
/// days up, rounded up; hours below that, rounded up. Nothing left reads "ended".
#[must_use]
pub fn remaining_in_words(seconds: i64) -> String {
    const MONTH: i64 = 30 * DAY;
    if seconds <= 0 {
        return "ended".to_owned();
    }
    if seconds >= 60 * DAY {
        return match (seconds + MONTH / 2) / MONTH {
            12 => "1 year".to_owned(),
            months => format!("{months} months"),
        };
    }
    if seconds >= 2 * DAY {
        return counted(rounded_up(seconds, DAY), "day");
    }
    counted(rounded_up(seconds, HOUR), "hour")
}

/// Elapsed time in words, rounded down: "just now" below a minute, then minutes, hours, days, months of 30 days
/// and years of 365.
#[must_use]
pub fn age_in_words(seconds: i64) -> String {
    let (count, unit) = match seconds {
        ..MINUTE => return "just now".to_owned(),
        MINUTE..HOUR => (seconds / MINUTE, "minute"),
        HOUR..DAY => (seconds / HOUR, "hour"),
        _ if seconds < 60 * DAY => (seconds / DAY, "day"),
        _ if seconds < 365 * DAY => (seconds / (30 * DAY), "month"),
        _ => (seconds / (365 * DAY), "year"),
    };
    format!("{} ago", counted(count, unit))
}

const fn rounded_up(seconds: i64, unit: i64) -> i64 {
    seconds.saturating_add(unit - 1) / unit
}

fn counted(count: i64, unit: &str) -> String {
    if count == 1 { format!("1 {unit}") } else { format!("{count} {unit}s") }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn codes_lead_back_to_their_lifetime() {
        for lifetime in Lifetime::ALL {
            assert_eq!(Lifetime::parse(lifetime.code()), Some(lifetime));
        }
        for unknown in ["", "90", "90D", "180 Days", "2y", "90d "] {
            assert_eq!(Lifetime::parse(unknown), None, "{unknown:?}");
        }
    }

    #[test]
    fn remaining_time_reads_as_the_article_shows_it() {
        for (seconds, words) in [
            (365 * DAY, "1 year"),
            (180 * DAY, "6 months"),
            (180 * DAY - 1, "6 months"),
            (90 * DAY, "3 months"),
            (75 * DAY, "3 months"),
            (75 * DAY - 1, "2 months"),
            (60 * DAY, "2 months"),
            (60 * DAY - 1, "60 days"),
            (59 * DAY, "59 days"),
            (2 * DAY + 1, "3 days"),
            (2 * DAY, "2 days"),
            (2 * DAY - 1, "48 hours"),
            (HOUR + 1, "2 hours"),
            (HOUR, "1 hour"),
            (1, "1 hour"),
            (0, "ended"),
            (-5, "ended"),
        ] {
            assert_eq!(remaining_in_words(seconds), words, "{seconds} s");
        }
    }

    #[test]
    fn elapsed_time_is_rounded_down() {
        for (seconds, words) in [
            (-3, "just now"),
            (59, "just now"),
            (60, "1 minute ago"),
            (4 * MINUTE + 59, "4 minutes ago"),
            (HOUR, "1 hour ago"),
            (DAY, "1 day ago"),
            (60 * DAY, "2 months ago"),
            (800 * DAY, "2 years ago"),
        ] {
            assert_eq!(age_in_words(seconds), words, "{seconds} s");
        }
    }

    #[test]
    fn a_token_ends_at_the_very_second_it_expires() {
        let end = Timestamp::from_unix_seconds(1_000_000_000);
        let status = |now: i64| TokenStatus::at(Timestamp::from_unix_seconds(now), end, None);
        assert_eq!(status(1_000_000_000), TokenStatus::Expired);
        assert_eq!(status(999_999_999), TokenStatus::ExpiringSoon);
        assert_eq!(status(1_000_000_000 - 14 * DAY), TokenStatus::ExpiringSoon);
        assert_eq!(status(1_000_000_000 - 14 * DAY - 1), TokenStatus::Active);
        assert_eq!(TokenStatus::at(end, end, Some(end)), TokenStatus::Revoked);
    }

    proptest! {
        #[test]
        fn words_exist_for_any_time(seconds in any::<i64>()) {
            // The largest values would overflow the rounding; words must come all the same.
            prop_assert!(!remaining_in_words(seconds / 2).is_empty());
            prop_assert!(!age_in_words(seconds).is_empty());
        }
    }
}
