//! Tokens that an admin chose to revoke together.

use std::collections::HashSet;

use async_trait::async_trait;
use latchkey_domain::{AccountSid, FormId, RepId, Timestamp};
use latchkey_service::ports::{
    Committed, NewSelection, Selection, SelectionOwner, SelectionStep, StoreResult, TokenChange, TokenSelectionStore,
};
use latchkey_service::{AuditEntry, AuditSubject};
use sqlx::{AnyConnection, AssertSqlSafe};

use crate::failure::OrUnavailable;
use crate::row::Fields;
use crate::{SqlStore, audit, placeholders};

#[async_trait]
impl TokenSelectionStore for SqlStore {
    async fn insert_selection(&self, selection: &NewSelection, sids: &[AccountSid]) -> StoreResult<()> {
        let mut transaction = self.begin().await?;
        forget_old(&mut transaction, selection.created_at).await?;
        sqlx::query("INSERT INTO token_selection (id, admin, created_at, expires_at) VALUES ($1, $2, $3, $4)")
            .bind(selection.id.as_bytes().as_slice())
            .bind(selection.admin.as_bytes().as_slice())
            .bind(selection.created_at.unix_seconds())
            .bind(selection.expires_at.unix_seconds())
            .execute(&mut *transaction)
            .await
            .or_unavailable()?;
        // Each token has a row about its use.
        for batch in sids.chunks(placeholders::MOST) {
            let sql = format!(
                "INSERT INTO token_selection_member (selection, sid, used_today) \
                 SELECT $1, sid, CASE WHEN at >= $2 THEN 1 ELSE 0 END FROM token_last_used WHERE sid IN ({}) \
                 ON CONFLICT DO NOTHING",
                placeholders::list(3, batch.len())
            );
            let mut query = sqlx::query(AssertSqlSafe(sql))
                .persistent(false)
                .bind(selection.id.as_bytes().to_vec())
                .bind(selection.today.unix_seconds());
            for sid in batch {
                query = query.bind(sid.as_bytes().to_vec());
            }
            query.execute(&mut *transaction).await.or_unavailable()?;
        }
        transaction.commit_unjudged().await
    }

    async fn selection(&self, id: FormId, admin: RepId, now: Timestamp) -> StoreResult<Option<Selection>> {
        let row = sqlx::query(
            "SELECT token_selection.created_at AS created_at, token_selection.confirmed_at AS confirmed_at, \
             token_selection.advanced_at AS advanced_at, \
             CAST(COUNT(token.sid) AS BIGINT) AS tokens, \
             CAST(COALESCE(SUM(token_selection_member.used_today), 0) AS BIGINT) AS used_today, \
             CAST(COALESCE(SUM(token_selection_member.revoked), 0) AS BIGINT) AS revoked, \
             CAST(COALESCE(SUM(CASE WHEN token.sid IS NOT NULL AND token_selection_member.revoked IS NULL \
             THEN 1 ELSE 0 END), 0) AS BIGINT) AS waiting, \
             CAST(COALESCE(SUM(CASE WHEN token_selection_member.revoked = 0 OR (token_selection_member.revoked IS NULL \
             AND (token.revoked_at IS NOT NULL OR token.expires_at <= $3)) THEN 1 ELSE 0 END), 0) AS BIGINT) \
             AS had_ended \
             FROM token_selection \
             LEFT JOIN token_selection_member ON token_selection_member.selection = token_selection.id \
             LEFT JOIN token ON token.sid = token_selection_member.sid \
             WHERE token_selection.id = $1 AND token_selection.admin = $2 AND token_selection.expires_at > $3 \
             GROUP BY token_selection.created_at, token_selection.confirmed_at, token_selection.advanced_at",
        )
        .bind(id.as_bytes().as_slice())
        .bind(admin.as_bytes().as_slice())
        .bind(now.unix_seconds())
        .fetch_optional(&self.reads)
        .await
        .or_unavailable()?;
        let Some(row) = row else { return Ok(None) };
        let fields = Fields::of(&row, "token_selection");
        Ok(Some(Selection {
            id,
            created_at: fields.time("created_at")?,
            confirmed_at: fields.optional_time("confirmed_at")?,
            advanced_at: fields.optional_time("advanced_at")?,
            tokens: fields.count("tokens")?,
            used_today: fields.count("used_today")?,
            had_ended: fields.count("had_ended")?,
            revoked: fields.count("revoked")?,
            waiting: fields.count("waiting")?,
        }))
    }

