//! Sealed credentials.

use latchkey_domain::external_account::{ExternalAccountId, SettingName};
use latchkey_service::ports::StoreResult;
use latchkey_service::{KeyId, SealedCredential};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AnyPool};

use crate::failure::OrUnavailable;
use crate::row::Fields;

pub(super) async fn of_account(pool: &AnyPool, account: ExternalAccountId) -> StoreResult<Vec<SealedCredential>> {
    let rows = sqlx::query(
        "SELECT account, name, key_id, sealed FROM external_account_credential WHERE account = $1 ORDER BY name",
    )
    .bind(account.as_bytes().as_slice())
    .fetch_all(pool)
    .await
    .or_unavailable()?;
    rows.iter().map(credential).collect()
}

pub(super) async fn keys(pool: &AnyPool) -> StoreResult<Vec<(KeyId, u64)>> {
    let rows = sqlx::query(
        "SELECT key_id, CAST(COUNT(*) AS BIGINT) AS credentials FROM external_account_credential \
         GROUP BY key_id ORDER BY key_id",
    )
    .fetch_all(pool)
    .await
    .or_unavailable()?;
    let key = |row| {
        let fields = Fields::of(row, "external_account_credential");
        Ok((fields.bytes("key_id").map(KeyId::from_bytes)?, fields.count("credentials")?))
    };
    rows.iter().map(key).collect()
}

pub(super) async fn under_other_keys(pool: &AnyPool, but: KeyId, limit: u32) -> StoreResult<Vec<SealedCredential>> {
    let rows = sqlx::query(
        "SELECT account, name, key_id, sealed FROM external_account_credential WHERE key_id <> $1 \
         ORDER BY account, name LIMIT $2",
    )
    .bind(but.as_bytes().as_slice())
    .bind(i64::from(limit))
    .fetch_all(pool)
    .await
    .or_unavailable()?;
    rows.iter().map(credential).collect()
}

pub(super) async fn forget(
    connection: &mut AnyConnection,
    account: ExternalAccountId,
    names: &[SettingName],
) -> StoreResult<()> {
    for name in names {
        sqlx::query("DELETE FROM external_account_credential WHERE account = $1 AND name = $2")
            .bind(account.as_bytes().as_slice())
            .bind(name.as_str())
            .execute(&mut *connection)
            .await
            .or_unavailable()?;
    }
    Ok(())
}

/// Forgets all of an account's.
pub(super) async fn forget_all(connection: &mut AnyConnection, account: ExternalAccountId) -> StoreResult<()> {
    sqlx::query("DELETE FROM external_account_credential WHERE account = $1")
        .bind(account.as_bytes().as_slice())
        .execute(connection)
        .await
        .or_unavailable()?;
    Ok(())
}

pub(super) async fn put(connection: &mut AnyConnection, credentials: &[SealedCredential]) -> StoreResult<()> {
    for credential in credentials {
        sqlx::query(
            "INSERT INTO external_account_credential (account, name, key_id, sealed) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (account, name) DO UPDATE SET key_id = excluded.key_id, sealed = excluded.sealed",
        )
        .bind(credential.account.as_bytes().as_slice())
        .bind(credential.name.as_str())
        .bind(credential.key.as_bytes().as_slice())
        .bind(credential.sealed.as_slice())
        .execute(&mut *connection)
        .await
        .or_unavailable()?;
    }
    Ok(())
}

/// Puts one in another's place, if that is still there as it was.
pub(super) async fn replace(
    connection: &mut AnyConnection,
    from: &SealedCredential,
    to: &SealedCredential,
) -> StoreResult<bool> {
    let replaced = sqlx::query(
        "UPDATE external_account_credential SET key_id = $1, sealed = $2 \
         WHERE account = $3 AND name = $4 AND key_id = $5 AND sealed = $6",
    )
    .bind(to.key.as_bytes().as_slice())
    .bind(to.sealed.as_slice())
    .bind(from.account.as_bytes().as_slice())
    .bind(from.name.as_str())
    .bind(from.key.as_bytes().as_slice())
    .bind(from.sealed.as_slice())
    .execute(connection)
    .await
    .or_unavailable()?;
    Ok(replaced.rows_affected() == 1)
}

fn credential(row: &AnyRow) -> StoreResult<SealedCredential> {
    let fields = Fields::of(row, "external_account_credential");
    Ok(SealedCredential {
        account: fields.bytes("account").map(ExternalAccountId::from_bytes)?,
        name: fields.code("name", |name| name.parse().ok())?,
        key: fields.bytes("key_id").map(KeyId::from_bytes)?,
        sealed: fields.raw_bytes("sealed")?.unwrap_or_default(),
    })
}
