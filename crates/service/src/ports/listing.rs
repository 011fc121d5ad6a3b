//! Looking through all tokens: filtered, in order, page by page.

use std::fmt;
use std::str::FromStr;

use async_trait::async_trait;
use latchkey_domain::{AccountSid, AddressRules, RepId, ScopeName, ScopeSet, Timestamp, TokenSource, TokenStatus};

use super::{StoreResult, TokenRecord};

/// Which tokens are looked for: those that pass every condition that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenQuery {
    /// Those of one owner.
    pub owner: Option<RepId>,
    /// Those of this status at `now`.
    pub status: Option<TokenStatus>,
    /// Those that were given this scope.
    pub scope: Option<ScopeName>,
    /// Those that were given one of these scopes.
    pub one_of: Option<ScopeSet>,
    /// Those that were given All Scopes.
    pub all_scopes: bool,
    /// Those that came to be in this way.
    pub source: Option<TokenSource>,
    /// Those with this text in their description or Account SID: three characters or more, in lower case.
    pub text: Option<String>,
    /// Those that end before this instant, or ended.
    pub expires_before: Option<Timestamp>,
    /// Those that were made before this instant and not used since.
    pub unused_since: Option<Timestamp>,
    /// Those that are live at `now`.
    pub live: bool,
    /// Those that break this rule.
    pub breaks: Option<Breach>,
    /// The instant that statuses are true for.
    pub now: Timestamp,
}

impl TokenQuery {
    /// All tokens.
    #[must_use]
    pub const fn all(now: Timestamp) -> Self {
        Self {
            owner: None,
            status: None,
            scope: None,
            one_of: None,
            all_scopes: false,
            source: None,
            text: None,
            expires_before: None,
            unused_since: None,
            live: false,
            breaks: None,
            now,
        }
    }

    /// Leaves those that also are live and break the rule that another query asks for: one that is made of nothing
    /// else.
    pub fn restrict_to(&mut self, breaking: Self) {
        self.live |= breaking.live;
        self.all_scopes |= breaking.all_scopes;
        self.unused_since = match (self.unused_since, breaking.unused_since) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
        self.breaks = breaking.breaks.or(self.breaks.take());
    }
}

/// How a token can break a rule of a policy, beside what other conditions ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Breach {
    /// It lives for more than so many seconds in all.
    LivesLonger(i64),
    /// A rep owns it, and it was given one of these scopes.
    HeldByRep(ScopeSet),
    /// It carries address rules.
    CarriesRules,
    /// It carries none.
    CarriesNoRules,
    /// It carries some, and they do not all lie within these.
    RulesOutside(AddressRules),
}

/// What a list of tokens is sorted by. Where that is equal, the Account SID decides, which is the creation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenSort {
    /// When it was made.
    Created,
    /// When it ends or ended by itself.
    Expires,
    /// When it was last used, as far as that has been written down; never comes before all else.
    LastUsed,
}

/// In which order tokens are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenOrder {
    /// By what.
    pub by: TokenSort,
    /// The latest first.
    pub descending: bool,
}

impl TokenOrder {
    /// The same the other way round.
    #[must_use]
    pub const fn reversed(self) -> Self {
        Self { by: self.by, descending: !self.descending }
    }
}

/// A place in a list of tokens: that of one token, whether or not it still passes the filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct TokenPosition {
    /// The time that the list is sorted by, in seconds: 0 where that is the creation, which the SID holds, and for a
    /// token that was never used.
    pub at: i64,
    /// The token.
    pub sid: AccountSid,
}

impl fmt::Display for TokenPosition {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}", self.at, self.sid)
    }
}

impl FromStr for TokenPosition {
    type Err = MalformedTokenPosition;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (at, sid) = text.split_once('.').ok_or(MalformedTokenPosition)?;
        let at = at.parse().map_err(|_| MalformedTokenPosition)?;
        Ok(Self { at, sid: sid.parse().map_err(|_| MalformedTokenPosition)? })
    }
}

/// The text is not a place in a list of tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a place in a list of tokens is a time and an Account SID")]
pub struct MalformedTokenPosition;

/// How many tokens a look through the filter's own index has found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenSurvey {
    /// So many.
    pub found: u64,
    /// Whether those are all.
    pub whole: bool,
}

/// What a stretch of a list held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenStretch {
    /// The tokens that pass the filter, in order.
    pub found: Vec<TokenPosition>,
    /// Where to go on; `None` at the list's end.
    pub rest: Option<TokenPosition>,
}

/// The part of the database that looks through all tokens.
///
/// Each operation does a bounded amount of work, whatever the filter; how often to go on is the use case's decision.
#[async_trait]
pub trait TokenListing: Send + Sync {
    /// Counts the tokens that pass, up to somewhat more than [`TokenSurvey::MANY`].
    ///
    /// # Errors
    /// [`super::StoreError`] where the database fails.
    async fn survey_tokens(&self, query: &TokenQuery) -> StoreResult<TokenSurvey>;

    /// The next `rows` tokens that pass, after `after`. For filters whose survey was whole: all that pass are
    /// gathered and sorted.
    ///
    /// # Errors
    /// [`super::StoreError`] where the database fails.
    async fn gather_tokens(
        &self,
        query: &TokenQuery,
        order: TokenOrder,
        after: Option<TokenPosition>,
        rows: u32,
    ) -> StoreResult<Vec<TokenPosition>>;

    /// Walks along the list of all tokens from `after`, past `examined` of them at most, and answers those that
    /// pass, `rows` at most.
    ///
    /// # Errors
    /// [`super::StoreError`] where the database fails.
    async fn walk_tokens(
        &self,
        query: &TokenQuery,
        order: TokenOrder,
        after: Option<TokenPosition>,
        rows: u32,
        examined: u32,
    ) -> StoreResult<TokenStretch>;

    /// The tokens with these names, in their order. Those that are not there are left out.
    ///
    /// # Errors
    /// [`super::StoreError`] where the database fails.
    async fn tokens_named(&self, sids: &[AccountSid]) -> StoreResult<Vec<TokenRecord>>;
}

impl TokenSurvey {
    /// Beyond so many, they are no longer counted.
    pub const MANY: u64 = 10_000;
}
