//! How use cases fail.
//!
//! A failure has two voices. To the person it is a [`Refusal`], which says what to do and names no cause. To the
//! operator it is a log line with the cause, found again by the request's id.

use latchkey_domain::{FieldErrors, FieldProblem, Refusal};

use crate::ports::{RandomUnavailable, StoreError};

/// Why a use case did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// A rule says no. Nothing is broken.
    #[error("refused: {}", .0.sentence())]
    Refused(Refusal),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There is no randomness.
    #[error(transparent)]
    Random(#[from] RandomUnavailable),
    /// A password could not be hashed or compared, for a reason other than being wrong.
    #[error("hashing a password failed: {0}")]
    PasswordHashing(String),
    /// A credential could not be sealed or opened.
    #[error("vendors' credentials: {0}")]
    Sealing(String),
}

/// The result of a use case.
pub type Outcome<T> = Result<T, Failure>;

impl Failure {
    /// What to tell the person. The cause of anything that is broken goes to the log, under the request's id.
    #[must_use]
    pub fn into_refusal(self, request_id: &str) -> Refusal {
        match self {
            Self::Refused(refusal) => refusal,
            Self::Store(StoreError::Unconfirmed(cause)) => {
                tracing::error!(request_id, %cause, "it is not known whether a request was done");
                Refusal::Unconfirmed
            }
            broken => {
                tracing::error!(request_id, cause = %broken, "a request failed");
                Refusal::Failed { request_id: request_id.to_owned() }
            }
        }
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<FieldProblem> for Failure {
    fn from(problem: FieldProblem) -> Self {
        Self::Refused(problem.into())
    }
}

impl From<FieldErrors> for Failure {
    fn from(errors: FieldErrors) -> Self {
        Self::Refused(Refusal::Invalid(errors))
    }
}
