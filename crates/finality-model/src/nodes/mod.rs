//! Several nodes at one PostgreSQL server, and those who make changes.

mod change;
mod node;

use latchkey_service::finality;
use latchkey_service::ports::{NodeBehind, NodeId, Revision};
use stateright::{Model, Property};

use change::Change;
use node::{Node, Row, Said};

/// What every clock shows: instead of letting it run, each step of time moves what has been noted into the past.
const NOW: u64 = 1 << 40;

/// One place in which the protocol is weakened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    /// None: the protocol as it is.
    None,
    /// Trust is counted from the end of the announcement.
    TrustFromTheEnd,
    /// Who is behind is asked before the commit.
    AskedBeforeTheCommit,
    /// A node reads the newest revision before it has announced itself.
    ReadBeforeAnnounced,
    /// The wait for a node is shorter than its trust.
    ShortWait,
    /// Clocks run further apart than the wait allows for.
    ClocksTooFarApart,
    /// A node is forgotten when time has passed since the commit, whenever it was heard of.
    ForgottenFromTheCommit,
    /// Renewals begin anew where a node was forgotten.
    RenewalsBeginAnew,
    /// A node gives itself trust after it has let go of the lock under which changes are applied.
    TrustOutsideTheLock,
    /// That a node is there is lost where the database crashes.
    AnnouncedInMemoryOnly,
    /// A change is answered before it is applied in the node in which it was made.
    AnsweredBeforeApplied,
}

impl Flaw {
    /// All that weaken it.
    pub const ALL: [Self; 10] = [
        Self::TrustFromTheEnd,
        Self::AskedBeforeTheCommit,
        Self::ReadBeforeAnnounced,
        Self::ShortWait,
        Self::ClocksTooFarApart,
        Self::ForgottenFromTheCommit,
        Self::RenewalsBeginAnew,
        Self::TrustOutsideTheLock,
        Self::AnnouncedInMemoryOnly,
        Self::AnsweredBeforeApplied,
    ];
}

/// How far the checker goes, and with what flaw.
#[derive(Debug, Clone, Copy)]
pub struct Nodes {
    /// How many nodes there are.
    pub nodes: u8,
    /// For each of those who make changes: the node in which they do; none for the command line.
    pub makers: &'static [Option<u8>],
    /// How many changes are made in all.
    pub changes: i64,
    /// How often a node says that it is there.
    pub renewals: i64,
    /// How many steps of time a node's trust takes.
    pub steps: u64,
    /// What is weakened.
    pub flaw: Flaw,
}

/// What all of them know.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct State {
    /// The newest revision that is committed.
    latest: Revision,
    /// What stands in the database of each node.
    rows: Vec<Row>,
    nodes: Vec<Node>,
    changes: Vec<Change>,
    /// The newest revision that was answered.
    answered: Revision,
}

/// One step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Time passes, for everybody.
    Time,
    /// The database crashes, and comes back with what is on the disk.
    Crash,
    /// A node's.
    Node(u8, node::Move),
    /// Somebody's who makes a change, by their number.
    Change(u8, change::Move),
}

impl Nodes {
    /// How far a step of time takes the clock of a node: as slow as it may be, or slower.
    const fn node_step(&self) -> u64 {
        finality::micros(finality::LEASE) / self.steps
    }

    /// And of somebody who makes a change: as fast as it may be, or faster.
    const fn change_step(&self) -> u64 {
        match self.flaw {
            // Of a clock that runs twice as fast, half as long a wait is the same.
            Flaw::ShortWait => self.node_step() * 22 / 10,
            Flaw::ClocksTooFarApart => self.node_step() * 13 / 10,
            _ => self.node_step() * 11 / 10,
        }
    }

    const fn id(node: u8) -> NodeId {
        NodeId::from_bytes([node; 16])
    }
}

impl State {
    /// As the database answers it.
    fn behind(&self, revision: Revision, but: Option<u8>) -> Vec<NodeBehind> {
        let rows = (0_u8..).zip(&self.rows).filter(|(node, _)| Some(*node) != but);
        rows.filter_map(|(node, row)| {
            let said = row.now.filter(|said| said.applied < revision)?;
            Some(NodeBehind { id: Nodes::id(node), renewal: said.renewal })
        })
        .collect()
    }

    /// As the database does it: nodes that have said something since stay.
    fn forget(&mut self, silent: &[NodeBehind]) {
        for (node, row) in (0_u8..).zip(&mut self.rows) {
            let stands = |said: &Said| NodeBehind { id: Nodes::id(node), renewal: said.renewal };
            if row.now.as_ref().is_some_and(|said| silent.contains(&stands(said))) {
                row.forget();
            }
        }
    }
}

impl Model for Nodes {
    type State = State;
    type Action = Step;

    fn init_states(&self) -> Vec<State> {
        let nodes: Vec<Node> = (0..self.nodes).map(|_| Node::default()).collect();
        vec![State {
            latest: Revision::default(),
            rows: nodes.iter().map(|_| Row::default()).collect(),
            nodes,
            changes: self.makers.iter().map(|_| Change::default()).collect(),
            answered: Revision::default(),
        }]
    }

    fn actions(&self, state: &State, steps: &mut Vec<Step>) {
        steps.extend([Step::Time, Step::Crash]);
        for (number, node) in (0_u8..).zip(&state.nodes) {
            steps.extend(node.moves(self, state.latest).map(|taken| Step::Node(number, taken)));
        }
        for (number, change) in (0_u8..).zip(&state.changes) {
            steps.extend(change.moves(self, state, number).map(|taken| Step::Change(number, taken)));
        }
    }

    fn next_state(&self, before: &State, step: Step) -> Option<State> {
        let mut state = before.clone();
        match step {
            Step::Time => {
                state.nodes.iter_mut().for_each(|node| node.age(self.node_step()));
                state.changes.iter_mut().for_each(|change| change.age(self.change_step()));
            }
            Step::Crash => state.rows.iter_mut().for_each(Row::crash),
            Step::Node(number, taken) => node::take(self, &mut state, usize::from(number), taken)?,
            Step::Change(number, taken) => change::take(self, &mut state, usize::from(number), taken)?,
        }
        (state != *before).then_some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always("nobody judges by what was true before an answered change", |_, state: &State| {
                state.nodes.iter().all(|node| node.judges_by().is_none_or(|known| known >= state.answered))
            }),
            // That the above is about anything.
            Property::sometimes("a change is answered while everybody judges from memory", |_, state: &State| {
                state.answered > Revision::default() && state.nodes.iter().all(|node| node.judges_by().is_some())
            }),
            Property::sometimes("a change is answered because time has passed", |_, state: &State| {
                state.changes.iter().any(Change::was_answered_by_time)
            }),
            Property::sometimes("a node is forgotten", |_, state: &State| {
                state.rows.iter().zip(&state.nodes).any(|(row, node)| row.now.is_none() && node.has_announced_itself())
            }),
        ]
    }
}
