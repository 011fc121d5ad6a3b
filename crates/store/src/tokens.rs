//! Tokens, their secrets, and their use.

use std::collections::BTreeMap;

use async_trait::async_trait;
use latchkey_domain::{AccountSid, AddressRules, RepId, Timestamp, TokenHash, TokenRateLimit};
use latchkey_service::AuditEntry;
use latchkey_service::ports::{
    Committed, Credential, LastCall, NewToken, NotedCall, Revocation, StoreError, StoreResult, TokenChange,
    TokenFilter, TokenInsertion, TokenRecord, TokenStore,
};
use sqlx::{AnyConnection, AnyPool, AssertSqlSafe};

use crate::constraint::Constraint;
use crate::engine::Engine;
use crate::failure::{OrUnavailable, in_time, unavailable};
use crate::row::{self, Fields, rep_columns, token_columns, token_joins};
use crate::{SqlStore, audit, listing, placeholders, policy, revocation, standing};

/// A selection of whole credentials.
macro_rules! select_credentials {
    () => {
        concat!(
            "SELECT token_secret.not_after AS not_after, ",
            token_columns!(),
            ", ",
            rep_columns!(),
            // Read with the token: what its scopes count for is said at one instant.
            ", policy.admin_scopes AS policy_admin_scopes",
            " FROM token_secret JOIN token ON token.sid = token_secret.sid JOIN policy ON policy.id = 1 ",
            token_joins!()
        )
    };
}

/// A selection of whole tokens.
macro_rules! select_tokens {
    ($rest:literal) => {
        concat!("SELECT ", token_columns!(), " FROM token ", token_joins!(), " ", $rest)
    };
}

#[async_trait]
impl TokenStore for SqlStore {
    async fn insert_token(
        &self,
        token: &NewToken,
        max_live: usize,
        audit: &AuditEntry,
    ) -> StoreResult<Committed<TokenInsertion>> {
        let mut transaction = self.begin().await?;
        match store(&mut transaction, token, max_live, audit).await? {
            TokenInsertion::Inserted => {}
            refusal => return Ok(Committed::unchanged(refusal)),
        }
        transaction.commit_change(&[TokenChange::Token(token.token.sid)], TokenInsertion::Inserted).await
    }

    async fn token(&self, sid: AccountSid, owner: Option<RepId>) -> StoreResult<Option<TokenRecord>> {
        let mut connection = self.reads.acquire().await.or_unavailable()?;
        find(&mut connection, sid, owner).await
    }

    async fn tokens(&self, filter: TokenFilter, limit: u32) -> StoreResult<Vec<TokenRecord>> {
        let limit = i64::from(limit);
        let owner = filter.owner.map(|owner| owner.as_bytes().to_vec());
        let live_at = filter.live_at.map(Timestamp::unix_seconds);
        // One text for each, rather than `$1 IS NULL OR …`, which would keep the planner from its indexes.
        let query = match (owner, live_at) {
            (None, None) => sqlx::query(select_tokens!("ORDER BY token.sid DESC LIMIT $1")).bind(limit),
            (Some(owner), None) => {
                sqlx::query(select_tokens!("WHERE token.owner = $2 ORDER BY token.sid DESC LIMIT $1"))
                    .bind(limit)
                    .bind(owner)
            }
            (None, Some(live_at)) => sqlx::query(select_tokens!(
                "WHERE token.revoked_at IS NULL AND token.expires_at > $2 ORDER BY token.sid DESC LIMIT $1"
            ))
            .bind(limit)
            .bind(live_at),
            (Some(owner), Some(live_at)) => sqlx::query(select_tokens!(
                "WHERE token.owner = $2 AND token.revoked_at IS NULL AND token.expires_at > $3 \
                 ORDER BY token.sid DESC LIMIT $1"
            ))
            .bind(limit)
            .bind(owner)
            .bind(live_at),
        };
        let rows = query.fetch_all(&self.reads).await.or_unavailable()?;
        rows.iter().map(row::token).collect()
    }

    async fn revoke_token(
        &self,
        sid: AccountSid,
        owner: Option<RepId>,
        now: Timestamp,
        audit: &AuditEntry,
    ) -> StoreResult<Committed<Revocation>> {
        revocation::revoke(self, sid, owner, now, audit).await
    }

    async fn limit_token(
        &self,
        sid: AccountSid,
        limit: TokenRateLimit,
        audit: &AuditEntry,
    ) -> StoreResult<Committed<bool>> {
        let mut transaction = self.begin().await?;
        let limited = sqlx::query("UPDATE token SET rate_limit = $1 WHERE sid = $2")
            .bind(limit.to_string())
            .bind(sid.as_bytes().as_slice())
            .execute(&mut *transaction)
            .await
            .or_unavailable()?;
        if limited.rows_affected() == 0 {
            return Ok(Committed::unchanged(false));
        }
        audit::write(&mut transaction, audit).await?;
        transaction.commit_change(&[TokenChange::Token(sid)], true).await
    }

