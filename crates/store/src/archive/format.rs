//! The file's lines.
//!
//! ```text
//! {"latchkey_database":1,"schema":7,"taken_at":1800000000,"tables":[{"name":"token","columns":["sid","owner",…]},…]}
//! {"rows_of":"token"}
//! [{"hex":"0193…"},{"hex":"0193…"},"Indeed",1800000000,null]
//! …
//! {"sums":[{"table":"token","rows":1,"digest":"…"},…],"sequences":[{"table":"audit_entry","last":7},…]}
//! {"sha256":"…"}
//! ```
//!
//! A value is a whole number, a text, bytes as `{"hex":…}` or null. Each value has one spelling, so that a row read
//! from a database and written again is the same line.

use latchkey_service::ports::{StoreError, StoreResult};
use serde::{Deserialize, Serialize};
use sqlx::any::{AnyRow, AnyTypeInfoKind};
use sqlx::{Row as _, ValueRef as _};

use super::digest::WrittenSum;
use crate::failure::OrUnavailable as _;

/// The version of this format.
pub(super) const FORMAT: u32 = 1;

/// The first line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Header {
    /// [`FORMAT`].
    pub(super) latchkey_database: u32,
    /// The schema's version.
    pub(super) schema: i64,
    /// When the copy was taken, in seconds since 1970.
    pub(super) taken_at: i64,
    /// Every table, in the order in which their rows come.
    pub(super) tables: Vec<Columns>,
}

/// Only the format of a first line, whatever else is in it.
#[derive(Deserialize)]
pub(super) struct AnyHeader {
    pub(super) latchkey_database: u32,
}

/// A table and its columns, in the order in which their values come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Columns {
    pub(super) name: String,
    pub(super) columns: Vec<String>,
}

/// The line before a table's rows.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RowsOf {
    pub(super) rows_of: String,
}

/// The line after the last row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Sums {
    pub(super) sums: Vec<WrittenSum>,
    pub(super) sequences: Vec<Sequence>,
}

/// How far the numbers of a table have come that the database gives out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Sequence {
    pub(super) table: String,
    pub(super) last: i64,
}

/// The last line.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Seal {
    pub(super) sha256: String,
}

/// One value of a row. Some are hashes of passwords: only tests can print them.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(Debug))]
#[serde(untagged)]
pub(super) enum Value {
    Null,
    Number(i64),
    Text(String),
    Bytes(Bytes),
}

/// Bytes, in lower-case hexadecimal digits.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(Debug))]
#[serde(deny_unknown_fields)]
pub(super) struct Bytes {
    #[serde(with = "hex::serde")]
    pub(super) hex: Vec<u8>,
}

/// A row's values, as its line has them.
pub(super) fn values(row: &AnyRow) -> StoreResult<Vec<Value>> {
    (0..row.len())
        .map(|index| {
            let kind = {
                let value = row.try_get_raw(index).or_unavailable()?;
                if value.is_null() { AnyTypeInfoKind::Null } else { value.type_info().kind() }
            };
            Ok(match kind {
                AnyTypeInfoKind::Null => Value::Null,
                AnyTypeInfoKind::SmallInt | AnyTypeInfoKind::Integer | AnyTypeInfoKind::BigInt => {
                    Value::Number(row.try_get(index).or_unavailable()?)
                }
                AnyTypeInfoKind::Text => Value::Text(row.try_get(index).or_unavailable()?),
                AnyTypeInfoKind::Blob => Value::Bytes(Bytes { hex: row.try_get(index).or_unavailable()? }),
                // No migration may make a column of another type: the engines would not agree on its values.
                AnyTypeInfoKind::Bool | AnyTypeInfoKind::Real | AnyTypeInfoKind::Double => {
                    return Err(StoreError::Inconsistent { table: "a table", column: "value" });
                }
            })
        })
        .collect()
}

/// A value's line, without its end.
pub(super) fn line(value: &impl Serialize) -> StoreResult<Vec<u8>> {
    serde_json::to_vec(value).map_err(|error| StoreError::Unavailable(Box::new(error)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn value() -> impl Strategy<Value = Value> {
        prop_oneof![
            Just(Value::Null),
            any::<i64>().prop_map(Value::Number),
            any::<String>().prop_map(Value::Text),
            any::<Vec<u8>>().prop_map(|hex| Value::Bytes(Bytes { hex })),
        ]
    }

    proptest! {
        #[test]
        fn a_row_has_one_line_and_comes_back(row in prop::collection::vec(value(), 0..6)) {
            let written = line(&row).unwrap();
            prop_assert!(!written.contains(&b'\n'));
            let read: Vec<Value> = serde_json::from_slice(&written).unwrap();
            prop_assert_eq!(line(&read).unwrap(), written);
            prop_assert_eq!(read, row);
        }
    }
}
