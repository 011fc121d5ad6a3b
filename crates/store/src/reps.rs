//! Service reps.

use async_trait::async_trait;
use latchkey_domain::{Appearance, Email, RepId, Role, Timestamp};
use latchkey_service::ports::{Committed, EmailChange, NewRep, Rep, RepInsertion, RepStore, StoreResult, TokenChange};
use latchkey_service::{AuditEntry, PasswordHash, SecretHash};
use sqlx::AnyConnection;

use crate::constraint::Constraint;
use crate::failure::{OrUnavailable, unavailable};
use crate::lock::Lock;
use crate::row::{self, Fields, rep_columns};
use crate::{SqlStore, audit, sessions, set_up};

#[async_trait]
impl RepStore for SqlStore {
    async fn insert_rep(&self, rep: &NewRep, audit: &AuditEntry) -> StoreResult<RepInsertion> {
        let mut transaction = self.begin().await?;
        if rep.rep.role == Role::Admin {
            // In line with whoever is setting up at this moment.
            Lock::SetUp.take(&mut transaction).await?;
            set_up::forget_codes(&mut transaction).await?;
        }
        match insert(&mut transaction, rep).await {
            Ok(()) => {}
            Err(error) if Constraint::RepEmail.is_violated_in(&error) => return Ok(RepInsertion::EmailTaken),
            Err(error) => return Err(unavailable(error)),
        }
        audit::write(&mut transaction, audit).await?;
        transaction.commit_unjudged().await?;
        Ok(RepInsertion::Inserted)
    }

    async fn rep(&self, id: RepId) -> StoreResult<Option<Rep>> {
        let row = sqlx::query(concat!("SELECT ", rep_columns!(), " FROM service_rep WHERE id = $1"))
            .bind(id.as_bytes().as_slice())
            .fetch_optional(&self.reads)
            .await
            .or_unavailable()?;
        row.as_ref().map(row::rep).transpose()
    }

    async fn rep_by_email(&self, email: &Email) -> StoreResult<Option<Rep>> {
        let row = sqlx::query(concat!("SELECT ", rep_columns!(), " FROM service_rep WHERE email = $1"))
            .bind(email.as_str())
            .fetch_optional(&self.reads)
            .await
            .or_unavailable()?;
        row.as_ref().map(row::rep).transpose()
    }

    async fn reps(&self) -> StoreResult<Vec<Rep>> {
        let rows = sqlx::query(concat!("SELECT ", rep_columns!(), " FROM service_rep ORDER BY email"))
            .fetch_all(&self.reads)
            .await
            .or_unavailable()?;
        rows.iter().map(row::rep).collect()
    }

    async fn password_hash(&self, id: RepId) -> StoreResult<Option<PasswordHash>> {
        let row = sqlx::query("SELECT password_hash FROM service_rep WHERE id = $1 AND password_hash IS NOT NULL")
            .bind(id.as_bytes().as_slice())
            .fetch_optional(&self.reads)
            .await
            .or_unavailable()?;
        row.map(|row| Fields::of(&row, "service_rep").text("password_hash").map(PasswordHash::from_phc)).transpose()
    }

    async fn rename_rep(&self, id: RepId, name: &str, audit: &AuditEntry) -> StoreResult<()> {
        let mut transaction = self.begin().await?;
        let changed = sqlx::query("UPDATE service_rep SET name = $1 WHERE id = $2 AND name <> $1")
            .bind(name)
            .bind(id.as_bytes().as_slice())
            .execute(&mut *transaction)
            .await
            .or_unavailable()?;
        if changed.rows_affected() > 0 {
            audit::write(&mut transaction, audit).await?;
        }
        transaction.commit_unjudged().await
    }

    async fn set_appearance(&self, id: RepId, appearance: Appearance, audit: &AuditEntry) -> StoreResult<()> {
        let mut transaction = self.begin().await?;
        let changed = sqlx::query("UPDATE service_rep SET appearance = $1 WHERE id = $2 AND appearance <> $1")
            .bind(appearance.code())
            .bind(id.as_bytes().as_slice())
            .execute(&mut *transaction)
            .await
            .or_unavailable()?;
        if changed.rows_affected() > 0 {
            audit::write(&mut transaction, audit).await?;
        }
        transaction.commit_unjudged().await
    }

