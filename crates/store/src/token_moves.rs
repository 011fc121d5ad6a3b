//! Moving tokens to another owner.

use async_trait::async_trait;
use latchkey_domain::{AccountSid, RepId, Timestamp};
use latchkey_service::ports::{
    Committed, MovableToken, StoreResult, TokenChange, TokenMove, TokenMoveOutcome, TokenMoveStore,
};
use latchkey_service::{AuditEntry, AuditSubject};
use sqlx::AnyConnection;

use crate::failure::OrUnavailable;
use crate::row::Fields;
use crate::{SqlStore, audit, standing};

#[async_trait]
impl TokenMoveStore for SqlStore {
    async fn preview_move(&self, from: RepId, to: RepId, now: Timestamp) -> StoreResult<TokenMove> {
        let mut connection = self.reads.acquire().await.or_unavailable()?;
        plan(&mut connection, from, to, now).await
    }

    async fn move_tokens(
        &self,
        from: RepId,
        to: RepId,
        max_live: usize,
        audit: &AuditEntry,
        each: &AuditEntry,
    ) -> StoreResult<Committed<TokenMoveOutcome>> {
        if from == to {
            return Ok(Committed::unchanged(TokenMoveOutcome::TargetUnfit));
        }
        let mut transaction = self.begin().await?;
        // Both owners are locked, in one order for everybody: neither gets or loses a token meanwhile.
        let mut target = None;
        for owner in [from.min(to), from.max(to)] {
            let standing = standing::take(&mut transaction, owner).await?;
            if owner == to {
                target = standing;
            }
        }
        if !target.is_some_and(standing::Standing::may_own_tokens) {
            return Ok(Committed::unchanged(TokenMoveOutcome::TargetUnfit));
        }
        let planned = plan(&mut transaction, from, to, audit.at).await?;
        if planned.moving.is_empty() {
            return Ok(Committed::unchanged(TokenMoveOutcome::Nothing(planned)));
        }
        let theirs = standing::live_tokens(&mut transaction, to, audit.at).await?;
        let afterwards = usize::try_from(theirs).ok().and_then(|theirs| theirs.checked_add(planned.moving.len()));
        if afterwards.is_none_or(|afterwards| afterwards > max_live) {
            return Ok(Committed::unchanged(TokenMoveOutcome::TooMany));
        }
        // In the order in which everybody locks tokens.
        let mut moving: Vec<_> = planned.moving.iter().collect();
        moving.sort_unstable_by_key(|token| token.sid);
        for token in moving {
            // Made on the page, or in an integration's set-up, by an owner who is one no longer: from here on they are its maker.
            sqlx::query(
                "UPDATE token SET owner = $1, \
                 maker = COALESCE(maker, CASE WHEN source IN ('page', 'integration') THEN owner ELSE NULL END) WHERE sid = $2",
            )
            .bind(to.as_bytes().as_slice())
            .bind(token.sid.as_bytes().as_slice())
            .execute(&mut *transaction)
            .await
            .or_unavailable()?;
            // The copy that the list by last use goes by.
            sqlx::query("UPDATE token_last_used SET owner = $1 WHERE sid = $2")
                .bind(to.as_bytes().as_slice())
                .bind(token.sid.as_bytes().as_slice())
                .execute(&mut *transaction)
                .await
                .or_unavailable()?;
            let entry = AuditEntry { subject: AuditSubject::Token(token.sid), ..each.clone() };
            audit::write(&mut transaction, &entry).await?;
        }
        let detail = format!("tokens moved: {}; tokens that stayed: {}", planned.moving.len(), planned.staying.len());
        audit::write(&mut transaction, &audit.with_detail(&detail)).await?;
        let changes: Vec<TokenChange> = planned.moving.iter().map(|token| TokenChange::Token(token.sid)).collect();
        transaction.commit_change(&changes, TokenMoveOutcome::Moved(planned)).await
    }
}

/// Which live tokens of one owner could be another's.
async fn plan(connection: &mut AnyConnection, from: RepId, to: RepId, now: Timestamp) -> StoreResult<TokenMove> {
    let rows = sqlx::query(
        "SELECT token.sid AS sid, token.description AS description, \
         (SELECT CAST(COUNT(*) AS BIGINT) FROM token AS theirs WHERE theirs.owner = $2 AND theirs.revoked_at IS NULL \
          AND theirs.description_key = token.description_key AND theirs.expires_at > $3) AS clashes \
         FROM token WHERE token.owner = $1 AND token.revoked_at IS NULL AND token.expires_at > $3 \
         ORDER BY token.sid",
    )
    .bind(from.as_bytes().as_slice())
    .bind(to.as_bytes().as_slice())
    .bind(now.unix_seconds())
    .fetch_all(connection)
    .await
    .or_unavailable()?;
    let mut planned = TokenMove::default();
    for row in &rows {
        let fields = Fields::of(row, "token");
        let sid = fields.bytes("sid").map(AccountSid::from_bytes)?;
        let token = MovableToken { sid, description: fields.text("description")? };
        let list = if fields.count("clashes")? == 0 { &mut planned.moving } else { &mut planned.staying };
        list.push(token);
    }
    for list in [&mut planned.moving, &mut planned.staying] {
        list.sort_by_cached_key(|token| (token.description.to_lowercase(), token.sid));
    }
    Ok(planned)
}