    async fn selection_owners(&self, id: FormId, now: Timestamp, limit: u32) -> StoreResult<Vec<SelectionOwner>> {
        let rows = sqlx::query(
            "SELECT service_rep.id AS id, service_rep.name AS name, service_rep.email AS email, \
             CAST(COUNT(*) AS BIGINT) AS tokens \
             FROM token_selection_member JOIN token ON token.sid = token_selection_member.sid \
             JOIN service_rep ON service_rep.id = token.owner WHERE token_selection_member.selection = $1 \
             AND token.revoked_at IS NULL AND token.expires_at > $2 GROUP BY service_rep.id, service_rep.name, service_rep.email \
             ORDER BY COUNT(*) DESC, service_rep.email LIMIT $3",
        )
        .bind(id.as_bytes().as_slice())
        .bind(now.unix_seconds())
        .bind(i64::from(limit))
        .fetch_all(&self.reads)
        .await
        .or_unavailable()?;
        let owner = |row| {
            let fields = Fields::of(row, "service_rep");
            Ok(SelectionOwner {
                owner: fields.bytes("id").map(RepId::from_bytes)?,
                name: fields.text("name")?,
                email: fields.text("email")?,
                tokens: fields.count("tokens")?,
            })
        };
        rows.iter().map(owner).collect()
    }

    async fn selection_used_today(&self, id: FormId, limit: u32) -> StoreResult<Vec<AccountSid>> {
        let rows = sqlx::query(
            "SELECT sid FROM token_selection_member WHERE selection = $1 AND used_today = 1 ORDER BY sid LIMIT $2",
        )
        .bind(id.as_bytes().as_slice())
        .bind(i64::from(limit))
        .fetch_all(&self.reads)
        .await
        .or_unavailable()?;
        rows.iter()
            .map(|row| Fields::of(row, "token_selection_member").bytes("sid").map(AccountSid::from_bytes))
            .collect()
    }

    async fn claim_selection(
        &self,
        id: FormId,
        admin: RepId,
        now: Timestamp,
        stalled_before: Timestamp,
    ) -> StoreResult<bool> {
        let mut transaction = self.begin().await?;
        let claimed = sqlx::query(
            "UPDATE token_selection SET confirmed_at = COALESCE(confirmed_at, $1), advanced_at = $1 \
             WHERE id = $2 AND admin = $3 AND expires_at > $1 AND (advanced_at IS NULL OR advanced_at < $4)",
        )
        .bind(now.unix_seconds())
        .bind(id.as_bytes().as_slice())
        .bind(admin.as_bytes().as_slice())
        .bind(stalled_before.unix_seconds())
        .execute(&mut *transaction)
        .await
        .or_unavailable()?;
        transaction.commit_unjudged().await?;
        Ok(claimed.rows_affected() == 1)
    }

    async fn revoke_selected(&self, id: FormId, most: u32, each: &AuditEntry) -> StoreResult<Committed<SelectionStep>> {
        let mut transaction = self.begin().await?;
        // The row is locked from here on: two who work on one selection at once take turns.
        sqlx::query("UPDATE token_selection SET advanced_at = $1 WHERE id = $2")
            .bind(each.at.unix_seconds())
            .bind(id.as_bytes().as_slice())
            .execute(&mut *transaction)
            .await
            .or_unavailable()?;
        let chosen = waiting(&mut transaction, id, most).await?;
        let mut revoked = Vec::with_capacity(chosen.len());
        for batch in chosen.chunks(placeholders::MOST) {
            revoked.extend(revoke_batch(&mut transaction, id, batch, each.at).await?);
        }
        for sid in &revoked {
            let entry = AuditEntry { subject: AuditSubject::Token(*sid), ..each.clone() };
            audit::write(&mut transaction, &entry).await?;
        }
        let done = SelectionStep { done: u32::try_from(chosen.len()).unwrap_or(u32::MAX) };
        let changes: Vec<TokenChange> = revoked.into_iter().map(TokenChange::Revoked).collect();
        transaction.commit_change(&changes, done).await
    }
}

