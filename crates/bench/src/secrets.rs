//! The Auth Tokens of generated tokens: each follows from its token's SID, so that who measures can present it.

use latchkey_domain::{AccountSid, AuthToken};

/// The Auth Token of a generated token.
pub(crate) fn secret_of(sid: AccountSid) -> AuthToken {
    let seed = sid.as_bytes().last_chunk::<8>().map_or(0, |bytes| u64::from_be_bytes(*bytes));
    let mut random = fastrand::Rng::with_seed(seed);
    let minted = AuthToken::mint(|buffer| {
        random.fill(buffer);
        Ok::<_, std::convert::Infallible>(())
    });
    match minted {
        Ok(secret) => secret,
        Err(never) => match never {},
    }
}
