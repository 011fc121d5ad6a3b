//! The `latchkey` server: the web pages, the vendor API, what gateways ask, and the command line over one service.

mod admission;
pub mod api;
mod arriving;
mod assets;
mod auth;
pub mod cli;
pub mod connections;
pub mod gateway;
mod header_lines;
pub mod metrics;
pub mod networks;
mod oauth2;
pub mod openapi;
pub mod problem;
pub mod request;
pub mod routing;
pub mod site;
mod state;
pub mod tls;
mod vendor_headers;
mod watched_body;

pub use state::{NetworkSettings, ServerState, WebSettings};
pub use vendor_headers::TOKEN_EXPIRES;
