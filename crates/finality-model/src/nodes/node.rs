//! A node: it announces itself, reads the newest revision, applies what it lacks, and trusts its memory for a time.

use latchkey_service::finality::{self, Reading};
use latchkey_service::ports::Revision;

use super::{Flaw, NOW, Nodes, State};

/// What a node says of itself in the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Said {
    pub(super) renewal: i64,
    pub(super) applied: Revision,
}

/// What a node says on its way to the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Saying {
    /// That it is there. On the disk when it is answered.
    Announcement(Said),
    /// That it has applied this. A crash may take it back.
    Confirmation(Revision),
}

/// What stands of a node in the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(super) struct Row {
    pub(super) now: Option<Said>,
    /// After a crash.
    on_disk: Option<Said>,
}

impl Row {
    fn hear(&mut self, saying: Saying, flaw: Flaw) {
        match saying {
            Saying::Announcement(said) => {
                let renewal = match (flaw, &self.now) {
                    (Flaw::RenewalsBeginAnew, before) => before.map_or(1, |before| before.renewal + 1),
                    _ => said.renewal,
                };
                if self.now.is_none_or(|before| before.renewal < renewal) {
                    self.now = Some(Said { renewal, ..said });
                    if flaw != Flaw::AnnouncedInMemoryOnly {
                        self.on_disk = self.now;
                    }
                }
            }
            Saying::Confirmation(applied) => {
                if let Some(said) = &mut self.now {
                    said.applied = said.applied.max(applied);
                }
            }
        }
    }

    pub(super) const fn forget(&mut self) {
        *self = Self { now: None, on_disk: None };
    }

    /// The database crashes, and comes back with what is on the disk.
    pub(super) const fn crash(&mut self) {
        self.now = self.on_disk;
    }
}

/// Where a node stands in its renewal. `began` is when that began, `applied` what it has announced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
enum Place {
    #[default]
    Between,
    /// The statement is on its way.
    Announcing { began: u64, said: Said },
    /// It has been done.
    Announced { began: u64, applied: Revision },
    /// The newest revision has been read before the announcement: only where that is the flaw.
    ReadEarly { began: u64, applied: Revision, latest: Revision },
    /// The lock is held, and changes up to this one have been read.
    Following { began: u64, applied: Revision, found: Revision },
    /// The lock has been let go of, and trust not been given yet: only where that is the flaw.
    Followed { began: u64, applied: Revision },
    /// It was told of changes; the lock is held, and they have been read up to this one.
    CatchingUp { found: Revision },
    /// Memory is newer than what was announced, which is being said.
    Confirming { applied: Revision },
}

/// A node.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(super) struct Node {
    /// The newest change in memory; none where there is no index.
    pub(super) memory: Option<Revision>,
    /// Whether a change could not be applied.
    pub(super) is_behind: bool,
    /// Until when memory counts.
    pub(super) until: u64,
    renewals: i64,
    place: Place,
    /// What was said on a connection that was given up: the server may do it yet.
    late: Option<Saying>,
}

/// A node's steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Move {
    /// It builds its index.
    Build,
    /// It loses its index.
    Lose,
    /// It begins to renew.
    Begin,
    /// The server does what the node has said.
    Heard,
    /// The server does what the node has said on a connection that it has given up.
    HeardLate,
    /// Whatever is under way fails.
    Fail,
    /// It takes the lock, and reads the newest revision and the changes that it lacks, if any.
    Follow,
    /// It applies them, trusts its memory, and lets go of the lock.
    Trust,
    /// It is told of changes, takes the lock, and reads them.
    BeTold,
    /// It applies them, and lets go of the lock.
    CatchUp,
}

impl Node {
    /// By what it judges, where that is its memory.
    pub(super) fn judges_by(&self) -> Option<Revision> {
        self.memory.filter(|_| finality::counts(NOW, self.until))
    }

    pub(super) const fn has_announced_itself(&self) -> bool {
        self.renewals > 0 && matches!(self.place, Place::Between)
    }

    /// Whether the lock is held under which changes are applied.
    pub(super) const fn is_locked(&self) -> bool {
        matches!(self.place, Place::Following { .. } | Place::CatchingUp { .. })
    }

    pub(super) fn age(&mut self, by: u64) {
        self.until = self.until.saturating_sub(by);
        if !finality::counts(NOW, self.until) {
            self.until = 0;
        }
        // What is further back than any trust goes is one and the same.
        let oldest = NOW - finality::micros(finality::LEASE);
        match &mut self.place {
            Place::Announcing { began, .. }
            | Place::Announced { began, .. }
            | Place::ReadEarly { began, .. }
            | Place::Following { began, .. }
            | Place::Followed { began, .. } => *began = (*began - by).max(oldest),
            Place::Between | Place::CatchingUp { .. } | Place::Confirming { .. } => {}
        }
    }

