//! The token's public name.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// A token's public identifier, its Account SID: `LK` and 32 lower-case hexadecimal digits.
///
/// The 16 bytes are a UUIDv7 (RFC 9562), so SIDs sort by creation. It is not secret: logs, pages and answers
/// may name it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AccountSid([u8; 16]);

/// The text is not an Account SID.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an Account SID is LK followed by 32 lower-case hexadecimal digits")]
pub struct MalformedAccountSid;

impl AccountSid {
    /// Length of the written form in bytes.
    pub const LENGTH: usize = 34;
    const PREFIX: &str = "LK";

    /// The SID with these bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The first SID that can be made at this second or later. A UUIDv7 begins with its time in milliseconds.
    #[must_use]
    pub fn first_at(at: Timestamp) -> Self {
        let millis = u64::try_from(at.unix_seconds().saturating_mul(1000)).unwrap_or_default().min((1 << 48) - 1);
        Self((u128::from(millis) << 80).to_be_bytes())
    }

    /// The 16 bytes, as the database holds them.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// Reads the written form.
    ///
    /// # Errors
    /// [`MalformedAccountSid`] for anything else.
    pub fn parse(text: &[u8]) -> Result<Self, MalformedAccountSid> {
        let digits = text.strip_prefix(Self::PREFIX.as_bytes()).ok_or(MalformedAccountSid)?;
        let digits: &[u8; 32] = digits.try_into().map_err(|_| MalformedAccountSid)?;
        // Every call reads one: all digits are looked up before it is asked whether they are digits.
        let values = digits.map(value_of);
        let (pairs, []) = values.as_chunks::<2>() else { return Err(MalformedAccountSid) };
        let mut bytes = [0; 16];
        for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
            *byte = high << 4 | low;
        }
        let are_digits = values.iter().fold(0, |all, value| all | value) < NO_DIGIT;
        are_digits.then_some(Self(bytes)).ok_or(MalformedAccountSid)
    }

    /// The written form, for those who write it often: all of it is ASCII.
    #[must_use]
    pub fn to_ascii(self) -> [u8; Self::LENGTH] {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let digit = |value: u8| DIGITS.get(usize::from(value)).copied().unwrap_or_default();
        let mut text = [0; Self::LENGTH];
        let (prefix, digits) = text.split_at_mut(Self::PREFIX.len());
        prefix.copy_from_slice(Self::PREFIX.as_bytes());
        for (pair, byte) in digits.chunks_exact_mut(2).zip(self.0) {
            pair.copy_from_slice(&[digit(byte >> 4), digit(byte & 15)]);
        }
        text
    }
}

impl fmt::Display for AccountSid {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(std::str::from_utf8(&self.to_ascii()).unwrap_or_default())
    }
}

impl fmt::Debug for AccountSid {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

impl FromStr for AccountSid {
    type Err = MalformedAccountSid;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text.as_bytes())
    }
}

/// The value of what is no digit: a bit that no digit's value has.
const NO_DIGIT: u8 = 16;

/// Only the canonical spelling has a value.
const fn value_of(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        b'a'..=b'f' => digit - b'a' + 10,
        _ => NO_DIGIT,
    }
}

impl TryFrom<String> for AccountSid {
    type Error = MalformedAccountSid;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<AccountSid> for String {
    fn from(sid: AccountSid) -> Self {
        sid.to_string()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn is_written_with_its_prefix_in_lower_case() {
        let sid = AccountSid::from_bytes([
            0x01, 0x93, 0x58, 0x4c, 0x7b, 0xe0, 0x7d, 0x2c, 0x9f, 0x0e, 0x6a, 0x51, 0xb2, 0xc4, 0xd8, 0xe7,
        ]);
        assert_eq!(sid.to_string(), "LK0193584c7be07d2c9f0e6a51b2c4d8e7");
        assert_eq!(sid.to_string().len(), AccountSid::LENGTH);
    }

    #[test]
    fn near_misses_are_refused() {
        for text in [
            "",
            "LK",
            "lk0193584c7be07d2c9f0e6a51b2c4d8e7",
            "LK0193584C7BE07D2C9F0E6A51B2C4D8E7",
            "LK0193584c7be07d2c9f0e6a51b2c4d8e",
            "LK0193584c7be07d2c9f0e6a51b2c4d8e77",
            "LK0193584c7be07d2c9f0e6a51b2c4d8g7",
        ] {
            assert_eq!(text.parse::<AccountSid>(), Err(MalformedAccountSid), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn written_and_read_again_is_the_same(bytes in any::<[u8; 16]>()) {
            let sid = AccountSid::from_bytes(bytes);
            prop_assert_eq!(sid.to_string().parse(), Ok(sid));
        }

        #[test]
        fn any_text_gets_an_answer(text in any::<String>()) {
            let _ = text.parse::<AccountSid>();
        }

        #[test]
        fn order_of_bytes_is_order_of_text(one in any::<[u8; 16]>(), other in any::<[u8; 16]>()) {
            let (one, other) = (AccountSid::from_bytes(one), AccountSid::from_bytes(other));
            prop_assert_eq!(one.cmp(&other), one.to_string().cmp(&other.to_string()));
        }
    }
}
