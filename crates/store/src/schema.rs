//! The schema's versions, and the ledger of those that a database has.
//!
//! To change the schema: add one file of the same name to `migrations/sqlite` and `migrations/postgres`, and a line
//! to the list below. Files that were released never change.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use sqlx::SqlSafeStr;
use sqlx::migrate::{Migrate, MigrateError, Migration, MigrationType, Migrator};

use crate::engine::Engine;
use crate::open::OpenError;

/// The table in which applied migrations are written down. It is the one that sqlx's own tools read.
pub(crate) const LEDGER: &str = "_sqlx_migrations";

/// One step from a version of the schema to the next.
struct Step {
    version: i64,
    name: &'static str,
    sqlite: &'static str,
    postgres: &'static str,
}

macro_rules! steps {
    ($($version:literal: $name:literal),+ $(,)?) => {
        [$(Step {
            version: $version,
            name: $name,
            sqlite: include_str!(concat!("../migrations/sqlite/", $name, ".sql")),
            postgres: include_str!(concat!("../migrations/postgres/", $name, ".sql")),
        }),+]
    };
}

/// Every step. Naming each file once for both engines is what keeps the two lists alike.
const STEPS: [Step; 9] = steps![
    1: "0001_first_schema",
    2: "0002_rate_limits",
    3: "0003_administration_of_reps",
    4: "0004_token_changes",
    5: "0005_audit_chain",
    6: "0006_all_tokens",
    7: "0007_nodes",
    8: "0008_policy",
    9: "0009_external_accounts",
];

/// What opening did to the schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaChange {
    /// The version that was found; 0 for an empty database.
    pub from: i64,
    /// The version now.
    pub to: i64,
    /// The copy of the database from before the change, where one was made.
    pub backup: Option<PathBuf>,
}

/// The migrations for SQLite.
pub(crate) fn sqlite() -> Migrator {
    migrator(|step| step.sqlite)
}

/// The migrations for PostgreSQL.
pub(crate) fn postgres() -> Migrator {
    migrator(|step| step.postgres)
}

fn migrator(sql: impl Fn(&Step) -> &'static str) -> Migrator {
    let migration = |step: &Step| {
        let description = step.name.trim_start_matches(|letter: char| letter.is_ascii_digit() || letter == '_');
        let description = description.replace('_', " ");
        Migration::new(step.version, description.into(), MigrationType::Simple, sql(step).into_sql_str(), false)
    };
    Migrator::with_migrations(STEPS.iter().map(migration).collect())
}

/// The migrations for an engine up to a version.
pub(crate) fn up_to(engine: Engine, version: i64) -> Migrator {
    let all = match engine {
        Engine::Sqlite => sqlite(),
        Engine::Postgres => postgres(),
    };
    Migrator::with_migrations(all.iter().filter(|migration| migration.version <= version).cloned().collect())
}

/// The tables that steps have made, whether or not later ones have dropped them, and the ledger.
pub(crate) fn tables(engine: Engine) -> BTreeSet<&'static str> {
    names_after("TABLE ", engine).chain([LEDGER]).collect()
}

/// The names of [`tables`], as SQL lists texts.
pub(crate) fn quoted_tables(engine: Engine) -> String {
    // There is no quotation mark in any of them.
    tables(engine).into_iter().map(|name| format!("'{name}'")).collect::<Vec<_>>().join(", ")
}

/// The functions that steps have made.
pub(crate) fn functions(engine: Engine) -> BTreeSet<&'static str> {
    names_after("CREATE FUNCTION ", engine).collect()
}

