//! The connections to the upstream.
//!
//! They speak HTTP/1.1, over TLS where the upstream's scheme says so, and are kept for the next request. A request
//! is sent again on a new connection only where nothing of it was sent on the old one.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::BoxError;
use http::Uri;
use hyper_rustls::{ConfigBuilderExt as _, HttpsConnector, HttpsConnectorBuilder, MaybeHttpsStream};
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use rustls::crypto::ring;
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tower::Service;

use super::streams::Stream;
use super::upstream::Upstream;

/// How long a connection is kept without a request: less than common servers keep theirs, so that no request is
/// sent on one that is just being closed.
const KEPT_IDLE: Duration = Duration::from_secs(4);
/// After what silence the kernel asks whether the upstream's host is still there.
const KEEPALIVE: Duration = Duration::from_mins(1);

/// What sends requests to the upstream.
pub(super) type Client = legacy::Client<InTime, Stream>;

/// A client for this upstream, on connections that are made within `limit`.
///
/// # Errors
/// Where the machine's root certificates are needed and cannot be read.
pub(super) fn client(upstream: &Upstream, limit: Duration) -> io::Result<Client> {
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    tcp.set_keepalive(Some(KEEPALIVE));
    let connector =
        HttpsConnectorBuilder::new().with_tls_config(tls(upstream)?).https_or_http().enable_http1().wrap_connector(tcp);
    Ok(legacy::Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(KEPT_IDLE)
        .build(InTime { connector, limit }))
}

fn tls(upstream: &Upstream) -> io::Result<ClientConfig> {
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?;
    let builder = if upstream.is_https() {
        builder.with_native_roots()?
    } else {
        builder.with_root_certificates(RootCertStore::empty())
    };
    Ok(builder.with_no_client_auth())
}

/// A connector that gives up after some time: on finding the address, on TCP and on TLS together.
#[derive(Clone)]
pub(super) struct InTime {
    connector: HttpsConnector<HttpConnector>,
    limit: Duration,
}

impl Service<Uri> for InTime {
    type Response = MaybeHttpsStream<TokioIo<TcpStream>>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.connector.poll_ready(context)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let connecting = self.connector.call(uri);
        let limit = self.limit;
        Box::pin(async move { timeout(limit, connecting).await? })
    }
}
