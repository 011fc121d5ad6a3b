//! The vendor API.

mod credentials;
mod external_account;
mod forms;
mod records;
mod refusals_of_records;
mod routes;
mod token;
