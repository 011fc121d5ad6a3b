//! A body of which it is noted how it gets on.

use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody};
use http_body::{Frame, SizeHint};

/// How a body stood when it was last asked for more.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked {
    /// It has nothing yet.
    pub(crate) is_pending: bool,
    /// It has been read to its end.
    pub(crate) is_at_end: bool,
}

/// The same body; `note` hears of each time that it is asked for more, and is dropped with it.
pub(crate) fn watched(body: Body, note: impl FnMut(Asked) + Send + Unpin + 'static) -> Body {
    Body::new(Watched { body, note })
}

struct Watched<N> {
    body: Body,
    note: N,
}

impl<N: FnMut(Asked) + Unpin> HttpBody for Watched<N> {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        let is_at_end = matches!(polled, Poll::Ready(None)) || self.body.is_end_stream();
        (self.note)(Asked { is_pending: polled.is_pending(), is_at_end });
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
