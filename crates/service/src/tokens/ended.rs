//! Tokens that have ended while something still goes on in their name.
//!
//! A call is judged when it comes. What lasts longer than that (a stream, an upload) is judged again and again,
//! by the same rule, for all the tokens concerned at once.

use std::collections::BTreeSet;

use latchkey_domain::{AccountSid, PresentedSid, Verdict};

use crate::ports::StoreResult;
use crate::{Known, Service};

impl Service {
    /// Those of these tokens that are no longer good: none of their secrets would be let in now.
    ///
    /// # Errors
    /// Where the database does not answer.
    pub async fn ended_tokens(&self, sids: &BTreeSet<AccountSid>) -> StoreResult<BTreeSet<AccountSid>> {
        let credentials = if let Some(known) = self.indexed_secrets(sids).await {
            known
        } else {
            let asked: Vec<AccountSid> = sids.iter().copied().collect();
            self.store.credentials_of(&asked).await?.into_iter().map(Known::from).collect()
        };
        let now = self.now();
        let mut ended = sids.clone();
        for credential in &credentials {
            if Verdict::of(Some(&self.facts(credential)), PresentedSid::Absent, None, now) == Verdict::Active {
                ended.remove(&credential.sid);
            }
        }
        Ok(ended)
    }
}
