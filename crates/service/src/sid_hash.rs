//! Finding things by a token's name, in tables that every call looks into.

use std::hash::{BuildHasherDefault, Hasher};

/// For tables whose keys have an Account SID and nothing that a stranger chooses.
pub(crate) type BySid = BuildHasherDefault<SidHasher>;

/// Spreads by what is random in a name already: the end of a UUIDv7, which Latchkey drew itself. A hash that withstands
/// chosen keys takes ten times as long, and nobody chooses these.
#[derive(Debug, Default)]
pub(crate) struct SidHasher(u64);

/// As good as any odd number without a pattern: the golden ratio's.
const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;

impl Hasher for SidHasher {
    fn write(&mut self, bytes: &[u8]) {
        match bytes.last_chunk() {
            Some(end) => self.0 ^= u64::from_be_bytes(*end),
            None => bytes.iter().for_each(|byte| self.0 = self.0.rotate_left(8) ^ u64::from(*byte)),
        }
    }

    fn finish(&self) -> u64 {
        // Tables go by the lowest bits and the highest; a product is best in between and above.
        self.0.wrapping_mul(SPREAD).rotate_left(26)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::hash::BuildHasher as _;

    use latchkey_domain::AccountSid;

    use super::*;

    #[test]
    fn names_that_share_their_last_bits_are_spread() {
        // One part of a table has those with the same last six bits, as the notes of uses do; all of them have the bits
        // that make a UUIDv7 one.
        let hashes = (0..4_096_u64).map(|number| {
            let mut bytes = [7; 16];
            let drawn = crate::secrets::hash_of_bytes(&[&number.to_be_bytes()]);
            bytes[8..].copy_from_slice(&drawn.as_bytes()[..8]);
            (bytes[8], bytes[15]) = (0x80 | bytes[8] & 0x3f, 0x40 | bytes[15] & 0xc0);
            BySid::default().hash_one(AccountSid::from_bytes(bytes))
        });
        let hashes: Vec<u64> = hashes.collect();
        let lowest: HashSet<u64> = hashes.iter().map(|hash| hash % 4_096).collect();
        let highest: HashSet<u64> = hashes.iter().map(|hash| hash >> 57).collect();
        // So many of 4,096 places are hit by chance.
        assert!(lowest.len() > 2_400, "{}", lowest.len());
        assert_eq!(highest.len(), 128);
    }
}
