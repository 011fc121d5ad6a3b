//! The exchanges that are under way, and what ends one before its time.
//!
//! A request is judged when it comes; an exchange may last long after that. So all of them are looked through
//! every few hundred milliseconds, and one is ended
//! - where its token has ended, as [`Service::ended_tokens`] says of all tokens concerned in one look-up;
//! - where that could not be asked for too long: nobody knows then whether the token is still good;
//! - where nothing has moved for too long, and the one side keeps the other waiting.
//!
//! To end an exchange is to drop its bodies, which closes the connection to the upstream, and to tell its streams
//! and its tunnel, which break off towards the client.

use std::collections::{BTreeSet, HashMap};
use std::future::poll_fn;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use futures_util::task::AtomicWaker;
use http::HeaderValue;
use http::header::WWW_AUTHENTICATE;
use latchkey_domain::AccountSid;
use latchkey_service::Service;
use tokio::time::{Instant, timeout};

use super::Limits;
use crate::problem::{Problem, ProblemCode};

const TOKEN_ENDED: HeaderValue = HeaderValue::from_static(
    r#"Bearer realm="latchkey", error="invalid_token", error_description="the token is not valid""#,
);

/// The exchanges that are under way.
#[derive(Debug, Default)]
pub(super) struct Exchanges {
    open: Mutex<HashMap<u64, Weak<Exchange>>>,
    next: AtomicU64,
}

/// A request on its way to the upstream, with its answer. It is under way until the last part of it is dropped.
#[derive(Debug)]
pub(super) struct Exchange {
    number: u64,
    sid: AccountSid,
    limits: Limits,
    all: Arc<Exchanges>,
    end: OnceLock<End>,
    watchers: [AtomicWaker; 3],
    state: Mutex<State>,
    upload: Mutex<Option<Body>>,
    download: Mutex<Option<Body>>,
}

#[derive(Debug)]
struct State {
    awaited: Awaited,
    since: Instant,
    proved: Instant,
}

/// Who has to do the next thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Awaited {
    /// The upstream: to take what was sent, or to answer.
    Upstream,
    /// The client: to send more of its body.
    ClientToSend,
    /// The client: to take what was answered.
    ClientToTake,
    /// Either, on a connection that both use as they like.
    Either,
}

/// Why an exchange was ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum End {
    /// Its token is no longer good.
    #[error("the token has ended")]
    TokenEnded,
    /// Nobody knows whether its token is still good.
    #[error("the database does not answer")]
    Unproved,
    /// Nothing has moved for too long.
    #[error("nothing has moved for too long")]
    Idle(Awaited),
}

/// One of an exchange's two bodies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    /// From the client to the upstream.
    Upload,
    /// From the upstream to the client.
    Download,
}

/// Who is told of an exchange's end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Watcher {
    /// Whoever passes one of its bodies on.
    Stream(Direction),
    /// Whoever waits for the answer to begin, and then, where it became one, the tunnel.
    Whole,
}

impl Exchanges {
    /// Begins an exchange in the name of a token that has just been found good.
    pub(super) fn begin(self: &Arc<Self>, sid: AccountSid, limits: Limits, upload: Body) -> Arc<Exchange> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let now = Instant::now();
        let exchange = Arc::new(Exchange {
            number,
            sid,
            limits,
            all: Arc::clone(self),
            end: OnceLock::new(),
            watchers: Default::default(),
            state: Mutex::new(State { awaited: Awaited::Upstream, since: now, proved: now }),
            upload: Mutex::new(Some(upload)),
            download: Mutex::new(None),
        });
        locked(&self.open).insert(number, Arc::downgrade(&exchange));
        exchange
    }

    /// Ends those that have to end.
    pub(super) async fn check(&self, service: &Service, limits: Limits) {
        let open: Vec<Arc<Exchange>> = locked(&self.open).values().filter_map(Weak::upgrade).collect();
        if open.is_empty() {
            return;
        }
        let asked_at = Instant::now();
        for exchange in &open {
            exchange.end_if_idle(asked_at);
        }
        let sids: BTreeSet<AccountSid> = open.iter().map(|exchange| exchange.sid).collect();
        let ended = match timeout(limits.lookup, service.ended_tokens(&sids)).await {
            Ok(Ok(ended)) => Some(ended),
            Ok(Err(error)) => {
                tracing::warn!(cause = %error, "the tokens of open exchanges could not be looked up");
                None
            }
            Err(_) => {
                tracing::warn!("the tokens of open exchanges could not be looked up in time");
                None
            }
        };
        for exchange in &open {
            match &ended {
                Some(ended) if ended.contains(&exchange.sid) => exchange.end(End::TokenEnded),
                Some(_) => locked(&exchange.state).proved = asked_at,
                None => exchange.end_if_unproved(limits.unproved),
            }
        }
    }

    /// How many are under way.
    pub(super) fn count(&self) -> usize {
        locked(&self.open).len()
    }
}

