//! A vendor's call.
//!
//! 1. The credential is read from the request ([`Presented::from_request`]); one whose checksum fails never gets
//!    here.
//! 2. The secret is hashed and looked up. Unknown and known secrets cost the same.
//! 3. [`Verdict::of`] decides.
//! 4. A good credential is counted against its limit and noted as used ([`crate::LastUse`]), whether or not it has
//!    the scope.
//!
//! Where the index of live tokens (`index/`) is known to be current, it is all that a call reads: there a token that
//! was revoked is as unknown as one that never was. Otherwise each call reads the database. The verdict is made by the
//! same rule from the same facts either way.

use latchkey_domain::{Presented, ScopeName, Timestamp, Usage, UsedFrom, Verdict};

use crate::ports::StoreResult;
use crate::{CallOrigin, Known, Purpose, Service, hash_of};

/// The answer about a credential.
#[derive(Debug, Clone)]
pub struct Verified {
    /// The verdict.
    pub verdict: Verdict,
    /// The token and its owner, where the secret is known to belong to one. That of a token that has ended may be
    /// unknown.
    pub credential: Option<Known>,
    /// How the token stands with its limit, this call counted; `None` where no limit holds or nothing was counted.
    pub usage: Option<Usage>,
    /// When the call before this one was, as far as that was noted and not yet written down.
    pub noted_before: Option<Timestamp>,
}

impl Verified {
    /// Whether the token is good, whatever may be missing for what was asked.
    #[must_use]
    pub const fn is_good(&self) -> bool {
        matches!(self.verdict, Verdict::Active | Verdict::MissingScope)
    }
}

impl Service {
    /// Judges a credential that is presented for a call. `needed` is the scope of what was asked, if it needs one;
    /// `from` is where the call comes from.
    ///
    /// # Errors
    /// Where the database does not answer. No verdict is given then, neither yes nor no.
    pub async fn verify(
        &self,
        presented: &Presented,
        needed: Option<&ScopeName>,
        from: UsedFrom,
        purpose: Purpose,
    ) -> StoreResult<Verified> {
        self.verify_call(presented, needed, from, purpose, "").await
    }

    /// As [`Service::verify`]; of a good call it is noted by whom it was made, as `agent` says of itself.
    ///
    /// # Errors
    /// As [`Service::verify`].
    pub async fn verify_call(
        &self,
        presented: &Presented,
        needed: Option<&ScopeName>,
        from: UsedFrom,
        purpose: Purpose,
        agent: &str,
    ) -> StoreResult<Verified> {
        // Read once: a clock costs as much as a look into the index.
        let millis = self.clock.unix_millis();
        let now = Timestamp::from_unix_seconds(millis.div_euclid(1000));
        let mut verified = self.inspect_at(now, presented, needed, from).await?;
        if let Some(credential) = verified.credential.as_ref().filter(|_| verified.is_good()) {
            verified.noted_before = self.last_use.note(credential.sid, now, CallOrigin::of(from, agent));
            verified.usage = self.count_call(credential, purpose, millis);
        }
        Ok(verified)
    }

    /// Judges a credential that somebody asks about: nothing is counted, and no use is noted.
    ///
    /// # Errors
    /// As [`Service::verify`].
    pub async fn inspect(
        &self,
        presented: &Presented,
        needed: Option<&ScopeName>,
        from: UsedFrom,
    ) -> StoreResult<Verified> {
        self.inspect_at(self.now(), presented, needed, from).await
    }

    async fn inspect_at(
        &self,
        now: Timestamp,
        presented: &Presented,
        needed: Option<&ScopeName>,
        from: UsedFrom,
    ) -> StoreResult<Verified> {
        let hash = hash_of(&presented.token);
        let credential = match self.indexed(&hash).await {
            Some(known) => known,
            None => self.store.credential(hash).await?.map(|credential| Known::of(credential, &self.grants)),
        };
        Ok(judge(now, presented, needed, from, credential))
    }

    /// As [`Service::inspect`], wherever the credential is used from, and it finds tokens that have ended too: it reads the
    /// database.
    ///
    /// # Errors
    /// As [`Service::verify`].
    pub async fn look_up(&self, presented: &Presented) -> StoreResult<Verified> {
        let credential = self
            .store
            .credential(hash_of(&presented.token))
            .await?
            .map(|credential| Known::of(credential, &self.grants));
        Ok(judge(self.now(), presented, None, UsedFrom::Anywhere, credential))
    }
}

fn judge(
    now: Timestamp,
    presented: &Presented,
    needed: Option<&ScopeName>,
    from: UsedFrom,
    credential: Option<Known>,
) -> Verified {
    let facts = credential.as_ref().map(Known::facts);
    let verdict = Verdict::of(facts.as_ref(), presented.sid, needed, from, now);
    Verified { verdict, credential, usage: None, noted_before: None }
}
