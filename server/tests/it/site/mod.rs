//! The web pages.

mod forms;
mod matrix;
mod secrets;
