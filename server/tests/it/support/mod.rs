//! A server to test, and those who call it.

mod app;
mod caller;
mod determined;
mod logs;

pub(crate) use app::{IssuedToken, PASSWORD, Settings, TestApp, origin};
pub(crate) use caller::{Anonymous, Answer, Caller, CredentialForm, Request, SignedIn, Vendor, Visitor};
pub(crate) use determined::NOW;
pub(crate) use logs::Recording;
