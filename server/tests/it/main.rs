//! The server's HTTP interface, in process: a real database, a fixed clock and seeded randomness, so that whole
//! answers can be compared. The files mirror the URLs.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that meets what it did not expect has failed"
)]

mod addresses;
mod api;
mod auth;
mod connections;
mod every_route;
mod gateway;
mod metrics;
mod oauth2;
mod openapi;
mod probes;
mod rate_limit;
mod site;
mod support;
mod whole_questions;
