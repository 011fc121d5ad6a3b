//! Somebody who makes changes: commits; applies it in their own node, and meanwhile asks who is behind and waits; answers
//! when both are done.

use latchkey_service::finality::{self, Confirmation};
use latchkey_service::ports::{NodeBehind, Revision};

use super::{Flaw, NOW, Nodes, State};

/// Where a change stands.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Place {
    /// Nothing is under way. `asked` holds who was behind before the commit: only where asking then is the flaw.
    Idle { asked: Option<Vec<NodeBehind>> },
    /// `asked` is the server's answer, on its way.
    Waiting { revision: Revision, wait: Confirmation, asked: Option<Vec<NodeBehind>> },
    /// Others have it because time has passed.
    Certain { wait: Confirmation },
    /// Those who were silent are to be forgotten: the statement is on its way.
    Forgetting { silent: Vec<NodeBehind> },
}

/// Somebody who makes changes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Change {
    place: Place,
    /// The change that has yet to be applied in the node in which it was made.
    to_be_applied: Option<Revision>,
    /// What is answered once that is done: others have it.
    others_have: Option<Revision>,
}

impl Default for Change {
    fn default() -> Self {
        Self { place: Place::Idle { asked: None }, to_be_applied: None, others_have: None }
    }
}

/// Their steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Move {
    /// They ask who is behind before they have changed anything.
    AskEarly,
    /// The change is committed.
    Commit,
    /// It is applied in memory, in the node in which it was made, with what is read before it where it is not the next.
    Apply,
    /// It cannot be: nothing counts there any more.
    FailToApply,
    /// The server answers who is behind.
    Ask,
    /// That is heard.
    Hear,
    /// Enough time has passed.
    BeCertain,
    /// Those who were silent are to be forgotten.
    Forget,
    /// The server forgets them.
    Forgotten,
    /// Nobody is forgotten.
    Leave,
}

impl Change {
    pub(super) const fn was_answered_by_time(&self) -> bool {
        matches!(self.place, Place::Certain { .. })
    }

    pub(super) fn age(&mut self, by: u64) {
        let (Place::Waiting { wait, .. } | Place::Certain { wait }) = &mut self.place else { return };
        // What is further back than any wait goes is one and the same.
        let oldest = NOW - finality::micros(finality::CERTAIN);
        wait.committed = (wait.committed - by).max(oldest);
        for (_, heard) in &mut wait.behind {
            *heard = (*heard - by).max(oldest);
        }
    }

    pub(super) fn moves(&self, bounds: &Nodes, state: &State, number: u8) -> impl Iterator<Item = Move> + use<> {
        let is_early = bounds.flaw == Flaw::AskedBeforeTheCommit;
        let moves: &[Move] = match &self.place {
            Place::Idle { .. } if self.to_be_applied.is_some() || state.latest.number() >= bounds.changes => &[],
            Place::Idle { asked: None } if is_early => &[Move::AskEarly],
            Place::Idle { .. } => &[Move::Commit],
            Place::Waiting { asked: Some(_), .. } => &[Move::Hear],
            Place::Waiting { wait, .. } if wait.is_certain(NOW) => &[Move::Ask, Move::BeCertain],
            Place::Waiting { .. } => &[Move::Ask],
            Place::Certain { .. } => &[Move::Forget, Move::Leave],
            Place::Forgetting { .. } => &[Move::Forgotten],
        };
        let node = bounds.makers.get(usize::from(number)).copied().flatten();
        let is_locked = node.and_then(|node| state.nodes.get(usize::from(node))).is_some_and(super::Node::is_locked);
        let here: &[Move] =
            if self.to_be_applied.is_some() && !is_locked { &[Move::Apply, Move::FailToApply] } else { &[] };
        moves.iter().chain(here).copied()
    }

    /// What is answered now, if anything is.
    fn answer(&mut self, flaw: Flaw) -> Option<Revision> {
        let is_done = self.to_be_applied.is_none() || flaw == Flaw::AnsweredBeforeApplied;
        self.others_have.take_if(|_| is_done)
    }
}

/// One of their steps; `None` where they cannot take it.
pub(super) fn take(bounds: &Nodes, state: &mut State, number: usize, taken: Move) -> Option<()> {
    let maker = *bounds.makers.get(number)?;
    let mut change = state.changes.get(number)?.clone();
    if matches!(taken, Move::Apply | Move::FailToApply) {
        let node = state.nodes.get_mut(usize::from(maker?))?;
        match (node.memory, taken) {
            (None, _) => {}
            (Some(known), Move::Apply) => {
                let own = change.to_be_applied?;
                let is_next = !node.is_behind && own == known.next();
                // What was committed here need not be read where it comes next; everything else is.
                let applied = if is_next {
                    own
                } else if node.is_behind || own > known {
                    state.latest
                } else {
                    known
                };
                (node.memory, node.is_behind) = (Some(applied), false);
            }
            (Some(_), _) => (node.until, node.is_behind) = (0, true),
        }
        change.to_be_applied = None;
    } else {
        change.place = step(bounds.flaw, state, maker, taken, &mut change)?;
    }
    if let Some(answered) = change.answer(bounds.flaw) {
        state.answered = state.answered.max(answered);
    }
    *state.changes.get_mut(number)? = change;
    Some(())
}

/// Where a step leads that has to do with others.
fn step(flaw: Flaw, state: &mut State, maker: Option<u8>, taken: Move, change: &mut Change) -> Option<Place> {
    let next = Revision::from_number(state.latest.number() + 1);
    let idle = Place::Idle { asked: None };
    Some(match (taken, change.place.clone()) {
        (Move::AskEarly, Place::Idle { .. }) => Place::Idle { asked: Some(state.behind(next, maker)) },
        (Move::Commit, Place::Idle { asked }) => {
            state.latest = next;
            change.to_be_applied = maker.map(|_| next);
            Place::Waiting { revision: next, wait: Confirmation::since(NOW), asked }
        }
        (Move::Ask, Place::Waiting { revision, wait, .. }) => {
            let asked = Some(state.behind(revision, maker));
            Place::Waiting { revision, wait, asked }
        }
        (Move::Hear, Place::Waiting { revision, mut wait, asked }) => {
            if wait.hear(&asked?, NOW) {
                change.others_have = Some(revision);
                idle
            } else {
                Place::Waiting { revision, wait, asked: None }
            }
        }
        (Move::BeCertain, Place::Waiting { revision, wait, .. }) => {
            change.others_have = Some(revision);
            Place::Certain { wait }
        }
        (Move::Forget, Place::Certain { wait }) => {
            let silent = match flaw {
                Flaw::ForgottenFromTheCommit => wait.behind.iter().map(|(node, _)| *node).collect(),
                _ => wait.silent(NOW),
            };
            if silent.is_empty() {
                return None;
            }
            Place::Forgetting { silent }
        }
        (Move::Forgotten, Place::Forgetting { silent }) => {
            state.forget(&silent);
            idle
        }
        (Move::Leave, Place::Certain { .. }) => idle,
        _ => return None,
    })
}
