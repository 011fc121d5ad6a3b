//! Whether a service rep may act, and what they may do.
//!
//! Both decide who is an admin, so both take the lock that all such decisions take, one after the other. What is
//! read behind it is what the one before has committed: of two admins who disable each other, the second is told
//! that nobody would be left.

use latchkey_domain::{RepId, RepKind, Role, Timestamp};
use latchkey_service::ports::{Committed, RepChange, StoreResult, TokenChange};
use latchkey_service::{AuditActor, AuditEntry};
use sqlx::AnyConnection;

use crate::failure::OrUnavailable;
use crate::lock::Lock;
use crate::row::Fields;
use crate::{SqlStore, account_links, audit, sessions, set_up};

/// What the rules about admins need to know of a service rep.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Standing {
    role: Role,
    kind: RepKind,
    disabled_at: Option<Timestamp>,
    has_password: bool,
}

impl Standing {
    /// Whether they may have tokens: enabled, and no mere invitation.
    pub(crate) fn may_own_tokens(self) -> bool {
        self.disabled_at.is_none() && !self.is_invited()
    }

    /// Whether they may answer for a system rep.
    pub(crate) fn may_own_system_reps(self) -> bool {
        self.may_own_tokens() && self.kind == RepKind::Human
    }

    /// Whether they have been invited and have not chosen a password.
    pub(crate) fn is_invited(self) -> bool {
        self.kind == RepKind::Human && !self.has_password
    }

    /// Whether they are a service, which never signs in.
    pub(crate) fn is_system(self) -> bool {
        self.kind == RepKind::System
    }

    /// Whether they are disabled.
    pub(crate) const fn is_disabled(self) -> bool {
        self.disabled_at.is_some()
    }

    fn is_working_admin(self) -> bool {
        self.role == Role::Admin && self.may_own_system_reps()
    }
}

/// Waits for the lock on one service rep, and says how they stand; `None` where there is no such rep.
pub(crate) async fn take(connection: &mut AnyConnection, id: RepId) -> StoreResult<Option<Standing>> {
    let row = sqlx::query(
        "UPDATE service_rep SET disabled_at = disabled_at WHERE id = $1 \
         RETURNING role, kind, disabled_at, \
         CAST(CASE WHEN password_hash IS NULL THEN 0 ELSE 1 END AS BIGINT) AS has_password",
    )
    .bind(id.as_bytes().as_slice())
    .fetch_optional(connection)
    .await
    .or_unavailable()?;
    let Some(row) = row else {
        return Ok(None);
    };
    let fields = Fields::of(&row, "service_rep");
    Ok(Some(Standing {
        role: fields.code("role", Role::parse)?,
        kind: fields.code("kind", RepKind::parse)?,
        disabled_at: fields.optional_time("disabled_at")?,
        has_password: fields.flag("has_password")?,
    }))
}

impl SqlStore {
    pub(crate) async fn change_disabled(
        &self,
        id: RepId,
        disabled_at: Option<Timestamp>,
        audit: &AuditEntry,
    ) -> StoreResult<Committed<RepChange>> {
        let mut transaction = self.begin().await?;
        Lock::SetUp.take(&mut transaction).await?;
        if !may_administer(&mut transaction, audit.actor).await? {
            return Ok(Committed::unchanged(RepChange::NotAllowed));
        }
        let Some(standing) = take(&mut transaction, id).await? else {
            return Ok(Committed::unchanged(RepChange::NotFound));
        };
        if standing.is_disabled() == disabled_at.is_some() {
            return Ok(Committed::unchanged(RepChange::Unchanged));
        }
        if standing.is_working_admin() && !has_other_admin(&mut transaction, id).await? {
            return Ok(Committed::unchanged(RepChange::LastAdmin));
        }
        sqlx::query("UPDATE service_rep SET disabled_at = $1 WHERE id = $2")
            .bind(disabled_at.map(Timestamp::unix_seconds))
            .bind(id.as_bytes().as_slice())
            .execute(&mut *transaction)
            .await
            .or_unavailable()?;
        // When somebody is let in again too: a sign-in that was under way while they were disabled left one behind.
        let ended_sessions = sessions::end_all_but(&mut transaction, id, None).await?;
        let live_tokens = live_tokens(&mut transaction, id, audit.at).await?;
        let detail = if disabled_at.is_some() {
            account_links::forget(&mut transaction, id).await?;
            format!("sessions ended: {ended_sessions}; tokens stopped: {live_tokens}")
        } else {
            format!("tokens that work again: {live_tokens}")
        };
        audit::write(&mut transaction, &audit.with_detail(&detail)).await?;
        let changed = RepChange::Changed { ended_sessions, live_tokens };
        transaction.commit_change(&[TokenChange::Owner(id)], changed).await
    }

