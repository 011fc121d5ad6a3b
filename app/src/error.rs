//! How functions of the live page fail.

use latchkey_domain::Refusal;
use leptos::server_fn::error::{FromServerFnError, ServerFnErrorErr};
use serde::{Deserialize, Serialize};

use crate::functions::TextualJson;

/// Why a function's answer is not what was hoped for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum AppError {
    /// Latchkey says no.
    Refused(Refusal),
    /// Latchkey was not reached, or its answer could not be read. The cause stays where it arose: its text may
    /// quote what was typed.
    Unreachable,
}

impl AppError {
    /// What to tell the person.
    #[must_use]
    pub fn sentence(&self) -> String {
        match self {
            Self::Refused(refusal) => refusal.sentence(),
            Self::Unreachable => "Latchkey cannot be reached. Check your connection and try again.".to_owned(),
        }
    }
}

impl From<Refusal> for AppError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl FromServerFnError for AppError {
    type Encoder = TextualJson;

    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        #[cfg(feature = "ssr")]
        if matches!(
            error,
            ServerFnErrorErr::Args(_) | ServerFnErrorErr::MissingArg(_) | ServerFnErrorErr::Deserialization(_)
        ) && let Some(response) = leptos::prelude::use_context::<leptos_axum::ResponseOptions>()
        {
            // What was sent could not be read: that is no failure of the server's.
            response.set_status(http::StatusCode::BAD_REQUEST);
        }
        let _ = error;
        Self::Unreachable
    }
}
