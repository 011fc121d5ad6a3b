//! Listing tokens.

use latchkey_domain::view::{TokenListView, TokenView};
use latchkey_domain::{AccountSid, Refusal, Timestamp, TokenStatus};

use crate::ports::{LastCall, Rep, StoreResult, TokenFilter, TokenRecord};
use crate::{Caller, Outcome, Service};

impl Service {
    /// The caller's own tokens, the newest first: at most `rows` of those that are live, or of all.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn list_tokens(&self, caller: &Caller, with_ended: bool, rows: u32) -> Outcome<TokenListView> {
        let now = self.now();
        let filter = TokenFilter { owner: Some(caller.rep.id), live_at: (!with_ended).then_some(now) };
        // One more than is shown tells whether there are more.
        let mut records = self.store.tokens(filter, rows.saturating_add(1)).await?;
        let shown = usize::try_from(rows).unwrap_or(usize::MAX);
        let more = records.len() > shown;
        records.truncate(shown);
        let tokens = records.iter().map(|record| self.token_view(record, now)).collect();
        Ok(TokenListView { tokens, more, now })
    }

    /// One of the caller's own tokens.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] where there is none of that name or it is somebody else's, or where the database
    /// fails.
    pub async fn own_token(&self, caller: &Caller, sid: AccountSid) -> Outcome<TokenView> {
        let record = self.store.token(sid, Some(caller.rep.id)).await?.ok_or(Refusal::NotFound)?;
        Ok(self.token_view(&record, self.now()))
    }

    /// A token in full, with its owner, for whoever presented it; its last use as written down.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn token_and_owner(&self, sid: AccountSid) -> Outcome<Option<(TokenRecord, Rep)>> {
        let Some(token) = self.store.token(sid, None).await? else { return Ok(None) };
        let owner = self.store.rep(token.owner).await?;
        Ok(owner.map(|owner| (token, owner)))
    }

    /// The tokens that pass a filter, for operators.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn tokens(&self, filter: TokenFilter, limit: u32) -> Outcome<Vec<TokenRecord>> {
        Ok(self.store.tokens(filter, limit).await?)
    }

    /// When a token was last used: as written down, or as noted since.
    pub(crate) fn last_used_at(&self, record: &TokenRecord) -> Option<Timestamp> {
        record.last_used_at.max(self.last_use.noted(record.sid))
    }

    /// The latest call with a token: as written down, or as noted here since.
    pub(crate) async fn last_call(&self, sid: AccountSid) -> StoreResult<Option<LastCall>> {
        // Noted first: it may be written down between the two.
        let noted = self.last_use.noted_call(sid);
        let written = self.store.last_call(sid).await?;
        Ok(match (noted, written) {
            (Some(noted), Some(written)) => Some(if written.at > noted.at { written } else { noted }),
            (noted, written) => noted.or(written),
        })
    }

    pub(crate) fn token_view(&self, record: &TokenRecord, now: Timestamp) -> TokenView {
        let in_catalog = self.catalog.scopes().iter().filter(|scope| record.scopes.contains(&scope.name));
        let labels = in_catalog.map(|scope| scope.label.clone());
        // A scope that has left the catalog opens nothing, but was granted: it is shown by its name.
        let gone = record.scopes.iter().filter(|name| self.catalog.scope(name).is_none()).map(ToString::to_string);
        TokenView {
            sid: record.sid,
            description: record.description.clone(),
            scopes: labels.chain(gone).collect(),
            all_scopes: record.all_scopes,
            status: TokenStatus::at(now, record.expires_at, record.revoked_at),
            created_at: record.created_at,
            expires_at: record.expires_at,
            revoked_at: record.revoked_at,
            last_used_at: self.last_used_at(record),
            maker: record.other_maker().map(|maker| maker.name.clone()),
        }
    }
}
