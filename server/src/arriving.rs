//! Whether all of a request is here: what is late then is not the client.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::Request;
use http_body::{Frame, SizeHint};

/// The request, and what says whether its body has been read to its end.
pub(crate) fn watch(request: Request) -> (Request, HasArrived) {
    let has_arrived = HasArrived::of(&request);
    if has_arrived.get() {
        return (request, has_arrived);
    }
    let noted = has_arrived.clone();
    (request.map(|body| Body::new(Arriving { body, noted })), has_arrived)
}

/// Whether all of a request is here.
#[derive(Debug, Clone)]
pub(crate) struct HasArrived(Arc<AtomicBool>);

impl HasArrived {
    fn of(request: &Request) -> Self {
        Self(Arc::new(AtomicBool::new(request.body().is_end_stream())))
    }

    /// Whether it is.
    pub(crate) fn get(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// A body that notes when it has been read to its end.
struct Arriving {
    body: Body,
    noted: HasArrived,
}

impl HttpBody for Arriving {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        if matches!(polled, Poll::Ready(None)) || self.body.is_end_stream() {
            self.noted.0.store(true, Ordering::Relaxed);
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
