//! The `latchkey` server: the web pages, the vendor API and the command line over one service.

pub mod api;
mod assets;
pub mod cli;
pub mod connections;
pub mod gateway;
pub mod problem;
pub mod request;
pub mod routing;
pub mod site;
mod state;

pub use state::{ServerState, WebSettings};
