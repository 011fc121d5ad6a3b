//! Sessions, and attempts to start one.

use async_trait::async_trait;
use latchkey_domain::{RepId, Timestamp};
use latchkey_service::ports::{
    AttemptLimits, AttemptReservation, NewSession, Rep, RightAttempt, Session, SessionStore, StoreResult,
};
use latchkey_service::{AuditEntry, SecretHash};
use sqlx::AnyConnection;

use crate::failure::OrUnavailable;
use crate::lock::Lock;
use crate::row::{self, Fields, rep_columns, session_columns};
use crate::{SqlStore, audit};

#[async_trait]
impl SessionStore for SqlStore {
    async fn reserve_attempt(
        &self,
        account: SecretHash,
        network: &str,
        limits: AttemptLimits,
        now: Timestamp,
    ) -> StoreResult<AttemptReservation> {
        let window_start = now.plus_seconds(limits.window_seconds.saturating_neg());
        let mut transaction = self.begin().await?;
        Lock::SignIn.take(&mut transaction).await?;
        sqlx::query("DELETE FROM sign_in_attempt WHERE at <= $1")
            .bind(window_start.unix_seconds())
            .execute(&mut *transaction)
            .await
            .or_unavailable()?;

        // There are too many where a limit's last place is taken, and room again once who has it leaves the window.
        let in_the_way = [
            attempt_at_limit(&mut transaction, Some(account), network, limits.per_account_and_address).await?,
            attempt_at_limit(&mut transaction, None, network, limits.per_address).await?,
        ];
        let reservation = if let Some(latest) = in_the_way.into_iter().flatten().max() {
            AttemptReservation::TooMany { retry_at: latest.plus_seconds(limits.window_seconds) }
        } else {
            sqlx::query("INSERT INTO sign_in_attempt (account, address, at) VALUES ($1, $2, $3)")
                .bind(account.as_bytes().as_slice())
                .bind(network)
                .bind(now.unix_seconds())
                .execute(&mut *transaction)
                .await
                .or_unavailable()?;
            AttemptReservation::Reserved
        };
        transaction.commit_unjudged().await?;
        Ok(reservation)
    }

    async fn record_failed_attempt(&self, audit: &AuditEntry) -> StoreResult<()> {
        let mut transaction = self.begin().await?;
        audit::write(&mut transaction, audit).await?;
        transaction.commit_unjudged().await
    }

    async fn start_session(
        &self,
        session: &NewSession,
        attempt: RightAttempt<'_>,
        audit: &AuditEntry,
    ) -> StoreResult<bool> {
        let mut transaction = self.begin().await?;
        if !is_right_still(&mut transaction, session.rep, attempt).await? {
            return Ok(false);
        }
        insert(&mut transaction, session).await?;
        forget_attempts(&mut transaction, attempt).await?;
        audit::write(&mut transaction, audit).await?;
        transaction.commit_unjudged().await?;
        Ok(true)
    }

    async fn session(&self, hash: SecretHash) -> StoreResult<Option<(Session, Rep)>> {
        let row = sqlx::query(concat!(
            "SELECT ",
            session_columns!(),
            ", ",
            rep_columns!(),
            " FROM session JOIN service_rep ON service_rep.id = session.rep WHERE session.hash = $1"
        ))
        .bind(hash.as_bytes().as_slice())
        .fetch_optional(&self.reads)
        .await
        .or_unavailable()?;
        row.map(|row| Ok((row::session(&row)?, row::rep(&row)?))).transpose()
    }

    async fn touch_session(&self, hash: SecretHash, at: Timestamp) -> StoreResult<()> {
        let mut transaction = self.begin().await?;
        sqlx::query("UPDATE session SET last_seen_at = $1 WHERE hash = $2 AND last_seen_at < $1")
            .bind(at.unix_seconds())
            .bind(hash.as_bytes().as_slice())
            .execute(&mut *transaction)
            .await
            .or_unavailable()?;
        transaction.commit_unjudged().await
    }

    async fn confirm_session(
        &self,
        hash: SecretHash,
        rep: RepId,
        at: Timestamp,
        attempt: RightAttempt<'_>,
        audit: &AuditEntry,
    ) -> StoreResult<bool> {
        let mut transaction = self.begin().await?;
        if !is_right_still(&mut transaction, rep, attempt).await? {
            return Ok(false);
        }
        forget_attempts(&mut transaction, attempt).await?;
        let confirmed = sqlx::query("UPDATE session SET confirmed_at = $1 WHERE hash = $2")
            .bind(at.unix_seconds())
            .bind(hash.as_bytes().as_slice())
            .execute(&mut *transaction)
            .await
            .or_unavailable()?;
        if confirmed.rows_affected() > 0 {
            audit::write(&mut transaction, audit).await?;
        }
        transaction.commit_unjudged().await?;
        Ok(true)
    }

    async fn sessions(&self, rep: RepId, now: Timestamp, seen_after: Timestamp) -> StoreResult<Vec<Session>> {
        let rows = sqlx::query(concat!(
            "SELECT ",
            session_columns!(),
            " FROM session WHERE rep = $1 AND expires_at > $2 AND last_seen_at > $3 \
              ORDER BY last_seen_at DESC, created_at DESC, hash"
        ))
        .bind(rep.as_bytes().as_slice())
        .bind(now.unix_seconds())
        .bind(seen_after.unix_seconds())
        .fetch_all(&self.reads)
        .await
        .or_unavailable()?;
        rows.iter().map(row::session).collect()
    }

