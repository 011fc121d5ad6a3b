//! No order of steps lets anybody judge by what was true before a change that was answered; and each weakening of the
//! protocol lets them.
//!
//! With `LATCHKEY_FULL` the bounds are wider, which takes minutes.

#![expect(clippy::panic, reason = "a test that meets what it did not expect has failed")]
#![expect(clippy::print_stdout, reason = "how far it has gone is worth knowing where somebody asks")]

use std::fmt::Debug;
use std::hash::Hash;

use latchkey_finality_model::{nodes, watch};
use nodes::Nodes;
use stateright::{Checker as _, HasDiscoveries, Model};
use watch::Watched;

const FINAL: &str = "nobody judges by what was true before an answered change";

fn is_full() -> bool {
    std::env::var_os("LATCHKEY_FULL").is_some()
}

/// Walks every state within the bounds.
fn holds<M>(model: M)
where
    M: Model + Debug + Send + Sync + 'static,
    M::State: Clone + Debug + Hash + PartialEq + Send + Sync + 'static,
    M::Action: Clone + Debug + PartialEq,
{
    let name = format!("{model:?}");
    let checked = model.checker().threads(2).finish_when(HasDiscoveries::AnyFailures).spawn_bfs().join();
    println!("{} states, {} steps deep: {name}", checked.unique_state_count(), checked.max_depth());
    checked.assert_properties();
}

/// Looks for a course of events by which somebody judges by what is no longer true.
fn fails<M>(model: M)
where
    M: Model + Debug + Send + Sync + 'static,
    M::State: Clone + Debug + Hash + PartialEq + Send + Sync + 'static,
    M::Action: Clone + Debug + PartialEq,
{
    let name = format!("{model:?}");
    let checked = model.checker().threads(2).finish_when(HasDiscoveries::AnyFailures).spawn_bfs().join();
    let Some(path) = checked.discovery(FINAL) else {
        panic!("not found in {} states: {name}", checked.unique_state_count())
    };
    println!("found in {} states: {name}: {:?}", checked.unique_state_count(), path.into_actions());
}

/// One node, and two who make changes from outside.
const ONE: Nodes =
    Nodes { nodes: 1, makers: &[None, None], changes: 2, renewals: 3, steps: 2, flaw: nodes::Flaw::None };
/// Two nodes, in one of which somebody makes changes, while somebody else does from outside.
const TWO: Nodes =
    Nodes { nodes: 2, makers: &[Some(0), None], changes: 2, renewals: 2, steps: 2, flaw: nodes::Flaw::None };

#[test]
fn a_change_is_final_on_a_node() {
    holds(ONE);
    holds(Nodes { steps: 5, makers: &[None], changes: 1, ..ONE });
    if is_full() {
        holds(Nodes { changes: 3, renewals: 2, ..ONE });
        holds(Nodes { steps: 4, renewals: 2, ..ONE });
    }
}

#[test]
fn a_change_is_final_on_several_nodes() {
    holds(Nodes { makers: &[Some(0)], changes: 1, ..TWO });
    holds(Nodes { nodes: 1, ..TWO });
    if is_full() {
        holds(Nodes { makers: &[Some(0)], renewals: 1, ..TWO });
        holds(Nodes { makers: &[Some(0)], steps: 1, ..TWO });
    }
}

#[test]
fn weakened_it_is_not_final_on_nodes() {
    for flaw in nodes::Flaw::ALL {
        let bounds = match flaw {
            nodes::Flaw::ClocksTooFarApart => Nodes { steps: 10, makers: &[None], changes: 1, ..ONE },
            nodes::Flaw::RenewalsBeginAnew => Nodes { changes: 3, renewals: 2, ..ONE },
            nodes::Flaw::TrustOutsideTheLock | nodes::Flaw::AnsweredBeforeApplied => {
                Nodes { nodes: 1, makers: &[Some(0)], changes: 1, ..TWO }
            }
            _ => ONE,
        };
        fails(Nodes { flaw, ..bounds });
    }
}

const WATCHED: Watched = Watched { changes: 3, steps: 10, flaw: watch::Flaw::None };

#[test]
fn a_change_is_final_on_a_file() {
    holds(WATCHED);
    if is_full() {
        holds(Watched { changes: 6, steps: 20, ..WATCHED });
    }
}

#[test]
fn weakened_it_is_not_final_on_a_file() {
    for flaw in watch::Flaw::ALL {
        fails(Watched { flaw, ..WATCHED });
    }
}
