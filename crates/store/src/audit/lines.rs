//! What is shown of the log: pages by filter, the newest first.
//!
//! Of several filters the one that usually leaves the least is looked up in its index, which is in the order of the
//! page; the others are checked on what it gives. Their columns stand in COALESCE, which means the same and keeps
//! the planner, which knows little about the data, from choosing another index.

use latchkey_domain::{AccountSid, RepId, Timestamp};
use latchkey_service::ports::StoreResult;
use latchkey_service::{AuditActor, AuditCursor, AuditFilter, AuditLine, AuditMac, AuditSubject, Who};
use sqlx::any::{AnyArguments, AnyRow};
use sqlx::query::Query;
use sqlx::{Any, AnyPool, AssertSqlSafe};

use crate::failure::OrUnavailable;
use crate::row::Fields;

/// A value that a condition compares with.
enum Value {
    Number(i64),
    Text(String),
    Bytes(Vec<u8>),
}

/// Conditions, and the values of their placeholders.
#[derive(Default)]
struct Conditions {
    texts: Vec<String>,
    values: Vec<Value>,
    has_index: bool,
}

impl Conditions {
    fn of(filter: &AuditFilter) -> Self {
        let mut conditions = Self::default();
        // The order says which of them is looked up.
        if let Some(id) = &filter.request_id {
            conditions.equal("request_id", Value::Text(id.clone()));
        }
        match filter.subject {
            Some(AuditSubject::Rep(id)) => conditions.equal("subject_id", bytes(*id.as_bytes())),
            Some(AuditSubject::Token(sid)) => conditions.equal("subject_id", bytes(*sid.as_bytes())),
            Some(AuditSubject::Nothing) | None => {}
        }
        match filter.actor {
            Some(AuditActor::Rep(id)) => conditions.equal("actor_id", bytes(*id.as_bytes())),
            Some(AuditActor::Token(sid)) => conditions.equal("actor_id", bytes(*sid.as_bytes())),
            Some(AuditActor::CommandLine) => conditions.equal("actor_kind", Value::Text("command_line".to_owned())),
            Some(AuditActor::Anonymous) => conditions.equal("actor_kind", Value::Text("anonymous".to_owned())),
            None => {}
        }
        if let Some(address) = &filter.address {
            conditions.equal("address", Value::Text(address.clone()));
        }
        if let Some(action) = filter.action {
            conditions.equal("action", Value::Text(action.code().to_owned()));
        }
        if let Some(from) = filter.from {
            conditions.add("at >=", from);
        }
        if let Some(before) = filter.before {
            conditions.add("at <", before);
        }
        conditions
    }

    fn equal(&mut self, column: &str, value: Value) {
        self.values.push(value);
        let number = self.values.len();
        self.texts.push(if self.has_index {
            format!("COALESCE({column}, {column}) = ${number}")
        } else {
            format!("{column} = ${number}")
        });
        self.has_index = true;
    }

    fn add(&mut self, comparison: &str, time: Timestamp) {
        self.values.push(Value::Number(time.unix_seconds()));
        self.texts.push(format!("{comparison} ${}", self.values.len()));
    }

    fn after(&mut self, cursor: AuditCursor) {
        let number = self.values.len();
        self.values.extend([Value::Number(cursor.at.unix_seconds()), Value::Number(cursor.id)]);
        self.texts.push(format!("(at, id) < (${}, ${})", number + 1, number + 2));
    }

    fn up_to(&mut self, newest: i64) {
        self.values.push(Value::Number(newest));
        self.texts.push(format!("COALESCE(id, id) <= ${}", self.values.len()));
    }

    /// The number of the placeholder behind all of these.
    fn next(&self) -> usize {
        self.values.len() + 1
    }

    fn text(&self) -> String {
        if self.texts.is_empty() { String::new() } else { format!("WHERE {}", self.texts.join(" AND ")) }
    }

    fn bind<'q>(self, sql: String, limit: u32) -> Query<'q, Any, AnyArguments> {
        // Few texts, by which filters are set: worth being kept among the prepared statements.
        let mut query = sqlx::query(AssertSqlSafe(sql));
        for value in self.values {
            query = match value {
                Value::Number(number) => query.bind(number),
                Value::Text(text) => query.bind(text),
                Value::Bytes(bytes) => query.bind(bytes),
            };
        }
        query.bind(i64::from(limit))
    }
}

