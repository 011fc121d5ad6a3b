//! Opening a database by its URL.

use std::fmt;

use crate::engine::{postgres, sqlite};
use crate::{Notices, SqlStore, engine};

/// What a database is opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opening {
    /// To serve from it. A schema is made where there is none. An older one is migrated on SQLite, after a backup
    /// copy beside the file; on PostgreSQL it is refused, since other servers may be using it.
    Serve,
    /// For one command: as [`Opening::Serve`], with fewer connections.
    UseCurrent,
    /// For one command that needs what is there: as [`Opening::UseCurrent`], but nothing is made where there is nothing.
    /// Under a mistyped name a command would otherwise find that there is no such token, or copy an empty database.
    UseExisting,
    /// To migrate it, on either engine. On SQLite too a backup copy comes first.
    Migrate,
}

/// Why a database could not be opened. Each is one line for an operator, without the URL's password.
///
/// `database` is the file's path, or the URL's user, host, port and database.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "each is said by its message")]
pub enum OpenError {
    #[error("the database URL must begin with sqlite: or postgres:{}", Named(found))]
    UnknownScheme { found: Option<String> },
    #[error("the database URL cannot be used: {reason}")]
    UnusableUrl { reason: String },
    #[error("cannot open the database {database}: {reason}")]
    CannotOpen { database: String, reason: String },
    #[error(
        "cannot write to the database {database}: the file, those beside it that begin with its name, and their directory must be readable and writable for the user who runs this"
    )]
    NotWritable { database: String },
    #[error("the database {database} stays locked by another program")]
    Locked { database: String },
    #[error("{database} is not an SQLite database")]
    NotADatabase { database: String },
    #[error(
        "there is nothing of Latchkey's at {database} yet; name the database with --database-url, or make it with `latchkey serve`"
    )]
    NothingThere { database: String },
    #[error("the database {database} is damaged ({reason}); restore it from a backup")]
    Damaged { database: String, reason: String },
    #[error("the database {database} holds something else than Latchkey's tables; name an empty database")]
    NotOurs { database: String },
    #[error("cannot reach the database {database}: {reason}")]
    Unreachable { database: String, reason: String },
    #[error("the database {database} cannot be reached by TLS: {reason}")]
    NotPrivate { database: String, reason: String },
    #[error("the database {database} is at PostgreSQL {found}; Latchkey needs {oldest} or newer")]
    ServerTooOld { database: String, found: String, oldest: u32 },
    #[error("the database {database} takes no writes: it is a standby, or set to be read only")]
    ReadOnly { database: String },
    #[error("the user of the database {database} lacks rights: {reason}")]
    MissingRights { database: String, reason: String },
    #[error("the database {database} does not let this user in: {reason}")]
    NotAdmitted { database: String, reason: String },
    #[error("the database {database} refuses the user or the password")]
    AccessDenied { database: String },
    #[error(
        "notifications (LISTEN, NOTIFY) do not come through from {database}: name the server itself, or a pooler in \
         session mode, not one in transaction mode; or let this node ask for changes, with --change-notices poll"
    )]
    NoNotices { database: String },
    #[error("the database {database} does not exist; create it first")]
    NoSuchDatabase { database: String },
    #[error(
        "the schema of the database {database} is at version {found}, newer than this latchkey knows ({known}); \
         use the latchkey that made it, or a newer one"
    )]
    SchemaNewer { database: String, found: i64, known: i64 },
    #[error(
        "the schema of the database {database} is at version {found}, this latchkey needs {known}; \
         stop every server and run `latchkey migrate`"
    )]
    MigrationNeeded { database: String, found: i64, known: i64 },
    #[error(
        "{nodes} {} serving from the database {database}; stop every server before migrating it",
        if *nodes == 1 { "node is" } else { "nodes are" }
    )]
    InUse { database: String, nodes: usize },
    #[error(
        "migration {version} of the database {database} began and never finished; restore the database from a backup"
    )]
    MigrationUnfinished { database: String, version: i64 },
    #[error("migration {version} of the database {database} was made by a different build of latchkey")]
    MigrationForeign { database: String, version: i64 },
    #[error("cannot migrate the database {database}: {reason}")]
    MigrationFailed { database: String, reason: String },
    #[error("the database could not be completed after its migration: {reason}")]
    NotCompleted { reason: String },
    #[error("cannot copy the database {database} before migrating it: {reason}")]
    BackupFailed { database: String, reason: String },
}

/// ", not mysql:" after a sentence.
struct Named<'a>(&'a Option<String>);

impl fmt::Display for Named<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_ref().map_or(Ok(()), |scheme| write!(formatter, ", not {scheme}:"))
    }
}

impl SqlStore {
    /// Opens the database at `url`: `sqlite://PATH` (or `sqlite:PATH`; `%` escapes are decoded), or
    /// `postgres://USER:PASSWORD@HOST:PORT/DATABASE`. An SQLite file that is not there is made, for its owner's
    /// eyes only.
    ///
    /// # Errors
    /// [`OpenError`], one line for an operator.
    pub async fn open(url: &str, opening: Opening) -> Result<Self, OpenError> {
        Self::open_with(url, opening, Notices::default()).await
    }

    /// As [`SqlStore::open`], where nodes of a PostgreSQL server learn of changes like this. To serve from a server
    /// that is to tell of them, it is tried out first whether it does.
    ///
    /// # Errors
    /// As [`SqlStore::open`].
    pub async fn open_with(url: &str, opening: Opening, notices: Notices) -> Result<Self, OpenError> {
        sqlx::any::install_default_drivers();
        let (scheme, rest) = url.split_once(':').ok_or(OpenError::UnknownScheme { found: None })?;
        let store = match scheme {
            "sqlite" => sqlite::open(rest, opening).await?,
            "postgres" | "postgresql" => postgres::open(url, opening, notices).await?,
            // Only what can be a scheme is repeated: in a mistyped URL a password may stand before the first colon.
            _ => {
                let found = engine::is_scheme(scheme, rest).then(|| scheme.to_owned());
                return Err(OpenError::UnknownScheme { found });
            }
        };
        let is_for_one_command = matches!(opening, Opening::UseCurrent | Opening::UseExisting);
        if !is_for_one_command || store.schema.from != store.schema.to {
            store
                .complete_search_texts()
                .await
                .map_err(|error| OpenError::NotCompleted { reason: error.to_string() })?;
        }
        Ok(store)
    }
}
