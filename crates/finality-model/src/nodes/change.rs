//! Somebody who makes changes: commits, applies it in their own node, asks who is behind, waits, answers.

use latchkey_service::finality::{self, Confirmation};
use latchkey_service::ports::{NodeBehind, Revision};

use super::{Flaw, NOW, Nodes, State};

/// Where a change stands.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Place {
    /// Nothing is under way. `asked` holds who was behind before the commit: only where asking then is the flaw.
    Idle { asked: Option<Vec<NodeBehind>> },
    /// It is committed, and to be applied in the node in which it was made.
    Committed { revision: Revision },
    /// `asked` is the server's answer, on its way.
    Waiting { revision: Revision, wait: Confirmation, asked: Option<Vec<NodeBehind>> },
    /// It was answered because time has passed.
    Answered { wait: Confirmation },
    /// Those who were silent are to be forgotten: the statement is on its way.
    Forgetting { silent: Vec<NodeBehind> },
}

/// Somebody who makes changes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Change(Place);

impl Default for Change {
    fn default() -> Self {
        Self(Place::Idle { asked: None })
    }
}

/// Their steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Move {
    /// They ask who is behind before they have changed anything.
    AskEarly,
    /// The change is committed.
    Commit,
    /// It is applied in memory, in the node in which it was made.
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
        matches!(self.0, Place::Answered { .. })
    }

    pub(super) fn age(&mut self, by: u64) {
        let (Place::Waiting { wait, .. } | Place::Answered { wait }) = &mut self.0 else { return };
        // What is further back than any wait goes is one and the same.
        let oldest = NOW - finality::micros(finality::CERTAIN);
        wait.committed = (wait.committed - by).max(oldest);
        for (_, heard) in &mut wait.behind {
            *heard = (*heard - by).max(oldest);
        }
    }

    pub(super) fn moves(&self, bounds: &Nodes, state: &State, number: u8) -> impl Iterator<Item = Move> + use<> {
        let is_early = bounds.flaw == Flaw::AskedBeforeTheCommit;
        let moves: &[Move] = match &self.0 {
            Place::Idle { .. } if state.latest.number() >= bounds.changes => &[],
            Place::Idle { asked: None } if is_early => &[Move::AskEarly],
            Place::Idle { .. } => &[Move::Commit],
            Place::Committed { .. } => {
                let node = bounds.makers.get(usize::from(number)).copied().flatten();
                let is_locked =
                    node.and_then(|node| state.nodes.get(usize::from(node))).is_some_and(super::Node::is_locked);
                if is_locked { &[] } else { &[Move::Apply, Move::FailToApply] }
            }
            Place::Waiting { asked: Some(_), .. } => &[Move::Hear],
            Place::Waiting { wait, .. } if wait.is_certain(NOW) => &[Move::Ask, Move::BeCertain],
            Place::Waiting { .. } => &[Move::Ask],
            Place::Answered { .. } => &[Move::Forget, Move::Leave],
            Place::Forgetting { .. } => &[Move::Forgotten],
        };
        moves.iter().copied()
    }
}

/// One of their steps; `None` where they cannot take it.
pub(super) fn take(bounds: &Nodes, state: &mut State, number: usize, taken: Move) -> Option<()> {
    let maker = *bounds.makers.get(number)?;
    let next = Revision::from_number(state.latest.number() + 1);
    let place = state.changes.get(number)?.0.clone();
    let waiting = |revision| Place::Waiting { revision, wait: Confirmation::since(NOW), asked: None };
    let idle = Place::Idle { asked: None };
    let then = match (taken, place) {
        (Move::AskEarly, Place::Idle { .. }) => Place::Idle { asked: Some(state.behind(next, maker)) },
        (Move::Commit, Place::Idle { asked }) => {
            state.latest = next;
            match (maker, asked) {
                (None, None) => waiting(next),
                (None, asked) => Place::Waiting { revision: next, wait: Confirmation::since(NOW), asked },
                (Some(_), _) => Place::Committed { revision: next },
            }
        }
        (Move::Apply, Place::Committed { revision }) => {
            let node = state.nodes.get_mut(usize::from(maker?))?;
            if node.memory.is_some() {
                node.memory = Some(state.latest);
                node.is_behind = false;
            }
            waiting(revision)
        }
        (Move::FailToApply, Place::Committed { revision }) => {
            let node = state.nodes.get_mut(usize::from(maker?))?;
            if node.memory.is_some() {
                (node.until, node.is_behind) = (0, true);
            }
            waiting(revision)
        }
        (Move::Ask, Place::Waiting { revision, wait, .. }) => {
            let asked = Some(state.behind(revision, maker));
            Place::Waiting { revision, wait, asked }
        }
        (Move::Hear, Place::Waiting { revision, mut wait, asked }) => {
            if wait.hear(&asked?, NOW) {
                state.answered = state.answered.max(revision);
                idle
            } else {
                Place::Waiting { revision, wait, asked: None }
            }
        }
        (Move::BeCertain, Place::Waiting { revision, wait, .. }) => {
            state.answered = state.answered.max(revision);
            Place::Answered { wait }
        }
        (Move::Forget, Place::Answered { wait }) => {
            let silent = match bounds.flaw {
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
        (Move::Leave, Place::Answered { .. }) => idle,
        _ => return None,
    };
    state.changes.get_mut(number)?.0 = then;
    Some(())
}
