//! What pages are built from.

mod form;
#[cfg(feature = "ssr")]
mod frame;
#[cfg(feature = "ssr")]
mod front_door;
#[cfg(feature = "ssr")]
mod mark;
mod moment;
mod notice;
mod page;
#[cfg(feature = "ssr")]
mod public_frame;
mod reveal;
mod revoke_dialog;
mod scope_picker;
mod token_table;

#[cfg(feature = "ssr")]
pub(crate) use form::Message;
pub(crate) use form::{FormState, SubmitButton, Summary, TextField};
#[cfg(feature = "ssr")]
pub(crate) use frame::Frame;
#[cfg(feature = "ssr")]
pub(crate) use front_door::FrontDoor;
pub(crate) use moment::Moment;
pub(crate) use notice::{Notice, Tone};
pub(crate) use page::Page;
#[cfg(feature = "ssr")]
pub(crate) use public_frame::{PublicFrame, paragraphs};
pub(crate) use reveal::{Reveal, RevealPanel};
pub(crate) use revoke_dialog::RevokeDialog;
pub(crate) use scope_picker::ScopePicker;
pub(crate) use token_table::TokenTable;
#[cfg(feature = "ssr")]
pub(crate) use token_table::pill_class;
