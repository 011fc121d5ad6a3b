//! Revoking one token: a transaction of a few statements or, where changes are told to other nodes, one statement that
//! does the same at once. Somebody waits for a revocation until every node has it, and each statement is a way to the
//! server and back; a leaked token is let in until the last of them.

use latchkey_domain::{AccountSid, RepId, Timestamp};
use latchkey_service::AuditEntry;
use latchkey_service::ports::{Committed, Revision, Revocation, StoreResult, TokenChange};
use sqlx::AnyConnection;
use sqlx::any::AnyRow;

use crate::audit::entry_columns;
use crate::engine::Telling;
use crate::engine::membership::{signature, tell};
use crate::failure::{OrUnavailable, OrUnconfirmed as _};
use crate::row::Fields;
use crate::{SqlStore, audit, tokens};

/// What [`step_by_step`] does, as one statement of PostgreSQL, which commits itself. `$1` to `$9` are the audit entry,
/// `$10` the time, `$11` the token, `$12` its owner where one is named, and `$13` the node's signature.
///
/// The revision's row is locked last here too: its update reads what comes of everything else.
const AT_ONCE: &str = concat!(
    "WITH revoked AS (UPDATE token SET revoked_at = $10 \
     WHERE sid = $11 AND revoked_at IS NULL AND owner = COALESCE($12, owner) \
     RETURNING sid, description, expires_at), \
     used AS (UPDATE token_last_used SET revoked_at = $10 FROM revoked \
     WHERE token_last_used.sid = revoked.sid RETURNING token_last_used.sid), \
     audited AS (INSERT INTO audit_entry (",
    entry_columns!(),
    ") SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9 FROM revoked RETURNING id), \
     next AS (UPDATE token_revision SET latest = latest + 1 \
     FROM revoked, (SELECT COUNT(*) FROM used) AS used, (SELECT COUNT(*) FROM audited) AS audited \
     WHERE token_revision.id = 1 RETURNING latest), \
     changed AS (INSERT INTO token_change (rev, kind, subject) SELECT latest, 'revoked', $11 FROM next) \
     SELECT revoked.description AS description, revoked.expires_at AS expires_at, next.latest AS latest, ",
    tell!("next.latest", "$13"),
    " FROM revoked, next"
);

/// Revokes a token that is not revoked, and is of this owner where one is named.
///
/// Also one that has expired: by this machine's clock. By that of another node it may go on.
pub(crate) async fn revoke(
    store: &SqlStore,
    sid: AccountSid,
    owner: Option<RepId>,
    now: Timestamp,
    audit: &AuditEntry,
) -> StoreResult<Committed<Revocation>> {
    let revoked = match store.telling() {
        Some(telling) => at_once(store, telling, sid, owner, now, audit).await?,
        None => step_by_step(store, sid, owner, now, audit).await?,
    };
    if let Some(revoked) = revoked {
        return Ok(revoked);
    }
    // Read after the update, which may have waited for another revocation.
    let ended = tokens::find(&mut *store.reads.acquire().await.or_unavailable()?, sid, owner).await?;
    Ok(Committed::unchanged(ended.map_or(Revocation::NotFound, |token| Revocation::HadEnded(token.description))))
}

async fn at_once(
    store: &SqlStore,
    telling: Telling,
    sid: AccountSid,
    owner: Option<RepId>,
    now: Timestamp,
    audit: &AuditEntry,
) -> StoreResult<Option<Committed<Revocation>>> {
    let mut connection = store.writes.acquire().await.or_unavailable()?;
    let revoked = audit::bind(sqlx::query(AT_ONCE), audit, &audit.detail)
        .bind(now.unix_seconds())
        .bind(sid.as_bytes().as_slice())
        .bind(owner.map(|owner| owner.as_bytes().to_vec()))
        .bind(signature(telling.by))
        // To the end of the answer: the row comes before the commit, which may fail.
        .fetch_all(&mut *connection)
        .await
        .or_unconfirmed()?;
    let [revoked] = revoked.as_slice() else { return Ok(None) };
    let revision = Fields::of(revoked, "token_revision").number("latest").map(Revision::from_number)?;
    let outcome = Marked::read(revoked, now)?.into();
    Ok(Some(Committed::under(revision, vec![TokenChange::Revoked(sid)], outcome)))
}

async fn step_by_step(
    store: &SqlStore,
    sid: AccountSid,
    owner: Option<RepId>,
    now: Timestamp,
    audit: &AuditEntry,
) -> StoreResult<Option<Committed<Revocation>>> {
    let mut transaction = store.begin().await?;
    let Some(marked) = mark(&mut transaction, sid, owner, now).await? else { return Ok(None) };
    audit::write(&mut transaction, audit).await?;
    transaction.commit_change(&[TokenChange::Revoked(sid)], marked.into()).await.map(Some)
}

/// A token that has been marked as revoked.
pub(crate) struct Marked {
    description: String,
    /// Whether it had expired, by the clock of whoever revokes it.
    pub(crate) had_expired: bool,
}

impl Marked {
    fn read(row: &AnyRow, now: Timestamp) -> StoreResult<Self> {
        let fields = Fields::of(row, "token");
        Ok(Self { description: fields.text("description")?, had_expired: fields.time("expires_at")? <= now })
    }
}

impl From<Marked> for Revocation {
    fn from(Marked { description, had_expired }: Marked) -> Self {
        if had_expired { Self::HadEnded(description) } else { Self::Revoked(description) }
    }
}

/// Marks a token as revoked that is not, and is of this owner where one is named, in a transaction that is to be
/// committed as this revocation ([`TokenChange::Revoked`]). Answers what it was, where there was such a one.
pub(crate) async fn mark(
    connection: &mut AnyConnection,
    sid: AccountSid,
    owner: Option<RepId>,
    now: Timestamp,
) -> StoreResult<Option<Marked>> {
    let revoked = sqlx::query(
        "UPDATE token SET revoked_at = $1 \
         WHERE sid = $2 AND revoked_at IS NULL AND owner = COALESCE($3, owner) \
         RETURNING description, expires_at",
    )
    .bind(now.unix_seconds())
    .bind(sid.as_bytes().as_slice())
    .bind(owner.map(|owner| owner.as_bytes().to_vec()))
    .fetch_optional(&mut *connection)
    .await
    .or_unavailable()?;
    let Some(revoked) = revoked else { return Ok(None) };
    // The copy that the list by last use goes by.
    sqlx::query("UPDATE token_last_used SET revoked_at = $1 WHERE sid = $2")
        .bind(now.unix_seconds())
        .bind(sid.as_bytes().as_slice())
        .execute(connection)
        .await
        .or_unavailable()?;
    Marked::read(&revoked, now).map(Some)
}
