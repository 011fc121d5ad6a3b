//! Looking through all tokens.
//!
//! There are two ways to a page of a filtered list, and which is quick depends on how much the filter finds:
//! - little: gather it through the filter's own index and sort it (`gather`);
//! - much: walk along the index of the order, and take what passes (`walk`).
//!
//! Counting up to ten thousand, which the page shows, tells the two apart. A filter that finds much here and nothing
//! there (a text and a status that hardly meet) makes long walks; hence walks go in bounded stretches.

mod filter;
mod gather;
mod kinds;
mod statement;
mod walk;

use std::collections::HashMap;

use async_trait::async_trait;
use latchkey_domain::AccountSid;
use latchkey_service::ports::{
    StoreResult, TokenListing, TokenOrder, TokenPosition, TokenQuery, TokenRecord, TokenStretch, TokenSurvey,
};

use crate::{SqlStore, tokens};

pub(crate) use kinds::list;

#[async_trait]
impl TokenListing for SqlStore {
    async fn survey_tokens(&self, query: &TokenQuery) -> StoreResult<TokenSurvey> {
        gather::survey(&self.reads, query).await
    }

    async fn gather_tokens(
        &self,
        query: &TokenQuery,
        order: TokenOrder,
        after: Option<TokenPosition>,
        rows: u32,
    ) -> StoreResult<Vec<TokenPosition>> {
        gather::sorted(&self.reads, query, order, after, rows).await
    }

    async fn walk_tokens(
        &self,
        query: &TokenQuery,
        order: TokenOrder,
        after: Option<TokenPosition>,
        rows: u32,
        examined: u32,
    ) -> StoreResult<TokenStretch> {
        walk::walk(&self.reads, self.engine, (query, order, after), rows, examined).await
    }

    async fn tokens_named(&self, sids: &[AccountSid]) -> StoreResult<Vec<TokenRecord>> {
        let mut found: HashMap<AccountSid, TokenRecord> = HashMap::with_capacity(sids.len());
        for token in tokens::named(&self.reads, sids).await? {
            found.insert(token.sid, token);
        }
        Ok(sids.iter().filter_map(|sid| found.remove(sid)).collect())
    }
}
