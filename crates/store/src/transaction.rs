//! Transactions that write.
//!
//! There are two ways to commit one, so that no operation can forget what its change means to verdicts: as a change
//! ([`Write::commit_change`]), which takes a revision and says what is to be read again, or as something that no
//! verdict depends on ([`Write::commit_unjudged`]).

use std::ops::{Deref, DerefMut};

use latchkey_service::ports::{Committed, StoreResult, TokenChange};
use sqlx::{Any, AnyConnection, Transaction};

use crate::changes;
use crate::failure::{OrUnavailable as _, OrUnconfirmed as _};

/// A transaction that may write. Dropped without a commit, it is rolled back.
pub(crate) struct Write {
    transaction: Transaction<'static, Any>,
    make_known: Option<&'static str>,
}

impl Write {
    /// A transaction, and the statement by which it tells others of a change.
    pub(crate) const fn new(transaction: Transaction<'static, Any>, make_known: Option<&'static str>) -> Self {
        Self { transaction, make_known }
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
        let revision = changes::record(&mut self.transaction, changes).await?;
        if let Some(statement) = self.make_known {
            sqlx::raw_sql(statement).execute(&mut *self.transaction).await.or_unavailable()?;
        }
        self.transaction.commit().await.or_unconfirmed()?;
        Ok(Committed::under(revision, outcome))
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
