//! The requests of one connection that are being answered, each up to the end of its answer.
//!
//! An answer waits for what it is made of (a database, an API), or for the other end to take it. HTTP/2 lets the other
//! end take nothing for as long as it likes, without a socket that is full: then the body is not asked for more, and
//! that is how it is told here.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use axum::response::Response;

use crate::watched_body::{Asked, watched};

/// Those that are being answered.
#[derive(Debug, Default)]
pub(super) struct UnderWay {
    all: AtomicUsize,
    /// Those that wait for what their answers are made of.
    unfinished: AtomicUsize,
    steps: AtomicU64,
}

impl UnderWay {
    /// How many there are.
    pub(super) fn all(&self) -> usize {
        self.all.load(Ordering::Relaxed)
    }

    /// Whether there are some, all of which wait to be taken.
    pub(super) fn wait_to_be_taken(&self) -> bool {
        self.all() > 0 && self.unfinished.load(Ordering::Relaxed) == 0
    }

    /// How often one of them has got on so far.
    pub(super) fn steps(&self) -> u64 {
        self.steps.load(Ordering::Relaxed)
    }
}

/// One that is being answered; not any more when it is dropped.
pub(super) struct Answering {
    among: Arc<UnderWay>,
    is_unfinished: bool,
}

impl Answering {
    /// Counts it among the others of its connection.
    pub(super) fn begin(among: &Arc<UnderWay>) -> Self {
        among.all.fetch_add(1, Ordering::Relaxed);
        among.unfinished.fetch_add(1, Ordering::Relaxed);
        Self { among: Arc::clone(among), is_unfinished: true }
    }

    fn step(&mut self, is_unfinished: bool) {
        self.among.steps.fetch_add(1, Ordering::Relaxed);
        match (self.is_unfinished, is_unfinished) {
            (false, true) => _ = self.among.unfinished.fetch_add(1, Ordering::Relaxed),
            (true, false) => _ = self.among.unfinished.fetch_sub(1, Ordering::Relaxed),
            _ => {}
        }
        self.is_unfinished = is_unfinished;
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        self.step(false);
        self.among.all.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The answer, which is under way until its body has been taken or given up.
pub(super) fn counted(answer: Response, mut answering: Answering) -> Response {
    answering.step(false);
    answer.map(|body| watched(body, move |asked: Asked| answering.step(asked.is_pending)))
}
