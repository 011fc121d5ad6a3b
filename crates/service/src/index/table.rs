//! The live tokens, compactly: found by the first 8 bytes of their secrets' SHA-256, confirmed on the first 16.
//!
//! Half of the hash is enough: to come upon a secret whose half is that of any of ten million tokens takes some 2^104
//! calls. The database, where memory is not short, confirms all of it.
//!
//! Slots lie in chunks; the hash tables hold only their numbers. What many tokens share (owner, scopes, limit,
//! address rules) is held once. Whoever looks up takes a read lock on one of some 100 parts, for the time of copying a slot; whoever
//! changes takes a write lock for one insertion or removal. Changes are made by one task at a time.

use std::collections::HashMap;
use std::hash::BuildHasher as _;
use std::sync::{Arc, RwLock};

use hashbrown::HashTable;
use latchkey_domain::{AccountSid, RepId, Timestamp, TokenHash};

use super::known::{Known, Owner};
use super::locks::{read, write};
use super::places::{index, layout, number_of, packed, part_of};
use super::slots::Slots;
use super::terms::{Terms, TermsBook};
use crate::granted::Grants;
use crate::ports::SecretRecord;
use crate::sid_hash::BySid;

/// One secret. Times are whole seconds since 1970; one beyond 2106 counts as that.
struct Slot {
    hash: Half,
    sid: [u8; 16],
    created_at: u32,
    expires_at: u32,
    /// Zero for none of its own.
    not_after: u32,
    owner: u32,
    terms: u32,
}

impl Slot {
    /// When the secret has ended.
    fn end(&self) -> u32 {
        if self.not_after > 0 { self.expires_at.min(self.not_after) } else { self.expires_at }
    }
}

/// The first half of a secret's SHA-256.
type Half = [u8; 16];

struct Part {
    by_hash: HashTable<u32>,
    slots: Slots<Slot>,
}

/// Whose tokens they are, each held once.
#[derive(Default)]
struct Owners {
    numbers: HashMap<RepId, u32>,
    values: Vec<Arc<Owner>>,
}

/// The live tokens.
pub(super) struct Table {
    parts: Vec<RwLock<Part>>,
    by_sid: Vec<RwLock<HashTable<u32>>>,
    hasher: BySid,
    owners: RwLock<Owners>,
    terms: TermsBook,
}

impl Table {
    /// An empty one, with room for about so many tokens: tables that grow leave holes of their former sizes.
    pub(super) fn new(grants: Arc<Grants>, expected: u64) -> Self {
        let (parts, each) = layout(usize::try_from(expected).unwrap_or_default());
        let table = || HashTable::with_capacity(each);
        Self {
            parts: (0..parts).map(|_| RwLock::new(Part { by_hash: table(), slots: Slots::default() })).collect(),
            by_sid: (0..parts).map(|_| RwLock::new(table())).collect(),
            hasher: BySid::default(),
            owners: RwLock::default(),
            terms: TermsBook::new(grants),
        }
    }

    /// Lets every token do from now on what its owner may grant by these.
    pub(super) fn set_grants(&self, grants: Arc<Grants>) {
        self.terms.set_grants(grants);
    }

    /// The token that this secret belongs to, if it is live.
    pub(super) fn find(&self, hash: &TokenHash) -> Option<Known> {
        let hash = half(hash);
        let key = key_of(&hash);
        let part = read(self.parts.get(self.place(key))?);
        let is_it = |number: &u32| part.slots.get(*number).is_some_and(|slot| slot.hash == hash);
        let found = part.slots.get(*part.by_hash.find(key, is_it)?)?;
        self.known(found)
    }

    /// What is known under a token's name: one for each of its secrets.
    pub(super) fn secrets_of(&self, sid: AccountSid) -> Vec<Known> {
        let places = self.places_of(sid);
        let known = places.into_iter().filter_map(|at| {
            let part = read(self.parts.get(part_of(at))?);
            self.known(part.slots.get(number_of(at))?)
        });
        // A slot may have been moved since its place was read.
        known.filter(|known| known.sid == sid).collect()
    }

    /// Whether there is an owner of this id.
    pub(super) fn knows_owner(&self, id: RepId) -> bool {
        read(&self.owners).numbers.contains_key(&id)
    }

    /// Sets what is known of an owner.
    pub(super) fn set_owner(&self, owner: Owner) {
        let mut owners = write(&self.owners);
        if let Some(held) =
            owners.numbers.get(&owner.id).copied().and_then(|number| owners.values.get_mut(index(number)))
        {
            *held = Arc::new(owner);
            return;
        }
        let number = u32::try_from(owners.values.len()).unwrap_or(u32::MAX);
        owners.numbers.insert(owner.id, number);
        owners.values.push(Arc::new(owner));
    }

