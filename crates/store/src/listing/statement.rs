//! Statements that are put together from fixed pieces.
//!
//! A filter that is not asked for is not in the statement at all, so that each shape has a text and a plan of its
//! own. Nothing that was typed becomes part of a text: values go in by [`Statement::value`] alone.

use std::fmt::Write as _;

use latchkey_service::ports::StoreResult;
use sqlx::any::AnyRow;
use sqlx::{AnyPool, AssertSqlSafe};

use crate::failure::OrUnavailable;

/// A value of a statement.
#[derive(Debug, Clone)]
pub(crate) enum Value {
    Number(i64),
    Bytes(Vec<u8>),
    Text(String),
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

impl From<&[u8; 16]> for Value {
    fn from(bytes: &[u8; 16]) -> Self {
        Self::Bytes(bytes.to_vec())
    }
}

impl From<&[u8]> for Value {
    fn from(bytes: &[u8]) -> Self {
        Self::Bytes(bytes.to_vec())
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

/// A statement in the making.
#[derive(Debug, Default)]
pub(crate) struct Statement {
    sql: String,
    values: Vec<Value>,
}

impl Statement {
    /// A statement that begins like this.
    pub(crate) fn new(sql: &'static str) -> Self {
        Self { sql: sql.to_owned(), values: Vec::new() }
    }

    /// Goes on with this text.
    pub(crate) fn sql(&mut self, sql: &'static str) -> &mut Self {
        self.sql.push_str(sql);
        self
    }

    /// Goes on with a placeholder for this value.
    pub(crate) fn value(&mut self, value: impl Into<Value>) -> &mut Self {
        self.values.push(value.into());
        // Writing to a text cannot fail.
        let _ = write!(self.sql, "${}", self.values.len());
        self
    }

    /// Runs it.
    pub(crate) async fn fetch_all(self, pool: &AnyPool) -> StoreResult<Vec<AnyRow>> {
        let mut query = sqlx::query(AssertSqlSafe(self.sql));
        for value in self.values {
            query = match value {
                Value::Number(number) => query.bind(number),
                Value::Bytes(bytes) => query.bind(bytes),
                Value::Text(text) => query.bind(text),
            };
        }
        query.fetch_all(pool).await.or_unavailable()
    }

    #[cfg(test)]
    pub(crate) fn text(&self) -> &str {
        &self.sql
    }
}

/// Joins conditions by AND: `WHERE` before the first.
#[derive(Debug)]
pub(crate) struct Conditions {
    next: &'static str,
}

impl Conditions {
    /// None so far.
    pub(crate) const fn of_where() -> Self {
        Self { next: " WHERE " }
    }

    /// None so far, in a place that needs no word before the first.
    pub(crate) const fn bare() -> Self {
        Self { next: "" }
    }

    /// Writes the word that stands before the next condition.
    pub(crate) fn and<'s>(&mut self, statement: &'s mut Statement) -> &'s mut Statement {
        statement.sql(std::mem::replace(&mut self.next, " AND "))
    }

    /// Whether there is none so far.
    pub(crate) const fn is_empty(&self) -> bool {
        !matches!(self.next.as_bytes(), b" AND ")
    }
}
