//! The `latchkey` binary as operators meet it: its arguments, its exit codes, its signals, its sudden end.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that meets what it did not expect has failed"
)]

mod audit;
mod clock_steps;
mod commands;
mod copies;
mod disk_full;
mod durability;
mod external_accounts;
mod failures;
mod finality;
mod gateway_memory;
mod gateways;
mod https_upstream;
mod office;
mod policy;
mod postgres;
mod proxy;
mod quick_start;
mod secrets;
mod serving;
mod support;
mod tls;
