//! Points in time, as whole seconds.

use chrono::{DateTime, Datelike, NaiveDate, Timelike, Utc};
use serde::{Deserialize, Serialize};

/// Seconds in a minute.
pub const MINUTE: i64 = 60;
/// Seconds in an hour.
pub const HOUR: i64 = 60 * MINUTE;
/// Seconds in a day.
pub const DAY: i64 = 24 * HOUR;

/// A point in time: whole seconds since 1970-01-01T00:00:00Z, the unit that the database holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The beginning in UTC of the day that is written like 2027-05-22, as forms send dates.
    #[must_use]
    pub fn of_date(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, '-');
        let mut part = |length: usize| {
            parts.next().filter(|part| part.len() == length && part.bytes().all(|byte| byte.is_ascii_digit()))
        };
        let (year, month, day) = (part(4)?.parse().ok()?, part(2)?.parse().ok()?, part(2)?.parse().ok()?);
        let midnight = NaiveDate::from_ymd_opt(year, month, day)?.and_hms_opt(0, 0, 0)?;
        Some(Self(midnight.and_utc().timestamp()))
    }

    /// The point `seconds` after 1970-01-01T00:00:00Z.
    #[must_use]
    pub const fn from_unix_seconds(seconds: i64) -> Self {
        Self(seconds)
    }

    /// Seconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub const fn unix_seconds(self) -> i64 {
        self.0
    }

    /// This point moved by `seconds`, stopping at the ends of the range instead of wrapping.
    #[must_use]
    pub const fn plus_seconds(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds))
    }

    /// Seconds from `earlier` to this point; negative where `earlier` is later.
    #[must_use]
    pub const fn seconds_since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// RFC 3339 in UTC with whole seconds, as it stands on the wire: `2027-05-22T14:05:00Z`.
    ///
    /// A point outside the years that RFC 3339 can write is shown as the epoch: it can only come from a
    /// damaged database, and a page must still render.
    #[must_use]
    pub fn to_rfc3339(self) -> String {
        std::str::from_utf8(&self.to_rfc3339_ascii()).unwrap_or_default().to_owned()
    }

    /// The same, for those who write it often: all of it is ASCII.
    #[must_use]
    pub fn to_rfc3339_ascii(self) -> [u8; 20] {
        // Written out rather than through chrono's formatter, which costs the browser half several kilobytes.
        let utc = self.utc();
        let mut text = *b"0000-00-00T00:00:00Z";
        let year = u32::try_from(utc.year()).unwrap_or_default();
        let parts = [
            (0, year / 100),
            (2, year % 100),
            (5, utc.month()),
            (8, utc.day()),
            (11, utc.hour()),
            (14, utc.minute()),
            (17, utc.second()),
        ];
        for (place, number) in parts {
            let digit = |number: u32| u8::try_from(number % 10).unwrap_or_default() + b'0';
            if let Some(pair) = text.get_mut(place..place + 2) {
                pair.copy_from_slice(&[digit(number / 10), digit(number)]);
            }
        }
        text
    }

    /// The date in UTC as people read it: `22 May 2027`.
    #[must_use]
    pub fn to_date_in_words(self) -> String {
        const MONTHS: [&str; 12] = [
            "January",
            "February",
            "March",
            "April",
            "May",
            "June",
            "July",
            "August",
            "September",
            "October",
            "November",
            "December",
        ];
        let utc = self.utc();
        let month = usize::try_from(utc.month0()).ok().and_then(|index| MONTHS.get(index));
        format!("{} {} {}", utc.day(), month.copied().unwrap_or_default(), utc.year())
    }

    /// Date and time in UTC as people read them, the zone named: `22 May 2027, 14:05 UTC`.
    #[must_use]
    pub fn to_words(self) -> String {
        let utc = self.utc();
        format!("{}, {:02}:{:02} UTC", self.to_date_in_words(), utc.hour(), utc.minute())
    }

    fn utc(self) -> DateTime<Utc> {
        DateTime::from_timestamp(self.0, 0)
            .filter(|utc| (0..=9999).contains(&utc.year()))
            .unwrap_or(DateTime::UNIX_EPOCH)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_written_as_rfc_3339_in_utc() {
        assert_eq!(Timestamp::from_unix_seconds(0).to_rfc3339(), "1970-01-01T00:00:00Z");
        assert_eq!(Timestamp::from_unix_seconds(1_795_442_400).to_rfc3339(), "2026-11-23T14:00:00Z");
        assert_eq!(Timestamp::from_unix_seconds(1_709_208_123).to_rfc3339(), "2024-02-29T12:02:03Z");
    }

    #[test]
    fn a_date_is_read() {
        assert_eq!(
            Timestamp::of_date("2027-05-22").map(Timestamp::to_rfc3339).as_deref(),
            Some("2027-05-22T00:00:00Z")
        );
        for other in ["", "2027-02-30", "2027-5-22", "+027-05-22", "2027-05-22T", "22.05.2027", "2027-05"] {
            assert_eq!(Timestamp::of_date(other), None, "{other}");
        }
    }

    #[test]
    fn is_written_for_people() {
        let moment = Timestamp::from_unix_seconds(1_795_442_700);
        assert_eq!(moment.to_date_in_words(), "23 November 2026");
        assert_eq!(moment.to_words(), "23 November 2026, 14:05 UTC");
    }

    #[test]
    fn survives_the_ends_of_the_range() {
        for seconds in [i64::MIN, i64::MAX] {
            let moment = Timestamp::from_unix_seconds(seconds);
            assert_eq!(moment.to_rfc3339(), "1970-01-01T00:00:00Z");
            let _ = moment.plus_seconds(seconds).seconds_since(Timestamp::from_unix_seconds(1));
        }
    }
}
