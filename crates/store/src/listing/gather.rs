//! Gathering what a filter finds through the index that finds the fewest, for counting it and for sorting it.

use latchkey_domain::AccountSid;
use latchkey_service::ports::{StoreResult, TokenOrder, TokenPosition, TokenQuery, TokenSort, TokenSurvey};
use sqlx::AnyPool;
use sqlx::any::AnyRow;

use super::filter::{self, Columns};
use super::statement::{Conditions, Statement};
use crate::row::Fields;

/// A token that has to be looked up to be judged costs more than one that the index judges: so many are.
const LOOKED_UP: i64 = 20_000;

/// The index by which tokens are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Driver {
    Text,
    Owner,
    Kind,
    LastUse,
    Ends,
    Everything,
}

impl Driver {
    fn of(query: &TokenQuery) -> Self {
        if query.text.is_some() {
            Self::Text
        } else if query.owner.is_some() {
            Self::Owner
        } else if filter::asks_for_kind(query) {
            Self::Kind
        } else if query.unused_since.is_some() && query.breaks.is_none() {
            Self::LastUse
        } else if query.status.is_some() || query.live || query.expires_before.is_some() {
            Self::Ends
        } else {
            Self::Everything
        }
    }

    /// The tables, in the order in which they are to be read: CROSS JOIN is how SQLite is told.
    fn from(self, statement: &mut Statement, and: &mut Conditions, last_use: bool) {
        match self {
            Self::Text => {
                statement.sql(" FROM token_search CROSS JOIN token");
            }
            Self::LastUse => {
                statement.sql(" FROM token_last_used");
                return;
            }
            Self::Owner | Self::Kind | Self::Ends | Self::Everything => {
                statement.sql(" FROM token");
            }
        }
        if last_use {
            statement.sql(" CROSS JOIN token_last_used");
        }
        if self == Self::Text {
            and.and(statement).sql("token.sid = token_search.sid");
        }
        if last_use {
            and.and(statement).sql("token_last_used.sid = token.sid");
        }
    }

    /// The conditions that its index judges.
    fn covered(self, statement: &mut Statement, and: &mut Conditions, query: &TokenQuery) {
        match self {
            Self::Text => {
                if let Some(text) = &query.text {
                    filter::searched(statement, and, text);
                }
            }
            Self::LastUse => {
                filter::unused(statement, and, query);
                filter::ends(statement, and, query, Columns::LastUsed);
            }
            Self::Owner | Self::Kind | Self::Ends | Self::Everything => {
                filter::owner(statement, and, query, Columns::Token);
                filter::kind(statement, and, query, Columns::Token);
                filter::ends(statement, and, query, Columns::Token);
            }
        }
    }

    /// The conditions that need a look at the token.
    fn looked_up(self, statement: &mut Statement, and: &mut Conditions, query: &TokenQuery) {
        match self {
            Self::Text => {
                filter::owner(statement, and, query, Columns::Token);
                filter::kind(statement, and, query, Columns::Token);
                filter::ends(statement, and, query, Columns::Token);
                filter::unused(statement, and, query);
                filter::breaks(statement, and, query);
            }
            Self::LastUse => {}
            Self::Owner | Self::Kind | Self::Ends | Self::Everything => {
                filter::unused(statement, and, query);
                filter::breaks(statement, and, query);
            }
        }
    }

    const fn sid(self) -> &'static str {
        match self {
            Self::LastUse => "token_last_used.sid",
            _ => "token.sid",
        }
    }
}

/// Counts what passes.
pub(crate) async fn survey(pool: &AnyPool, query: &TokenQuery) -> StoreResult<TokenSurvey> {
    let (statement, limit) = survey_statement(query);
    let rows = statement.fetch_all(pool).await?;
    let Some(row) = rows.first() else {
        return Ok(TokenSurvey { found: 0, whole: true });
    };
    let fields = Fields::of(row, "token");
    let found = u64::try_from(fields.number("found")?).unwrap_or_default();
    Ok(TokenSurvey { found, whole: fields.number("examined")? < limit })
}

