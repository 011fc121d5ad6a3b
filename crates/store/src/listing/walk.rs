//! Walking along the list of all tokens, past a bounded number of them.
//!
//! A walk follows the index of the order. Its conditions are hidden in a CASE, since a planner that saw them might
//! follow another index and sort all that it finds there. What bounds the walk itself (where it begins, where the
//! filter leaves nothing to find) is reckoned out before, as one position at either end: given two bounds on one
//! side, SQLite uses the first it sees and reads through to the other.

use latchkey_domain::{AccountSid, Timestamp, TokenStatus};
use latchkey_service::ports::{StoreResult, TokenOrder, TokenPosition, TokenQuery, TokenSort, TokenStretch};
use sqlx::AnyPool;

use super::filter::{self, Columns};
use super::gather::position;
use super::statement::{Conditions, Statement};
use crate::engine::Engine;
use crate::failure::OrUnavailable;
use crate::row::Fields;

/// The shortest and the longest life that a token has, in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Lives {
    shortest: i64,
    longest: i64,
}

impl Lives {
    /// Reads them from the two ends of their index.
    async fn read(pool: &AnyPool) -> StoreResult<Option<Self>> {
        let row = sqlx::query(
            "SELECT CAST((SELECT expires_at - created_at FROM token ORDER BY expires_at - created_at LIMIT 1) \
             AS BIGINT) AS shortest, \
             CAST((SELECT expires_at - created_at FROM token ORDER BY expires_at - created_at DESC LIMIT 1) \
             AS BIGINT) AS longest",
        )
        .fetch_one(pool)
        .await
        .or_unavailable()?;
        let fields = Fields::of(&row, "token");
        let lives = fields.optional_number("shortest")?.zip(fields.optional_number("longest")?);
        Ok(lives.map(|(shortest, longest)| Self { shortest, longest }))
    }
}

/// A part of a list, with a position just outside at either end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Range {
    /// After all of these.
    above: Option<TokenPosition>,
    /// Before all of these.
    below: Option<TokenPosition>,
}

const FIRST: AccountSid = AccountSid::from_bytes([0; 16]);
const LAST: AccountSid = AccountSid::from_bytes([0xff; 16]);

impl Range {
    /// Where all that passes must lie.
    fn of(query: &TokenQuery, by: TokenSort, lives: Lives) -> Self {
        let at = |at: i64, sid| Some(TokenPosition { at, sid });
        let mut range = Self { above: None, below: None };
        let now = query.now.unix_seconds();
        let soon = query.now.plus_seconds(TokenStatus::EXPIRING_SOON_SECONDS).unix_seconds();
        // What is alive was made within the longest life, and what ends by then at least the shortest before.
        let (lives_after, ends_by) = match query.status {
            Some(TokenStatus::Active) => (Some(soon), None),
            Some(TokenStatus::ExpiringSoon) => (Some(now), Some(soon)),
            Some(TokenStatus::Expired) => (None, Some(now)),
            None | Some(TokenStatus::Revoked) => (query.live.then_some(now), None),
        };
        let made_at = |seconds: i64| filter::first_of(Timestamp::from_unix_seconds(seconds));
        let made_after = lives_after.map(|end| made_at(end.saturating_sub(lives.longest)));
        let made_before = ends_by.map(|end| made_at(end.saturating_sub(lives.shortest).saturating_add(1)));
        let ended_by = query.unused_since.map(|since| since.plus_seconds(lives.longest));
        match by {
            TokenSort::Created => {
                range.above = made_after.and_then(|sid| at(0, sid));
                if let Some(sid) = made_before {
                    range.lower_to(at(0, sid));
                }
                if let Some(since) = query.unused_since {
                    range.lower_to(at(0, filter::first_of(since)));
                }
                // Nothing ends before it is made.
                if let Some(before) = query.expires_before {
                    range.lower_to(at(0, filter::first_of(before)));
                }
            }
            TokenSort::Expires => {
                match query.status {
                    None | Some(TokenStatus::Revoked) => {
                        if query.live {
                            range.above = at(now, LAST);
                        }
                    }
                    Some(TokenStatus::Active) => range.above = at(soon, LAST),
                    Some(TokenStatus::ExpiringSoon) => {
                        range.above = at(now, LAST);
                        range.lower_to(at(soon.saturating_add(1), FIRST));
                    }
                    Some(TokenStatus::Expired) => range.lower_to(at(now.saturating_add(1), FIRST)),
                }
                if let Some(before) = query.expires_before {
                    range.lower_to(at(before.unix_seconds(), FIRST));
                }
                if let Some(by) = ended_by {
                    range.lower_to(at(by.unix_seconds().saturating_add(1), FIRST));
                }
            }
            TokenSort::LastUsed => {
                // Those that were never used come first, by their making.
                range.above = made_after.and_then(|sid| at(0, sid));
                if let Some(since) = query.unused_since {
                    range.lower_to(at(since.unix_seconds(), FIRST));
                }
                // Nothing is used after it has ended.
                if let Some(before) = query.expires_before {
                    range.lower_to(at(before.unix_seconds(), FIRST));
                }
                if query.status == Some(TokenStatus::Expired) {
                    range.lower_to(at(query.now.unix_seconds().saturating_add(1), FIRST));
                }
            }
        }
        range
    }

