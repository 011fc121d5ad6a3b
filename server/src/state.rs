//! What every request handler works with.

use std::ops::Deref;
use std::sync::Arc;

use latchkey_service::Service;

use crate::gateway::Gateway;
use crate::metrics::Metrics;
use crate::networks::Networks;
use crate::site::KeptForms;

/// The server's parts that requests share. Cloning it is cheap.
#[derive(Clone)]
pub struct ServerState(Arc<Parts>);

/// What is in a [`ServerState`].
pub struct Parts {
    /// The use cases.
    pub service: Arc<Service>,
    /// How the server is reached.
    pub web: WebSettings,
    /// Who is believed, and who may look.
    pub network: NetworkSettings,
    /// What is counted.
    pub metrics: Metrics,
    /// The way to the service behind Latchkey, where there is one; otherwise Latchkey keeps records itself.
    pub gateway: Option<Arc<Gateway>>,
    /// Forms that have lost their session.
    pub(crate) kept: KeptForms,
}

impl Deref for ServerState {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl ServerState {
    /// Puts the parts together, with nothing counted yet.
    #[must_use]
    pub fn new(
        service: Arc<Service>,
        web: WebSettings,
        network: NetworkSettings,
        gateway: Option<Arc<Gateway>>,
    ) -> Self {
        let (metrics, kept) = (Metrics::default(), KeptForms::default());
        Self(Arc::new(Parts { service, web, network, metrics, gateway, kept }))
    }
}

/// How the server is reached from outside.
#[derive(Debug, Clone, Default)]
pub struct WebSettings {
    /// Scheme and authority that browsers and vendors use (`https://pat.example.com`, no slash at the end), as
    /// given by `--public-url`. Where it is not given, requests are answered under the Host that they name.
    pub public_url: Option<String>,
    /// Whether the server itself speaks TLS (`--tls-cert`). What `public_url` says comes first: it is what browsers
    /// see.
    pub speaks_tls: bool,
}

impl WebSettings {
    /// Whether browsers reach the server over https: cookies are then `Secure`, and HSTS is sent.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.public_url.as_deref().map_or(self.speaks_tls, |url| url.starts_with("https://"))
    }
}

/// Which addresses are more than strangers.
#[derive(Debug, Clone)]
pub struct NetworkSettings {
    /// Gateways whose word on a request's method, path and client is believed (`--trusted-proxies`).
    pub trusted_proxies: Networks,
    /// Who may read `/metrics` (`--metrics-allow`).
    pub metrics_allow: Networks,
}

impl Default for NetworkSettings {
    fn default() -> Self {
        Self { trusted_proxies: Networks::default(), metrics_allow: Networks::loopback() }
    }
}
