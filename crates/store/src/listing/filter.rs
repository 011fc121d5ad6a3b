//! The conditions of a query as SQL.

use latchkey_domain::{AccountSid, Role, ScopeSet, Timestamp, TokenStatus};
use latchkey_service::ports::{Breach, TokenQuery};

use super::statement::{Conditions, Statement};
use crate::engine::Engine;

/// Where what a token is filtered by is read: both tables have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Columns {
    Token,
    LastUsed,
}

impl Columns {
    const fn revoked_at(self) -> &'static str {
        match self {
            Self::Token => "token.revoked_at",
            Self::LastUsed => "token_last_used.revoked_at",
        }
    }

    const fn owner(self) -> &'static str {
        match self {
            Self::Token => "token.owner",
            Self::LastUsed => "token_last_used.owner",
        }
    }

    const fn kind(self) -> &'static str {
        match self {
            Self::Token => "token.kind",
            Self::LastUsed => "token_last_used.kind",
        }
    }

    const fn expires_at(self) -> &'static str {
        match self {
            Self::Token => "token.expires_at",
            Self::LastUsed => "token_last_used.expires_at",
        }
    }
}

/// Whether a query asks for something that tokens of one kind have in common.
pub(crate) const fn asks_for_kind(query: &TokenQuery) -> bool {
    query.scope.is_some() || query.one_of.is_some() || query.all_scopes || query.source.is_some()
}

/// Status, `live` and `expires_before`.
pub(crate) fn ends(statement: &mut Statement, and: &mut Conditions, query: &TokenQuery, columns: Columns) {
    let (revoked_at, expires_at) = (columns.revoked_at(), columns.expires_at());
    let now = query.now.unix_seconds();
    let soon = query.now.plus_seconds(TokenStatus::EXPIRING_SOON_SECONDS).unix_seconds();
    match query.status {
        None => {}
        Some(TokenStatus::Revoked) => {
            and.and(statement).sql(revoked_at).sql(" IS NOT NULL");
        }
        Some(TokenStatus::Active) => {
            and.and(statement).sql(revoked_at).sql(" IS NULL");
            and.and(statement).sql(expires_at).sql(" > ").value(soon);
        }
        Some(TokenStatus::ExpiringSoon) => {
            and.and(statement).sql(revoked_at).sql(" IS NULL");
            and.and(statement).sql(expires_at).sql(" > ").value(now);
            and.and(statement).sql(expires_at).sql(" <= ").value(soon);
        }
        Some(TokenStatus::Expired) => {
            and.and(statement).sql(revoked_at).sql(" IS NULL");
            and.and(statement).sql(expires_at).sql(" <= ").value(now);
        }
    }
    if query.live {
        and.and(statement).sql(revoked_at).sql(" IS NULL");
        and.and(statement).sql(expires_at).sql(" > ").value(now);
    }
    if let Some(before) = query.expires_before {
        and.and(statement).sql(expires_at).sql(" < ").value(before.unix_seconds());
    }
}

/// The owner.
pub(crate) fn owner(statement: &mut Statement, and: &mut Conditions, query: &TokenQuery, columns: Columns) {
    if let Some(owner) = query.owner {
        and.and(statement).sql(columns.owner()).sql(" = ").value(owner.as_bytes());
    }
}

/// Scope, sensitive scopes, All Scopes and source.
pub(crate) fn kind(statement: &mut Statement, and: &mut Conditions, query: &TokenQuery, columns: Columns) {
    if !asks_for_kind(query) {
        return;
    }
    and.and(statement).sql(columns.kind()).sql(" IN (SELECT token_kind.id FROM token_kind");
    let mut inner = Conditions::of_where();
    if query.all_scopes {
        inner.and(statement).sql("token_kind.all_scopes = 1");
    }
    if let Some(source) = query.source {
        inner.and(statement).sql("token_kind.source = ").value(source.code());
    }
    if let Some(scope) = &query.scope {
        inner.and(statement).sql("token_kind.id IN (SELECT kind FROM token_kind_scope WHERE scope = ");
        statement.value(scope.as_str()).sql(")");
    }
    if let Some(scopes) = &query.one_of {
        inner.and(statement).sql("token_kind.id IN (SELECT kind FROM token_kind_scope WHERE scope IN (");
        names(statement, scopes);
        statement.sql("))");
    }
    statement.sql(")");
}

