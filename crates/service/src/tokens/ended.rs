//! Tokens that have ended while something still goes on in their name.
//!
//! A call is judged when it comes. What lasts longer than that (a stream, an upload) is judged again and again,
//! by the same rule, for all the tokens concerned at once.

use std::collections::BTreeSet;

use latchkey_domain::{AccountSid, PresentedSid, UsedFrom, Verdict};

use crate::ports::StoreResult;
use crate::{Known, Service};

impl Service {
    /// Those of these tokens that are no longer good: none of their secrets would be let in now.
    ///
    /// # Errors
    /// Where the database does not answer.
    pub async fn ended_tokens(&self, sids: &BTreeSet<AccountSid>) -> StoreResult<BTreeSet<AccountSid>> {
        let mut ended = sids.clone();
        if let Some(known) = self.indexed_secrets(sids).await {
            self.leave_the_good(&mut ended, &known);
        }
        if !ended.is_empty() {
            // Before something is broken off, the database has the last word.
            let asked: Vec<AccountSid> = ended.iter().copied().collect();
            let found = self.store.credentials_of(&asked).await?.into_iter();
            let known: Vec<Known> = found.map(|credential| Known::of(credential, &self.grants)).collect();
            self.leave_the_good(&mut ended, &known);
        }
        Ok(ended)
    }

    /// Takes those out that one of these credentials would be let in for.
    fn leave_the_good(&self, ended: &mut BTreeSet<AccountSid>, credentials: &[Known]) {
        let now = self.now();
        for credential in credentials {
            // Where it is used from was judged when it began, and the token's address rules do not change.
            let (sid, from) = (PresentedSid::Absent, UsedFrom::Anywhere);
            if Verdict::of(Some(&credential.facts()), sid, None, from, now) == Verdict::Active {
                ended.remove(&credential.sid);
            }
        }
    }
}