    fn lower_to(&mut self, below: Option<TokenPosition>) {
        self.below = match (self.below, below) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
    }

    fn raise_to(&mut self, above: TokenPosition) {
        self.above = Some(self.above.map_or(above, |one| one.max(above)));
    }

    /// What of it comes after a position.
    fn after(mut self, after: Option<TokenPosition>, descending: bool) -> Self {
        match after {
            Some(position) if descending => self.lower_to(Some(position)),
            Some(position) => self.raise_to(position),
            None => {}
        }
        self
    }
}

/// Walks.
pub(crate) async fn walk(
    pool: &AnyPool,
    engine: Engine,
    (query, order, after): (&TokenQuery, TokenOrder, Option<TokenPosition>),
    rows: u32,
    examined: u32,
) -> StoreResult<TokenStretch> {
    let Some(lives) = Lives::read(pool).await? else {
        return Ok(TokenStretch { found: Vec::new(), rest: None });
    };
    let range = Range::of(query, order.by, lives).after(after, order.descending);
    let end = end_statement(query, order, range, examined).fetch_all(pool).await?;
    let end = end.first().map(position).transpose()?;
    let found = walk_statement(engine, query, order, range, end, rows).fetch_all(pool).await?;
    let found: Vec<TokenPosition> = found.iter().map(position).collect::<StoreResult<_>>()?;
    let is_full = usize::try_from(rows).is_ok_and(|rows| found.len() >= rows);
    let rest = if is_full { found.last().copied() } else { end };
    Ok(TokenStretch { found, rest })
}

/// The position of the last token to be examined; none where the list ends before.
fn end_statement(query: &TokenQuery, order: TokenOrder, range: Range, examined: u32) -> Statement {
    let mut statement = select(order.by);
    let mut and = Conditions::of_where();
    statement.sql(from(order.by));
    if order.by == TokenSort::Created {
        filter::owner(&mut statement, &mut and, query, Columns::Token);
    }
    within(&mut statement, &mut and, order.by, range);
    sort(&mut statement, order);
    statement.sql(" LIMIT 1 OFFSET ").value(i64::from(examined.max(1)) - 1);
    statement
}

