//! The chain of the audit log, and walking along it.
//!
//! A link has a number, one higher than the link before it; names an entry; and holds an HMAC over the HMAC of the
//! link before it, its own number and the entry. Whoever changes, removes, moves or puts in anything would have to
//! make that HMAC anew, and all after it, which takes the key.

use std::fmt;

use latchkey_domain::Timestamp;

use super::{AuditKey, AuditMac, StoredEntry};

/// The end of a chain, or of a part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuditHead {
    /// The number of its last link; 0 before the first.
    pub seq: i64,
    /// That link's HMAC.
    pub mac: AuditMac,
}

impl AuditHead {
    /// Before the first link.
    pub const NONE: Self = Self { seq: 0, mac: AuditMac::ZERO };
}

/// Where the chain in the database starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChainStart {
    /// [`AuditKey::check`] of the key that the chain is made with.
    pub key_check: AuditMac,
    /// The last link that was sealed and taken out.
    pub sealed: AuditHead,
    /// [`AuditKey::seal`] of it.
    pub seal: AuditMac,
}

impl ChainStart {
    /// The start of a chain of which nothing was taken out.
    #[must_use]
    pub fn of(key: &AuditKey) -> Self {
        Self::after(key, AuditHead::NONE)
    }

    /// The start of a chain of which everything up to `sealed` was taken out.
    #[must_use]
    pub fn after(key: &AuditKey, sealed: AuditHead) -> Self {
        Self { key_check: key.check(), sealed, seal: key.seal(sealed.seq, &sealed.mac) }
    }
}

/// A link, as the database holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredLink {
    /// Its number.
    pub seq: i64,
    /// The id of its entry.
    pub entry_id: i64,
    /// Its HMAC.
    pub mac: AuditMac,
    /// Its entry, where that is still there.
    pub entry: Option<StoredEntry>,
}

/// What is wrong with the log: the first thing, in the order of the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Flaw {
    /// The place from which the chain starts was changed, or removed.
    Start,
    /// The link with this number is not there, while a later one is.
    Missing {
        /// The number.
        seq: i64,
    },
    /// The link's entry is not there.
    EntryRemoved {
        /// The link's number.
        seq: i64,
        /// The entry's id.
        entry_id: i64,
    },
    /// The entry, the link, or their order is not what was sequenced.
    Changed {
        /// The link's number.
        seq: i64,
        /// When the entry says that it happened, and what.
        says: Option<(Timestamp, String)>,
    },
    /// An entry that is in no link and not waiting for one: its link was removed, or the entry was put in.
    Outside {
        /// The entry's id.
        entry_id: i64,
        /// The last link of the chain.
        last_seq: i64,
    },
    /// An entry that was waiting for its link is not there any more.
    RemovedWhileWaiting {
        /// The entry's id.
        entry_id: i64,
    },
    /// The head that was asked for is in no link: the log was cut off before it, or replaced by an older one; or it is
    /// of an entry that was sealed and taken out.
    HeadNotFound {
        /// The first link there is.
        first_seq: i64,
        /// The last link there is.
        last_seq: i64,
    },
}

impl fmt::Display for Flaw {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start => formatter.write_str("the place from which the chain starts was changed or removed"),
            Self::Missing { seq } => write!(formatter, "entry {seq} is missing"),
            Self::EntryRemoved { seq, entry_id } => write!(formatter, "entry {seq} (row {entry_id}) is missing"),
            Self::Changed { seq, says: Some((at, action)) } => {
                write!(formatter, "entry {seq} was changed; it now says {action} at {}", at.to_rfc3339())
            }
            Self::Changed { seq, says: None } => write!(formatter, "entry {seq} was changed"),
            Self::Outside { entry_id, last_seq } => write!(
                formatter,
                "row {entry_id} stands outside the chain, which ends at entry {last_seq}: its link was cut off, or \
                 the row was put in"
            ),
            Self::RemovedWhileWaiting { entry_id } => {
                write!(formatter, "row {entry_id} is missing; it was removed before it was sequenced")
            }
            Self::HeadNotFound { first_seq: ..=1, last_seq } => write!(
                formatter,
                "the log was cut off: it ends at entry {last_seq}, and the head that was asked for is not in it"
            ),
            Self::HeadNotFound { first_seq, last_seq } => write!(
                formatter,
                "the head that was asked for is not among the entries {first_seq} to {last_seq}; look for it in the \
                 segments of those before (--segment FILE): the log was cut off if it is in none of them"
            ),
        }
    }
}

/// A walk along a chain.
pub(crate) struct Walk<'key> {
    key: &'key AuditKey,
    start: AuditHead,
    at: AuditHead,
    sought: Option<AuditMac>,
    found: Option<i64>,
}

