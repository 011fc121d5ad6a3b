//! A vendor's call.
//!
//! 1. The credential is read from the request ([`Presented::from_request`]); one whose checksum fails never gets
//!    here.
//! 2. The secret is hashed and looked up. Unknown and known secrets cost the same.
//! 3. [`Verdict::of`] decides.
//! 4. A good credential is counted against its limit and noted as used ([`crate::LastUse`]), whether or not it has
//!    the scope.
//!
//! Each call reads the database, so a revocation holds from the moment it is stored. An index in memory that is
//! provably as current can take the place of step 2's look-up; nothing outside this file would notice.

use latchkey_domain::{Presented, ScopeName, ScopeSet, TokenFacts, Usage, Verdict};

use crate::ports::{Credential, StoreResult};
use crate::{Purpose, Service, hash_of};

/// The answer about a credential.
#[derive(Debug, Clone)]
pub struct Verified {
    /// The verdict.
    pub verdict: Verdict,
    /// The token and its owner, where the secret belongs to one. The token's last use is the one before this call.
    pub credential: Option<Credential>,
    /// What the token may do now.
    pub scopes: ScopeSet,
    /// How the token stands with its limit, this call counted; `None` where no limit holds or nothing was counted.
    pub usage: Option<Usage>,
}

impl Verified {
    /// Whether the token is good, whatever may be missing for what was asked.
    #[must_use]
    pub const fn is_good(&self) -> bool {
        matches!(self.verdict, Verdict::Active | Verdict::MissingScope)
    }
}

impl Service {
    /// Judges a credential that is presented for a call. `needed` is the scope of what was asked, if it needs one.
    ///
    /// # Errors
    /// Where the database does not answer. No verdict is given then, neither yes nor no.
    pub async fn verify(
        &self,
        presented: &Presented,
        needed: Option<&ScopeName>,
        purpose: Purpose,
    ) -> StoreResult<Verified> {
        let mut verified = self.inspect(presented, needed).await?;
        if let Some(credential) = verified.credential.as_ref().filter(|_| verified.is_good()) {
            self.last_use.note(credential.token.sid, self.now());
            verified.usage = self.count_call(&credential.token, purpose);
        }
        Ok(verified)
    }

    /// Judges a credential that somebody asks about: nothing is counted, and no use is noted.
    ///
    /// # Errors
    /// As [`Service::verify`].
    pub async fn inspect(&self, presented: &Presented, needed: Option<&ScopeName>) -> StoreResult<Verified> {
        let mut credential = self.store.credential(hash_of(&presented.token)).await?;
        if let Some(credential) = &mut credential {
            credential.token.last_used_at = self.last_used_at(&credential.token);
        }
        let facts = credential.as_ref().map(|credential| self.facts(credential));
        let verdict = Verdict::of(facts.as_ref(), presented.sid, needed, self.now());
        let scopes = facts.map(|facts| facts.effective_scopes()).unwrap_or_default();
        Ok(Verified { verdict, credential, scopes, usage: None })
    }

    /// Writes down the uses noted since the last time. Run every few seconds and before the end.
    ///
    /// # Errors
    /// Where the database fails; the uses stay noted.
    pub async fn flush_last_use(&self) -> StoreResult<()> {
        self.last_use.flush(self.store.as_ref()).await
    }

    /// What the verdict on a credential is made from.
    pub(crate) fn facts(&self, credential: &Credential) -> TokenFacts {
        TokenFacts {
            sid: credential.token.sid,
            scopes: credential.token.scopes.clone(),
            owner_may_grant: self.catalog.grantable_by(credential.owner.role),
            expires_at: credential.token.expires_at,
            secret_not_after: credential.secret_not_after,
            revoked_at: credential.token.revoked_at,
            owner_enabled: credential.owner.is_enabled(),
        }
    }
}
