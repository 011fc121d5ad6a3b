//! From rows to domain values.
//!
//! Each list of columns stands beside what reads it. A value that Latchkey cannot have written is refused by table
//! and column ([`StoreError::Inconsistent`]), never guessed at: a token whose scopes cannot be read has none to
//! fall back to.

use latchkey_domain::{AccountSid, AddressRules, Appearance, RepId, RepKind, Role, Timestamp};
use latchkey_service::SecretHash;
use latchkey_service::ports::{
    Credential, Rep, Session, StoreError, StoreResult, StoredRecord, TokenMaker, TokenRecord, TokenSource,
};
use sqlx::any::AnyRow;
use sqlx::{Any, ColumnIndex, Decode, Row, Type};

/// The columns of a service rep, under names that no other table's have.
macro_rules! rep_columns {
    () => {
        "service_rep.id AS service_rep_id, service_rep.email AS service_rep_email, \
         service_rep.name AS service_rep_name, service_rep.role AS service_rep_role, \
         service_rep.kind AS service_rep_kind, service_rep.appearance AS service_rep_appearance, \
         service_rep.created_at AS service_rep_created_at, service_rep.disabled_at AS service_rep_disabled_at"
    };
}

/// The columns of a session.
macro_rules! session_columns {
    () => {
        "session.hash AS session_hash, session.rep AS session_rep, session.created_at AS session_created_at, \
         session.last_seen_at AS session_last_seen_at, session.expires_at AS session_expires_at, \
         session.confirmed_at AS session_confirmed_at, session.address AS session_address, \
         session.agent AS session_agent"
    };
}

/// The columns of a token. They need [`token_joins`].
macro_rules! token_columns {
    () => {
        "token.sid AS token_sid, token.owner AS token_owner, token.description AS token_description, \
         token.scopes AS token_scopes, token.all_scopes AS token_all_scopes, token.source AS token_source, \
         token.created_at AS token_created_at, token.expires_at AS token_expires_at, \
         token.revoked_at AS token_revoked_at, token.rate_limit AS token_rate_limit, \
         NULLIF(token_last_used.at, 0) AS last_used_at, \
         service_rep.email AS owner_email, \
         CAST(CASE WHEN service_rep.disabled_at IS NULL THEN 1 ELSE 0 END AS BIGINT) AS owner_enabled, token.maker AS token_maker, maker.name AS maker_name, \
         token.addresses AS token_addresses"
    };
}

/// What a token's columns come from, beside `token` itself.
macro_rules! token_joins {
    () => {
        "JOIN service_rep ON service_rep.id = token.owner LEFT JOIN service_rep AS maker ON maker.id = token.maker \
         LEFT JOIN token_last_used ON token_last_used.sid = token.sid"
    };
}

/// The columns of a record.
macro_rules! record_columns {
    () => {
        "collection, id, version, data, created_at, updated_at"
    };
}

pub(crate) use {record_columns, rep_columns, session_columns, token_columns, token_joins};

/// A row, read field by field.
#[derive(Clone, Copy)]
pub(crate) struct Fields<'r> {
    row: &'r AnyRow,
    table: &'static str,
}

impl<'r> Fields<'r> {
    /// Reads what came from `table`.
    pub(crate) const fn of(row: &'r AnyRow, table: &'static str) -> Self {
        Self { row, table }
    }

    /// The error for a value that cannot be read. Where a column is selected as `table_column`, it is named alone.
    pub(crate) fn inconsistent(self, column: &'static str) -> StoreError {
        let alone = column.strip_prefix(self.table).and_then(|rest| rest.strip_prefix('_'));
        StoreError::Inconsistent { table: self.table, column: alone.unwrap_or(column) }
    }

