//! Pages of all tokens, and exports of them.

use std::time::{Duration, Instant};

use latchkey_domain::view::TokenView;
use latchkey_domain::{RepId, ScopeSet, Timestamp, TokenSource};

use super::search::{TokenSearch, Understood};
use crate::ports::{StoreResult, TokenOrder, TokenPosition, TokenQuery, TokenRecord, TokenSort, TokenSurvey};
use crate::{AuditAction, AuditSubject, Caller, Outcome, Service};

/// How many tokens a page has.
pub const TOKEN_PAGE: u32 = 50;
/// How long a page is looked for.
const PATIENCE: Duration = Duration::from_millis(300);
/// How many tokens are passed by before the time is looked at again.
const STRETCH: u32 = 20_000;
/// Up to so many are gathered to be sorted by their use, each of which has to be looked up; of more, the next are soon
/// met along the list.
const FEW_BY_USE: u64 = 2_000;
/// How many tokens of an export are read at once.
const EXPORT_BATCH: u32 = 500;

/// A token in the list of all.
#[derive(Debug, Clone)]
pub struct ListedToken {
    /// The token.
    pub token: TokenView,
    /// Whose it is.
    pub owner: RepId,
    /// Their address.
    pub owner_email: String,
    /// Whether they are enabled; otherwise the token does not work, whatever its status is.
    pub owner_is_enabled: bool,
    /// How it came to be.
    pub source: TokenSource,
    /// The names of its scopes.
    pub scope_names: ScopeSet,
}

/// A page of the list.
#[derive(Debug, Clone)]
pub struct AllTokens {
    /// What was typed.
    pub search: TokenSearch,
    /// What of it was left out, in sentences.
    pub notes: Vec<String>,
    /// The tokens, in order.
    pub tokens: Vec<ListedToken>,
    /// Where the next page begins, if there is one.
    pub next: Option<TokenPosition>,
    /// Whether time ran out before a whole page was found: there may be more from `next` on.
    pub is_cut_short: bool,
    /// How many pass, as far as they were counted.
    pub count: u64,
    /// Whether there may be more than were counted.
    pub count_is_least: bool,
    /// The instant that all of this is true for.
    pub now: Timestamp,
}

/// An export that has begun.
#[derive(Debug, Clone)]
pub struct TokenExport {
    query: TokenQuery,
    order: TokenOrder,
    after: Option<TokenPosition>,
    is_done: bool,
}

impl TokenExport {
    /// The instant that it is true for.
    #[must_use]
    pub const fn now(&self) -> Timestamp {
        self.query.now
    }
}

impl Service {
    /// A page of all tokens.
    ///
    /// # Errors
    /// [`latchkey_domain::Refusal::Forbidden`] to others than admins, or where the database fails.
    pub async fn all_tokens(&self, caller: &Caller, search: TokenSearch) -> Outcome<AllTokens> {
        caller.require_admin()?;
        let Understood { query, order, after, notes } = self.understand_search(&search).await?;
        let until = Instant::now() + PATIENCE;
        let survey = self.store.survey_tokens(&query).await?;
        let (mut found, rest) = self.find_tokens(&query, order, after, survey, until).await?;
        // One more than is shown was asked for: it tells whether there are more.
        let shown = usize::try_from(TOKEN_PAGE).unwrap_or(usize::MAX);
        let is_full = found.len() > shown;
        found.truncate(shown);
        let next = if is_full { found.last().copied() } else { rest };
        let tokens = self.listed(&found, query.now).await?;
        let least = u64::try_from(tokens.len()).unwrap_or_default();
        Ok(AllTokens {
            search,
            notes,
            tokens,
            next,
            is_cut_short: !is_full && rest.is_some(),
            count: survey.found.max(least).min(TokenSurvey::MANY),
            count_is_least: !survey.whole || survey.found > TokenSurvey::MANY,
            now: query.now,
        })
    }

    /// Finds a page and one more; the place to go on from, where time ran out.
    async fn find_tokens(
        &self,
        query: &TokenQuery,
        order: TokenOrder,
        mut after: Option<TokenPosition>,
        survey: TokenSurvey,
        until: Instant,
    ) -> StoreResult<(Vec<TokenPosition>, Option<TokenPosition>)> {
        let wanted = TOKEN_PAGE + 1;
        let few = if order.by == TokenSort::LastUsed { FEW_BY_USE } else { TokenSurvey::MANY };
        if survey.whole && survey.found <= few {
            return Ok((self.store.gather_tokens(query, order, after, wanted).await?, None));
        }
        let mut found = Vec::new();
        loop {
            let missing = wanted.saturating_sub(u32::try_from(found.len()).unwrap_or(u32::MAX));
            let stretch = self.store.walk_tokens(query, order, after, missing, STRETCH).await?;
            found.extend(stretch.found);
            after = stretch.rest;
            let is_full = u32::try_from(found.len()).is_ok_and(|found| found >= wanted);
            if is_full || after.is_none() || Instant::now() >= until {
                return Ok((found, after.filter(|_| !is_full)));
            }
        }
    }

    /// Begins an export of what passes, which is itself written to the log. `form` is what it is exported as.
    ///
    /// # Errors
    /// As [`Service::all_tokens`].
    pub async fn export_tokens(
        &self,
        caller: &Caller,
        search: &TokenSearch,
        form: &'static str,
    ) -> Outcome<TokenExport> {
        caller.require_admin()?;
        let Understood { query, order, .. } = self.understand_search(search).await?;
        let mut audit = self.entry(caller.actor(), AuditAction::TokensExported, AuditSubject::Nothing, &caller.origin);
        let names: Vec<&str> = search.parts().into_iter().map(|(name, _)| name).collect();
        audit.detail = if names.is_empty() {
            format!("all, as {form}")
        } else {
            format!("as {form}, filtered by {}", names.join(", "))
        };
        self.store.write_audit(&[audit]).await?;
        Ok(TokenExport { query, order, after: None, is_done: false })
    }

    /// The next tokens of an export; none at its end. It holds no more than one part of it at a time.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn next_exported_tokens(&self, export: &mut TokenExport) -> StoreResult<Vec<ListedToken>> {
        while !export.is_done {
            let stretch =
                self.store.walk_tokens(&export.query, export.order, export.after, EXPORT_BATCH, STRETCH).await?;
            export.after = stretch.rest;
            export.is_done = stretch.rest.is_none();
            if !stretch.found.is_empty() {
                return self.listed(&stretch.found, export.query.now).await;
            }
        }
        Ok(Vec::new())
    }

    async fn listed(&self, found: &[TokenPosition], now: Timestamp) -> StoreResult<Vec<ListedToken>> {
        let sids: Vec<_> = found.iter().map(|position| position.sid).collect();
        let records = self.store.tokens_named(&sids).await?;
        Ok(records.into_iter().map(|record| self.listed_token(record, now)).collect())
    }

    pub(crate) fn listed_token(&self, record: TokenRecord, now: Timestamp) -> ListedToken {
        ListedToken {
            token: self.token_view(&record, now),
            owner: record.owner,
            owner_email: record.owner_email,
            owner_is_enabled: record.owner_is_enabled,
            source: record.source,
            scope_names: record.scopes,
        }
    }
}
