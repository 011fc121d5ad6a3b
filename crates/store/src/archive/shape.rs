//! Which tables and columns a database has, asked of the database itself.

use std::collections::BTreeMap;

use latchkey_service::ports::StoreResult;
use sqlx::{AnyConnection, AssertSqlSafe};

use super::LEFT_OUT;
use super::format::{Columns, Sequence};
use crate::engine::Engine;
use crate::failure::OrUnavailable as _;
use crate::row::Fields;
use crate::schema;

/// What a column holds, where the database says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Number,
    Text,
    Bytes,
}

/// A table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Table {
    pub(super) name: String,
    pub(super) columns: Vec<(String, Kind)>,
}

impl Table {
    /// Its names, as a file has them.
    pub(super) fn names(&self) -> Columns {
        Columns { name: self.name.clone(), columns: self.columns.iter().map(|(name, _)| name.clone()).collect() }
    }
}

/// Every table that a copy holds, in the order of their names.
pub(super) async fn tables(connection: &mut AnyConnection, engine: Engine) -> StoreResult<Vec<Table>> {
    let mut tables = every_table(connection, engine).await?;
    tables.retain(|table| !LEFT_OUT.contains(&&*table.name));
    Ok(tables)
}

/// Every table of Latchkey's, in the order of their names. What somebody else has put beside them is not looked at, and
/// left alone.
pub(super) async fn every_table(connection: &mut AnyConnection, engine: Engine) -> StoreResult<Vec<Table>> {
    let sql = match engine {
        // Also the virtual table of the search, and not the tables in which that keeps what it knows.
        Engine::Sqlite => {
            "SELECT tables.name AS table_name, columns.name AS column_name, columns.type AS type \
             FROM pragma_table_list AS tables JOIN pragma_table_info(tables.name) AS columns \
             WHERE tables.schema = 'main' AND tables.type IN ('table', 'virtual') \
             AND tables.name NOT LIKE 'sqlite~_%' ESCAPE '~' ORDER BY tables.name, columns.cid"
        }
        Engine::Postgres => {
            "SELECT CAST(relname AS TEXT) AS table_name, CAST(attname AS TEXT) AS column_name, \
             format_type(atttypid, NULL) AS type FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid \
             WHERE relnamespace = CAST(current_schema() AS regnamespace) AND relkind = 'r' \
             AND attnum > 0 AND NOT attisdropped ORDER BY relname, attnum"
        }
    };
    let rows = sqlx::query(sql).persistent(false).fetch_all(connection).await.or_unavailable()?;
    let mut tables = BTreeMap::<String, Vec<(String, Kind)>>::new();
    for row in &rows {
        let fields = Fields::of(row, "the schema");
        let kind = match fields.text("type")?.to_ascii_lowercase().as_str() {
            "integer" | "bigint" => Kind::Number,
            "blob" | "bytea" => Kind::Bytes,
            // Columns of a virtual table have no type, and need none.
            _ => Kind::Text,
        };
        tables.entry(fields.text("table_name")?).or_default().push((fields.text("column_name")?, kind));
    }
    let own = schema::tables(engine);
    tables.retain(|name, _| own.contains(&**name));
    Ok(tables.into_iter().map(|(name, columns)| Table { name, columns }).collect())
}

