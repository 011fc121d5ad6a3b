//! The web pages.

mod explain;
mod forms;
mod matrix;
mod one_token;
mod secrets;