    async fn change_email(
        &self,
        id: RepId,
        email: &Email,
        keep: SecretHash,
        audit: &AuditEntry,
    ) -> StoreResult<Committed<EmailChange>> {
        let mut transaction = self.begin().await?;
        let changed = sqlx::query("UPDATE service_rep SET email = $1 WHERE id = $2 AND email <> $1")
            .bind(email.as_str())
            .bind(id.as_bytes().as_slice())
            .execute(&mut *transaction)
            .await;
        match changed {
            Ok(changed) if changed.rows_affected() > 0 => {}
            Ok(_) => return Ok(Committed::unchanged(EmailChange::Changed { ended_sessions: 0 })),
            Err(error) if Constraint::RepEmail.is_violated_in(&error) => {
                return Ok(Committed::unchanged(EmailChange::EmailTaken));
            }
            Err(error) => return Err(unavailable(error)),
        }
        let ended_sessions = sessions::end_all_but(&mut transaction, id, Some(keep)).await?;
        audit::write(&mut transaction, audit).await?;
        // Verdicts name the owner's address to the API behind Latchkey.
        transaction.commit_change(&[TokenChange::Owner(id)], EmailChange::Changed { ended_sessions }).await
    }

    async fn change_password(
        &self,
        id: RepId,
        password: &PasswordHash,
        keep: SecretHash,
        audit: &AuditEntry,
    ) -> StoreResult<u64> {
        let mut transaction = self.begin().await?;
        let changed = sqlx::query("UPDATE service_rep SET password_hash = $1 WHERE id = $2")
            .bind(password.as_phc())
            .bind(id.as_bytes().as_slice())
            .execute(&mut *transaction)
            .await
            .or_unavailable()?;
        if changed.rows_affected() == 0 {
            return Ok(0);
        }
        let ended = sessions::end_all_but(&mut transaction, id, Some(keep)).await?;
        audit::write(&mut transaction, audit).await?;
        transaction.commit_unjudged().await?;
        Ok(ended)
    }

    async fn set_disabled(
        &self,
        id: RepId,
        disabled_at: Option<Timestamp>,
        audit: &AuditEntry,
    ) -> StoreResult<Committed<bool>> {
        let mut transaction = self.begin().await?;
        let changed = sqlx::query(
            "UPDATE service_rep SET disabled_at = $1 WHERE id = $2 AND (disabled_at IS NULL) <> ($1 IS NULL)",
        )
        .bind(disabled_at.map(Timestamp::unix_seconds))
        .bind(id.as_bytes().as_slice())
        .execute(&mut *transaction)
        .await
        .or_unavailable()?;
        if changed.rows_affected() == 0 {
            return Ok(Committed::unchanged(false));
        }
        if disabled_at.is_some() {
            sessions::end_all_but(&mut transaction, id, None).await?;
        }
        audit::write(&mut transaction, audit).await?;
        transaction.commit_change(&[TokenChange::Owner(id)], true).await
    }
}

/// Inserts a service rep and, of a system rep, its owners.
pub(crate) async fn insert(connection: &mut AnyConnection, new: &NewRep) -> Result<(), sqlx::Error> {
    let rep = &new.rep;
    sqlx::query(
        "INSERT INTO service_rep (id, email, name, role, kind, appearance, password_hash, created_at, disabled_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(rep.id.as_bytes().as_slice())
    .bind(rep.email.to_lowercase())
    .bind(&*rep.name)
    .bind(rep.role.code())
    .bind(rep.kind.code())
    .bind(rep.appearance.code())
    .bind(new.password.as_ref().map(PasswordHash::as_phc))
    .bind(rep.created_at.unix_seconds())
    .bind(rep.disabled_at.map(Timestamp::unix_seconds))
    .execute(&mut *connection)
    .await?;
    for owner in &new.owners {
        sqlx::query("INSERT INTO system_rep_owner (system_rep, owner) VALUES ($1, $2)")
            .bind(rep.id.as_bytes().as_slice())
            .bind(owner.as_bytes().as_slice())
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}
