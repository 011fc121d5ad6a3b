//! The key of the audit log's chain, and the HMACs that are made with it.
//!
//! Each is HMAC-SHA-256 (RFC 2104) over a name of its own, so that none can stand for another, and then over pieces
//! of fixed length, of which only the last may vary:
//! - a link: `latchkey audit link 1`, the HMAC of the link before it (32 bytes, zeros before the first), its number
//!   (8 bytes, the highest first), the entry's canonical bytes;
//! - a seal, where what came before was taken out: `latchkey audit seal 1`, the number and the HMAC of the last link
//!   that was taken out;
//! - the key's check, by which a wrong key is told from a changed log: `latchkey audit key 1`.

use std::fmt;
use std::str::FromStr;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::StoredEntry;
use crate::ports::{Random, RandomUnavailable};

const LINK: &[u8] = b"latchkey audit link 1";
const SEAL: &[u8] = b"latchkey audit seal 1";
const CHECK: &[u8] = b"latchkey audit key 1";

/// The key. It has no `Debug` and no `Clone`, and is wiped when dropped.
pub struct AuditKey(Zeroizing<[u8; 32]>);

impl AuditKey {
    /// Draws a new key.
    ///
    /// # Errors
    /// Where there is no randomness.
    pub fn draw(random: &dyn Random) -> Result<Self, RandomUnavailable> {
        let mut bytes = Zeroizing::new([0; 32]);
        random.fill(bytes.as_mut_slice())?;
        Ok(Self(bytes))
    }

    /// Reads what [`AuditKey::to_text`] wrote; `None` for anything else. White space around it is nothing.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut bytes = Zeroizing::new([0; 32]);
        hex::decode_to_slice(text.trim(), bytes.as_mut_slice()).ok()?;
        Some(Self(bytes))
    }

    /// 64 hexadecimal digits, as the key's file holds them.
    #[must_use]
    pub fn to_text(&self) -> Zeroizing<String> {
        Zeroizing::new(hex::encode(self.0.as_slice()))
    }

    /// What tells this key from others, without telling the key.
    #[must_use]
    pub fn check(&self) -> AuditMac {
        self.mac(&[CHECK])
    }

    /// The HMAC of the link with this number and entry, behind a link with the HMAC `previous`.
    #[must_use]
    pub fn link(&self, previous: &AuditMac, seq: i64, entry: &StoredEntry) -> AuditMac {
        self.mac(&[LINK, &previous.0, &seq.to_be_bytes(), &entry.canonical_bytes()])
    }

    /// The HMAC that says that the chain up to the link with this number and HMAC was taken out.
    #[must_use]
    pub fn seal(&self, seq: i64, mac: &AuditMac) -> AuditMac {
        self.mac(&[SEAL, &seq.to_be_bytes(), &mac.0])
    }

    fn mac(&self, pieces: &[&[u8]]) -> AuditMac {
        // Filled up with zeros to a block, as HMAC does with shorter keys.
        let mut block = Zeroizing::new([0; 64]);
        block.iter_mut().zip(self.0.iter()).for_each(|(to, from)| *to = *from);
        let mut mac = Hmac::<Sha256>::new((&*block).into());
        for piece in pieces {
            mac.update(piece);
        }
        AuditMac(mac.finalize().into_bytes().into())
    }
}

/// An HMAC of the chain. Nothing in it is secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuditMac([u8; 32]);

impl AuditMac {
    /// What stands before the first link.
    pub const ZERO: Self = Self([0; 32]);

    /// The HMAC with these bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for AuditMac {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&hex::encode(self.0))
    }
}

impl FromStr for AuditMac {
    type Err = hex::FromHexError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes)?;
        Ok(Self(bytes))
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::audit) fn key() -> AuditKey {
        AuditKey::parse(&"0b".repeat(32)).unwrap()
    }

    #[test]
    fn a_key_survives_its_file() {
        let again = AuditKey::parse(&format!("{}\n", *key().to_text())).unwrap();
        assert_eq!(again.check(), key().check());
        for text in ["", "0b", &"0b".repeat(33), &"zz".repeat(32)] {
            assert!(AuditKey::parse(text).is_none(), "{text:?}");
        }
        assert_ne!(AuditKey::parse(&"0c".repeat(32)).unwrap().check(), key().check());
    }

    #[test]
    fn the_hmac_is_the_one_of_rfc_2104() {
        // Computed with OpenSSL: printf 'latchkey audit key 1' | openssl dgst -sha256 -mac HMAC -macopt hexkey:0b…0b
        let expected = "de9b5751f8664b2a6b61671d88bfae7a442bc5d4207e8d619a47f412f82c3e6c";
        assert_eq!(key().check().to_string(), expected);
        assert_eq!(expected.parse(), Ok(key().check()));
    }
}