    /// Makes these the only secrets of a token. One that it keeps is found throughout.
    pub(super) fn replace(&self, sid: AccountSid, secrets: &[&SecretRecord]) {
        for secret in secrets {
            self.insert(secret);
        }
        self.remove_if(sid, |slot| !secrets.iter().any(|secret| half(&secret.hash) == slot.hash));
    }

    /// The tokens that have secrets in this part which had ended before; `None` where there is no such part.
    pub(super) fn ended_in(&self, part: usize, before: Timestamp) -> Option<Vec<AccountSid>> {
        let (part, before) = (read(self.parts.get(part)?), seconds(before));
        let ended = part.slots.iter().filter(|slot| slot.end() < before);
        Some(ended.map(|slot| AccountSid::from_bytes(slot.sid)).collect())
    }

    /// Removes those secrets of a token that had ended before.
    pub(super) fn remove_ended(&self, sid: AccountSid, before: Timestamp) {
        self.remove_if(sid, |slot| slot.end() < seconds(before));
    }

    /// Adds a secret of a live token, whose owner is known, or sets anew what is known of it.
    pub(super) fn insert(&self, secret: &SecretRecord) {
        let Some(owner) = read(&self.owners).numbers.get(&secret.owner).copied() else { return };
        let slot = Slot {
            hash: half(&secret.hash),
            sid: *secret.sid.as_bytes(),
            created_at: seconds(secret.created_at),
            expires_at: seconds(secret.expires_at),
            not_after: secret.not_after.map_or(0, |end| seconds(end).max(1)),
            owner,
            terms: self.terms.take(secret),
        };
        let key = key_of(&slot.hash);
        let (at, sid) = (self.place(key), slot.sid);
        let Some(part) = self.parts.get(at) else { return };
        let number = {
            let mut part = write(part);
            let Part { by_hash, slots } = &mut *part;
            let is_it = |number: &u32| slots.get(*number).is_some_and(|held| held.hash == slot.hash);
            let held = by_hash.find(key, is_it).copied();
            if let Some(held) = held.and_then(|number| slots.get_mut(number)) {
                let before = std::mem::replace(held, slot);
                drop(part);
                self.terms.give_back(before.terms);
                return;
            }
            let number = u32::try_from(slots.len()).unwrap_or(u32::MAX);
            slots.push(slot);
            by_hash.insert_unique(key, number, |number| key_at(slots, *number));
            number
        };
        self.name(sid, packed(at, number));
    }

    /// Removes those secrets of a token of which this is true.
    fn remove_if(&self, sid: AccountSid, is_gone: impl Fn(&Slot) -> bool) {
        // One at a time: each removal moves the last slot of its part into the gap.
        while let Some(at) = self.places_of(sid).into_iter().find(|at| self.is_at(*at, &is_gone)) {
            self.unname(*sid.as_bytes(), at);
            let Some(part) = self.parts.get(part_of(at)) else { return };
            let (moved, terms) = {
                let mut part = write(part);
                let Part { by_hash, slots } = &mut *part;
                let (gone, last) = (number_of(at), u32::try_from(slots.len().saturating_sub(1)).unwrap_or(u32::MAX));
                if let Ok(entry) = by_hash.find_entry(key_at(slots, gone), |number| *number == gone) {
                    entry.remove();
                }
                if index(gone) >= slots.len() {
                    return;
                }
                let terms = slots.get(gone).map(|slot| slot.terms);
                let moved_key = key_at(slots, last);
                slots.swap_remove(gone);
                let moved = if gone == last {
                    None
                } else {
                    if let Some(number) = by_hash.find_mut(moved_key, |number| *number == last) {
                        *number = gone;
                    }
                    slots.get(gone).map(|slot| (slot.sid, last, gone))
                };
                (moved, terms)
            };
            if let Some(terms) = terms {
                self.terms.give_back(terms);
            }
            if let Some((sid, from, to)) = moved {
                self.rename(sid, packed(part_of(at), from), at);
                debug_assert_eq!(to, number_of(at), "the last slot fills the gap");
            }
        }
    }

    /// How many secrets there are.
    pub(super) fn len(&self) -> usize {
        self.parts.iter().map(|part| read(part).slots.len()).sum()
    }

    /// How much memory the slots and their tables take, in bytes; what tokens share is not counted.
    pub(super) fn bytes(&self) -> usize {
        let slots: usize = self
            .parts
            .iter()
            .map(|part| {
                let part = read(part);
                part.slots.bytes() + part.by_hash.allocation_size()
            })
            .sum();
        slots + self.by_sid.iter().map(|names| read(names).allocation_size()).sum::<usize>()
    }