/// The names that stand behind these words in the steps.
fn names_after(words: &'static str, engine: Engine) -> impl Iterator<Item = &'static str> {
    let is_in_name = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_';
    STEPS.iter().flat_map(move |step| {
        let sql = match engine {
            Engine::Sqlite => step.sqlite,
            Engine::Postgres => step.postgres,
        };
        sql.split(words).skip(1).filter_map(move |rest| rest.split(|letter| !is_in_name(letter)).next())
    })
}

/// The newest version that this program knows.
pub(crate) fn newest_known() -> i64 {
    STEPS.iter().map(|step| step.version).max().unwrap_or_default()
}

/// The newest version that `migrator` knows.
pub(crate) fn newest(migrator: &Migrator) -> i64 {
    migrator.iter().map(|migration| migration.version).max().unwrap_or_default()
}

/// The version of a database that has a ledger, if this program can work with it or migrate it.
pub(crate) async fn version<C: Migrate>(
    connection: &mut C,
    migrator: &Migrator,
    database: &str,
) -> Result<i64, OpenError> {
    let unfinished = connection.dirty_version(LEDGER).await.map_err(|error| failed(database, &error))?;
    if let Some(version) = unfinished {
        return Err(OpenError::MigrationUnfinished { database: database.to_owned(), version });
    }
    let applied = connection.list_applied_migrations(LEDGER).await.map_err(|error| failed(database, &error))?;
    let found = applied.iter().map(|applied| applied.version).max().unwrap_or_default();
    let known = newest(migrator);
    if found > known {
        return Err(OpenError::SchemaNewer { database: database.to_owned(), found, known });
    }
    let is_ours = |version: i64, checksum: &[u8]| {
        migrator.iter().any(|migration| migration.version == version && migration.checksum == checksum)
    };
    match applied.iter().find(|applied| !is_ours(applied.version, &applied.checksum)) {
        Some(foreign) => Err(OpenError::MigrationForeign { database: database.to_owned(), version: foreign.version }),
        None => Ok(found),
    }
}

/// The error for a migration that did not go through.
pub(crate) fn failed(database: &str, error: &MigrateError) -> OpenError {
    let answer = match error {
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => error.as_database_error(),
        _ => None,
    };
    // PostgreSQL's codes for what this user may not do, and for no schema that it may use.
    if let Some(answer) = answer.filter(|answer| matches!(answer.code().as_deref(), Some("42501" | "3F000"))) {
        let reason = answer.message().to_owned();
        return OpenError::MissingRights { database: database.to_owned(), reason };
    }
    OpenError::MigrationFailed { database: database.to_owned(), reason: error.to_string() }
}

/// A name for the copy of a database from before it gets `version`; from `attempt` 2 on with a number behind it.
pub(crate) fn backup_path(database: &Path, version: i64, attempt: u32) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(format!(".backup-before-v{version}"));
    if attempt > 1 {
        name.push(format!("-{attempt}"));
    }
    name.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_listed_for_both_engines() {
        let listed: BTreeSet<String> = STEPS.iter().map(|step| format!("{}.sql", step.name)).collect();
        for engine in ["sqlite", "postgres"] {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(engine);
            let files: BTreeSet<String> = std::fs::read_dir(folder)
                .unwrap()
                .map(|file| file.unwrap().file_name().into_string().unwrap())
                .collect();
            assert_eq!(files, listed, "{engine}");
        }
    }

    #[test]
    fn versions_count_up_as_the_names_do() {
        assert!(STEPS.is_sorted_by(|one, next| one.version < next.version));
        for step in &STEPS {
            assert!(step.name.starts_with(&format!("{:04}_", step.version)), "{}", step.name);
        }
    }

    #[test]
    fn both_engines_have_the_same_tables_columns_and_indexes() {
        for step in &STEPS {
            assert_eq!(shape(step.sqlite), shape(step.postgres), "{}", step.name);
        }
    }

    #[test]
    fn a_schema_knows_its_own() {
        for engine in [Engine::Sqlite, Engine::Postgres] {
            let tables = tables(engine);
            for name in [LEDGER, "token", "token_kind_scope", "token_search", "write_lock"] {
                assert!(tables.contains(name), "{engine:?}: {name} is missing in {tables:?}");
            }
            assert!(!tables.contains(""), "{engine:?}: {tables:?}");
        }
        assert_eq!(functions(Engine::Postgres), ["audit_entry_waits"].into());
    }

    /// One that were not among them would be in no copy.
    #[tokio::test]
    async fn no_table_of_a_schema_is_missing() {
        let directory = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", directory.path().join("new.db").display());
        let store = crate::SqlStore::open(&url, crate::Opening::Serve).await.unwrap();
        // Without those in which the search and the engine keep what they know.
        let made: Vec<(String,)> = sqlx::query_as(
            "SELECT name FROM pragma_table_list \
             WHERE schema = 'main' AND type IN ('table', 'virtual') AND name NOT LIKE 'sqlite~_%' ESCAPE '~'",
        )
        .fetch_all(&store.reads)
        .await
        .unwrap();
        store.close().await;
        assert!(made.len() > 20, "{made:?}");
        for (name,) in &made {
            assert!(tables(Engine::Sqlite).contains(&**name), "{name}");
        }
    }

    /// What comes before a step's triggers, which the engines spell differently.
    const TRIGGERS: &str = "-- The engines spell triggers differently";

    /// The first two words of each line of SQL, which name tables, columns and indexes, without their types. What
    /// stands below a comment that begins "By engine", down to the next empty line, is each engine's own.
    fn shape(sql: &str) -> Vec<String> {
        let mut is_own = false;
        sql.lines()
            .take_while(|line| !line.starts_with(TRIGGERS))
            .map(str::trim)
            .filter(|line| {
                is_own = !line.is_empty() && (is_own || line.starts_with("-- By engine"));
                !is_own
            })
            .filter(|line| !line.is_empty() && !line.starts_with("--") && !line.starts_with(')'))
            .map(|line| {
                let is_column = line.starts_with(|letter: char| letter.is_ascii_lowercase());
                let words = line.split_whitespace();
                if is_column { words.take(1).collect() } else { words.collect::<Vec<_>>().join(" ") }
            })
            .collect()
    }
}
