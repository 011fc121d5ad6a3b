//! Transactions that write.
//!
//! There are two ways to commit one, so that no operation can forget what its change means to verdicts: as a change
//! ([`Write::commit_change`]), which takes a revision and says what is to be read again, or as something that no
//! verdict depends on ([`Write::commit_unjudged`]). The one change that needs no transaction is `revocation`'s.

use std::ops::{Deref, DerefMut};

use latchkey_service::ports::{Committed, StoreResult, TokenChange};
use sqlx::{Any, AnyConnection, AnyPool, Transaction};

use crate::changes;
use crate::engine::Telling;
use crate::failure::{OrUnavailable as _, OrUnconfirmed as _};

/// Begins a transaction.
///
/// That is carried through also where nobody waits for it any more: the driver would give a connection back to its pool
/// with the transaction open, and what somebody else did on it next would be committed by nobody
/// (<https://github.com/transact-rs/sqlx/issues/4385>).
pub(crate) async fn begin(pool: &AnyPool, statement: &'static str) -> StoreResult<Transaction<'static, Any>> {
    let pool = pool.clone();
    let begun = tokio::spawn(async move { pool.begin_with(statement).await }).await;
    begun.unwrap_or(Err(sqlx::Error::WorkerCrashed)).or_unavailable()
}

/// A transaction that may write. Dropped without a commit, it is rolled back.
pub(crate) struct Write {
    transaction: Transaction<'static, Any>,
    telling: Option<Telling>,
}

impl Write {
    /// A transaction, and the way in which it tells others of a change.
    pub(crate) const fn new(transaction: Transaction<'static, Any>, telling: Option<Telling>) -> Self {
        Self { transaction, telling }
    }

    /// Commits what no verdict is made of: sessions, records, names, the audit log, when tokens were used.
    pub(crate) async fn commit_unjudged(self) -> StoreResult<()> {
        self.transaction.commit().await.or_unconfirmed()
    }

    /// Commits a change to what verdicts are made of. `changes` names all that is to be read again; several of
    /// them have one revision, so a bulk change is one to those who follow.
    ///
    /// The revision's row is locked last, and only for the time of the commit: whoever holds it waits for nothing.
    pub(crate) async fn commit_change<T>(mut self, changes: &[TokenChange], outcome: T) -> StoreResult<Committed<T>> {
        if changes.is_empty() {
            self.transaction.commit().await.or_unconfirmed()?;
            return Ok(Committed::unchanged(outcome));
        }
        let revision = changes::record(&mut self.transaction, changes, self.telling).await?;
        self.transaction.commit().await.or_unconfirmed()?;
        Ok(Committed::under(revision, changes.to_vec(), outcome))
    }
}

impl Deref for Write {
    type Target = AnyConnection;

    fn deref(&self) -> &AnyConnection {
        &self.transaction
    }
}

impl DerefMut for Write {
    fn deref_mut(&mut self) -> &mut AnyConnection {
        &mut self.transaction
    }
}
