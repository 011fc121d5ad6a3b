//! What is shown of the log: pages by filter, the newest first.
//!
//! Of several filters the one that usually leaves the least is looked up in its index, which is in the order of the
//! page; the others are checked on what it gives. Their columns stand in COALESCE, which means the same and keeps
//! the planner, which knows little about the data, from choosing another index.

use latchkey_domain::external_account::ExternalAccountId;
use latchkey_domain::{AccountSid, RepId};
use latchkey_service::ports::StoreResult;
use latchkey_service::{AuditActor, AuditCursor, AuditFilter, AuditLine, AuditMac, AuditRange, AuditSubject, Who};
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

/// A column, and the values of which it must have one.
type Equality = (&'static str, Vec<Value>);

/// What is looked up and what is checked, as text with the values of its placeholders.
struct Conditions {
    /// What is looked up. Where one of several values will do, each is looked up for itself; where all of the log
    /// is gone through, this is one condition that always holds.
    lookups: Vec<String>,
    /// What is checked on all of them.
    checks: Vec<String>,
    values: Vec<Value>,
}

/// What the filter asks of columns. The order says which of them is looked up.
fn equalities(filter: &AuditFilter) -> Vec<Equality> {
    let text = |text: &str| Value::Text(text.to_owned());
    let subject = match filter.subject {
        Some(AuditSubject::Rep(id)) => Some(("subject_id", bytes(*id.as_bytes()))),
        Some(AuditSubject::Token(sid)) => Some(("subject_id", bytes(*sid.as_bytes()))),
        Some(AuditSubject::ExternalAccount(id)) => Some(("subject_id", bytes(*id.as_bytes()))),
        Some(AuditSubject::Nothing) | None => None,
    };
    let actor = filter.actor.map(|actor| match actor {
        AuditActor::Rep(id) => ("actor_id", bytes(*id.as_bytes())),
        AuditActor::Token(sid) => ("actor_id", bytes(*sid.as_bytes())),
        AuditActor::CommandLine => ("actor_kind", text("command_line")),
        AuditActor::Anonymous => ("actor_kind", text("anonymous")),
        AuditActor::Policy => ("actor_kind", text("policy")),
    });
    let request = filter.request_id.as_ref().map(|id| ("request_id", text(id)));
    let address = filter.address.as_ref().map(|address| ("address", text(address)));
    let single = [request, subject, actor, address].into_iter().flatten();
    let mut equalities: Vec<Equality> = single.map(|(column, value)| (column, vec![value])).collect();
    if !filter.actions.is_empty() {
        equalities.push(("action", filter.actions.iter().map(|action| text(action.code())).collect()));
    }
    equalities
}

impl Conditions {
    /// All that the filter asks for.
    fn of(filter: &AuditFilter, range: AuditRange) -> Self {
        let mut equalities = equalities(filter).into_iter();
        let mut conditions = Self::looking_up(equalities.next());
        for (column, values) in equalities {
            let places: Vec<String> = values.into_iter().map(|value| conditions.place(value)).collect();
            conditions.checks.push(format!("COALESCE({column}, {column}) IN ({})", places.join(", ")));
        }
        conditions.limit_to(filter, range);
        if range.newest < i64::MAX {
            let place = conditions.place(Value::Number(range.newest));
            conditions.checks.push(format!("COALESCE(id, id) <= {place}"));
        }
        conditions
    }

    /// What is looked up alone; `None` where that leaves nothing to be checked.
    fn of_lookup(filter: &AuditFilter, range: AuditRange) -> Option<Self> {
        let mut equalities = equalities(filter).into_iter();
        let mut conditions = Self::looking_up(equalities.next());
        equalities.next()?;
        conditions.limit_to(filter, range);
        Some(conditions)
    }

    fn looking_up(equality: Option<Equality>) -> Self {
        let mut conditions = Self { lookups: Vec::new(), checks: Vec::new(), values: Vec::new() };
        conditions.lookups = match equality {
            Some((column, values)) => {
                values.into_iter().map(|value| format!("{column} = {}", conditions.place(value))).collect()
            }
            None => vec!["1 = 1".to_owned()],
        };
        conditions
    }

    /// Times and places, which each index of the log is ordered by.
    fn limit_to(&mut self, filter: &AuditFilter, range: AuditRange) {
        for (comparison, time) in [("at >=", filter.from), ("at <", filter.before)] {
            if let Some(time) = time {
                let place = self.place(Value::Number(time.unix_seconds()));
                self.checks.push(format!("{comparison} {place}"));
            }
        }
        for (comparison, cursor) in [("<", range.after), (">=", range.through)] {
            if let Some(cursor) = cursor {
                let (at, id) =
                    (self.place(Value::Number(cursor.at.unix_seconds())), self.place(Value::Number(cursor.id)));
                self.checks.push(format!("(at, id) {comparison} ({at}, {id})"));
            }
        }
    }

    /// Takes a value; its placeholder.
    fn place(&mut self, value: Value) -> String {
        self.values.push(value);
        format!("${}", self.values.len())
    }

    /// The first entries that pass, as many as the limit says, which is the placeholder behind all of these.
    fn select(&self, columns: &str, order: &str) -> String {
        let limit = self.limit();
        let of_one = |lookup: &String| {
            let conditions: Vec<&str> = [lookup].into_iter().chain(&self.checks).map(String::as_str).collect();
            format!("SELECT {columns} FROM audit_entry WHERE {} {order} LIMIT {limit}", conditions.join(" AND "))
        };
        match self.lookups.as_slice() {
            [lookup] => of_one(lookup),
            lookups => {
                let parts: Vec<String> =
                    lookups.iter().map(|lookup| format!("SELECT * FROM ({}) AS part", of_one(lookup))).collect();
                format!("SELECT * FROM ({}) AS parts {order} LIMIT {limit}", parts.join(" UNION ALL "))
            }
        }
    }

    fn limit(&self) -> String {
        format!("${}", self.values.len() + 1)
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

const NEWEST_FIRST: &str = "ORDER BY at DESC, id DESC";

/// Where a stretch of `most` entries ends that are looked up.
pub(super) async fn stretch(
    pool: &AnyPool,
    filter: &AuditFilter,
    after: Option<AuditCursor>,
    most: u32,
) -> StoreResult<Option<AuditCursor>> {
    let range = AuditRange { after, ..AuditRange::WHOLE };
    let Some(conditions) = Conditions::of_lookup(filter, range) else { return Ok(None) };
    // Read from the index alone.
    let sql = format!(
        "SELECT at, id FROM audit_entry WHERE {} {NEWEST_FIRST} LIMIT 1 OFFSET {}",
        conditions.lookups.iter().chain(&conditions.checks).map(String::as_str).collect::<Vec<_>>().join(" AND "),
        conditions.limit(),
    );
    let row = conditions.bind(sql, most.saturating_sub(1)).fetch_optional(pool).await.or_unavailable()?;
    row.as_ref().map(place).transpose()
}

/// Entries of a part of the log that pass the filter.
pub(super) async fn page(
    pool: &AnyPool,
    filter: &AuditFilter,
    range: AuditRange,
    most: u32,
) -> StoreResult<Vec<AuditLine>> {
    let conditions = Conditions::of(filter, range);
    // The names are looked up for the page's entries alone.
    let sql = format!(
        "SELECT entry.id AS id, entry.at AS at, entry.actor_kind AS actor_kind, entry.actor_id AS actor_id, \
         entry.action AS action, entry.subject_kind AS subject_kind, entry.subject_id AS subject_id, \
         entry.address AS address, entry.request_id AS request_id, entry.detail AS detail, \
         audit_link.seq AS seq, audit_link.mac AS mac, \
         actor_rep.name AS actor_name, actor_rep.email AS actor_email, actor_token.description AS actor_description, \
         subject_rep.name AS subject_name, subject_rep.email AS subject_email, \
         subject_token.description AS subject_description, \
         subject_account.integration AS subject_integration \
         FROM ({}) AS entry \
         LEFT JOIN audit_link ON audit_link.entry = entry.id \
         LEFT JOIN service_rep AS actor_rep ON actor_rep.id = entry.actor_id \
         LEFT JOIN token AS actor_token ON actor_token.sid = entry.actor_id \
         LEFT JOIN service_rep AS subject_rep ON subject_rep.id = entry.subject_id \
         LEFT JOIN token AS subject_token ON subject_token.sid = entry.subject_id \
         LEFT JOIN external_account AS subject_account ON subject_account.id = entry.subject_id \
         ORDER BY entry.at DESC, entry.id DESC",
        conditions.select("*", NEWEST_FIRST),
    );
    let rows = conditions.bind(sql, most).fetch_all(pool).await.or_unavailable()?;
    rows.iter().map(line).collect()
}

/// How many entries of a part of the log pass the filter, counted up to `most`.
pub(super) async fn count(pool: &AnyPool, filter: &AuditFilter, range: AuditRange, most: u32) -> StoreResult<u32> {
    let conditions = Conditions::of(filter, range);
    let sql = format!("SELECT CAST(COUNT(*) AS BIGINT) AS entries FROM ({}) AS counted", conditions.select("id", ""));
    let row = conditions.bind(sql, most).fetch_one(pool).await.or_unavailable()?;
    let entries = Fields::of(&row, "audit_entry").number("entries")?;
    Ok(u32::try_from(entries).unwrap_or(u32::MAX))
}

fn place(row: &AnyRow) -> StoreResult<AuditCursor> {
    let fields = Fields::of(row, "audit_entry");
    Ok(AuditCursor { at: fields.time("at")?, id: fields.number("id")? })
}

fn line(row: &AnyRow) -> StoreResult<AuditLine> {
    let fields = Fields::of(row, "audit_entry");
    let link = match fields.optional_number("seq")? {
        None => None,
        Some(seq) => Some((seq, fields.bytes("mac").map(AuditMac::from_bytes)?)),
    };
    Ok(AuditLine {
        cursor: place(row)?,
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
        // An account does nothing itself: it is a subject.
        ("external_account", Some(id)) => Who::ExternalAccount {
            id: ExternalAccountId::from_bytes(id),
            integration: fields.optional_text("subject_integration")?,
        },
        ("command_line", None) => Who::CommandLine,
        ("anonymous", None) => Who::Anonymous,
        ("policy", None) => Who::Policy,
        ("nothing", None) => Who::Nothing,
        _ => Who::Unknown(kind),
    })
}