    fn known(&self, slot: &Slot) -> Option<Known> {
        let owner = Arc::clone(read(&self.owners).values.get(index(slot.owner))?);
        let Terms { granted, rate_limit, addresses } = self.terms.get(slot.terms)?;
        let time = |seconds: u32| Timestamp::from_unix_seconds(seconds.into());
        Some(Known {
            sid: AccountSid::from_bytes(slot.sid),
            owner,
            granted,
            rate_limit,
            created_at: time(slot.created_at),
            expires_at: time(slot.expires_at),
            secret_not_after: (slot.not_after > 0).then(|| time(slot.not_after)),
            revoked_at: None,
            addresses,
        })
    }

    fn sid_at(&self, at: u32) -> [u8; 16] {
        let part = self.parts.get(part_of(at)).map(read);
        part.and_then(|part| part.slots.get(number_of(at)).map(|slot| slot.sid)).unwrap_or_default()
    }

    fn is_at(&self, at: u32, question: impl Fn(&Slot) -> bool) -> bool {
        let part = self.parts.get(part_of(at)).map(read);
        part.is_some_and(|part| part.slots.get(number_of(at)).is_some_and(question))
    }

    /// The part of what has this key. From the middle of it: hash tables go by its ends.
    fn place(&self, key: u64) -> usize {
        usize::try_from(key >> 40).map_or(0, |middle| middle % self.parts.len().max(1))
    }

    fn places_of(&self, sid: AccountSid) -> Vec<u32> {
        let key = self.hasher.hash_one(sid.as_bytes());
        let Some(names) = self.by_sid.get(self.place(key)) else { return Vec::new() };
        let names = read(names);
        names.iter_hash(key).copied().filter(|at| self.sid_at(*at) == *sid.as_bytes()).collect()
    }

    fn name(&self, sid: [u8; 16], at: u32) {
        let key = self.hasher.hash_one(sid);
        if let Some(names) = self.by_sid.get(self.place(key)) {
            write(names).insert_unique(key, at, |at| self.hasher.hash_one(self.sid_at(*at)));
        }
    }

    fn unname(&self, sid: [u8; 16], at: u32) {
        let key = self.hasher.hash_one(sid);
        let names = self.by_sid.get(self.place(key)).map(write);
        if let Some(mut names) = names
            && let Ok(entry) = names.find_entry(key, |held| *held == at)
        {
            entry.remove();
        }
    }

    fn rename(&self, sid: [u8; 16], from: u32, to: u32) {
        let key = self.hasher.hash_one(sid);
        let names = self.by_sid.get(self.place(key)).map(write);
        if let Some(mut names) = names
            && let Some(held) = names.find_mut(key, |held| *held == from)
        {
            *held = to;
        }
    }
}

fn half(hash: &TokenHash) -> Half {
    hash.as_bytes().first_chunk().copied().unwrap_or_default()
}

fn key_of(hash: &Half) -> u64 {
    hash.first_chunk::<8>().map_or(0, |first| u64::from_be_bytes(*first))
}

fn key_at(slots: &Slots<Slot>, number: u32) -> u64 {
    slots.get(number).map_or(0, |slot| key_of(&slot.hash))
}

