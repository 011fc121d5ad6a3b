//! WebSockets: a connection that becomes a tunnel.
//!
//! Only where the client asked for `websocket` and the upstream agreed to that. Any other protocol is not passed
//! on: behind a connection that had become HTTP/2, for one, requests would reach the upstream unjudged.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::header::{CONNECTION, UPGRADE};
use http::request::Parts;
use http::{HeaderMap, Method, Version};
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf, copy_bidirectional};

use super::exchanges::{Awaited, Exchange};
use super::headers;
use crate::connections::Place;

/// The one protocol that a connection may be turned to.
pub(super) const WEBSOCKET: &str = "websocket";

/// The client's end of a tunnel to be.
pub(super) struct Client {
    connection: OnUpgrade,
    place: Option<Place>,
}

/// Takes the client's end, where the request asks for a tunnel.
pub(super) fn asked_for(parts: &mut Parts) -> Option<Client> {
    if parts.method != Method::GET || parts.version != Version::HTTP_11 || !names_websocket(&parts.headers) {
        return None;
    }
    let connection = parts.extensions.remove()?;
    Some(Client { connection, place: parts.extensions.remove() })
}

/// Whether these headers turn the connection to a WebSocket, and to nothing else.
pub(super) fn names_websocket(headers: &HeaderMap) -> bool {
    let mut protocols = headers.get_all(UPGRADE).iter();
    let protocol = protocols.next().is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(WEBSOCKET.as_bytes()));
    protocol && protocols.next().is_none() && headers::named(headers, &CONNECTION).any(|name| name == UPGRADE.as_str())
}

/// Carries bytes both ways until both ends have closed, or the exchange is ended.
pub(super) async fn tunnel(client: Client, upstream: OnUpgrade, exchange: Arc<Exchange>) {
    exchange.moved(Awaited::Either);
    let carry = async {
        let (client, upstream) = tokio::try_join!(client.connection, upstream).map_err(io::Error::other)?;
        let mut client = Watched { io: TokioIo::new(client), exchange: &exchange };
        copy_bidirectional(&mut client, &mut TokioIo::new(upstream)).await
    };
    tokio::select! {
        _ = exchange.ending() => {}
        carried = carry => match carried {
            Ok((sent, received)) => tracing::debug!(sent, received, "a tunnel ended"),
            Err(error) => tracing::debug!(cause = %error, "a tunnel broke off"),
        },
    }
    drop(client.place);
}

/// The client's end; what moves there is noted.
struct Watched<'a> {
    io: TokioIo<Upgraded>,
    exchange: &'a Exchange,
}

impl AsyncRead for Watched<'_> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let read = Pin::new(&mut self.io).poll_read(context, buffer);
        self.note(read)
    }
}

impl AsyncWrite for Watched<'_> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.io).poll_write(context, bytes);
        self.note(written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(context)
    }
}

impl Watched<'_> {
    fn note<T>(&self, poll: Poll<T>) -> Poll<T> {
        if poll.is_ready() {
            self.exchange.moved(Awaited::Either);
        }
        poll
    }
}