/// The names of a set; an empty one becomes a name that no scope has.
fn names(statement: &mut Statement, scopes: &ScopeSet) {
    if scopes.is_empty() {
        statement.value("");
    }
    for (index, scope) in scopes.iter().enumerate() {
        if index > 0 {
            statement.sql(", ");
        }
        statement.value(scope.as_str());
    }
}

/// `unused_since`. It needs `token_last_used`.
pub(crate) fn unused(statement: &mut Statement, and: &mut Conditions, query: &TokenQuery) {
    if let Some(since) = query.unused_since {
        and.and(statement).sql("token_last_used.at < ").value(since.unix_seconds());
        and.and(statement).sql("token_last_used.sid < ").value(first_of(since).as_bytes());
    }
}

/// `breaks`. It needs `token`.
pub(crate) fn breaks(statement: &mut Statement, and: &mut Conditions, query: &TokenQuery) {
    const OF_TOKEN: &str = "(SELECT 1 FROM token_network WHERE token_network.sid = token.sid";
    let Some(breach) = &query.breaks else { return };
    and.and(statement);
    match breach {
        Breach::LivesLonger(seconds) => {
            statement.sql("token.expires_at - token.created_at > ").value(*seconds);
        }
        Breach::HeldByRep(scopes) => {
            statement.sql("token.owner IN (SELECT id FROM service_rep WHERE role = ").value(Role::Rep.code());
            statement.sql(") AND token.kind IN (SELECT kind FROM token_kind_scope WHERE scope IN (");
            names(statement, scopes);
            statement.sql("))");
        }
        Breach::CarriesRules => {
            statement.sql("token.addresses <> ''");
        }
        Breach::CarriesNoRules => {
            statement.sql("token.addresses = ''");
        }
        Breach::RulesOutside(outer) => {
            statement.sql("EXISTS ").sql(OF_TOKEN).sql(" AND NOT (");
            for (index, (first, last)) in outer.bounds().enumerate() {
                statement.sql(if index > 0 { " OR (" } else { "(" });
                statement.sql("token_network.first_address >= ").value(first.as_slice());
                statement.sql(" AND token_network.last_address <= ").value(last.as_slice()).sql(")");
            }
            statement.sql("))");
        }
    }
}

/// The first Account SID that can be made at this instant.
pub(crate) fn first_of(at: Timestamp) -> AccountSid {
    AccountSid::first_at(at)
}

/// The text, read from the token itself: for tokens that were found by other means.
pub(crate) fn text(statement: &mut Statement, and: &mut Conditions, query: &TokenQuery, engine: Engine) {
    if let Some(text) = &query.text {
        let pattern = format!("%{}%", escaped(text));
        and.and(statement).sql("(token.description_key LIKE ").value(pattern.as_str());
        statement.sql(r" ESCAPE '\' OR ").sql(engine.sid_in_text()).sql(" LIKE ").value(pattern.as_str());
        statement.sql(r" ESCAPE '\')");
    }
}

/// The text, looked up in the index of texts. SQLite's index takes no escapes: what would need one stands for any
/// character there, and is compared again.
pub(crate) fn searched(statement: &mut Statement, and: &mut Conditions, text: &str) {
    let loose = format!("%{}%", text.replace(['%', '_', '\\'], "_"));
    and.and(statement).sql("token_search.text LIKE ").value(loose.as_str());
    let exact = format!("%{}%", escaped(text));
    if exact != loose {
        and.and(statement).sql("token_search.text LIKE ").value(exact.as_str()).sql(r" ESCAPE '\'");
    }
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        if matches!(letter, '%' | '_' | '\\') {
            escaped.push('\\');
        }
        escaped.push(letter);
    }
    escaped
}