fn walk_statement(
    engine: Engine,
    query: &TokenQuery,
    order: TokenOrder,
    range: Range,
    end: Option<TokenPosition>,
    rows: u32,
) -> Statement {
    let mut statement = select(order.by);
    let mut and = Conditions::of_where();
    statement.sql(from(order.by));
    let by_use = order.by == TokenSort::LastUsed;
    // What the order's own index holds needs no look at the other table.
    let other_table =
        if by_use { query.text.is_some() || query.breaks.is_some() } else { query.unused_since.is_some() };
    if other_table {
        statement.sql(if by_use { " CROSS JOIN token" } else { " CROSS JOIN token_last_used" });
        and.and(&mut statement).sql("token.sid = token_last_used.sid");
    }
    if order.by == TokenSort::Created {
        filter::owner(&mut statement, &mut and, query, Columns::Token);
    }
    within(&mut statement, &mut and, order.by, range);
    if let Some(end) = end {
        and.and(&mut statement);
        compare(&mut statement, order.by, if order.descending { " >= " } else { " <= " }, end);
    }
    and.and(&mut statement).sql("CASE WHEN 1 = 1");
    let mut hidden = Conditions::bare();
    let columns = if by_use { Columns::LastUsed } else { Columns::Token };
    let _ = hidden.and(&mut statement);
    if order.by != TokenSort::Created {
        filter::owner(&mut statement, &mut hidden, query, columns);
    }
    filter::ends(&mut statement, &mut hidden, query, columns);
    filter::kind(&mut statement, &mut hidden, query, columns);
    filter::unused(&mut statement, &mut hidden, query);
    filter::breaks(&mut statement, &mut hidden, query);
    filter::text(&mut statement, &mut hidden, query, engine);
    statement.sql(" THEN 1 ELSE 0 END = 1");
    sort(&mut statement, order);
    statement.sql(" LIMIT ").value(i64::from(rows));
    statement
}

fn select(by: TokenSort) -> Statement {
    Statement::new(match by {
        TokenSort::Created => "SELECT token.sid AS sid, CAST(0 AS BIGINT) AS at",
        TokenSort::Expires => "SELECT token.sid AS sid, token.expires_at AS at",
        TokenSort::LastUsed => "SELECT token_last_used.sid AS sid, token_last_used.at AS at",
    })
}

const fn from(by: TokenSort) -> &'static str {
    match by {
        TokenSort::Created | TokenSort::Expires => " FROM token",
        TokenSort::LastUsed => " FROM token_last_used",
    }
}

fn within(statement: &mut Statement, and: &mut Conditions, by: TokenSort, range: Range) {
    if let Some(above) = range.above {
        and.and(statement);
        compare(statement, by, " > ", above);
    }
    if let Some(below) = range.below {
        and.and(statement);
        compare(statement, by, " < ", below);
    }
}

fn compare(statement: &mut Statement, by: TokenSort, how: &'static str, position: TokenPosition) {
    let columns = match by {
        TokenSort::Created => {
            statement.sql("token.sid").sql(how).value(position.sid.as_bytes());
            return;
        }
        TokenSort::Expires => "(token.expires_at, token.sid)",
        TokenSort::LastUsed => "(token_last_used.at, token_last_used.sid)",
    };
    statement.sql(columns).sql(how).sql("(").value(position.at).sql(", ").value(position.sid.as_bytes()).sql(")");
}

fn sort(statement: &mut Statement, order: TokenOrder) {
    statement.sql(match (order.by, order.descending) {
        (TokenSort::Created, true) => " ORDER BY token.sid DESC",
        (TokenSort::Created, false) => " ORDER BY token.sid",
        (TokenSort::Expires, true) => " ORDER BY token.expires_at DESC, token.sid DESC",
        (TokenSort::Expires, false) => " ORDER BY token.expires_at, token.sid",
        (TokenSort::LastUsed, true) => " ORDER BY token_last_used.at DESC, token_last_used.sid DESC",
        (TokenSort::LastUsed, false) => " ORDER BY token_last_used.at, token_last_used.sid",
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(at: i64, sid: AccountSid) -> TokenPosition {
        TokenPosition { at, sid }
    }

    #[test]
    fn a_walk_has_one_bound_at_either_end() {
        let query = TokenQuery {
            status: Some(TokenStatus::Expired),
            expires_before: Some(Timestamp::from_unix_seconds(500)),
            ..TokenQuery::all(Timestamp::from_unix_seconds(1000))
        };
        let range = Range::of(&query, TokenSort::Expires, Lives { shortest: 1, longest: 2 });
        assert_eq!(range, Range { above: None, below: Some(at(500, FIRST)) });
        assert_eq!(range.after(Some(at(700, LAST)), true), range);
        assert_eq!(range.after(Some(at(300, LAST)), true).below, Some(at(300, LAST)));
        assert_eq!(range.after(Some(at(300, LAST)), false).above, Some(at(300, LAST)));
    }
}
