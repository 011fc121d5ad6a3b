//! Whether anything moves on a connection, and whether the other end takes what it is sent.
//!
//! Whoever asks and then reads nothing would keep a connection's place for ever: neither hyper nor the kernel gives up
//! on a peer that is there and has no room. It is noted since when nothing could be sent, and whoever serves the
//! connection looks at that. How often something was read or written tells them whether it rests.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

/// What is noted of a connection.
#[derive(Debug, Clone, Default)]
pub(super) struct Notes(Arc<Noticed>);

#[derive(Debug, Default)]
struct Noticed {
    untaken_since: Mutex<Option<Instant>>,
    moves: AtomicU64,
}

impl Notes {
    /// Since when what is to be sent waits; `None` while nothing does.
    pub(super) fn untaken_since(&self) -> Option<Instant> {
        *self.0.untaken_since.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How often something was read or written so far.
    pub(super) fn moves(&self) -> u64 {
        self.0.moves.load(Ordering::Relaxed)
    }

    fn set_untaken(&self, since: Option<Instant>) {
        *self.0.untaken_since.lock().unwrap_or_else(PoisonError::into_inner) = since;
    }

    /// Only the stream itself counts, so nothing is lost between the two.
    fn count(&self) {
        self.0.moves.store(self.moves().wrapping_add(1), Ordering::Relaxed);
    }
}

/// A stream of which that is noted.
#[derive(Debug)]
pub(super) struct Noted<S> {
    stream: S,
    notes: Notes,
    /// Whether something waits to be taken, known here without a lock.
    waits: bool,
}

impl<S> Noted<S> {
    /// Notes it of this stream.
    pub(super) fn of(stream: S) -> (Self, Notes) {
        let notes = Notes::default();
        (Self { stream, notes: notes.clone(), waits: false }, notes)
    }

    fn note<T>(&mut self, polled: Poll<T>) -> Poll<T> {
        if self.waits != polled.is_pending() {
            self.waits = polled.is_pending();
            self.notes.set_untaken(self.waits.then(Instant::now));
        }
        polled
    }

    fn note_written(&mut self, polled: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if polled.is_ready() {
            self.notes.count();
        }
        self.note(polled)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Noted<S> {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, to: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.stream).poll_read(context, to);
        if polled.is_ready() {
            self.notes.count();
        }
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Noted<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, text: &[u8]) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write(context, text);
        self.note_written(polled)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        texts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write_vectored(context, texts);
        self.note_written(polled)
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
