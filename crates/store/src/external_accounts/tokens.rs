//! What becomes of accounts' tokens: each change of an account that makes or ends one, whole.

use latchkey_domain::{AccountSid, Timestamp};
use latchkey_service::ports::{
    AccountChange, AccountRecord, AccountStage, AccountTarget, CancelledDraft, Committed, NewToken, StoreResult,
    TokenChange, TokenGift, TokenGiftAudits, TokenInsertion,
};
use latchkey_service::{AuditEntry, AuditSubject};
use sqlx::AnyConnection;

use super::credentials;
use crate::constraint::Constraint;
use crate::failure::{OrUnavailable, unavailable};
use crate::revocation::Marked;
use crate::transaction::Write;
use crate::{audit, policy, revocation, standing, tokens};

/// Whether a token is neither revoked nor expired. Its row stays locked, so that it is still so at the commit.
pub(super) async fn is_live(connection: &mut AnyConnection, sid: AccountSid, now: Timestamp) -> StoreResult<bool> {
    let live = sqlx::query("UPDATE token SET sid = sid WHERE sid = $1 AND revoked_at IS NULL AND expires_at > $2")
        .bind(sid.as_bytes().as_slice())
        .bind(now.unix_seconds())
        .execute(connection)
        .await
        .or_unavailable()?;
    Ok(live.rows_affected() == 1)
}

pub(super) async fn give_new(
    mut transaction: Write,
    record: &AccountRecord,
    target: AccountTarget,
    token: &NewToken,
    max_live: usize,
    audits: TokenGiftAudits<'_>,
) -> StoreResult<Committed<AccountChange<TokenGift>>> {
    // The policy, then the new owner, then tokens, as everybody else takes them. Both are looked at below.
    policy::lock(&mut transaction).await?;
    standing::take(&mut transaction, token.token.owner).await?;
    let mut changes = vec![TokenChange::Token(token.token.sid)];
    let previous = record.token.filter(|(_, generated)| *generated || record.stage == AccountStage::Active);
    if let Some((sid, _)) = previous
        && revoke_one(&mut transaction, sid, audits.each).await?.is_some()
    {
        changes.push(TokenChange::Revoked(sid));
    }
    match tokens::store(&mut transaction, token, max_live, audits.token).await? {
        TokenInsertion::Inserted => {}
        // Dropped uncommitted: the token before it lives on.
        refusal => return Ok(Committed::unchanged(AccountChange::Done(TokenGift::Refused(refusal)))),
    }
    let version = set_token(&mut transaction, record, target, token.token.sid, true, audits.account.at)
        .await
        .map_err(unavailable)?;
    audit::write(&mut transaction, audits.account).await?;
    transaction.commit_change(&changes, AccountChange::Done(TokenGift::Given(version))).await
}

pub(super) async fn attach(
    mut transaction: Write,
    record: &AccountRecord,
    target: AccountTarget,
    token: AccountSid,
    audit: &AuditEntry,
    each: &AuditEntry,
) -> StoreResult<Committed<AccountChange<Option<i64>>>> {
    let mut changes = Vec::new();
    let own = record.token.filter(|(sid, _)| *sid == token);
    let previous = record.token.filter(|(sid, generated)| *generated && *sid != token);
    if let Some((sid, _)) = previous
        && revoke_one(&mut transaction, sid, each).await?.is_some()
    {
        changes.push(TokenChange::Revoked(sid));
    }
    let is_generated = own.is_some_and(|(_, generated)| generated);
    let version = match set_token(&mut transaction, record, target, token, is_generated, audit.at).await {
        Ok(version) => version,
        Err(error) if Constraint::AccountToken.is_violated_in(&error) => {
            return Ok(Committed::unchanged(AccountChange::Done(None)));
        }
        Err(error) => return Err(unavailable(error)),
    };
    audit::write(&mut transaction, audit).await?;
    transaction.commit_change(&changes, AccountChange::Done(Some(version))).await
}

pub(super) async fn cancel(
    mut transaction: Write,
    record: &AccountRecord,
    audit: &AuditEntry,
    each: &AuditEntry,
) -> StoreResult<Committed<AccountChange<CancelledDraft>>> {
    let mut cancelled = CancelledDraft { revoked: None, left_alone: None };
    match record.token {
        Some((sid, true)) => {
            cancelled.revoked = revoke_one(&mut transaction, sid, each).await?.map(|_| sid);
        }
        Some((sid, false)) => cancelled.left_alone = Some(sid),
        None => {}
    }
    credentials::forget_all(&mut transaction, record.id).await?;
    sqlx::query("DELETE FROM external_account WHERE id = $1")
        .bind(record.id.as_bytes().as_slice())
        .execute(&mut *transaction)
        .await
        .or_unavailable()?;
    audit::write(&mut transaction, audit).await?;
    let changes: Vec<TokenChange> = cancelled.revoked.into_iter().map(TokenChange::Revoked).collect();
    transaction.commit_change(&changes, AccountChange::Done(cancelled)).await
}

pub(super) async fn revoke(
    mut transaction: Write,
    sid: AccountSid,
    audit: &AuditEntry,
    each: &AuditEntry,
) -> StoreResult<Committed<Option<(AccountSid, bool)>>> {
    let Some(marked) = revoke_one(&mut transaction, sid, each).await? else {
        return Ok(Committed::unchanged(Some((sid, true))));
    };
    audit::write(&mut transaction, audit).await?;
    transaction.commit_change(&[TokenChange::Revoked(sid)], Some((sid, marked.had_expired))).await
}

/// Revokes a token that is not revoked, and answers what it was. `each` is written for it.
async fn revoke_one(connection: &mut AnyConnection, sid: AccountSid, each: &AuditEntry) -> StoreResult<Option<Marked>> {
    let Some(marked) = revocation::mark(&mut *connection, sid, None, each.at).await? else { return Ok(None) };
    let entry = AuditEntry { subject: AuditSubject::Token(sid), ..each.clone() };
    audit::write(connection, &entry).await?;
    Ok(Some(marked))
}

/// Gives an account a token, under its next version, which is answered.
async fn set_token(
    connection: &mut AnyConnection,
    record: &AccountRecord,
    target: AccountTarget,
    token: AccountSid,
    is_generated: bool,
    at: Timestamp,
) -> Result<i64, sqlx::Error> {
    let version = record.version.saturating_add(1);
    sqlx::query(
        "UPDATE external_account SET token = $1, token_generated = $2, confirmed_at = NULL, version = $3, \
         changed_at = $4, changed_by = $5 WHERE id = $6",
    )
    .bind(token.as_bytes().as_slice())
    .bind(i64::from(is_generated))
    .bind(version)
    .bind(at.unix_seconds())
    .bind(target.by.as_bytes().as_slice())
    .bind(target.id.as_bytes().as_slice())
    .execute(connection)
    .await?;
    Ok(version)
}
