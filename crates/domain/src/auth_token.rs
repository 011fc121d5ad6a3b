//! The secret half of a token.
//!
//! An Auth Token is `latchkey_`, 32 base62 characters of randomness (190 bits), and 6 base62 characters that are
//! the CRC-32 of everything before them. The checksum lets anyone, a secret scanner too, tell a real Auth Token
//! from a mistyped or cut-off one without asking a database. All 47 bytes fit one SHA-256 block.
//!
//! There are two types for it. [`AuthToken`] is the plain text: minted once, shown once, wiped when dropped; it
//! has no `Debug`, no `Clone` and no serialization. [`TokenHash`] is what the rest of Latchkey works with.

use std::fmt;

use zeroize::{Zeroize, ZeroizeOnDrop};

const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const RANDOM_LENGTH: usize = 32;
const CHECKSUM_LENGTH: usize = 6;
const SIGNED_LENGTH: usize = AuthToken::PREFIX.len() + RANDOM_LENGTH;

/// The plain text of an Auth Token. Wiped from memory when dropped.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct AuthToken([u8; AuthToken::LENGTH]);

/// The text is not an Auth Token: a wrong length, prefix, character or checksum. It is deliberately silent about
/// which, since the text itself may be most of a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the Auth Token is incomplete or mistyped")]
pub struct MalformedAuthToken;

impl AuthToken {
    /// What every Auth Token begins with. NEVER CHANGE IT: every token that vendors hold would stop working, and
    /// secret scanners that know the prefix would no longer find leaked ones.
    pub const PREFIX: &str = "latchkey_";

    /// Length in bytes.
    pub const LENGTH: usize = Self::PREFIX.len() + RANDOM_LENGTH + CHECKSUM_LENGTH;

    /// Makes a new Auth Token. `fill` must fill the buffer it is given from the operating system's random source.
    ///
    /// # Errors
    /// Those of `fill`.
    pub fn mint<E>(mut fill: impl FnMut(&mut [u8]) -> Result<(), E>) -> Result<Self, E> {
        let mut token = Self([0; Self::LENGTH]);
        let (signed, checksum) = token.0.split_at_mut(SIGNED_LENGTH);
        let (prefix, random) = signed.split_at_mut(Self::PREFIX.len());
        prefix.copy_from_slice(Self::PREFIX.as_bytes());

        let mut pool = [0; RANDOM_LENGTH];
        let mut characters = random.iter_mut().peekable();
        while characters.peek().is_some() {
            fill(&mut pool)?;
            // Four times 62 is the largest multiple of the alphabet in a byte; taking bytes above it modulo 62
            // would favour the first characters.
            let unbiased = pool.iter().filter(|byte| **byte < 4 * 62);
            for (byte, character) in unbiased.zip(characters.by_ref()) {
                *character = digit(u32::from(byte % 62));
            }
        }
        pool.zeroize();
        checksum.copy_from_slice(&checksum_of(signed));
        Ok(token)
    }

    /// Reads an Auth Token, checksum included.
    ///
    /// # Errors
    /// [`MalformedAuthToken`] for everything that [`AuthToken::mint`] cannot have made.
    pub fn parse(text: &[u8]) -> Result<Self, MalformedAuthToken> {
        let bytes: [u8; Self::LENGTH] = text.try_into().map_err(|_| MalformedAuthToken)?;
        let token = Self(bytes);
        let (signed, checksum) = token.0.split_at(SIGNED_LENGTH);
        let random = signed.strip_prefix(Self::PREFIX.as_bytes()).ok_or(MalformedAuthToken)?;
        // All of it is looked at, which is done for many bytes at once.
        let is_plain = random.iter().fold(true, |is_plain, byte| is_plain & byte.is_ascii_alphanumeric());
        if !is_plain || checksum != checksum_of(signed) {
            return Err(MalformedAuthToken);
        }
        Ok(token)
    }

    /// The plain text, for hashing.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The plain text, for the one answer that shows it.
    #[must_use]
    pub fn expose(&self) -> &str {
        // Only ASCII ever gets in, so this is the whole text; an empty one would be refused everywhere.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

/// SHA-256 of an Auth Token: what the database stores and looks up.
///
/// A plain hash is enough here. Salt and slow hashing protect secrets that can be guessed; nobody enumerates
/// 190 random bits. Looking up by hash also needs no constant-time comparison: whoever can vary the hash's
/// leading bytes at will has broken SHA-256.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TokenHash([u8; 32]);

impl TokenHash {
    /// The hash with these bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes, as the database holds them.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for TokenHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("TokenHash(…)")
    }
}

/// The CRC-32 (ISO-HDLC, as in zip) of `signed` in base62, most significant digit first, padded with `0`.
fn checksum_of(signed: &[u8]) -> [u8; CHECKSUM_LENGTH] {
    let mut rest = crc32fast::hash(signed);
    let mut characters = [b'0'; CHECKSUM_LENGTH];
    for character in characters.iter_mut().rev() {
        *character = digit(rest % 62);
        rest /= 62;
    }
    characters
}

fn digit(value: u32) -> u8 {
    usize::try_from(value).ok().and_then(|index| ALPHABET.get(index)).copied().unwrap_or(b'0')
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use proptest::prelude::*;

    use super::*;

    fn minted(seed: u8) -> AuthToken {
        let mut next = seed;
        let Ok(token) = AuthToken::mint(|buffer| {
            for byte in buffer {
                *byte = next;
                next = next.wrapping_mul(73).wrapping_add(41);
            }
            Ok::<_, Infallible>(())
        });
        token
    }

    #[test]
    fn the_format_never_changes() {
        // If this fails, tokens that vendors hold today no longer parse.
        assert_eq!(minted(7).expose(), "latchkey_7eL6x5QrIgZal0TwZOBERi5aFyvszIhE4BOzcy");
        assert_eq!(AuthToken::LENGTH, 47);
    }

    #[test]
    fn bytes_that_would_favour_some_characters_are_skipped() {
        let mut calls = 0_u8;
        let Ok(token) = AuthToken::mint(|buffer| {
            buffer.fill(if calls == 0 { 255 } else { 61 });
            calls += 1;
            Ok::<_, Infallible>(())
        });
        assert_eq!(calls, 2);
        assert!(token.expose().starts_with("latchkey_zzzz"));
    }

    #[test]
    fn a_failing_random_source_makes_no_token() {
        assert_eq!(AuthToken::mint(|_| Err("dry")).err(), Some("dry"));
    }

    proptest! {
        #[test]
        fn every_minted_token_parses(seed in any::<u8>()) {
            let token = minted(seed);
            prop_assert!(AuthToken::parse(token.expose().as_bytes()).is_ok());
        }

        #[test]
        fn any_single_changed_character_is_refused(seed in any::<u8>(), at in 0..AuthToken::LENGTH, to in any::<u8>()) {
            let token = minted(seed);
            let mut bytes = token.expose().as_bytes().to_vec();
            prop_assume!(bytes[at] != to);
            bytes[at] = to;
            prop_assert!(AuthToken::parse(&bytes).is_err());
        }

        #[test]
        fn any_bytes_get_an_answer(bytes in any::<Vec<u8>>()) {
            let _ = AuthToken::parse(&bytes);
        }

        #[test]
        fn a_cut_off_token_is_refused(seed in any::<u8>(), length in 0..AuthToken::LENGTH) {
            let token = minted(seed);
            prop_assert!(AuthToken::parse(&token.expose().as_bytes()[..length]).is_err());
        }
    }
}
