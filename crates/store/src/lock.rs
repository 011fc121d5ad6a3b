//! Locks for rules about many rows, held to the end of the transaction.
//!
//! A lock is taken by updating a row, which is the one way to lock that both engines know. Transactions that take
//! the same lock run one after the other; what each then reads is what the one before it committed. On SQLite
//! [`crate::SqlStore::begin`] has done that already, and the update changes nothing.

use latchkey_domain::RepId;
use latchkey_service::ports::StoreResult;
use sqlx::AnyConnection;

use crate::failure::OrUnavailable;
use crate::row::Fields;

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

/// Whether a service rep may have tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Owner {
    /// They may.
    Enabled,
    /// They are disabled, or nobody.
    Gone,
}

/// Waits for the lock on one service rep's tokens, and says whether they may have any.
pub(crate) async fn take_owner(connection: &mut AnyConnection, owner: RepId) -> StoreResult<Owner> {
    let row = sqlx::query("UPDATE service_rep SET disabled_at = disabled_at WHERE id = $1 RETURNING disabled_at")
        .bind(owner.as_bytes().as_slice())
        .fetch_optional(connection)
        .await
        .or_unavailable()?;
    let Some(row) = row else {
        return Ok(Owner::Gone);
    };
    let disabled_at = Fields::of(&row, "service_rep").optional_time("disabled_at")?;
    Ok(if disabled_at.is_some() { Owner::Gone } else { Owner::Enabled })
}
