//! What a new token adds to the tables that the list is read from.

use latchkey_service::ports::{NewToken, StoreError};
use sqlx::AnyConnection;

use crate::failure::unavailable;
use crate::row::Fields;

/// Makes a new token one that the list finds: in the transaction that stored it.
pub(crate) async fn list(connection: &mut AnyConnection, new: &NewToken) -> Result<(), StoreError> {
    let token = &new.token;
    let kind = kind_of(&mut *connection, new).await?;
    sqlx::query("UPDATE token SET kind = $1 WHERE sid = $2")
        .bind(kind)
        .bind(token.sid.as_bytes().as_slice())
        .execute(&mut *connection)
        .await
        .map_err(unavailable)?;
    sqlx::query(
        "INSERT INTO token_last_used (sid, at, expires_at, revoked_at, kind, owner) VALUES ($1, 0, $2, $3, $4, $5)",
    )
    .bind(token.sid.as_bytes().as_slice())
    .bind(token.expires_at.unix_seconds())
    .bind(token.revoked_at.map(latchkey_domain::Timestamp::unix_seconds))
    .bind(kind)
    .bind(token.owner.as_bytes().as_slice())
    .execute(&mut *connection)
    .await
    .map_err(unavailable)?;
    sqlx::query("INSERT INTO token_search (text, sid) VALUES ($1, $2)")
        .bind(format!("{}\n{}", new.description_key, token.sid.to_string().to_lowercase()))
        .bind(token.sid.as_bytes().as_slice())
        .execute(connection)
        .await
        .map_err(unavailable)?;
    Ok(())
}

/// The kind of a token, made where it is the first of its kind. Two owners may make the same one at the same time;
/// then there are two, which does no harm.
async fn kind_of(connection: &mut AnyConnection, new: &NewToken) -> Result<i64, StoreError> {
    let token = &new.token;
    let (scopes, all_scopes) = (token.scopes.to_string(), i64::from(token.all_scopes));
    let known = sqlx::query(
        "SELECT id FROM token_kind WHERE scopes = $1 AND all_scopes = $2 AND source = $3 ORDER BY id LIMIT 1",
    )
    .bind(&*scopes)
    .bind(all_scopes)
    .bind(token.source.code())
    .fetch_optional(&mut *connection)
    .await
    .map_err(unavailable)?;
    if let Some(row) = known {
        return Fields::of(&row, "token_kind").number("id");
    }
    let row = sqlx::query("INSERT INTO token_kind (scopes, all_scopes, source) VALUES ($1, $2, $3) RETURNING id")
        .bind(&*scopes)
        .bind(all_scopes)
        .bind(token.source.code())
        .fetch_one(&mut *connection)
        .await
        .map_err(unavailable)?;
    let kind = Fields::of(&row, "token_kind").number("id")?;
    for scope in token.scopes.iter() {
        sqlx::query("INSERT INTO token_kind_scope (scope, kind) VALUES ($1, $2)")
            .bind(scope.as_str())
            .bind(kind)
            .execute(&mut *connection)
            .await
            .map_err(unavailable)?;
    }
    Ok(kind)
}
