//! The server's HTTP interface, in process: a real database, a fixed clock and seeded randomness, so that whole
//! answers can be compared. The files mirror the URLs.

#![expect(clippy::tests_outside_test_module, reason = "an integration test is one test module")]

mod api;
mod connections;
mod probes;
mod support;