fn bytes(id: [u8; 16]) -> Value {
    Value::Bytes(id.to_vec())
}

/// Entries that pass the filter, after a place in the log, with ids up to `newest`.
pub(super) async fn page(
    pool: &AnyPool,
    filter: &AuditFilter,
    after: Option<AuditCursor>,
    newest: i64,
    most: u32,
) -> StoreResult<Vec<AuditLine>> {
    let mut conditions = Conditions::of(filter);
    if let Some(after) = after {
        conditions.after(after);
    }
    if newest < i64::MAX {
        conditions.up_to(newest);
    }
    // The names are looked up for the page's entries alone.
    let sql = format!(
        "SELECT entry.id AS id, entry.at AS at, entry.actor_kind AS actor_kind, entry.actor_id AS actor_id, \
         entry.action AS action, entry.subject_kind AS subject_kind, entry.subject_id AS subject_id, \
         entry.address AS address, entry.request_id AS request_id, entry.detail AS detail, \
         audit_link.seq AS seq, audit_link.mac AS mac, \
         actor_rep.name AS actor_name, actor_rep.email AS actor_email, actor_token.description AS actor_description, \
         subject_rep.name AS subject_name, subject_rep.email AS subject_email, \
         subject_token.description AS subject_description \
         FROM (SELECT * FROM audit_entry {} ORDER BY at DESC, id DESC LIMIT ${}) AS entry \
         LEFT JOIN audit_link ON audit_link.entry = entry.id \
         LEFT JOIN service_rep AS actor_rep ON actor_rep.id = entry.actor_id \
         LEFT JOIN token AS actor_token ON actor_token.sid = entry.actor_id \
         LEFT JOIN service_rep AS subject_rep ON subject_rep.id = entry.subject_id \
         LEFT JOIN token AS subject_token ON subject_token.sid = entry.subject_id \
         ORDER BY entry.at DESC, entry.id DESC",
        conditions.text(),
        conditions.next(),
    );
    let rows = conditions.bind(sql, most).fetch_all(pool).await.or_unavailable()?;
    rows.iter().map(line).collect()
}

/// How many entries pass the filter, counted up to `most`.
pub(super) async fn count(pool: &AnyPool, filter: &AuditFilter, most: u32) -> StoreResult<u32> {
    let conditions = Conditions::of(filter);
    let sql = format!(
        "SELECT CAST(COUNT(*) AS BIGINT) AS entries FROM (SELECT id FROM audit_entry {} LIMIT ${}) AS counted",
        conditions.text(),
        conditions.next(),
    );
    let row = conditions.bind(sql, most).fetch_one(pool).await.or_unavailable()?;
    let entries = Fields::of(&row, "audit_entry").number("entries")?;
    Ok(u32::try_from(entries).unwrap_or(u32::MAX))
}

fn line(row: &AnyRow) -> StoreResult<AuditLine> {
    let fields = Fields::of(row, "audit_entry");
    let link = match fields.optional_number("seq")? {
        None => None,
        Some(seq) => Some((seq, fields.bytes("mac").map(AuditMac::from_bytes)?)),
    };
    Ok(AuditLine {
        cursor: AuditCursor { at: fields.time("at")?, id: fields.number("id")? },
        link,
        actor: who(fields, ["actor_kind", "actor_id", "actor_name", "actor_email", "actor_description"])?,
        action: fields.text("action")?,
        subject: who(fields, ["subject_kind", "subject_id", "subject_name", "subject_email", "subject_description"])?,
        address: fields.text("address")?,
        request_id: fields.text("request_id")?,
        detail: fields.text("detail")?,
    })
}

fn who(fields: Fields<'_>, [kind, id, name, email, description]: [&'static str; 5]) -> StoreResult<Who> {
    let kind = fields.text(kind)?;
    let id: Option<[u8; 16]> = fields.optional_bytes(id)?;
    Ok(match (kind.as_str(), id) {
        ("rep", Some(id)) => {
            let known = fields.optional_text(name)?.zip(fields.optional_text(email)?);
            Who::Rep { id: RepId::from_bytes(id), known }
        }
        ("token", Some(id)) => {
            Who::Token { sid: AccountSid::from_bytes(id), description: fields.optional_text(description)? }
        }
        ("command_line", None) => Who::CommandLine,
        ("anonymous", None) => Who::Anonymous,
        ("nothing", None) => Who::Nothing,
        _ => Who::Unknown(kind),
    })
}