    async fn credential(&self, secret: TokenHash) -> StoreResult<Option<Credential>> {
        // Calls wait for it.
        in_time(async {
            let row = sqlx::query(concat!(select_credentials!(), " WHERE token_secret.hash = $1"))
                .bind(secret.as_bytes().as_slice())
                .fetch_optional(&self.reads)
                .await
                .or_unavailable()?;
            row.as_ref().map(row::credential).transpose()
        })
        .await
    }

    async fn credentials_of(&self, sids: &[AccountSid]) -> StoreResult<Vec<Credential>> {
        let mut credentials = Vec::with_capacity(sids.len());
        for batch in sids.chunks(placeholders::MOST) {
            let sql = format!(
                concat!(select_credentials!(), " WHERE token_secret.sid IN ({})"),
                placeholders::list(1, batch.len())
            );
            // Not kept among the prepared statements: nearly every batch has a length of its own.
            let mut query = sqlx::query(AssertSqlSafe(sql)).persistent(false);
            for sid in batch {
                query = query.bind(sid.as_bytes().to_vec());
            }
            for row in &query.fetch_all(&self.reads).await.or_unavailable()? {
                credentials.push(row::credential(row)?);
            }
        }
        Ok(credentials)
    }

    async fn note_uses(&self, uses: &[NotedCall]) -> StoreResult<()> {
        // Once each, since one statement must not meet a row twice; in order, so that two nodes' batches lock the
        // rows they share in the same sequence.
        let mut latest: BTreeMap<AccountSid, &LastCall> = BTreeMap::new();
        for NotedCall { sid, call } in uses {
            let noted = latest.entry(*sid).or_insert(call);
            if call.at > noted.at {
                *noted = call;
            }
        }
        if latest.is_empty() {
            return Ok(());
        }
        let mut transaction = self.begin().await?;
        note(&mut transaction, self.engine, &latest).await?;
        transaction.commit_unjudged().await
    }

    async fn last_call(&self, sid: AccountSid) -> StoreResult<Option<LastCall>> {
        // At zero nothing was called yet: the row is there for the list.
        let row = sqlx::query("SELECT at, address, agent FROM token_last_used WHERE sid = $1 AND at > 0")
            .bind(sid.as_bytes().as_slice())
            .fetch_optional(&self.reads)
            .await
            .or_unavailable()?;
        let call = row.as_ref().map(|row| {
            let fields = Fields::of(row, "token_last_used");
            Ok(LastCall { at: fields.time("at")?, address: fields.text("address")?, agent: fields.text("agent")? })
        });
        call.transpose()
    }
}

/// Stores a new token with its audit entry, in a transaction that is to be committed as a change of it, or dropped
/// where the token is refused.
pub(crate) async fn store(
    connection: &mut AnyConnection,
    token: &NewToken,
    max_live: usize,
    audit: &AuditEntry,
) -> StoreResult<TokenInsertion> {
    if let Some(refusal) = refusal(&mut *connection, token, max_live).await? {
        return Ok(refusal);
    }
    match insert(&mut *connection, token).await {
        Ok(()) => {}
        // Another owner's form, posted at the same time: their lock is not this one.
        Err(error) if Constraint::TokenForm.is_violated_in(&error) => return Ok(TokenInsertion::FormUsed),
        Err(error) => return Err(unavailable(error)),
    }
    listing::list(&mut *connection, token).await?;
    audit::write(connection, audit).await?;
    Ok(TokenInsertion::Inserted)
}

/// Why a token may not be stored, if it may not. Leaves the policy and the owner locked.
async fn refusal(
    connection: &mut AnyConnection,
    new: &NewToken,
    max_live: usize,
) -> StoreResult<Option<TokenInsertion>> {
    let token = &new.token;
    let policy = policy::lock(&mut *connection).await?;
    let owner = standing::take(&mut *connection, token.owner).await?;
    if !owner.is_some_and(standing::Standing::may_own_tokens) {
        return Ok(Some(TokenInsertion::OwnerGone));
    }
    // First: a form that is posted again must be told that its token exists, not that the description is taken.
    if let Some(form) = new.form {
        let used = sqlx::query("SELECT sid FROM token WHERE form_id = $1")
            .bind(form.as_bytes().as_slice())
            .fetch_optional(&mut *connection)
            .await
            .or_unavailable()?;
        if used.is_some() {
            return Ok(Some(TokenInsertion::FormUsed));
        }
    }
    if policy != new.policy {
        return Ok(Some(TokenInsertion::PolicyChanged));
    }
    let same = sqlx::query(
        "SELECT sid FROM token \
         WHERE owner = $1 AND revoked_at IS NULL AND description_key = $2 AND expires_at > $3 LIMIT 1",
    )
    .bind(token.owner.as_bytes().as_slice())
    .bind(&*new.description_key)
    .bind(token.created_at.unix_seconds())
    .fetch_optional(&mut *connection)
    .await
    .or_unavailable()?;
    if same.is_some() {
        return Ok(Some(TokenInsertion::DescriptionTaken));
    }
    let row = sqlx::query(
        "SELECT CAST(COUNT(*) AS BIGINT) AS live FROM token \
         WHERE owner = $1 AND revoked_at IS NULL AND expires_at > $2",
    )
    .bind(token.owner.as_bytes().as_slice())
    .bind(token.created_at.unix_seconds())
    .fetch_one(connection)
    .await
    .or_unavailable()?;
    let live = Fields::of(&row, "token").number("live")?;
    let is_full = usize::try_from(live).is_ok_and(|live| live >= max_live);
    Ok(is_full.then_some(TokenInsertion::TooMany))
}