fn survey_statement(query: &TokenQuery) -> (Statement, i64) {
    let driver = Driver::of(query);
    let mut judged = Conditions::bare();
    let mut statement = Statement::new(
        "SELECT CAST(COUNT(*) AS BIGINT) AS examined, CAST(COALESCE(SUM(passes), 0) AS BIGINT) AS found FROM (SELECT ",
    );
    statement.sql("CASE WHEN ");
    driver.looked_up(&mut statement, &mut judged, query);
    let limit = if judged.is_empty() {
        statement.sql("1 = 1");
        i64::try_from(TokenSurvey::MANY).unwrap_or(i64::MAX).saturating_add(1)
    } else {
        LOOKED_UP
    };
    statement.sql(" THEN 1 ELSE 0 END AS passes");
    let mut and = Conditions::of_where();
    if driver == Driver::Text && judged.is_empty() {
        statement.sql(" FROM token_search");
    } else {
        driver.from(&mut statement, &mut and, query.unused_since.is_some());
    }
    driver.covered(&mut statement, &mut and, query);
    statement.sql(" LIMIT ").value(limit).sql(") AS candidate");
    (statement, limit)
}

/// Sorts what passes, and answers some of it.
pub(crate) async fn sorted(
    pool: &AnyPool,
    query: &TokenQuery,
    order: TokenOrder,
    after: Option<TokenPosition>,
    rows: u32,
) -> StoreResult<Vec<TokenPosition>> {
    let rows = sorted_statement(query, order, after, rows).fetch_all(pool).await?;
    rows.iter().map(position).collect()
}

fn sorted_statement(query: &TokenQuery, order: TokenOrder, after: Option<TokenPosition>, rows: u32) -> Statement {
    let driver = Driver::of(query);
    // Gathered first and sorted then, whatever the planner thinks of its indexes.
    let mut statement = Statement::new("WITH found AS MATERIALIZED (SELECT ");
    statement.sql(driver.sid()).sql(" AS sid, ").sql(match (order.by, driver) {
        (TokenSort::Created, _) => "CAST(0 AS BIGINT)",
        (TokenSort::Expires, Driver::LastUse) => "token_last_used.expires_at",
        (TokenSort::Expires, _) => "token.expires_at",
        (TokenSort::LastUsed, _) => "token_last_used.at",
    });
    statement.sql(" AS at");
    let last_use = query.unused_since.is_some() || order.by == TokenSort::LastUsed;
    let mut and = Conditions::of_where();
    driver.from(&mut statement, &mut and, last_use);
    driver.covered(&mut statement, &mut and, query);
    driver.looked_up(&mut statement, &mut and, query);
    statement.sql(") SELECT sid, at FROM found");
    if let Some(after) = after {
        statement.sql(if order.descending { " WHERE (at, sid) < (" } else { " WHERE (at, sid) > (" });
        statement.value(after.at).sql(", ").value(after.sid.as_bytes()).sql(")");
    }
    statement.sql(if order.descending { " ORDER BY at DESC, sid DESC" } else { " ORDER BY at, sid" });
    statement.sql(" LIMIT ").value(i64::from(rows));
    statement
}

/// Reads `sid` and `at`.
pub(super) fn position(row: &AnyRow) -> StoreResult<TokenPosition> {
    let fields = Fields::of(row, "token");
    Ok(TokenPosition { at: fields.number("at")?, sid: fields.bytes("sid").map(AccountSid::from_bytes)? })
}

#[cfg(test)]
mod tests {
    use latchkey_domain::{RepId, Timestamp, TokenStatus};

    use super::*;

    #[test]
    fn a_filter_that_is_not_asked_for_is_not_in_the_statement() {
        let now = Timestamp::from_unix_seconds(1000);
        let all = TokenQuery::all(now);
        let (statement, _) = survey_statement(&all);
        assert!(statement.text().ends_with("FROM token LIMIT $1) AS candidate"), "{}", statement.text());

        let query = TokenQuery { owner: Some(RepId::from_bytes([1; 16])), status: Some(TokenStatus::Revoked), ..all };
        let (statement, _) = survey_statement(&query);
        let text = statement.text();
        assert!(
            text.ends_with("WHERE token.owner = $1 AND token.revoked_at IS NOT NULL LIMIT $2) AS candidate"),
            "{text}"
        );
    }
}