impl Exchange {
    /// One of its bodies.
    pub(super) fn body(&self, direction: Direction) -> MutexGuard<'_, Option<Body>> {
        locked(match direction {
            Direction::Upload => &self.upload,
            Direction::Download => &self.download,
        })
    }

    /// Notes that something moved, and who has to do the next thing.
    pub(super) fn moved(&self, next: Awaited) {
        let mut state = locked(&self.state);
        state.awaited = next;
        state.since = Instant::now();
    }

    /// Notes who has to do the next thing, where nothing moved.
    pub(super) fn awaits(&self, next: Awaited) {
        if locked(&self.state).awaited != next {
            self.moved(next);
        }
    }

    /// Why it was ended, if it was.
    pub(super) fn ended(&self) -> Option<End> {
        self.end.get().copied()
    }

    /// Why it was ended, if it was; otherwise `context` is woken when it is. A watcher is one task at a time.
    pub(super) fn poll_ended(&self, watcher: Watcher, context: &Context<'_>) -> Option<End> {
        let [upload, download, whole] = &self.watchers;
        let waker = match watcher {
            Watcher::Stream(Direction::Upload) => upload,
            Watcher::Stream(Direction::Download) => download,
            Watcher::Whole => whole,
        };
        waker.register(context.waker());
        // Asked after that, so that no end comes in between.
        self.ended()
    }

    /// Waits until it is ended.
    pub(super) async fn ending(&self) -> End {
        poll_fn(|context| self.poll_ended(Watcher::Whole, context).map_or(Poll::Pending, Poll::Ready)).await
    }

    fn end(&self, end: End) {
        if self.end.set(end).is_err() {
            return;
        }
        tracing::info!(sid = %self.sid, reason = %end, "an exchange with the upstream was ended");
        // Told first: a stream that finds its body gone has been ended, and does not look complete.
        self.watchers.iter().for_each(AtomicWaker::wake);
        let bodies = (self.body(Direction::Upload).take(), self.body(Direction::Download).take());
        drop(bodies);
    }

    fn end_if_idle(&self, now: Instant) {
        let (awaited, since) = {
            let state = locked(&self.state);
            (state.awaited, state.since)
        };
        if now.saturating_duration_since(since) >= self.limits.idle(awaited) {
            self.end(End::Idle(awaited));
        }
    }

    fn end_if_unproved(&self, limit: Duration) {
        let proved = locked(&self.state).proved;
        if proved.elapsed() >= limit {
            self.end(End::Unproved);
        }
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        locked(&self.all.open).remove(&self.number);
    }
}

impl End {
    /// What the client is told where its answer has not begun.
    pub(super) fn problem(self) -> Problem {
        match self {
            Self::TokenEnded => {
                Problem::new(ProblemCode::InvalidToken, "The token has ended while the request was under way.")
                    .with_header(WWW_AUTHENTICATE, TOKEN_ENDED)
            }
            Self::Unproved => Problem::unavailable(),
            Self::Idle(Awaited::ClientToSend) => {
                Problem::new(ProblemCode::RequestTimeout, "The request did not arrive in time. Send it again.")
            }
            Self::Idle(_) => {
                Problem::new(ProblemCode::UpstreamTimeout, "The service behind Latchkey did not answer in time.")
            }
        }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
