//! How commands fail.

use std::fmt::Display;
use std::process::ExitCode;

use latchkey_domain::Refusal;
use latchkey_service::Failure;
use latchkey_service::ports::StoreError;

/// Why a command ended without doing what it was asked; the number is the process's exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Exit {
    /// The arguments make no sense, alone or together.
    Usage = 2,
    /// What was named does not exist.
    NotFound = 3,
    /// A rule says no.
    Refused = 4,
    /// The database, a file or a setting is not as it must be.
    Broken = 5,
    /// What cannot be undone was not confirmed; or it is not known whether it was done.
    Unconfirmed = 6,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// A command's failure: what to tell the operator, in one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failed {
    pub(super) exit: Exit,
    pub(super) line: String,
}

impl Failed {
    pub(super) fn new(exit: Exit, line: impl Into<String>) -> Self {
        Self { exit, line: one_line(&line.into()) }
    }

    /// A use case's failure; `missing` says what there is none of, where that is it.
    pub(super) fn of(failure: Failure, missing: &str) -> Self {
        match failure {
            Failure::Refused(Refusal::NotFound) => Self::new(Exit::NotFound, missing),
            Failure::Refused(Refusal::Invalid(errors)) => {
                let sentences: Vec<String> = errors.iter().map(latchkey_domain::FieldProblem::sentence).collect();
                Self::new(Exit::Refused, sentences.join(" "))
            }
            Failure::Refused(refusal) => Self::new(Exit::Refused, refusal.sentence()),
            Failure::Store(StoreError::Unconfirmed(cause)) => {
                let line = format!(
                    "it is not known whether this was done: the database was lost at that moment ({cause}); doing it \
                     again is safe"
                );
                Self::new(Exit::Unconfirmed, line)
            }
            broken => Self::new(Exit::Broken, broken.to_string()),
        }
    }
}

/// Turns errors of the surroundings into failures.
pub(super) trait Broken<T> {
    /// The value, or a failure that `line` words.
    fn broken<L: Display>(self, line: impl FnOnce(Self::Error) -> L) -> Result<T, Failed>
    where
        Self: Sized;

    /// The error.
    type Error;
}

impl<T, E> Broken<T> for Result<T, E> {
    type Error = E;

    fn broken<L: Display>(self, line: impl FnOnce(E) -> L) -> Result<T, Failed> {
        self.map_err(|error| Failed::new(Exit::Broken, line(error).to_string()))
    }
}

/// The text with every run of white space as one space: libraries break their messages into lines.
pub(super) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use latchkey_domain::FieldProblem;

    use super::*;

    #[test]
    fn failures_are_one_line_and_have_their_code() {
        let failed = Failed::of(Refusal::NotFound.into(), "there is\n  no such token");
        assert_eq!(failed, Failed { exit: Exit::NotFound, line: "there is no such token".to_owned() });
        let failed = Failed::of(FieldProblem::EmailTaken.into(), "");
        assert_eq!(failed.exit, Exit::Refused);
        assert_eq!(failed.line, "Another service rep has this e-mail address.");
    }
}
