//! Reading accounts.

use latchkey_domain::external_account::{AccountLevel, ExternalAccountId};
use latchkey_domain::{AccountSid, RepId};
use latchkey_service::ports::{AccountRecord, AccountStage, Acted, NewDraft, StoreResult};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AnyPool};

use crate::failure::OrUnavailable;
use crate::row::Fields;

/// A selection of whole accounts.
macro_rules! select_accounts {
    ($rest:literal) => {
        concat!(
            "SELECT external_account.id AS id, external_account.integration AS integration, \
             external_account.level AS level, external_account.entity AS entity, \
             external_account.entity_rep AS entity_rep, entity_rep.name AS entity_rep_name, \
             external_account.state AS state, external_account.settings AS settings, \
             external_account.scopes AS scopes, external_account.token AS token, \
             external_account.token_generated AS token_generated, external_account.confirmed_at AS confirmed_at, \
             external_account.version AS version, external_account.created_at AS created_at, \
             external_account.created_by AS created_by, creator.name AS created_by_name, \
             external_account.changed_at AS changed_at, external_account.changed_by AS changed_by, \
             changer.name AS changed_by_name, external_account.submitted_at AS submitted_at, \
             external_account.submitted_by AS submitted_by, submitter.name AS submitted_by_name \
             FROM external_account \
             JOIN service_rep AS creator ON creator.id = external_account.created_by \
             JOIN service_rep AS changer ON changer.id = external_account.changed_by \
             LEFT JOIN service_rep AS submitter ON submitter.id = external_account.submitted_by \
             LEFT JOIN service_rep AS entity_rep ON entity_rep.id = external_account.entity_rep ",
            $rest
        )
    };
}

pub(super) async fn one(connection: &mut AnyConnection, id: ExternalAccountId) -> StoreResult<Option<AccountRecord>> {
    let row = sqlx::query(select_accounts!("WHERE external_account.id = $1"))
        .bind(id.as_bytes().as_slice())
        .fetch_optional(connection)
        .await
        .or_unavailable()?;
    row.as_ref().map(account).transpose()
}

pub(super) async fn of_token(pool: &AnyPool, token: AccountSid) -> StoreResult<Option<AccountRecord>> {
    let row = sqlx::query(select_accounts!("WHERE external_account.token = $1"))
        .bind(token.as_bytes().as_slice())
        .fetch_optional(pool)
        .await
        .or_unavailable()?;
    row.as_ref().map(account).transpose()
}

pub(super) async fn list(pool: &AnyPool, limit: u32) -> StoreResult<Vec<AccountRecord>> {
    let rows = sqlx::query(select_accounts!(
        "ORDER BY external_account.integration, external_account.level, external_account.entity_key LIMIT $1"
    ))
    .bind(i64::from(limit))
    .fetch_all(pool)
    .await
    .or_unavailable()?;
    rows.iter().map(account).collect()
}

/// The account that stands where a new draft would.
pub(super) async fn at_place(
    connection: &mut AnyConnection,
    draft: &NewDraft,
) -> StoreResult<Option<ExternalAccountId>> {
    let row = sqlx::query("SELECT id FROM external_account WHERE integration = $1 AND level = $2 AND entity_key = $3")
        .bind(draft.integration.as_str())
        .bind(draft.level.code())
        .bind(&*draft.entity_key)
        .fetch_optional(connection)
        .await
        .or_unavailable()?;
    let id = |row| Fields::of(row, "external_account").bytes("id").map(ExternalAccountId::from_bytes);
    row.as_ref().map(id).transpose()
}

fn account(row: &AnyRow) -> StoreResult<AccountRecord> {
    let fields = Fields::of(row, "external_account");
    let token = match fields.optional_bytes("token")? {
        None => None,
        Some(sid) => Some((AccountSid::from_bytes(sid), fields.flag("token_generated")?)),
    };
    let entity_rep = match fields.optional_bytes("entity_rep")? {
        None => None,
        Some(id) => Some((RepId::from_bytes(id), fields.text("entity_rep_name")?)),
    };
    let submitted = match fields.optional_time("submitted_at")? {
        None => None,
        Some(at) => Some(Acted {
            by: fields.bytes("submitted_by").map(RepId::from_bytes)?,
            name: fields.text("submitted_by_name")?,
            at,
        }),
    };
    Ok(AccountRecord {
        id: fields.bytes("id").map(ExternalAccountId::from_bytes)?,
        integration: fields.code("integration", |code| code.parse().ok())?,
        level: fields.code("level", AccountLevel::parse)?,
        entity: fields.text("entity")?,
        entity_rep,
        stage: fields.code("state", AccountStage::parse)?,
        settings: fields.text("settings")?,
        scopes: fields.code("scopes", |names| names.parse().ok())?,
        token,
        confirmed_at: fields.optional_time("confirmed_at")?,
        version: fields.number("version")?,
        started: Acted {
            by: fields.bytes("created_by").map(RepId::from_bytes)?,
            name: fields.text("created_by_name")?,
            at: fields.time("created_at")?,
        },
        changed: Acted {
            by: fields.bytes("changed_by").map(RepId::from_bytes)?,
            name: fields.text("changed_by_name")?,
            at: fields.time("changed_at")?,
        },
        submitted,
    })
}