    pub(crate) async fn change_role(
        &self,
        id: RepId,
        role: Role,
        audit: &AuditEntry,
    ) -> StoreResult<Committed<RepChange>> {
        let mut transaction = self.begin().await?;
        Lock::SetUp.take(&mut transaction).await?;
        if !may_administer(&mut transaction, audit.actor).await? {
            return Ok(Committed::unchanged(RepChange::NotAllowed));
        }
        let Some(standing) = take(&mut transaction, id).await? else {
            return Ok(Committed::unchanged(RepChange::NotFound));
        };
        if standing.role == role {
            return Ok(Committed::unchanged(RepChange::Unchanged));
        }
        if standing.is_working_admin() && !has_other_admin(&mut transaction, id).await? {
            return Ok(Committed::unchanged(RepChange::LastAdmin));
        }
        sqlx::query("UPDATE service_rep SET role = $1 WHERE id = $2")
            .bind(role.code())
            .bind(id.as_bytes().as_slice())
            .execute(&mut *transaction)
            .await
            .or_unavailable()?;
        if role == Role::Admin {
            set_up::forget_codes(&mut transaction).await?;
        }
        let live_tokens = live_tokens(&mut transaction, id, audit.at).await?;
        let detail = format!("now: {}; tokens concerned: {live_tokens}", role.code());
        audit::write(&mut transaction, &audit.with_detail(&detail)).await?;
        let changed = RepChange::Changed { ended_sessions: 0, live_tokens };
        transaction.commit_change(&[TokenChange::Owner(id)], changed).await
    }
}

/// Whether whoever acts may still do so: an admin may have been disabled between the request and this transaction.
pub(crate) async fn may_administer(connection: &mut AnyConnection, actor: AuditActor) -> StoreResult<bool> {
    let AuditActor::Rep(id) = actor else {
        return Ok(true);
    };
    let admin = sqlx::query("SELECT id FROM service_rep WHERE id = $1 AND role = 'admin' AND disabled_at IS NULL")
        .bind(id.as_bytes().as_slice())
        .fetch_optional(connection)
        .await
        .or_unavailable()?;
    Ok(admin.is_some())
}

async fn has_other_admin(connection: &mut AnyConnection, than: RepId) -> StoreResult<bool> {
    let other = sqlx::query(
        "SELECT id FROM service_rep WHERE role = 'admin' AND kind = 'human' AND disabled_at IS NULL \
         AND password_hash IS NOT NULL AND id <> $1 LIMIT 1",
    )
    .bind(than.as_bytes().as_slice())
    .fetch_optional(connection)
    .await
    .or_unavailable()?;
    Ok(other.is_some())
}

/// How many of a service rep's tokens are neither revoked nor expired.
pub(crate) async fn live_tokens(connection: &mut AnyConnection, owner: RepId, now: Timestamp) -> StoreResult<u64> {
    let row = sqlx::query(
        "SELECT CAST(COUNT(*) AS BIGINT) AS live FROM token \
         WHERE owner = $1 AND revoked_at IS NULL AND expires_at > $2",
    )
    .bind(owner.as_bytes().as_slice())
    .bind(now.unix_seconds())
    .fetch_one(connection)
    .await
    .or_unavailable()?;
    Fields::of(&row, "token").count("live")
}
