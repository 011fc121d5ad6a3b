//! A server to test, and those who call it.

mod app;
mod caller;
mod determined;

pub(crate) use app::{IssuedToken, TestApp};
pub(crate) use caller::{Anonymous, Answer, Caller, CredentialForm, Request, SignedIn, Vendor};
pub(crate) use determined::NOW;