    fn value<T>(self, column: &'static str) -> StoreResult<T>
    where
        T: Decode<'r, Any> + Type<Any>,
        &'static str: ColumnIndex<AnyRow>,
    {
        self.row.try_get(column).map_err(|_| self.inconsistent(column))
    }

    /// A text.
    pub(crate) fn text(self, column: &'static str) -> StoreResult<String> {
        self.value(column)
    }

    /// A text that need not be there.
    pub(crate) fn optional_text(self, column: &'static str) -> StoreResult<Option<String>> {
        self.value(column)
    }

    /// A text that is only looked at.
    pub(crate) fn borrowed_text(self, column: &'static str) -> StoreResult<&'r str> {
        self.value(column)
    }

    /// A text that stands for a value.
    pub(crate) fn code<T>(self, column: &'static str, parse: impl FnOnce(&str) -> Option<T>) -> StoreResult<T> {
        parse(self.value(column)?).ok_or_else(|| self.inconsistent(column))
    }

    /// A whole number.
    pub(crate) fn number(self, column: &'static str) -> StoreResult<i64> {
        self.value(column)
    }

    /// A whole number that need not be there.
    pub(crate) fn optional_number(self, column: &'static str) -> StoreResult<Option<i64>> {
        self.value(column)
    }

    /// Bytes, however many, that need not be there.
    pub(crate) fn raw_bytes(self, column: &'static str) -> StoreResult<Option<Vec<u8>>> {
        self.value::<Option<&[u8]>>(column).map(|bytes| bytes.map(<[u8]>::to_vec))
    }

    /// A time.
    pub(crate) fn time(self, column: &'static str) -> StoreResult<Timestamp> {
        self.number(column).map(Timestamp::from_unix_seconds)
    }

    /// A time that need not be there.
    pub(crate) fn optional_time(self, column: &'static str) -> StoreResult<Option<Timestamp>> {
        self.optional_number(column).map(|seconds| seconds.map(Timestamp::from_unix_seconds))
    }

    /// A flag, 0 or 1.
    pub(crate) fn flag(self, column: &'static str) -> StoreResult<bool> {
        match self.number(column)? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(self.inconsistent(column)),
        }
    }

    /// How many there are, from a COUNT.
    pub(crate) fn count(self, column: &'static str) -> StoreResult<u64> {
        u64::try_from(self.number(column)?).map_err(|_| self.inconsistent(column))
    }

    /// So many bytes.
    pub(crate) fn bytes<const LENGTH: usize>(self, column: &'static str) -> StoreResult<[u8; LENGTH]> {
        self.value::<&[u8]>(column)?.try_into().map_err(|_| self.inconsistent(column))
    }

    /// So many bytes that need not be there.
    pub(crate) fn optional_bytes<const LENGTH: usize>(self, column: &'static str) -> StoreResult<Option<[u8; LENGTH]>> {
        let bytes = self.value::<Option<&[u8]>>(column)?;
        bytes.map(TryInto::try_into).transpose().map_err(|_| self.inconsistent(column))
    }
}

/// Reads [`rep_columns`].
pub(crate) fn rep(row: &AnyRow) -> StoreResult<Rep> {
    let fields = Fields::of(row, "service_rep");
    Ok(Rep {
        id: fields.bytes("service_rep_id").map(RepId::from_bytes)?,
        email: fields.text("service_rep_email")?,
        name: fields.text("service_rep_name")?,
        role: fields.code("service_rep_role", Role::parse)?,
        kind: fields.code("service_rep_kind", RepKind::parse)?,
        appearance: fields.code("service_rep_appearance", Appearance::parse)?,
        created_at: fields.time("service_rep_created_at")?,
        disabled_at: fields.optional_time("service_rep_disabled_at")?,
    })
}

/// Reads [`session_columns`].
pub(crate) fn session(row: &AnyRow) -> StoreResult<Session> {
    let fields = Fields::of(row, "session");
    Ok(Session {
        hash: fields.bytes("session_hash").map(SecretHash::from_bytes)?,
        rep: fields.bytes("session_rep").map(RepId::from_bytes)?,
        created_at: fields.time("session_created_at")?,
        last_seen_at: fields.time("session_last_seen_at")?,
        expires_at: fields.time("session_expires_at")?,
        confirmed_at: fields.time("session_confirmed_at")?,
        address: fields.text("session_address")?,
        agent: fields.text("session_agent")?,
    })
}

/// Reads [`token_columns`].
pub(crate) fn token(row: &AnyRow) -> StoreResult<TokenRecord> {
    let fields = Fields::of(row, "token");
    Ok(TokenRecord {
        sid: fields.bytes("token_sid").map(AccountSid::from_bytes)?,
        owner: fields.bytes("token_owner").map(RepId::from_bytes)?,
        owner_email: fields.text("owner_email")?,
        owner_is_enabled: fields.flag("owner_enabled")?,
        description: fields.text("token_description")?,
        scopes: fields.code("token_scopes", |names| names.parse().ok())?,
        all_scopes: fields.flag("token_all_scopes")?,
        source: fields.code("token_source", TokenSource::parse)?,
        created_at: fields.time("token_created_at")?,
        expires_at: fields.time("token_expires_at")?,
        revoked_at: fields.optional_time("token_revoked_at")?,
        last_used_at: fields.optional_time("last_used_at")?,
        rate_limit: fields.code("token_rate_limit", |text| text.parse().ok())?,
        maker: match fields.optional_bytes("token_maker")? {
            None => None,
            Some(id) => Some(TokenMaker { id: RepId::from_bytes(id), name: fields.text("maker_name")? }),
        },
        addresses: fields.code("token_addresses", address_rules)?,
    })
}

/// Reads address rules; an empty text is none.
#[expect(clippy::option_option, reason = "there may be none, and there may be a text that cannot be read")]
pub(crate) fn address_rules(text: &str) -> Option<Option<AddressRules>> {
    if text.is_empty() { Some(None) } else { text.parse().ok().map(Some) }
}

/// Reads [`token_columns`], [`rep_columns`], the secret's `not_after` and what the policy reserves.
pub(crate) fn credential(row: &AnyRow) -> StoreResult<Credential> {
    Ok(Credential {
        token: token(row)?,
        owner: rep(row)?,
        secret_not_after: Fields::of(row, "token_secret").optional_time("not_after")?,
        admin_scopes: Fields::of(row, "policy").code("policy_admin_scopes", |names| names.parse().ok())?,
    })
}

/// Reads [`record_columns`].
pub(crate) fn record(row: &AnyRow) -> StoreResult<StoredRecord> {
    let fields = Fields::of(row, "record");
    Ok(StoredRecord {
        collection: fields.text("collection")?,
        id: fields.text("id")?,
        version: fields.number("version")?,
        data: fields.text("data")?,
        created_at: fields.time("created_at")?,
        updated_at: fields.time("updated_at")?,
    })
}
