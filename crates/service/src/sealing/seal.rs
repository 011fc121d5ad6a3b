//! Sealing a credential, and opening it again.
//!
//! XChaCha20-Poly1305 with a random nonce of 24 bytes, which is long enough to be drawn anew each time without a
//! thought for collisions. What is sealed is bound to its place: the key's id, the account and the setting's name are
//! authenticated with it, so that a row that was put elsewhere does not open.

use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use latchkey_domain::external_account::{ExternalAccountId, SettingName};
use zeroize::Zeroizing;

use super::{KeyId, SecretKey, SecretKeys};
use crate::ports::{Random, RandomUnavailable};

const NONCE_LENGTH: usize = 24;
/// What the associated data begins with.
const PURPOSE: &[u8] = b"latchkey vendor credential 1";

/// A vendor's credential in plain text: on its way between a form and its seal, or between the seal and the one answer
/// that carries it. It has no `Debug`, no `Clone` and no serialization, and is wiped when dropped.
pub struct VendorCredential(Zeroizing<String>);

impl VendorCredential {
    /// Wraps a credential.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(Zeroizing::new(text.to_owned()))
    }

    /// The credential itself.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

/// A credential as the database holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedCredential {
    /// Whose it is.
    pub account: ExternalAccountId,
    /// Which of the account's settings.
    pub name: SettingName,
    /// Under which key it is sealed.
    pub key: KeyId,
    /// The nonce, then the ciphertext with its tag.
    pub sealed: Vec<u8>,
}

/// Why a credential did not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unopened {
    /// Its key is not here.
    #[error("it is sealed under the key {0}, which is not among the secret keys")]
    KeyMissing(KeyId),
    /// It is not what was sealed: changed, cut off, or put elsewhere.
    #[error("it was changed, or belongs elsewhere")]
    Changed,
}

impl SecretKeys {
    /// Seals a credential under the newest key.
    ///
    /// # Errors
    /// Where there is no randomness.
    pub(crate) fn seal(
        &self,
        random: &dyn Random,
        account: ExternalAccountId,
        name: &SettingName,
        credential: &VendorCredential,
    ) -> Result<SealedCredential, RandomUnavailable> {
        // There is always a key: no `SecretKeys` is made without one.
        let key = self.newest().ok_or(RandomUnavailable)?;
        let mut nonce = [0; NONCE_LENGTH];
        random.fill(&mut nonce)?;
        let place = associated_data(key.id(), account, name);
        let payload = Payload { msg: credential.expose().as_bytes(), aad: &place };
        // It fails beyond 256 GiB only.
        let ciphertext = cipher(key).encrypt(&XNonce::from(nonce), payload).map_err(|_| RandomUnavailable)?;
        let sealed = [nonce.as_slice(), ciphertext.as_slice()].concat();
        Ok(SealedCredential { account, name: name.clone(), key: key.id(), sealed })
    }

    /// Opens a credential.
    ///
    /// # Errors
    /// Where its key is not here, or it is not what was sealed.
    pub(crate) fn open(&self, credential: &SealedCredential) -> Result<VendorCredential, Unopened> {
        let key = self.get(credential.key).ok_or(Unopened::KeyMissing(credential.key))?;
        let (nonce, ciphertext) = credential.sealed.split_first_chunk::<NONCE_LENGTH>().ok_or(Unopened::Changed)?;
        let place = associated_data(credential.key, credential.account, &credential.name);
        let payload = Payload { msg: ciphertext, aad: &place };
        let bytes = cipher(key).decrypt(&XNonce::from(*nonce), payload).map_err(|_| Unopened::Changed)?;
        let bytes = Zeroizing::new(bytes);
        std::str::from_utf8(&bytes).map(VendorCredential::new).map_err(|_| Unopened::Changed)
    }
}

fn cipher(key: &SecretKey) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(key.bytes().into())
}

/// The place of a credential, in pieces of fixed length of which only the last varies.
fn associated_data(key: KeyId, account: ExternalAccountId, name: &SettingName) -> Vec<u8> {
    [PURPOSE, key.as_bytes(), account.as_bytes(), name.as_str().as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::SystemRandom;

    fn keys() -> SecretKeys {
        SecretKeys::of(SecretKey::draw(&SystemRandom).unwrap())
    }

    fn account(byte: u8) -> ExternalAccountId {
        ExternalAccountId::from_bytes([byte; 16])
    }

    fn name(text: &str) -> SettingName {
        text.parse().unwrap()
    }

    fn seal(keys: &SecretKeys, text: &str) -> SealedCredential {
        keys.seal(&SystemRandom, account(1), &name("password"), &VendorCredential::new(text)).unwrap()
    }

    fn outcome(keys: &SecretKeys, credential: &SealedCredential) -> Result<String, Unopened> {
        keys.open(credential).map(|credential| credential.expose().to_owned())
    }

    #[test]
    fn what_is_sealed_opens_in_its_place_only() {
        let keys = keys();
        let sealed = seal(&keys, "hunter2");
        assert_eq!(outcome(&keys, &sealed), Ok("hunter2".to_owned()));
        let elsewhere = SealedCredential { account: account(2), ..sealed.clone() };
        assert_eq!(outcome(&keys, &elsewhere), Err(Unopened::Changed));
        let renamed = SealedCredential { name: name("user"), ..sealed.clone() };
        assert_eq!(outcome(&keys, &renamed), Err(Unopened::Changed));
        let cut = SealedCredential { sealed: sealed.sealed[..20].to_vec(), ..sealed };
        assert_eq!(outcome(&keys, &cut), Err(Unopened::Changed));
    }

    #[test]
    fn another_key_opens_nothing() {
        let (ours, theirs) = (keys(), keys());
        let sealed = seal(&ours, "hunter2");
        assert_eq!(outcome(&theirs, &sealed), Err(Unopened::KeyMissing(ours.ids().next().unwrap())));
        // Nor does one that passes itself off as the right one.
        let claimed = SealedCredential { key: theirs.ids().next().unwrap(), ..sealed };
        assert_eq!(outcome(&theirs, &claimed), Err(Unopened::Changed));
    }

    #[test]
    fn the_same_twice_is_sealed_in_two_ways() {
        let keys = keys();
        assert_ne!(seal(&keys, "hunter2").sealed, seal(&keys, "hunter2").sealed);
    }

    proptest! {
        #[test]
        fn every_credential_comes_back(text in any::<String>()) {
            let keys = keys();
            prop_assert_eq!(outcome(&keys, &seal(&keys, &text)), Ok(text));
        }

        /// Whichever bit is flipped, of the nonce, the ciphertext or the tag.
        #[test]
        fn a_flipped_bit_is_found_out(text in ".{0,40}", at in any::<prop::sample::Index>(), bit in 0_u8..8) {
            let keys = keys();
            let mut sealed = seal(&keys, &text);
            let at = at.index(sealed.sealed.len());
            sealed.sealed[at] ^= 1 << bit;
            prop_assert_eq!(outcome(&keys, &sealed), Err(Unopened::Changed));
        }
    }
}
