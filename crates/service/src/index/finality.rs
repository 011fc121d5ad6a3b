//! The rules by which a change is final on every node, as pure decisions.
//!
//! `members.rs` and `mod.rs` do what these say, over a database and a clock; `crates/finality-model` checks that
//! nothing that can happen in between lets a node judge by what was true before a change after the change was
//! answered. The argument is in `docs/decisions/011-the-index-is-as-current-as-the-database.md`.
//!
//! Instants are microseconds of one machine's boot clock, and never leave that machine.

use std::time::Duration;

use crate::ports::{NodeBehind, Revision};

/// How long what is in memory counts after a look at the watch began (SQLite).
pub const TRUST: Duration = Duration::from_millis(100);

/// How long a command waits after its commit, beside a server on the same file: a little more than the server's
/// [`TRUST`], for the grain of the timers.
pub const COMMAND_WAIT: Duration = Duration::from_millis(110);

/// How long what is in memory counts after a node began to say that it is there (PostgreSQL).
pub const LEASE: Duration = Duration::from_secs(2);

/// After how long every node has read a committed change, or does not judge from memory: [`LEASE`], and a tenth of it
/// for clocks that do not run alike.
pub const CERTAIN: Duration = Duration::from_millis(2_200);

/// The instant up to which what is in memory counts, where a look that began at `began` found it current.
#[must_use]
pub const fn counts_until(began: u64, duration: Duration) -> u64 {
    began.saturating_add(micros(duration))
}

/// Whether what is in memory counts.
#[must_use]
pub const fn counts(now: u64, until: u64) -> bool {
    now < until
}

/// What a node does with what it has in memory, once it knows the newest revision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reading {
    /// It has everything.
    Current,
    /// It reads what it lacks first.
    Behind,
    /// It has what the database has not: that is another database, or one from a backup. Nothing in memory counts.
    Ahead,
}

/// Compares what was read with what is in memory. `is_behind` where there may be changes besides, which could not be
/// applied when they were met.
#[must_use]
pub fn reading(latest: Revision, applied: Revision, is_behind: bool) -> Reading {
    if latest < applied {
        Reading::Ahead
    } else if latest > applied || is_behind {
        Reading::Behind
    } else {
        Reading::Current
    }
}

/// Somebody's wait between the commit of a change and its answer.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Confirmation {
    /// When it was known that the change is committed.
    pub committed: u64,
    /// The nodes that were behind when it was last asked who is, each with the instant at which that was first
    /// heard of it as it stands: with this renewal.
    pub behind: Vec<(NodeBehind, u64)>,
}

impl Confirmation {
    /// A wait that begins now, after the commit.
    #[must_use]
    pub const fn since(committed: u64) -> Self {
        Self { committed, behind: Vec::new() }
    }

    /// Takes in who is behind, as it was asked after the commit and heard at `now`. Answers whether nobody is: then
    /// the change is final.
    #[must_use]
    pub fn hear(&mut self, behind: &[NodeBehind], now: u64) -> bool {
        let first_heard = |node: &NodeBehind| {
            let before = self.behind.iter().find(|(known, _)| known == node);
            before.map_or(now, |(_, heard)| *heard)
        };
        self.behind = behind.iter().map(|node| (*node, first_heard(node))).collect();
        self.behind.is_empty()
    }

    /// Whether time alone has made the change final.
    #[must_use]
    pub const fn is_certain(&self, now: u64) -> bool {
        now >= counts_until(self.committed, CERTAIN)
    }

    /// The nodes that have said nothing for so long that they do not judge from memory any more: nobody else need
    /// wait for them, as long as they stand there as they did.
    ///
    /// This is counted from when they were heard of, not from the commit: between the two a node may have said that
    /// it is there.
    #[must_use]
    pub fn silent(&self, now: u64) -> Vec<NodeBehind> {
        let silent = self.behind.iter().filter(|(_, heard)| now >= counts_until(*heard, CERTAIN));
        silent.map(|(node, _)| *node).collect()
    }

    /// When the last of those that are behind will have been silent for long enough; `None` where nobody is behind.
    #[must_use]
    pub fn all_silent_at(&self) -> Option<u64> {
        self.behind.iter().map(|(_, heard)| counts_until(*heard, CERTAIN)).max()
    }
}

/// A duration in microseconds.
#[must_use]
pub const fn micros(duration: Duration) -> u64 {
    duration.as_secs().saturating_mul(1_000_000).saturating_add(duration.subsec_micros() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::NodeId;

    const SECOND: u64 = 1_000_000;

    fn node(id: u8, renewal: i64) -> NodeBehind {
        NodeBehind { id: NodeId::from_bytes([id; 16]), renewal }
    }

    #[test]
    fn memory_counts_up_to_its_end_and_not_at_it() {
        let until = counts_until(7, LEASE);
        assert!(counts(2 * SECOND + 6, until));
        assert!(!counts(2 * SECOND + 7, until));
    }

    #[test]
    fn what_the_database_does_not_know_is_not_believed() {
        let revision = Revision::from_number;
        assert_eq!(reading(revision(5), revision(5), false), Reading::Current);
        assert_eq!(reading(revision(5), revision(5), true), Reading::Behind);
        assert_eq!(reading(revision(6), revision(5), false), Reading::Behind);
        assert_eq!(reading(revision(4), revision(5), false), Reading::Ahead);
    }

    #[test]
    fn silence_is_counted_from_when_a_node_was_heard_of_as_it_is() {
        let mut wait = Confirmation::since(0);
        assert!(!wait.hear(&[node(1, 1), node(2, 1)], SECOND));
        assert!(!wait.hear(&[node(1, 1), node(2, 2)], 2 * SECOND));
        assert!(wait.is_certain(2_200_000));
        assert_eq!(wait.silent(2_200_000), []);
        assert_eq!(wait.silent(3_200_000), [node(1, 1)]);
        assert_eq!(wait.all_silent_at(), Some(4_200_000));
        assert!(wait.hear(&[], 4 * SECOND));
        assert_eq!(wait.all_silent_at(), None);
    }
}
