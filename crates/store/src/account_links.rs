//! Links that let somebody choose a password.

use async_trait::async_trait;
use latchkey_domain::{RepId, Timestamp};
use latchkey_service::ports::{
    AccountLinkStore, LinkIssue, LinkPurpose, LinkUse, NewLink, NewRep, NewSession, Rep, RepInsertion, StoreResult,
    Withdrawal,
};
use latchkey_service::{AuditEntry, PasswordHash, SecretHash};
use sqlx::AnyConnection;

use crate::constraint::Constraint;
use crate::failure::{OrUnavailable, unavailable};
use crate::lock::Lock;
use crate::row::{self, Fields, rep_columns};
use crate::{SqlStore, audit, reps, sessions, set_up, standing};

#[async_trait]
impl AccountLinkStore for SqlStore {
    async fn invite(&self, rep: &NewRep, link: &NewLink, audit: &AuditEntry) -> StoreResult<RepInsertion> {
        let mut transaction = self.begin().await?;
        match reps::insert(&mut transaction, rep).await {
            Ok(()) => {}
            Err(error) if Constraint::RepEmail.is_violated_in(&error) => return Ok(RepInsertion::EmailTaken),
            Err(error) => return Err(unavailable(error)),
        }
        replace(&mut transaction, rep.rep.id, link).await?;
        audit::write(&mut transaction, audit).await?;
        transaction.commit_unjudged().await?;
        Ok(RepInsertion::Inserted)
    }

    async fn issue_link(&self, rep: RepId, link: &NewLink, audit: &AuditEntry) -> StoreResult<LinkIssue> {
        let mut transaction = self.begin().await?;
        let Some(standing) = standing::take(&mut transaction, rep).await? else {
            return Ok(LinkIssue::NotFound);
        };
        if standing.is_system() {
            return Ok(LinkIssue::SystemRep);
        }
        if standing.is_disabled() {
            return Ok(LinkIssue::Disabled);
        }
        match link.purpose {
            LinkPurpose::Invite if !standing.is_invited() => return Ok(LinkIssue::Accepted),
            LinkPurpose::Reset if standing.is_invited() => return Ok(LinkIssue::NotAccepted),
            LinkPurpose::Invite | LinkPurpose::Reset => {}
        }
        replace(&mut transaction, rep, link).await?;
        audit::write(&mut transaction, audit).await?;
        transaction.commit_unjudged().await?;
        Ok(LinkIssue::Issued)
    }

    async fn withdraw_invitation(&self, rep: RepId, audit: &AuditEntry) -> StoreResult<Withdrawal> {
        let mut transaction = self.begin().await?;
        match standing::take(&mut transaction, rep).await? {
            None => return Ok(Withdrawal::NotFound),
            Some(standing) if !standing.is_invited() => return Ok(Withdrawal::Accepted),
            Some(_) => {}
        }
        forget(&mut transaction, rep).await?;
        // Whoever has only been invited owns nothing and has no session: no other row names them.
        sqlx::query("DELETE FROM service_rep WHERE id = $1")
            .bind(rep.as_bytes().as_slice())
            .execute(&mut *transaction)
            .await
            .or_unavailable()?;
        audit::write(&mut transaction, audit).await?;
        transaction.commit_unjudged().await?;
        Ok(Withdrawal::Withdrawn)
    }

    async fn link_holder(&self, hash: SecretHash, purpose: LinkPurpose, now: Timestamp) -> StoreResult<Option<Rep>> {
        let row = sqlx::query(concat!(
            "SELECT ",
            rep_columns!(),
            " FROM account_link JOIN service_rep ON service_rep.id = account_link.rep \
              WHERE account_link.hash = $1 AND account_link.purpose = $2 AND account_link.expires_at > $3 \
              AND service_rep.disabled_at IS NULL"
        ))
        .bind(hash.as_bytes().as_slice())
        .bind(purpose.code())
        .bind(now.unix_seconds())
        .fetch_optional(&self.reads)
        .await
        .or_unavailable()?;
        row.as_ref().map(row::rep).transpose()
    }

    async fn use_link(
        &self,
        hash: SecretHash,
        purpose: LinkPurpose,
        password: &PasswordHash,
        session: &NewSession,
        audit: &AuditEntry,
    ) -> StoreResult<LinkUse> {
        let mut transaction = self.begin().await?;
        // An invitation that is accepted may make an admin, and that is decided in line.
        Lock::SetUp.take(&mut transaction).await?;
        let used = sqlx::query(
            "DELETE FROM account_link WHERE hash = $1 AND purpose = $2 AND rep = $3 AND expires_at > $4 RETURNING rep",
        )
        .bind(hash.as_bytes().as_slice())
        .bind(purpose.code())
        .bind(session.rep.as_bytes().as_slice())
        .bind(audit.at.unix_seconds())
        .fetch_optional(&mut *transaction)
        .await
        .or_unavailable()?;
        if used.is_none() {
            return Ok(LinkUse::Invalid);
        }
        let set = sqlx::query(
            "UPDATE service_rep SET password_hash = $1 WHERE id = $2 AND disabled_at IS NULL RETURNING role",
        )
        .bind(password.as_phc())
        .bind(session.rep.as_bytes().as_slice())
        .fetch_optional(&mut *transaction)
        .await
        .or_unavailable()?;
        let Some(set) = set else {
            return Ok(LinkUse::Invalid);
        };
        if Fields::of(&set, "service_rep").text("role")? == latchkey_domain::Role::Admin.code() {
            set_up::forget_codes(&mut transaction).await?;
        }
        let ended_sessions = sessions::end_all_but(&mut transaction, session.rep, None).await?;
        sessions::insert(&mut transaction, session).await?;
        let entry = match purpose {
            LinkPurpose::Invite => audit.clone(),
            LinkPurpose::Reset => audit.with_detail(&format!("sessions ended: {ended_sessions}")),
        };
        audit::write(&mut transaction, &entry).await?;
        transaction.commit_unjudged().await?;
        Ok(LinkUse::Used { ended_sessions })
    }
}

/// Stores a link in place of any other of the same person.
async fn replace(connection: &mut AnyConnection, rep: RepId, link: &NewLink) -> StoreResult<()> {
    sqlx::query(
        "INSERT INTO account_link (rep, hash, purpose, expires_at) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (rep) DO UPDATE SET hash = excluded.hash, purpose = excluded.purpose, \
         expires_at = excluded.expires_at",
    )
    .bind(rep.as_bytes().as_slice())
    .bind(link.hash.as_bytes().as_slice())
    .bind(link.purpose.code())
    .bind(link.expires_at.unix_seconds())
    .execute(connection)
    .await
    .or_unavailable()?;
    Ok(())
}

/// Makes a person's link useless.
pub(crate) async fn forget(connection: &mut AnyConnection, rep: RepId) -> StoreResult<()> {
    sqlx::query("DELETE FROM account_link WHERE rep = $1")
        .bind(rep.as_bytes().as_slice())
        .execute(connection)
        .await
        .or_unavailable()?;
    Ok(())
}
