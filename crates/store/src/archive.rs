//! A database as one file, of either engine and for either: what `export` and `backup` write, and `import` and
//! `restore` read.
//!
//! The file is text, one JSON value a line (`format`): a header with the schema's version and every table's columns,
//! the rows of each table, what they must add up to, and a seal over all that came before.
//!
//! - **Written** (`write`) in one transaction that sees one instant of a database that others go on using. Which
//!   tables and columns there are, the database itself is asked (`shape`): nothing has to be listed here when a
//!   migration adds some.
//! - **Read** (`read`) twice: whole, before a database is touched, so that a file that was cut off or changed is
//!   refused with nothing done; and again while its rows are taken.
//! - **Taken in** (`load`) in one transaction. Everything in the database is dropped, the schema is made as it was
//!   when the file was written, filled, and compared with what the rows must add up to; then it is migrated. So an
//!   older release's file is good for a newer one.
//! - A database that is replaced (`replace`) hands on what must not be forgotten: the number of its newest change, the
//!   nodes that serve from it, and, where that is asked for, whatever was taken back since (`carried`).

mod carried;
mod digest;
mod format;
mod load;
mod read;
mod replace;
mod shape;
mod write;

use std::path::{Path, PathBuf};

use latchkey_service::ports::StoreError;

pub use carried::{Happened, TakenBack};
pub use read::Archive;
pub use replace::{Replaced, Since};
pub use write::Copied;

/// What is about one database alone, or is made anew by whoever opens it: the ledger of migrations, and the nodes
/// that serve at this moment.
const LEFT_OUT: [&str; 2] = [crate::schema::LEDGER, "node"];

/// Why a file was not written, or not taken in. Each is one line for an operator.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "each is said by its message")]
pub enum ArchiveError {
    #[error("the file {} cannot be used: {error}", file.display())]
    File { file: PathBuf, error: std::io::Error },
    #[error("{} is not a copy of a Latchkey database", file.display())]
    NotACopy { file: PathBuf },
    #[error("{} is a copy in format {found}; this latchkey reads format {known}", file.display())]
    OtherFormat { file: PathBuf, found: u32, known: u32 },
    #[error(
        "{} has the schema's version {found}, newer than this latchkey knows ({known}); use a newer latchkey",
        file.display()
    )]
    SchemaNewer { file: PathBuf, found: i64, known: i64 },
    #[error("{} is damaged: {reason}", file.display())]
    Damaged { file: PathBuf, reason: String },
    #[error("the database is not empty; name one that holds nothing yet")]
    NotEmpty,
    #[error(
        "the database lacks tokens or service reps that {} has, so it cannot tell what was revoked since; restore with \
         --revive-revoked, and revoke then what must not be open",
        file.display()
    )]
    NotLater { file: PathBuf },
    #[error("the schema of the file's version cannot be made: {reason}")]
    Schema { reason: String },
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl ArchiveError {
    fn file(path: &Path) -> impl Fn(std::io::Error) -> Self {
        move |error| Self::File { file: path.to_owned(), error }
    }

    fn damaged(path: &Path, reason: impl Into<String>) -> Self {
        Self::Damaged { file: path.to_owned(), reason: reason.into() }
    }
}
