//! A server and the command line on one SQLite file.
//!
//! The server looks at the file when it is called and its trust has run out. The command line commits, and answers
//! once every trust has run out that began before. The server makes changes too, which it applies before it answers.

use latchkey_service::finality;
use latchkey_service::ports::Revision;
use stateright::{Model, Property};

/// What every clock shows: instead of letting it run, each step of time moves what has been noted into the past.
const NOW: u64 = 1 << 40;

/// One place in which the protocol is weakened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    /// None: the protocol as it is.
    None,
    /// Trust is counted from the end of the look.
    TrustFromTheEnd,
    /// The command line waits for a shorter time than the server trusts its memory.
    ShortWait,
    /// A look that is given up between seeing that something was committed and applying it is forgotten.
    SeenAndForgotten,
    /// The server answers its own change before it has applied it.
    AnsweredBeforeApplied,
}

impl Flaw {
    /// All that weaken it.
    pub const ALL: [Self; 4] =
        [Self::TrustFromTheEnd, Self::ShortWait, Self::SeenAndForgotten, Self::AnsweredBeforeApplied];
}

/// How far the checker goes, and with what flaw.
#[derive(Debug, Clone, Copy)]
pub struct Watched {
    /// How many changes are made in all.
    pub changes: i64,
    /// How many steps of time the server's trust takes.
    pub steps: u64,
    /// What is weakened.
    pub flaw: Flaw,
}

/// What all of them know.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct State {
    /// The newest revision that is committed. What `PRAGMA data_version` shows moves with it.
    latest: Revision,
    server: Server,
    /// The command's change, and when it was committed.
    command: Option<(Revision, u64)>,
    /// The server's own change, which it has yet to apply.
    own: Option<Revision>,
    answered: Revision,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
struct Server {
    memory: Revision,
    /// As of when the watch saw the file.
    seen: Option<Revision>,
    is_behind: bool,
    until: u64,
    place: Place,
}

/// Where the server stands. In all but the first it holds the lock under which changes are applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
enum Place {
    #[default]
    Between,
    /// It is about to look.
    Looking { began: u64 },
    /// It has looked.
    Looked { began: u64 },
    /// It has read the changes up to this one.
    Found { began: u64, found: Revision },
    /// It has read the changes up to this one for a change of its own.
    FoundOwn { found: Revision },
}

/// One step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Time passes.
    Time,
    /// The server is called, and its trust has run out: it begins to look.
    Begin,
    /// It asks whether anything was committed.
    Look,
    /// It reads what was.
    Read,
    /// It applies that, and trusts its memory.
    Trust,
    /// Whatever it does takes too long, or fails.
    GiveUp,
    /// The server commits a change.
    CommitOwn,
    /// It reads what it lacks, that change among it.
    ReadOwn,
    /// It applies that, and answers.
    AnswerOwn,
    /// The command line commits a change.
    Commit,
    /// It answers.
    Answer,
}

impl Watched {
    /// How far a step of time takes a clock: they are one machine's.
    const fn step(&self) -> u64 {
        finality::micros(finality::TRUST) / self.steps
    }

    const fn wait(&self) -> u64 {
        let wait = finality::micros(finality::COMMAND_WAIT);
        if matches!(self.flaw, Flaw::ShortWait) { wait / 2 } else { wait }
    }
}

impl Server {
    fn judges_by(&self) -> Option<Revision> {
        finality::counts(NOW, self.until).then_some(self.memory)
    }

    fn age(&mut self, by: u64) {
        self.until = self.until.saturating_sub(by);
        if !finality::counts(NOW, self.until) {
            self.until = 0;
        }
        let oldest = NOW - finality::micros(finality::TRUST);
        match &mut self.place {
            Place::Looking { began } | Place::Looked { began } | Place::Found { began, .. } => {
                *began = (*began - by).max(oldest);
            }
            Place::Between | Place::FoundOwn { .. } => {}
        }
    }
}

impl Model for Watched {
    type State = State;
    type Action = Step;

