//! Whether all of a request is here: what is late then is not the client.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::body::HttpBody as _;
use axum::extract::Request;

use crate::watched_body::{Asked, watched};

/// Whether all of a request is here.
#[derive(Debug, Clone)]
pub(crate) struct HasArrived(Arc<AtomicBool>);

impl HasArrived {
    /// Whether it is.
    pub(crate) fn get(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// The request, and what says whether its body has been read to its end.
pub(crate) fn watch(request: Request) -> (Request, HasArrived) {
    let has_arrived = HasArrived(Arc::new(AtomicBool::new(request.body().is_end_stream())));
    if has_arrived.get() {
        return (request, has_arrived);
    }
    let noted = has_arrived.clone();
    let note = move |asked: Asked| {
        if asked.is_at_end {
            noted.0.store(true, Ordering::Relaxed);
        }
    };
    (request.map(|body| watched(body, note)), has_arrived)
}
