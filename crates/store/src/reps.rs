//! Service reps.

use std::collections::BTreeSet;

use async_trait::async_trait;
use latchkey_domain::{Appearance, Email, RepId, RepKind, Role, Timestamp};
use latchkey_service::ports::{
    Committed, EmailChange, NewRep, Rep, RepChange, RepInsertion, RepStore, StoreResult, TokenChange,
};
use latchkey_service::{AuditEntry, PasswordHash, SecretHash};
use sqlx::AnyConnection;

use crate::constraint::Constraint;
use crate::failure::{OrUnavailable, in_long_time, in_time, unavailable};
use crate::lock::Lock;
use crate::row::{self, Fields, rep_columns};
use crate::{SqlStore, audit, sessions, set_up, standing};

#[async_trait]
impl RepStore for SqlStore {
    async fn insert_rep(&self, rep: &NewRep, audit: &AuditEntry) -> StoreResult<RepInsertion> {
        let mut transaction = self.begin().await?;
        if rep.rep.role == Role::Admin {
            // In line with whoever is setting up at this moment.
            Lock::SetUp.take(&mut transaction).await?;
            set_up::forget_codes(&mut transaction).await?;
        }
        if rep.rep.kind == RepKind::System && !are_fit_owners(&mut transaction, &rep.owners).await? {
            return Ok(RepInsertion::OwnersUnfit);
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
        let query = sqlx::query(concat!("SELECT ", rep_columns!(), " FROM service_rep WHERE id = $1"));
        let query = query.bind(id.as_bytes().as_slice());
        let row = in_time(async { query.fetch_optional(&self.reads).await.or_unavailable() }).await?;
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
        let reading =
            sqlx::query(concat!("SELECT ", rep_columns!(), " FROM service_rep ORDER BY email")).fetch_all(&self.reads);
        let rows = in_long_time(async { reading.await.or_unavailable() }).await?;
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
            refresh_search_text(&mut transaction, id).await?;
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
        refresh_search_text(&mut transaction, id).await?;
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
    ) -> StoreResult<Committed<RepChange>> {
        self.change_disabled(id, disabled_at, audit).await
    }

    async fn set_role(&self, id: RepId, role: Role, audit: &AuditEntry) -> StoreResult<Committed<RepChange>> {
        self.change_role(id, role, audit).await
    }
}

impl SqlStore {
    /// Makes what service reps are searched by, where a row does not have it yet: after a migration, which knows
    /// only the letters that its engine knows.
    pub(crate) async fn complete_search_texts(&self) -> StoreResult<()> {
        let mut transaction = self.begin().await?;
        let rows = sqlx::query("SELECT id FROM service_rep WHERE search_text = ''")
            .fetch_all(&mut *transaction)
            .await
            .or_unavailable()?;
        for row in &rows {
            let id = Fields::of(row, "service_rep").bytes("id").map(RepId::from_bytes)?;
            refresh_search_text(&mut transaction, id).await?;
        }
        transaction.commit_unjudged().await
    }
}

/// What a service rep is searched by: address and name in lower case.
fn search_text(email: &str, name: &str) -> String {
    format!("{email} {name}").to_lowercase()
}

async fn refresh_search_text(connection: &mut AnyConnection, id: RepId) -> StoreResult<()> {
    let row = sqlx::query("SELECT email, name FROM service_rep WHERE id = $1")
        .bind(id.as_bytes().as_slice())
        .fetch_one(&mut *connection)
        .await
        .or_unavailable()?;
    let fields = Fields::of(&row, "service_rep");
    sqlx::query("UPDATE service_rep SET search_text = $1 WHERE id = $2")
        .bind(search_text(&fields.text("email")?, &fields.text("name")?))
        .bind(id.as_bytes().as_slice())
        .execute(connection)
        .await
        .or_unavailable()?;
    Ok(())
}

/// Whether these can answer for a system rep: two different people, both enabled. Leaves them locked.
async fn are_fit_owners(connection: &mut AnyConnection, owners: &[RepId]) -> StoreResult<bool> {
    let distinct: BTreeSet<RepId> = owners.iter().copied().collect();
    if distinct.len() != 2 || owners.len() != 2 {
        return Ok(false);
    }
    for owner in distinct {
        let standing = standing::take(&mut *connection, owner).await?;
        if !standing.is_some_and(standing::Standing::may_own_system_reps) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Inserts a service rep and, of a system rep, its owners.
pub(crate) async fn insert(connection: &mut AnyConnection, new: &NewRep) -> Result<(), sqlx::Error> {
    let rep = &new.rep;
    sqlx::query(
        "INSERT INTO service_rep (id, email, name, role, kind, appearance, password_hash, created_at, disabled_at, \
         search_text) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
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
    .bind(search_text(&rep.email, &rep.name))
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
