//! Hashes of secrets: what the database holds in their place.

use std::fmt;

use latchkey_domain::{AuthToken, FormId, RepId, TokenHash};
use sha2::{Digest, Sha256};

use crate::ports::{Random, RandomUnavailable};

/// SHA-256 of a random secret other than an Auth Token: a session's cookie, a set-up code.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SecretHash([u8; 32]);

impl SecretHash {
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

    /// Hashes a secret's text.
    #[must_use]
    pub fn of(text: &str) -> Self {
        Self(Sha256::digest(text.as_bytes()).into())
    }
}

impl fmt::Debug for SecretHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SecretHash(…)")
    }
}

/// A password's argon2id hash in the PHC string format.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(String);

impl PasswordHash {
    /// Wraps a PHC string.
    #[must_use]
    pub const fn from_phc(phc: String) -> Self {
        Self(phc)
    }

    /// The PHC string, as the database holds it.
    #[must_use]
    pub fn as_phc(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("PasswordHash(…)")
    }
}

/// The hash by which an Auth Token is stored and found.
#[must_use]
pub fn hash_of(token: &AuthToken) -> TokenHash {
    TokenHash::from_bytes(Sha256::digest(token.as_bytes()).into())
}

/// The hash of some bytes, for tests that need many.
#[cfg(test)]
pub(crate) fn hash_of_bytes(parts: &[&[u8]]) -> TokenHash {
    let mut digest = Sha256::new();
    for part in parts {
        digest.update(part);
    }
    TokenHash::from_bytes(digest.finalize().into())
}

/// 256 random bits as 43 characters of base64url: a cookie's value, a set-up code.
pub(crate) fn random_secret(random: &dyn Random) -> Result<latchkey_domain::PlainText, RandomUnavailable> {
    use base64::Engine as _;
    let mut bytes = zeroize::Zeroizing::new([0; 32]);
    random.fill(bytes.as_mut_slice())?;
    Ok(latchkey_domain::PlainText::new(base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes.as_slice())))
}

/// The bytes of a UUIDv7 (RFC 9562 section 5.7): the time in milliseconds, then randomness.
pub(crate) fn sortable_id(unix_millis: i64, random: &dyn Random) -> Result<[u8; 16], RandomUnavailable> {
    let mut bytes = [0; 10];
    random.fill(&mut bytes)?;
    Ok(uuid_v7(unix_millis, bytes))
}

/// The same, of this randomness.
pub(crate) fn uuid_v7(unix_millis: i64, random: [u8; 10]) -> [u8; 16] {
    let millis = u64::try_from(unix_millis).unwrap_or_default();
    uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid().into_bytes()
}

/// A new service rep's id.
pub(crate) fn new_rep_id(unix_millis: i64, random: &dyn Random) -> Result<RepId, RandomUnavailable> {
    sortable_id(unix_millis, random).map(RepId::from_bytes)
}

/// A new form's one-time id.
pub(crate) fn new_form_id(random: &dyn Random) -> Result<FormId, RandomUnavailable> {
    let mut bytes = [0; 16];
    random.fill(&mut bytes)?;
    Ok(FormId::from_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_never_printed() {
        assert_eq!(format!("{:?}", SecretHash::of("x")), "SecretHash(…)");
        assert_eq!(format!("{:?}", PasswordHash::from_phc("$argon2id$x".to_owned())), "PasswordHash(…)");
    }
}
