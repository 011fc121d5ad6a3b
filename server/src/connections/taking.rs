//! Whether the other end takes what it is sent.
//!
//! Whoever asks and then reads nothing would keep a connection's place for ever: neither hyper nor the kernel gives up
//! on a peer that is there and has no room. It is noted since when nothing could be sent, and whoever serves the
//! connection looks at that.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

/// Since when a connection's other end takes nothing.
#[derive(Debug, Clone, Default)]
pub(super) struct Untaken(Arc<Mutex<Option<Instant>>>);

impl Untaken {
    /// Since when what is to be sent waits; `None` while nothing does.
    pub(super) fn since(&self) -> Option<Instant> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, since: Option<Instant>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = since;
    }
}

/// A stream of which that is noted.
#[derive(Debug)]
pub(super) struct Noted<S> {
    stream: S,
    untaken: Untaken,
    /// What is noted, known here without a lock.
    waits: bool,
}

impl<S> Noted<S> {
    /// Notes it of this stream.
    pub(super) fn of(stream: S) -> (Self, Untaken) {
        let untaken = Untaken::default();
        (Self { stream, untaken: untaken.clone(), waits: false }, untaken)
    }

    fn note<T>(&mut self, polled: Poll<T>) -> Poll<T> {
        if self.waits != polled.is_pending() {
            self.waits = polled.is_pending();
            self.untaken.set(self.waits.then(Instant::now));
        }
        polled
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Noted<S> {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, to: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, to)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Noted<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, text: &[u8]) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write(context, text);
        self.note(polled)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        texts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write_vectored(context, texts);
        self.note(polled)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.stream).poll_flush(context);
        self.note(polled)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.stream).poll_shutdown(context);
        self.note(polled)
    }
}
