//! What differs between the engines: opening them, beginning a transaction, and their names.

pub(crate) mod membership;
pub(crate) mod notices;
pub(crate) mod postgres;
pub(crate) mod sqlite;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use latchkey_service::ports::NodeId;
use sqlx::postgres::PgPool;

use crate::schema;
use notices::Notices;

/// How long anything waits for a connection, or for a lock that another program holds.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);

/// Alters every foreign key of Latchkey's in a PostgreSQL schema.
fn each_reference(how: &str) -> String {
    let own = schema::quoted_tables(Engine::Postgres);
    format!(
        "DO $$ DECLARE key record; BEGIN \
         FOR key IN SELECT CAST(conrelid AS regclass) AS owner, conname \
         FROM pg_constraint JOIN pg_class ON pg_class.oid = conrelid \
         WHERE contype = 'f' AND connamespace = CAST(current_schema() AS regnamespace) AND relname IN ({own}) \
         LOOP EXECUTE format('ALTER TABLE %s ALTER CONSTRAINT %I {how}', key.owner, key.conname); END LOOP; END $$"
    )
}

/// The database's engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Engine {
    /// A file.
    Sqlite,
    /// A server.
    Postgres,
}

/// Where an engine's database is.
#[derive(Debug, Clone)]
pub(crate) enum Place {
    /// In this file.
    File(Arc<Path>),
    /// At a server, to which these are the ways for nodes, and where they learn of changes like this.
    Server(PgPool, Notices),
}

/// How a transaction makes known that it changed what verdicts are made of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Telling {
    /// Takes the next revision and writes one change down under it, `$1` its kind and `$2` its subject, and makes it
    /// known as [`Telling::by`], `$3`. Answers the revision, as `latest`.
    pub(crate) record_one: &'static str,
    /// Makes the revision `$1` known as [`Telling::by`], `$2`.
    pub(crate) make_known: &'static str,
    /// The node in which the change is made, where it is one.
    pub(crate) by: Option<NodeId>,
}

impl Place {
    /// How transactions make their changes known here, where somebody listens.
    pub(crate) const fn telling(&self, by: Option<NodeId>) -> Option<Telling> {
        match self {
            // There may be no NOTIFY where nobody listens.
            Self::File(_) | Self::Server(_, Notices::Poll) => None,
            Self::Server(_, Notices::Listen) => Some(membership::telling(by)),
        }
    }
}

impl Engine {
    /// Begins a transaction that may write.
    pub(crate) const fn begin(self) -> &'static str {
        match self {
            // A deferred transaction that reads and then writes fails, without waiting, when another has written
            // in between.
            Self::Sqlite => "BEGIN IMMEDIATE",
            // Named, since a server's configuration may set another level, under which locked transactions would
            // read what was there before the lock.
            Self::Postgres => "BEGIN ISOLATION LEVEL READ COMMITTED",
        }
    }

    /// Begins a transaction that reads, all of it at one instant.
    pub(crate) const fn begin_reading(self) -> &'static str {
        match self {
            Self::Sqlite => "BEGIN",
            Self::Postgres => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        }
    }

    /// Lets a transaction's statements, and the pauses between them, take any time.
    pub(crate) const fn take_any_time(self) -> Option<&'static str> {
        match self {
            Self::Sqlite => None,
            Self::Postgres => {
                Some("SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0")
            }
        }
    }

    /// Lets rows refer to rows that come later, on a connection, before a transaction begins.
    pub(crate) const fn refer_freely(self) -> Option<&'static str> {
        match self {
            Self::Sqlite => Some("PRAGMA foreign_keys = OFF"),
            Self::Postgres => None,
        }
    }

    /// Lets rows refer to rows that come later, in a transaction, until [`Engine::check_references`].
    pub(crate) fn refer_later(self) -> Option<String> {
        match self {
            Self::Sqlite => None,
            Self::Postgres => Some(each_reference("DEFERRABLE INITIALLY DEFERRED")),
        }
    }

    /// Finds rows that refer to none: SQLite answers with them, PostgreSQL with an error.
    pub(crate) fn check_references(self) -> String {
        match self {
            Self::Sqlite => "PRAGMA foreign_key_check".to_owned(),
            Self::Postgres => format!("SET CONSTRAINTS ALL IMMEDIATE; {}", each_reference("NOT DEFERRABLE")),
        }
    }

    /// In an INSERT, after its columns: numbers that the database would give out itself are those that are given.
    pub(crate) const fn with_given_numbers(self) -> &'static str {
        match self {
            Self::Sqlite => "",
            Self::Postgres => " OVERRIDING SYSTEM VALUE",
        }
    }

    /// Asks for the engine's version.
    pub(crate) const fn version_query(self) -> &'static str {
        match self {
            Self::Sqlite => "SELECT sqlite_version() AS version",
            Self::Postgres => "SELECT current_setting('server_version') AS version",
        }
    }

    /// How much of the server's room for notifications is taken, in percent.
    pub(crate) const NOTICE_QUEUE: &str = "SELECT CAST(pg_notification_queue_usage() * 100 AS BIGINT) AS percent";

    /// A token's Account SID as text, in lower case.
    pub(crate) const fn sid_in_text(self) -> &'static str {
        match self {
            Self::Sqlite => "'lk' || lower(hex(token.sid))",
            Self::Postgres => "'lk' || encode(token.sid, 'hex')",
        }
    }

    /// Selects what an array of `[SID in hexadecimal, time, address, agent]` in JSON, the first value of the statement,
    /// holds.
    pub(crate) const fn noted_calls(self) -> &'static str {
        match self {
            Self::Sqlite => "SELECT unhex(value ->> 0), value ->> 1, value ->> 2, value ->> 3 FROM json_each($1)",
            Self::Postgres => {
                "SELECT decode(value ->> 0, 'hex'), CAST(value ->> 1 AS BIGINT), value ->> 2, value ->> 3 \
                 FROM json_array_elements(CAST($1 AS JSON))"
            }
        }
    }

    /// Name and version, from what [`Engine::version_query`] gave: "PostgreSQL 15.14" of "15.14 (Debian …)".
    pub(crate) fn describe(self, version: &str) -> String {
        let name = match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
        };
        format!("{name} {}", version.split_whitespace().next().unwrap_or("of unknown version"))
    }
}

/// Whether the text before a URL's first colon is a scheme (RFC 3986 section 3.1), rather than a user's name or a
/// drive letter.
pub(crate) fn is_scheme(text: &str, rest: &str) -> bool {
    text.len() > 1
        && rest.starts_with("//")
        && text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.chars().all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '+' | '-' | '.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_shortened() {
        assert_eq!(Engine::Sqlite.describe("3.51.1"), "SQLite 3.51.1");
        assert_eq!(Engine::Postgres.describe("15.14 (Debian 15.14-0+deb12u1)"), "PostgreSQL 15.14");
    }

    #[test]
    fn only_schemes_are_repeated() {
        assert!(is_scheme("mysql", "//user:password@host/db"));
        assert!(!is_scheme("user", "password@host/db"));
        assert!(!is_scheme("C", "//latchkey.db"));
    }
}