impl<'key> Walk<'key> {
    /// Begins behind `start`. `sought` is looked for among the HMACs that are passed.
    pub(crate) fn begin(key: &'key AuditKey, start: AuditHead, sought: Option<AuditMac>) -> Self {
        let found = sought.filter(|sought| *sought == start.mac).map(|_| start.seq);
        Self { key, start, at: start, sought, found }
    }

    /// Goes on to the next link there is.
    pub(crate) fn step(&mut self, link: &StoredLink) -> Result<(), Flaw> {
        let seq = self.at.seq + 1;
        if link.seq != seq {
            return Err(Flaw::Missing { seq });
        }
        let Some(entry) = &link.entry else {
            return Err(Flaw::EntryRemoved { seq, entry_id: link.entry_id });
        };
        if self.key.link(&self.at.mac, seq, entry) != link.mac {
            let says = (Timestamp::from_unix_seconds(entry.at), entry.action.clone());
            return Err(Flaw::Changed { seq, says: Some(says) });
        }
        self.at = AuditHead { seq, mac: link.mac };
        if self.sought == Some(link.mac) {
            self.found = Some(seq);
        }
        Ok(())
    }

    /// Where the walk is.
    pub(crate) const fn at(&self) -> AuditHead {
        self.at
    }

    /// The number of the link with the HMAC that was sought.
    ///
    /// # Errors
    /// [`Flaw::HeadNotFound`] where one was sought and not found.
    pub(crate) const fn found(&self) -> Result<Option<i64>, Flaw> {
        match (self.sought, self.found) {
            (Some(_), None) => {
                Err(Flaw::HeadNotFound { first_seq: self.start.seq.saturating_add(1), last_seq: self.at.seq })
            }
            (_, found) => Ok(found),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::sample::Index;

    use super::super::key::tests::key;
    use super::*;

    fn entry(id: i64) -> StoredEntry {
        StoredEntry {
            id,
            at: 1_800_000_000 + id,
            actor_kind: "rep".to_owned(),
            actor_id: Some(vec![1; 16]),
            action: "token_created".to_owned(),
            subject_kind: "token".to_owned(),
            subject_id: Some(vec![2; 16]),
            address: "192.0.2.1".to_owned(),
            request_id: format!("r{id}"),
            detail: "3 scopes".to_owned(),
        }
    }

    fn chain(length: i64) -> Vec<StoredLink> {
        let mut mac = AuditMac::ZERO;
        let links = (1..=length).map(|seq| {
            let entry = entry(seq + 10);
            mac = key().link(&mac, seq, &entry);
            StoredLink { seq, entry_id: entry.id, mac, entry: Some(entry) }
        });
        links.collect()
    }

    fn walk(links: &[StoredLink], head: Option<AuditMac>) -> Result<AuditHead, Flaw> {
        let key = key();
        let mut walk = Walk::begin(&key, AuditHead::NONE, head);
        // The database gives links by number, whatever was done to them.
        let mut links: Vec<_> = links.iter().collect();
        links.sort_by_key(|link| link.seq);
        links.into_iter().try_for_each(|link| walk.step(link))?;
        walk.found()?;
        Ok(walk.at())
    }

    fn seq_of(flaw: &Flaw) -> i64 {
        match flaw {
            Flaw::Missing { seq } | Flaw::EntryRemoved { seq, .. } | Flaw::Changed { seq, .. } => *seq,
            other => panic!("{other}"),
        }
    }

    /// Turns over one bit of what a link or its entry holds.
    fn turn_bit(link: &mut StoredLink, field: usize, bit: usize) {
        let entry = link.entry.as_mut().unwrap();
        let turn = |bytes: &mut [u8]| {
            let at = bit % (bytes.len() * 8);
            bytes[at / 8] ^= 1 << (at % 8);
        };
        // A text of ASCII letters stays one where its lowest four bits change.
        let turn_text = |text: &mut String| {
            let mut bytes = std::mem::take(text).into_bytes();
            let at = bit % (bytes.len() * 4);
            bytes[at / 4] ^= 1 << (at % 4);
            *text = String::from_utf8(bytes).unwrap();
        };
        match field {
            0 => link.seq ^= 1 << (bit % 63),
            1 => {
                let mut bytes = *link.mac.as_bytes();
                turn(&mut bytes);
                link.mac = AuditMac::from_bytes(bytes);
            }
            2 => entry.id ^= 1 << (bit % 64),
            3 => entry.at ^= 1 << (bit % 64),
            4 => turn(entry.actor_id.as_mut().unwrap()),
            5 => turn(entry.subject_id.as_mut().unwrap()),
            6 => turn_text(&mut entry.actor_kind),
            7 => turn_text(&mut entry.action),
            8 => turn_text(&mut entry.subject_kind),
            9 => turn_text(&mut entry.address),
            10 => turn_text(&mut entry.request_id),
            _ => turn_text(&mut entry.detail),
        }
    }

    proptest! {
        #[test]
        fn a_single_bit_is_found_and_named(
            length in 1..12_i64, at in any::<Index>(), field in 0..12_usize, bit in 0..4096_usize,
        ) {
            let mut links = chain(length);
            let at = at.index(links.len());
            let seq = links[at].seq;
            turn_bit(&mut links[at], field, bit);
            // The head that somebody wrote down shows what the chain alone cannot: that its end was moved away.
            let flaw = walk(&links, chain(length).last().map(|link| link.mac)).unwrap_err();
            // A link that was moved by its number leaves a gap, or stands in another's way; either is at or before it.
            if field == 0 {
                prop_assert!(matches!(flaw, Flaw::HeadNotFound { .. }) || seq_of(&flaw) <= seq, "{flaw}");
            } else {
                prop_assert_eq!(seq_of(&flaw), seq);
            }
        }

        #[test]
        fn a_removal_is_found_and_named(length in 1..12_i64, from in any::<Index>(), count in 1..4_usize) {
            let mut links = chain(length);
            let head = links.last().map(|link| link.mac);
            let from = from.index(links.len());
            let to = (from + count).min(links.len());
            let removed: Vec<_> = links.drain(from..to).collect();
            let flaw = walk(&links, head).unwrap_err();
            if from == links.len() {
                prop_assert_eq!(flaw, Flaw::HeadNotFound { first_seq: 1, last_seq: removed[0].seq - 1 });
            } else {
                prop_assert_eq!(flaw, Flaw::Missing { seq: removed[0].seq });
            }
        }

        #[test]
        fn a_removal_that_closes_the_gap_is_found_and_named(length in 2..12_i64, from in any::<Index>()) {
            let mut links = chain(length);
            let from = from.index(links.len() - 1);
            links.remove(from);
            for link in links.iter_mut().skip(from) {
                link.seq -= 1;
            }
            prop_assert_eq!(seq_of(&walk(&links, None).unwrap_err()), i64::try_from(from).unwrap() + 1);
        }

        #[test]
        fn a_new_order_is_found_and_named(
            length in 2..12_i64, one in any::<Index>(), other in any::<Index>(), whole in any::<bool>(),
        ) {
            let mut links = chain(length);
            let (one, other) = (one.index(links.len()), other.index(links.len()));
            prop_assume!(one != other);
            let (first, second) = (one.min(other), one.max(other));
            if whole {
                // The links change places, numbers aside.
                links.swap(first, second);
                (links[first].seq, links[second].seq) = (links[second].seq, links[first].seq);
            } else {
                let entry = links[first].entry.clone();
                links[first].entry = std::mem::replace(&mut links[second].entry, entry);
            }
            prop_assert_eq!(seq_of(&walk(&links, None).unwrap_err()), i64::try_from(first).unwrap() + 1);
        }

        #[test]
        fn an_insertion_is_found_and_named(length in 1..12_i64, at in any::<Index>(), copied in any::<Index>()) {
            let mut links = chain(length);
            let copy = links[copied.index(links.len())].clone();
            let at = at.index(links.len() + 1);
            for link in links.iter_mut().skip(at) {
                link.seq += 1;
            }
            let seq = i64::try_from(at).unwrap() + 1;
            links.insert(at, StoredLink { seq, entry: Some(entry(99)), ..copy });
            prop_assert_eq!(seq_of(&walk(&links, None).unwrap_err()), seq);
        }
    }

    #[test]
    fn a_whole_chain_is_whole_and_has_all_its_heads() {
        let links = chain(5);
        let head = AuditHead { seq: 5, mac: links[4].mac };
        assert_eq!(walk(&links, None), Ok(head));
        for link in &links {
            assert_eq!(walk(&links, Some(link.mac)), Ok(head));
        }
        assert_eq!(walk(&links[..3], Some(head.mac)), Err(Flaw::HeadNotFound { first_seq: 1, last_seq: 3 }));
        assert_eq!(walk(&[], None), Ok(AuditHead::NONE));
    }

    #[test]
    fn another_key_opens_no_chain() {
        let other = AuditKey::parse(&"0c".repeat(32)).unwrap();
        let mut walk = Walk::begin(&other, AuditHead::NONE, None);
        assert!(walk.step(&chain(1)[0]).is_err());
    }
}