    async fn end_session(&self, hash: SecretHash, audit: &AuditEntry) -> StoreResult<bool> {
        let mut transaction = self.begin().await?;
        let ended = sqlx::query("DELETE FROM session WHERE hash = $1")
            .bind(hash.as_bytes().as_slice())
            .execute(&mut *transaction)
            .await
            .or_unavailable()?;
        if ended.rows_affected() == 0 {
            return Ok(false);
        }
        audit::write(&mut transaction, audit).await?;
        transaction.commit_unjudged().await?;
        Ok(true)
    }

    async fn end_other_sessions(&self, rep: RepId, keep: SecretHash, audit: &AuditEntry) -> StoreResult<u64> {
        let mut transaction = self.begin().await?;
        let ended = end_all_but(&mut transaction, rep, Some(keep)).await?;
        if ended > 0 {
            audit::write_ended(&mut transaction, audit, ended).await?;
        }
        transaction.commit_unjudged().await?;
        Ok(ended)
    }

    async fn remove_ended_sessions(&self, now: Timestamp, seen_after: Timestamp) -> StoreResult<u64> {
        let mut transaction = self.begin().await?;
        let removed = sqlx::query("DELETE FROM session WHERE expires_at <= $1 OR last_seen_at <= $2")
            .bind(now.unix_seconds())
            .bind(seen_after.unix_seconds())
            .execute(&mut *transaction)
            .await
            .or_unavailable()?;
        transaction.commit_unjudged().await?;
        Ok(removed.rows_affected())
    }
}

/// Whether the password that was compared is still that of somebody who may sign in. It stays so until the end of the
/// transaction: whoever changes it waits for the row.
async fn is_right_still(connection: &mut AnyConnection, rep: RepId, attempt: RightAttempt<'_>) -> StoreResult<bool> {
    let held = sqlx::query(
        "UPDATE service_rep SET password_hash = password_hash \
         WHERE id = $1 AND password_hash = $2 AND disabled_at IS NULL",
    )
    .bind(rep.as_bytes().as_slice())
    .bind(attempt.password.as_phc())
    .execute(connection)
    .await
    .or_unavailable()?;
    Ok(held.rows_affected() > 0)
}

async fn forget_attempts(connection: &mut AnyConnection, attempt: RightAttempt<'_>) -> StoreResult<()> {
    sqlx::query("DELETE FROM sign_in_attempt WHERE account = $1 AND address = $2")
        .bind(attempt.account.as_bytes().as_slice())
        .bind(attempt.network)
        .execute(connection)
        .await
        .or_unavailable()?;
    Ok(())
}

/// Inserts a session.
pub(crate) async fn insert(connection: &mut AnyConnection, session: &NewSession) -> StoreResult<()> {
    sqlx::query(
        "INSERT INTO session (hash, rep, created_at, last_seen_at, expires_at, confirmed_at, address, agent) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(session.hash.as_bytes().as_slice())
    .bind(session.rep.as_bytes().as_slice())
    .bind(session.created_at.unix_seconds())
    .bind(session.last_seen_at.unix_seconds())
    .bind(session.expires_at.unix_seconds())
    .bind(session.confirmed_at.unix_seconds())
    .bind(&*session.address)
    .bind(&*session.agent)
    .execute(connection)
    .await
    .or_unavailable()?;
    Ok(())
}

/// Ends a service rep's sessions except `keep`, and answers how many.
pub(crate) async fn end_all_but(
    connection: &mut AnyConnection,
    rep: RepId,
    keep: Option<SecretHash>,
) -> StoreResult<u64> {
    // No session has the empty hash.
    let keep = keep.map(|hash| hash.as_bytes().to_vec()).unwrap_or_default();
    let ended = sqlx::query("DELETE FROM session WHERE rep = $1 AND hash <> $2")
        .bind(rep.as_bytes().as_slice())
        .bind(keep)
        .execute(connection)
        .await
        .or_unavailable()?;
    Ok(ended.rows_affected())
}

/// When the `limit`th latest attempt was, of those from an address (on one account, where one is given); `None`
/// where there are fewer.
async fn attempt_at_limit(
    connection: &mut AnyConnection,
    account: Option<SecretHash>,
    address: &str,
    limit: i64,
) -> StoreResult<Option<Timestamp>> {
    let query = match account {
        Some(account) => sqlx::query(
            "SELECT at FROM sign_in_attempt WHERE address = $1 AND account = $3 ORDER BY at DESC LIMIT 1 OFFSET $2",
        )
        .bind(address)
        .bind(limit.max(1) - 1)
        .bind(account.as_bytes().to_vec()),
        None => sqlx::query("SELECT at FROM sign_in_attempt WHERE address = $1 ORDER BY at DESC LIMIT 1 OFFSET $2")
            .bind(address)
            .bind(limit.max(1) - 1),
    };
    let row = query.fetch_optional(connection).await.or_unavailable()?;
    row.map(|row| Fields::of(&row, "sign_in_attempt").time("at")).transpose()
}