/// How far the numbers have come that the database gives out, by table.
pub(super) async fn sequences(connection: &mut AnyConnection, engine: Engine) -> StoreResult<Vec<Sequence>> {
    let sql = match engine {
        Engine::Sqlite => "SELECT name, seq AS last FROM sqlite_sequence ORDER BY name",
        // Whoever may use the tables need not be able to look at these.
        Engine::Postgres => {
            "SELECT name, CASE WHEN has_sequence_privilege(sequence, 'SELECT') \
             THEN COALESCE(pg_sequence_last_value(sequence), 0) ELSE 0 END AS last FROM ( \
             SELECT CAST(relname AS TEXT) AS name, CAST(pg_get_serial_sequence( \
             CAST(CAST(attrelid AS regclass) AS TEXT), CAST(attname AS TEXT)) AS regclass) AS sequence \
             FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid \
             WHERE relnamespace = CAST(current_schema() AS regnamespace) AND relkind = 'r' AND attidentity <> '' \
             ) AS given ORDER BY name"
        }
    };
    let rows = sqlx::query(sql).persistent(false).fetch_all(connection).await.or_unavailable()?;
    let mut sequences = rows
        .iter()
        .map(|row| {
            let fields = Fields::of(row, "the schema");
            Ok(Sequence { table: fields.text("name")?, last: fields.number("last")? })
        })
        .collect::<StoreResult<Vec<_>>>()?;
    let own = schema::tables(engine);
    sequences.retain(|sequence| sequence.last > 0 && own.contains(&*sequence.table));
    sequences.sort_by(|one, other| one.table.cmp(&other.table));
    Ok(sequences)
}

/// Lets the numbers of a table go on after this one.
pub(super) async fn set_sequence(
    connection: &mut AnyConnection,
    engine: Engine,
    sequence: &Sequence,
) -> StoreResult<()> {
    let statements: &[&'static str] = match engine {
        Engine::Sqlite => {
            &["DELETE FROM sqlite_sequence WHERE name = $1", "INSERT INTO sqlite_sequence (name, seq) VALUES ($1, $2)"]
        }
        Engine::Postgres => {
            &["SELECT setval(CAST(pg_get_serial_sequence($1, CAST(attname AS TEXT)) AS regclass), $2) \
                               FROM pg_attribute WHERE attrelid = CAST($1 AS regclass) AND attidentity <> ''"]
        }
    };
    for sql in statements {
        let query = sqlx::query(*sql).persistent(false).bind(&sequence.table);
        let query = if sql.contains("$2") { query.bind(sequence.last) } else { query };
        query.execute(&mut *connection).await.or_unavailable()?;
    }
    Ok(())
}

/// Lets the numbers that the database gives out go on after those in its tables, wherever they do not yet. SQLite sees
/// to that itself.
pub(super) async fn pass_rows(connection: &mut AnyConnection, engine: Engine) -> StoreResult<()> {
    if engine == Engine::Postgres {
        let own = schema::quoted_tables(engine);
        let sql = format!(
            "DO $$ DECLARE given record; newest bigint; BEGIN \
                   FOR given IN SELECT CAST(attrelid AS regclass) AS owner, attname, CAST(pg_get_serial_sequence( \
                   CAST(CAST(attrelid AS regclass) AS TEXT), CAST(attname AS TEXT)) AS regclass) AS sequence \
                   FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid \
                   WHERE relnamespace = CAST(current_schema() AS regnamespace) AND relkind = 'r' AND attidentity <> '' \
                   AND relname IN ({own}) \
                   LOOP EXECUTE format('SELECT MAX(%I) FROM %s', given.attname, given.owner) INTO newest; \
                   IF newest > COALESCE(pg_sequence_last_value(given.sequence), 0) THEN \
                   PERFORM setval(given.sequence, newest); END IF; END LOOP; END $$"
        );
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(connection).await.or_unavailable()?;
    }
    Ok(())
}

/// Drops everything that migrations have made.
pub(super) async fn drop_everything(connection: &mut AnyConnection, engine: Engine) -> StoreResult<()> {
    for table in every_table(connection, engine).await? {
        let cascade = if engine == Engine::Postgres { " CASCADE" } else { "" };
        let sql = format!("DROP TABLE {}{cascade}", quoted(&table.name));
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut *connection).await.or_unavailable()?;
    }
    for function in schema::functions(engine) {
        let sql = format!("DROP FUNCTION IF EXISTS {}", quoted(function));
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut *connection).await.or_unavailable()?;
    }
    Ok(())
}

/// A name in a statement.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