    fn init_states(&self) -> Vec<State> {
        // As it is just built: what was committed while that was done is not known yet.
        let server = Server { is_behind: true, ..Server::default() };
        let none = Revision::default();
        vec![State { latest: none, server, command: None, own: None, answered: none }]
    }

    fn actions(&self, state: &State, steps: &mut Vec<Step>) {
        steps.push(Step::Time);
        let more = state.latest.number() < self.changes;
        match state.server.place {
            Place::Between => {
                steps.push(Step::Begin);
                if state.own.is_some() {
                    steps.push(Step::ReadOwn);
                }
            }
            Place::Looking { .. } => steps.extend([Step::Look, Step::GiveUp]),
            Place::Looked { .. } => steps.extend([Step::Read, Step::GiveUp]),
            Place::Found { .. } => steps.extend([Step::Trust, Step::GiveUp]),
            Place::FoundOwn { .. } => steps.extend([Step::AnswerOwn, Step::GiveUp]),
        }
        if more && state.own.is_none() {
            steps.push(Step::CommitOwn);
        }
        if more && state.command.is_none() {
            steps.push(Step::Commit);
        }
        if state.command.is_some() {
            steps.push(Step::Answer);
        }
    }

    fn next_state(&self, before: &State, step: Step) -> Option<State> {
        let mut state = before.clone();
        let (latest, server) = (state.latest, &mut state.server);
        match (step, server.place) {
            (Step::Time, _) => {
                server.age(self.step());
                if let Some((_, committed)) = &mut state.command {
                    *committed = (*committed - self.step()).max(NOW - self.wait());
                }
            }
            // Nobody looks while what is in memory counts.
            (Step::Begin, Place::Between) if server.judges_by().is_none() => {
                server.place = Place::Looking { began: NOW }
            }
            (Step::Look, Place::Looking { began }) => {
                server.is_behind |= server.seen.replace(latest) != Some(latest);
                server.place = Place::Looked { began };
            }
            (Step::Read, Place::Looked { began }) => {
                let found = if server.is_behind { latest } else { server.memory };
                server.place = Place::Found { began, found };
            }
            (Step::Trust, Place::Found { began, found }) => {
                (server.memory, server.is_behind, server.place) = (found, false, Place::Between);
                let began = if self.flaw == Flaw::TrustFromTheEnd { NOW } else { began };
                let until = finality::counts_until(began, finality::TRUST);
                server.until = if finality::counts(NOW, until) { until } else { 0 };
            }
            (Step::GiveUp, Place::FoundOwn { .. }) => {
                // The change was committed and cannot be applied: nothing counts, and it is answered.
                (server.until, server.is_behind, server.place) = (0, true, Place::Between);
                state.answered = state.answered.max(state.own.take()?);
            }
            (Step::GiveUp, _) => {
                server.is_behind &= self.flaw != Flaw::SeenAndForgotten;
                server.place = Place::Between;
            }
            (Step::CommitOwn, _) => {
                state.latest = Revision::from_number(latest.number() + 1);
                state.own = Some(state.latest);
                if self.flaw == Flaw::AnsweredBeforeApplied {
                    state.answered = state.latest;
                }
            }
            (Step::ReadOwn, Place::Between) => server.place = Place::FoundOwn { found: latest },
            (Step::AnswerOwn, Place::FoundOwn { found }) => {
                (server.memory, server.is_behind, server.place) = (found, false, Place::Between);
                state.answered = state.answered.max(state.own.take()?);
            }
            (Step::Commit, _) => {
                state.latest = Revision::from_number(latest.number() + 1);
                state.command = Some((state.latest, NOW));
            }
            (Step::Answer, _) => {
                let (revision, _) = state.command.take().filter(|(_, committed)| NOW - committed >= self.wait())?;
                state.answered = state.answered.max(revision);
            }
            _ => return None,
        }
        (state != *before).then_some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always("nobody judges by what was true before an answered change", |_, state: &State| {
                state.server.judges_by().is_none_or(|known| known >= state.answered)
            }),
            // That the above is about anything.
            Property::sometimes("a change is answered while the server judges from memory", |_, state: &State| {
                state.answered > Revision::default() && state.server.judges_by().is_some()
            }),
        ]
    }
}