fn seconds(time: Timestamp) -> u32 {
    u32::try_from(time.unix_seconds().max(0)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use latchkey_domain::{AddressRules, Role, ScopeSet, TokenRateLimit};
    use proptest::prelude::*;

    use super::*;
    use crate::granted::GrantsBook;

    fn secret(token: u32, place: u8) -> SecretRecord {
        let mut sid = [7; 16];
        sid[..4].copy_from_slice(&token.to_be_bytes());
        SecretRecord {
            hash: crate::secrets::hash_of_bytes(&[&sid, &[place]]),
            not_after: (place > 0).then(|| Timestamp::from_unix_seconds(5)),
            sid: AccountSid::from_bytes(sid),
            owner: RepId::from_bytes([1; 16]),
            scopes: Arc::new("a-read b-read".parse().unwrap()),
            created_at: Timestamp::from_unix_seconds(token.into()),
            expires_at: Timestamp::from_unix_seconds(1_800_000_000),
            revoked_at: None,
            rate_limit: TokenRateLimit::Default,
            addresses: None,
        }
    }

    fn book() -> GrantsBook {
        GrantsBook::new(Arc::new(crate::read_catalog(crate::DEFAULT_CATALOG).unwrap()))
    }

    fn table() -> Table {
        let table = Table::new(book().where_reserved(&ScopeSet::default()), 0);
        let (id, email) = (RepId::from_bytes([1; 16]), "ann@example.com".to_owned());
        table.set_owner(Owner { id, email, role: Role::Rep, is_enabled: true });
        table
    }

    proptest! {
        /// Whatever is added and removed in whatever order, exactly what is in it is found, by hash and by name.
        #[test]
        fn what_is_in_it_is_found(steps in proptest::collection::vec((0_u32..40, 0_u8..3), 1..300)) {
            let (table, mut held) = (table(), std::collections::BTreeMap::new());
            for (token, secrets) in steps {
                let records: Vec<SecretRecord> = (0..secrets).map(|place| secret(token, place)).collect();
                table.replace(secret(token, 0).sid, &records.iter().collect::<Vec<_>>());
                held.insert(token, secrets);
            }
            for token in 0..40 {
                let count = held.get(&token).copied().unwrap_or_default();
                for place in 0..2 {
                    let found = table.find(&secret(token, place).hash);
                    prop_assert_eq!(found.map(|found| found.sid), (place < count).then(|| secret(token, 0).sid));
                }
                prop_assert_eq!(table.secrets_of(secret(token, 0).sid).len(), usize::from(count));
            }
            prop_assert_eq!(table.len(), held.values().map(|count| usize::from(*count)).sum::<usize>());
        }
    }

    #[test]
    fn what_reps_may_grant_is_exchanged_under_what_is_held() {
        let table = table();
        let with = |token: u32, addresses: &str| SecretRecord {
            scopes: Arc::new("employee-read task-read".parse().unwrap()),
            addresses: AddressRules::parse(addresses).unwrap().map(Arc::new),
            ..secret(token, 0)
        };
        for held in [with(1, ""), with(2, "192.0.2.7"), with(3, "192.0.2.7")] {
            table.insert(&held);
        }
        let effective = |token: u32| table.find(&secret(token, 0).hash).unwrap().effective_scopes().text.to_string();
        let shared = |token: u32| table.find(&secret(token, 0).hash).unwrap().addresses;
        assert!(Arc::ptr_eq(&shared(2).unwrap(), &shared(3).unwrap()), "held once");
        for (reserved, left) in [("employee-read", "task-read"), ("", "employee-read task-read")] {
            table.set_grants(book().where_reserved(&reserved.parse().unwrap()));
            table.insert(&with(4, "192.0.2.8"));
            assert!((1..=4).all(|token| effective(token) == left), "{reserved:?}");
        }
        let owner = Owner { role: Role::Admin, ..Owner::clone(&table.find(&secret(1, 0).hash).unwrap().owner) };
        table.set_owner(owner);
        table.set_grants(book().where_reserved(&"employee-read".parse().unwrap()));
        assert_eq!(effective(1), "employee-read task-read");
    }

    #[test]
    fn what_no_token_has_any_more_is_given_back() {
        let table = table();
        let with = |token: u32, addresses: &str| SecretRecord {
            addresses: AddressRules::parse(addresses).unwrap().map(Arc::new),
            ..secret(token, 0)
        };
        for round in 0..3 {
            for token in 0..50 {
                table.replace(secret(token, 0).sid, &[&with(token, &format!("192.0.2.{token}")), &secret(token, 1)]);
            }
            assert_eq!(table.terms.len(), 51, "round {round}");
            for token in 0..49 {
                // Changed in its place, and taken away.
                table.replace(secret(token, 0).sid, &[&with(token, "192.0.2.49")]);
            }
            assert_eq!(table.terms.len(), 2, "round {round}");
            let addresses = table.find(&secret(7, 0).hash).unwrap().addresses;
            assert_eq!(addresses, AddressRules::parse("192.0.2.49").unwrap().map(Arc::new));
            (0..50).for_each(|token| table.replace(secret(token, 0).sid, &[]));
            assert_eq!((table.terms.len(), table.len()), (0, 0), "round {round}");
        }
    }

    #[test]
    fn secrets_that_ended_before_are_removed_and_no_others() {
        let (table, at) = (table(), Timestamp::from_unix_seconds);
        let ending = |token: u32, place: u8, expires: i64, not_after: Option<i64>| SecretRecord {
            expires_at: at(expires),
            not_after: not_after.map(at),
            ..secret(token, place)
        };
        let held = [
            ending(1, 0, 99, None),
            ending(2, 0, 100, None),
            ending(3, 0, 200, None),
            // The secret before a rotation.
            ending(3, 1, 200, Some(99)),
            ending(4, 0, 200, Some(100)),
            ending(5, 0, 99, Some(200)),
        ];
        for secret in &held {
            table.insert(secret);
        }
        let ended: Vec<AccountSid> = (0..).map_while(|part| table.ended_in(part, at(100))).flatten().collect();
        assert_eq!(ended.len(), 3);
        for sid in ended {
            table.remove_ended(sid, at(100));
        }
        let found = held.map(|secret| table.find(&secret.hash).is_some());
        assert_eq!(found, [false, true, true, false, true, false]);
        assert_eq!(table.len(), 3);
    }

    #[test]
    fn a_token_takes_little() {
        let table = table();
        for token in 0..100_000 {
            table.insert(&secret(token, 0));
        }
        let each = table.bytes() / table.len();
        assert!(each <= 85, "{each}");
    }
}
