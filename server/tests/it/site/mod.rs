//! The web pages.

mod all_tokens;
mod audit_log;
mod explain;
mod external_accounts;
mod forms;
mod kept_forms;
mod matrix;
mod one_token;
mod policy;
mod secrets;
mod service_reps;
mod tokens_for_others;
mod unavailable;
