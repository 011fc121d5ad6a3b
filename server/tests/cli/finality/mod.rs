//! A request that is sent after a change was answered is judged by what holds after the change, on every process.
//!
//! Real servers, and real trouble: a node that is stopped and goes on at any moment, connections that are cut, a
//! database that crashes. In each race a token is called at every node, over and over, while it is revoked at one of
//! them; no call that was sent after the reply may get through. With `LATCHKEY_FULL` there are thousands of races, which
//! take many minutes; `LATCHKEY_RACES` sets how many.

#![expect(clippy::print_stdout, reason = "what was raced through is worth knowing where somebody asks")]

mod all_nodes;
mod commit;
mod line;
mod one_file;
mod pooler;
mod race;
mod trouble;

use crate::support::is_full;

/// How many races there are.
fn count(usual: usize, full: usize) -> usize {
    let asked = std::env::var("LATCHKEY_RACES").ok().and_then(|text| text.parse().ok());
    asked.unwrap_or_else(|| workers(usual, full))
}

/// How many of them at once.
fn workers(usual: usize, full: usize) -> usize {
    if is_full() { full } else { usual }
}