    pub(super) fn moves(&self, bounds: &Nodes, latest: Revision) -> impl Iterator<Item = Move> + use<> {
        let more = self.renewals < bounds.renewals;
        let here: &[Move] = match (self.memory, &self.place) {
            (None, _) => &[Move::Build],
            (Some(known), Place::Between) if more && known < latest => &[Move::Begin, Move::Lose, Move::BeTold],
            (_, Place::Between) if more => &[Move::Begin, Move::Lose],
            (Some(known), Place::Between) if known < latest => &[Move::BeTold],
            (_, Place::Between) => &[],
            (_, Place::Announcing { .. } | Place::Confirming { .. }) => &[Move::Heard, Move::Fail],
            (_, Place::Announced { .. } | Place::ReadEarly { .. }) => &[Move::Follow, Move::Fail],
            (_, Place::Following { .. } | Place::Followed { .. }) => &[Move::Trust, Move::Fail],
            (_, Place::CatchingUp { .. }) => &[Move::CatchUp, Move::Fail],
        };
        here.iter().copied().chain(self.late.map(|_| Move::HeardLate))
    }

    fn say(&mut self, applied: Revision) -> Said {
        self.renewals += 1;
        Said { renewal: self.renewals, applied }
    }

    fn lose(&mut self) {
        let (renewals, late) = (self.renewals, self.late);
        *self = Self { renewals, late, ..Self::default() };
    }
}

/// One of a node's steps; `None` where it cannot take it.
pub(super) fn take(bounds: &Nodes, state: &mut State, number: usize, taken: Move) -> Option<()> {
    let latest = state.latest;
    let node = state.nodes.get_mut(number)?;
    let row = state.rows.get_mut(number)?;
    match (taken, node.place) {
        (Move::Build, _) => node.memory = Some(latest),
        (Move::Lose, _) => node.lose(),
        (Move::Begin, _) => {
            let said = node.say(node.memory?);
            node.place = if bounds.flaw == Flaw::ReadBeforeAnnounced {
                // What is read now is what it will go by.
                node.late = Some(Saying::Announcement(said));
                Place::ReadEarly { began: NOW, applied: said.applied, latest }
            } else {
                Place::Announcing { began: NOW, said }
            };
        }
        (Move::Heard, Place::Announcing { began, said }) => {
            row.hear(Saying::Announcement(said), bounds.flaw);
            node.place = Place::Announced { began, applied: said.applied };
        }
        (Move::Heard, Place::Confirming { applied }) => {
            row.hear(Saying::Confirmation(applied), bounds.flaw);
            node.place = Place::Between;
        }
        (Move::HeardLate, _) => row.hear(node.late.take()?, bounds.flaw),
        (Move::Fail, place) => {
            match place {
                Place::Announcing { said, .. } => node.late = Some(Saying::Announcement(said)),
                Place::Confirming { applied } => node.late = Some(Saying::Confirmation(applied)),
                _ => {}
            }
            node.place = Place::Between;
        }
        (Move::BeTold, Place::Between) => node.place = Place::CatchingUp { found: latest },
        (Move::CatchUp, Place::CatchingUp { found }) => {
            node.memory = Some(found);
            node.is_behind = false;
            node.place = Place::Confirming { applied: found };
        }
        (Move::Follow, Place::Announced { .. } | Place::ReadEarly { .. }) => {
            let (began, applied, read) = match node.place {
                Place::Announced { began, applied } => (began, applied, latest),
                Place::ReadEarly { began, applied, latest } => (began, applied, latest),
                _ => return None,
            };
            match finality::reading(read, node.memory?, node.is_behind) {
                Reading::Current => node.place = Place::Following { began, applied, found: node.memory? },
                Reading::Behind => node.place = Place::Following { began, applied, found: latest },
                Reading::Ahead => node.lose(),
            }
        }
        (Move::Trust, Place::Following { began, applied, found }) => {
            node.memory = Some(found);
            node.is_behind = false;
            node.place = Place::Followed { began, applied };
            if bounds.flaw != Flaw::TrustOutsideTheLock {
                trust(bounds, node, began, applied)?;
            }
        }
        (Move::Trust, Place::Followed { began, applied }) => trust(bounds, node, began, applied)?,
        _ => return None,
    }
    Some(())
}

fn trust(bounds: &Nodes, node: &mut Node, began: u64, announced: Revision) -> Option<()> {
    let began = if bounds.flaw == Flaw::TrustFromTheEnd { NOW } else { began };
    let until = finality::counts_until(began, finality::LEASE);
    node.until = if finality::counts(NOW, until) { until } else { 0 };
    let applied = node.memory?;
    node.place = if applied > announced { Place::Confirming { applied } } else { Place::Between };
    Some(())
}
