//! What every request handler works with.

use std::sync::Arc;

use latchkey_service::Service;

use crate::gateway::Gateway;

/// The server's parts that requests share.
#[derive(Clone)]
pub struct ServerState {
    /// The use cases.
    pub service: Arc<Service>,
    /// How the server is reached.
    pub web: Arc<WebSettings>,
    /// The way to the service behind Latchkey, where there is one; otherwise Latchkey keeps records itself.
    pub gateway: Option<Arc<Gateway>>,
}

/// How the server is reached from outside.
#[derive(Debug, Clone, Default)]
pub struct WebSettings {
    /// Scheme and authority that browsers and vendors use (`https://pat.example.com`, no slash at the end), as
    /// given by `--public-url`. Where it is not given, requests are answered under the Host that they name.
    pub public_url: Option<String>,
}

impl WebSettings {
    /// Whether browsers reach the server over https: cookies are then `Secure`, and HSTS is sent.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.public_url.as_deref().is_some_and(|url| url.starts_with("https://"))
    }
}
