//! What tokens have in common: scopes, limit, address rules. Each such set is held once, for as long as a slot of the
//! table has it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, RwLock};

use latchkey_domain::{AddressRules, ScopeSet, TokenRateLimit};

use super::locks::{read, write};
use super::places::index;
use crate::granted::{Granted, Grants};
use crate::ports::SecretRecord;

/// What a set of terms is found by.
type Key = (Arc<ScopeSet>, TokenRateLimit, Option<Arc<AddressRules>>);

/// What tokens can have in common.
#[derive(Debug, Clone)]
pub(super) struct Terms {
    pub(super) granted: Arc<Granted>,
    pub(super) rate_limit: TokenRateLimit,
    pub(super) addresses: Option<Arc<AddressRules>>,
}

impl Terms {
    fn key(&self) -> Key {
        (Arc::clone(&self.granted.scopes), self.rate_limit, self.addresses.clone())
    }
}

/// All of them, by number.
pub(super) struct TermsBook {
    held: RwLock<Held>,
    grants: RwLock<Arc<Grants>>,
}

#[derive(Default)]
struct Held {
    numbers: HashMap<Key, u32>,
    /// Each with how many slots have it.
    terms: Vec<Option<(Terms, AtomicU32)>>,
    free: Vec<u32>,
}

impl TermsBook {
    /// An empty one, of tokens that can do what their owners may grant by these.
    pub(super) fn new(grants: Arc<Grants>) -> Self {
        Self { held: RwLock::default(), grants: RwLock::new(grants) }
    }

    /// The terms of this number.
    pub(super) fn get(&self, number: u32) -> Option<Terms> {
        read(&self.held).terms.get(index(number))?.as_ref().map(|(terms, _)| terms.clone())
    }

    /// The number of a secret's terms, which one slot more has from now on.
    pub(super) fn take(&self, secret: &SecretRecord) -> u32 {
        let key = (Arc::clone(&secret.scopes), secret.rate_limit, secret.addresses.clone());
        {
            let held = read(&self.held);
            let number = held.numbers.get(&key).copied();
            let known = number.and_then(|number| held.terms.get(index(number))?.as_ref());
            if let (Some(number), Some((_, users))) = (number, known) {
                users.fetch_add(1, Ordering::Relaxed);
                return number;
            }
        }
        let granted = Granted::new(Arc::clone(&secret.scopes), Arc::clone(&read(&self.grants)));
        let terms = Terms { granted: Arc::new(granted), rate_limit: key.1, addresses: key.2.clone() };
        let mut held = write(&self.held);
        let Held { numbers, terms: all, free } = &mut *held;
        let number = free.pop().unwrap_or_else(|| {
            all.push(None);
            u32::try_from(all.len() - 1).unwrap_or(u32::MAX)
        });
        if let Some(place) = all.get_mut(index(number)) {
            *place = Some((terms, AtomicU32::new(1)));
            numbers.insert(key, number);
        }
        number
    }

    /// One slot less has these terms.
    pub(super) fn give_back(&self, number: u32) {
        let is_last = {
            let held = read(&self.held);
            let known = held.terms.get(index(number)).and_then(Option::as_ref);
            known.is_some_and(|(_, users)| users.fetch_sub(1, Ordering::Relaxed) == 1)
        };
        // Nobody takes them meanwhile: changes are made by one task at a time.
        if is_last {
            let mut held = write(&self.held);
            if let Some((terms, _)) = held.terms.get_mut(index(number)).and_then(Option::take) {
                held.numbers.remove(&terms.key());
                held.free.push(number);
            }
        }
    }

    /// Lets every token do from now on what its owner may grant by these.
    pub(super) fn set_grants(&self, grants: Arc<Grants>) {
        let mut held = write(&self.held);
        if *grants == **read(&self.grants) {
            return;
        }
        // Many terms differ in limits and addresses alone.
        let mut renewed = HashMap::<Arc<ScopeSet>, Arc<Granted>>::new();
        for (terms, _) in held.terms.iter_mut().flatten() {
            let scopes = &terms.granted.scopes;
            let granted = renewed
                .entry(Arc::clone(scopes))
                .or_insert_with(|| Arc::new(Granted::new(Arc::clone(scopes), Arc::clone(&grants))));
            terms.granted = Arc::clone(granted);
        }
        *write(&self.grants) = grants;
    }

    /// How many there are.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        read(&self.held).numbers.len()
    }
}