/// Forgets selections whose time is over, a few at a time.
async fn forget_old(connection: &mut AnyConnection, now: Timestamp) -> StoreResult<()> {
    const OLD: &str = "(SELECT id FROM token_selection WHERE expires_at <= $1 ORDER BY expires_at LIMIT 5)";
    for sql in [
        format!("DELETE FROM token_selection_member WHERE selection IN {OLD}"),
        format!("DELETE FROM token_selection WHERE id IN {OLD}"),
    ] {
        sqlx::query(AssertSqlSafe(sql)).bind(now.unix_seconds()).execute(&mut *connection).await.or_unavailable()?;
    }
    Ok(())
}

/// The next tokens that wait, in the order of their SIDs.
async fn waiting(connection: &mut AnyConnection, id: FormId, most: u32) -> StoreResult<Vec<AccountSid>> {
    let rows = sqlx::query(
        "SELECT sid FROM token_selection_member WHERE selection = $1 AND revoked IS NULL ORDER BY sid LIMIT $2",
    )
    .bind(id.as_bytes().as_slice())
    .bind(i64::from(most))
    .fetch_all(connection)
    .await
    .or_unavailable()?;
    rows.iter().map(|row| Fields::of(row, "token_selection_member").bytes("sid").map(AccountSid::from_bytes)).collect()
}

/// Revokes those of a batch that are live, and notes what became of each. Answers which those were.
async fn revoke_batch(
    connection: &mut AnyConnection,
    id: FormId,
    batch: &[AccountSid],
    now: Timestamp,
) -> StoreResult<Vec<AccountSid>> {
    let chosen = placeholders::list(2, batch.len());
    let sql = format!(
        "UPDATE token SET revoked_at = $1 WHERE sid IN ({chosen}) AND revoked_at IS NULL AND expires_at > $1 \
         RETURNING sid"
    );
    let mut query = sqlx::query(AssertSqlSafe(sql)).persistent(false).bind(now.unix_seconds());
    for sid in batch {
        query = query.bind(sid.as_bytes().to_vec());
    }
    let rows = query.fetch_all(&mut *connection).await.or_unavailable()?;
    let mut revoked: Vec<AccountSid> = rows
        .iter()
        .map(|row| Fields::of(row, "token").bytes("sid").map(AccountSid::from_bytes))
        .collect::<StoreResult<_>>()?;
    revoked.sort_unstable();
    let these: HashSet<AccountSid> = revoked.iter().copied().collect();
    let others: Vec<AccountSid> = batch.iter().copied().filter(|sid| !these.contains(sid)).collect();
    if !revoked.is_empty() {
        // The copy that the list by last use goes by.
        let sql = format!(
            "UPDATE token_last_used SET revoked_at = $1 WHERE sid IN ({})",
            placeholders::list(2, revoked.len())
        );
        let mut query = sqlx::query(AssertSqlSafe(sql)).persistent(false).bind(now.unix_seconds());
        for sid in &revoked {
            query = query.bind(sid.as_bytes().to_vec());
        }
        query.execute(&mut *connection).await.or_unavailable()?;
    }
    for (sids, outcome) in [(&revoked, 1_i64), (&others, 0)] {
        if sids.is_empty() {
            continue;
        }
        let sql = format!(
            "UPDATE token_selection_member SET revoked = $1 WHERE selection = $2 AND sid IN ({})",
            placeholders::list(3, sids.len())
        );
        let mut query = sqlx::query(AssertSqlSafe(sql)).persistent(false).bind(outcome).bind(id.as_bytes().to_vec());
        for sid in sids {
            query = query.bind(sid.as_bytes().to_vec());
        }
        query.execute(&mut *connection).await.or_unavailable()?;
    }
    Ok(revoked)
}