async fn insert(connection: &mut AnyConnection, new: &NewToken) -> Result<(), sqlx::Error> {
    let token = &new.token;
    sqlx::query(
        "INSERT INTO token (sid, owner, description, description_key, scopes, all_scopes, source, form_id, \
         created_at, expires_at, revoked_at, rate_limit, maker, addresses) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
    )
    .bind(token.sid.as_bytes().as_slice())
    .bind(token.owner.as_bytes().as_slice())
    .bind(&*token.description)
    .bind(&*new.description_key)
    .bind(token.scopes.to_string())
    .bind(i64::from(token.all_scopes))
    .bind(token.source.code())
    .bind(new.form.map(|form| form.as_bytes().to_vec()))
    .bind(token.created_at.unix_seconds())
    .bind(token.expires_at.unix_seconds())
    .bind(token.revoked_at.map(Timestamp::unix_seconds))
    .bind(token.rate_limit.to_string())
    .bind(token.maker.as_ref().map(|maker| maker.id.as_bytes().to_vec()))
    .bind(token.addresses.as_ref().map(AddressRules::to_string).unwrap_or_default())
    .execute(&mut *connection)
    .await?;
    sqlx::query("INSERT INTO token_secret (hash, sid, not_after) VALUES ($1, $2, NULL)")
        .bind(new.secret.as_bytes().as_slice())
        .bind(token.sid.as_bytes().as_slice())
        .execute(&mut *connection)
        .await?;
    for (first, last) in token.addresses.iter().flat_map(AddressRules::bounds) {
        sqlx::query("INSERT INTO token_network (sid, first_address, last_address) VALUES ($1, $2, $3)")
            .bind(token.sid.as_bytes().as_slice())
            .bind(first.as_slice())
            .bind(last.as_slice())
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

pub(crate) async fn find(
    connection: &mut AnyConnection,
    sid: AccountSid,
    owner: Option<RepId>,
) -> StoreResult<Option<TokenRecord>> {
    let row = sqlx::query(select_tokens!("WHERE token.sid = $1"))
        .bind(sid.as_bytes().as_slice())
        .fetch_optional(connection)
        .await
        .or_unavailable()?;
    let token = row.as_ref().map(row::token).transpose()?;
    Ok(token.filter(|token| owner.is_none_or(|owner| owner == token.owner)))
}

/// The tokens with these names, in any order.
pub(crate) async fn named(pool: &AnyPool, sids: &[AccountSid]) -> StoreResult<Vec<TokenRecord>> {
    let mut tokens = Vec::with_capacity(sids.len());
    for batch in sids.chunks(placeholders::MOST) {
        let sql = format!(
            concat!("SELECT ", token_columns!(), " FROM token ", token_joins!(), " WHERE token.sid IN ({})"),
            placeholders::list(1, batch.len())
        );
        let mut query = sqlx::query(AssertSqlSafe(sql)).persistent(false);
        for sid in batch {
            query = query.bind(sid.as_bytes().to_vec());
        }
        for row in &query.fetch_all(pool).await.or_unavailable()? {
            tokens.push(row::token(row)?);
        }
    }
    Ok(tokens)
}

/// Notes calls, all with one statement that stays prepared however many they are: they go in as one value.
async fn note(
    connection: &mut AnyConnection,
    engine: Engine,
    latest: &BTreeMap<AccountSid, &LastCall>,
) -> StoreResult<()> {
    let calls: Vec<(String, i64, &str, &str)> = latest
        .iter()
        .map(|(sid, call)| (hex::encode(sid.as_bytes()), call.at.unix_seconds(), &*call.address, &*call.agent))
        .collect();
    let calls = serde_json::to_string(&calls).map_err(|error| StoreError::Unavailable(error.into()))?;
    let sql = format!(
        // Every token has a row; a name of none is passed over. Whether the token has ended meanwhile, the row knows
        // by itself: that is not touched.
        "WITH used (sid, at, address, agent) AS ({}) \
         INSERT INTO token_last_used (sid, at, address, agent) \
         SELECT known.sid, used.at, used.address, used.agent \
         FROM used JOIN token_last_used AS known ON known.sid = used.sid WHERE true ORDER BY used.sid \
         ON CONFLICT (sid) DO UPDATE SET at = excluded.at, address = excluded.address, agent = excluded.agent \
         WHERE excluded.at > token_last_used.at",
        engine.noted_calls()
    );
    sqlx::query(AssertSqlSafe(sql)).bind(calls).execute(connection).await.or_unavailable()?;
    Ok(())
}
