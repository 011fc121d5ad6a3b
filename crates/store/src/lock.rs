//! Locks for rules about many rows, held to the end of the transaction.
//!
//! A lock is taken by updating a row, which is the one way to lock that both engines know. Transactions that take
//! the same lock run one after the other; what each then reads is what the one before it committed. On SQLite
//! [`crate::SqlStore::begin`] has done that already, and the update changes nothing.

use latchkey_service::ports::StoreResult;
use sqlx::AnyConnection;

use crate::failure::OrUnavailable;

/// What is locked as a whole.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Lock {
    /// Who is admin, and the set-up code.
    SetUp,
    /// The attempts to sign in.
    SignIn,
    /// How many records there are.
    Records,
    /// The audit log's chain.
    Audit,
}

impl Lock {
    /// Its row in `write_lock`, which the migration made.
    const fn name(self) -> &'static str {
        match self {
            Self::SetUp => "set_up",
            Self::SignIn => "sign_in",
            Self::Records => "records",
            Self::Audit => "audit",
        }
    }

    /// Waits for the lock.
    pub(crate) async fn take(self, connection: &mut AnyConnection) -> StoreResult<()> {
        sqlx::query("UPDATE write_lock SET name = name WHERE name = $1")
            .bind(self.name())
            .execute(connection)
            .await
            .or_unavailable()?;
        Ok(())
    }
}
