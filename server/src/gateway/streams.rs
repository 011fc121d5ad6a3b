//! Bodies on their way through, frame by frame.
//!
//! A body is held by its exchange, and a [`Stream`] passes it on. So whatever ends the exchange lets go of the
//! body at once, even while the side that should take it takes nothing. A body that was cut off ends with an
//! error, which breaks its connection off: it never looks complete.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use axum::BoxError;
use axum::body::{Body, Bytes, HttpBody};
use http_body::{Frame, SizeHint};

use super::exchanges::{Awaited, Direction, Exchange, Watcher};

/// One of an exchange's bodies, as the other side's connection reads it.
pub(super) struct Stream {
    exchange: Arc<Exchange>,
    direction: Direction,
    is_broken: bool,
}

impl Stream {
    /// What the client sends.
    pub(super) fn upload(exchange: Arc<Exchange>) -> Self {
        Self::new(exchange, Direction::Upload)
    }

    /// What the upstream answers.
    pub(super) fn download(exchange: Arc<Exchange>, body: Body) -> Self {
        exchange.moved(Awaited::Upstream);
        if exchange.ended().is_none() {
            *exchange.body(Direction::Download) = Some(body);
        }
        Self::new(exchange, Direction::Download)
    }

    const fn new(exchange: Arc<Exchange>, direction: Direction) -> Self {
        Self { exchange, direction, is_broken: false }
    }

    fn broken(&mut self, error: BoxError) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        self.is_broken = true;
        Poll::Ready(Some(Err(error)))
    }

    /// Trailers are left out: nothing has looked at them, and they would count as headers where they arrive.
    fn poll_data(&self, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        loop {
            let mut body = self.exchange.body(self.direction);
            let Some(body) = body.as_mut() else {
                return Poll::Ready(Some(Err("the body was let go of".into())));
            };
            match ready!(Pin::new(body).poll_frame(context)) {
                Some(Ok(frame)) if !frame.is_data() => {}
                frame => return Poll::Ready(frame.map(|frame| frame.map_err(Into::into))),
            }
        }
    }
}

impl HttpBody for Stream {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        if self.is_broken {
            return Poll::Ready(None);
        }
        if let Some(end) = self.exchange.poll_ended(Watcher::Stream(self.direction), context) {
            return self.broken(end.into());
        }
        match (self.poll_data(context), self.direction) {
            (Poll::Pending, Direction::Upload) => {
                self.exchange.awaits(Awaited::ClientToSend);
                Poll::Pending
            }
            (Poll::Pending, Direction::Download) => {
                self.exchange.awaits(Awaited::Upstream);
                Poll::Pending
            }
            (Poll::Ready(Some(Ok(frame))), direction) => {
                self.exchange.moved(match direction {
                    Direction::Upload => Awaited::Upstream,
                    Direction::Download => Awaited::ClientToTake,
                });
                Poll::Ready(Some(Ok(frame)))
            }
            (Poll::Ready(Some(Err(error))), _) => self.broken(error),
            (Poll::Ready(None), _) => {
                self.exchange.moved(Awaited::Upstream);
                Poll::Ready(None)
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.exchange.body(self.direction).as_ref().is_some_and(HttpBody::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        let body = self.exchange.body(self.direction);
        let hint = body.as_ref().map(HttpBody::size_hint).unwrap_or_default();
        // An answer to HEAD, and a 304, is empty without being of length 0; the upstream's own header says it.
        if self.direction == Direction::Download && hint.exact() == Some(0) { SizeHint::default() } else { hint }
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        let body = self.exchange.body(self.direction).take();
        drop(body);
    }
}
