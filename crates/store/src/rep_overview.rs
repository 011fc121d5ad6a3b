//! Service reps, as admins see them.

use async_trait::async_trait;
use latchkey_domain::{RepId, RepKind, RepState, Role, Timestamp};
use latchkey_service::ports::{Rep, RepFilter, RepOverview, RepOverviewStore, StoreResult};
use sqlx::any::AnyRow;

use crate::failure::OrUnavailable;
use crate::row::{self, Fields, rep_columns};
use crate::{SqlStore, search};

/// A service rep's state, as [`RepState`] names it.
macro_rules! state {
    () => {
        "CASE WHEN service_rep.disabled_at IS NOT NULL THEN 'disabled' \
         WHEN service_rep.kind = 'human' AND service_rep.password_hash IS NULL THEN 'invited' ELSE 'enabled' END"
    };
}

/// A selection of overviews; `$1` is the time.
macro_rules! select_overviews {
    ($rest:expr) => {
        concat!(
            "SELECT ",
            rep_columns!(),
            ", ",
            state!(),
            " AS state, \
             (SELECT CAST(COUNT(*) AS BIGINT) FROM token WHERE token.owner = service_rep.id \
              AND token.revoked_at IS NULL AND token.expires_at > $1) AS live_tokens, \
             (SELECT CAST(COUNT(*) AS BIGINT) FROM system_rep_owner WHERE system_rep_owner.owner = service_rep.id) \
              AS owned_systems, \
             account_link.expires_at AS link_expires_at \
             FROM service_rep LEFT JOIN account_link ON account_link.rep = service_rep.id ",
            $rest
        )
    };
}

#[async_trait]
impl RepOverviewStore for SqlStore {
    async fn rep_overviews(&self, filter: &RepFilter, now: Timestamp, limit: u32) -> StoreResult<Vec<RepOverview>> {
        // The table has as many rows as a company has people: reading it whole is cheaper than an index for each
        // combination, and an empty text stands for "any".
        let rows = sqlx::query(select_overviews!(concat!(
            "WHERE ($2 = '%%' OR service_rep.search_text LIKE $2 ESCAPE '\\') AND ($3 = '' OR service_rep.role = $3) \
             AND ($4 = '' OR service_rep.kind = $4) AND ($5 = '' OR ",
            state!(),
            " = $5) ORDER BY service_rep.email LIMIT $6"
        )))
        .bind(now.unix_seconds())
        .bind(search::pattern(filter.text.trim()))
        .bind(filter.role.map_or("", Role::code))
        .bind(filter.kind.map_or("", RepKind::code))
        .bind(filter.state.map_or("", RepState::code))
        .bind(i64::from(limit))
        .fetch_all(&self.reads)
        .await
        .or_unavailable()?;
        rows.iter().map(overview).collect()
    }

    async fn rep_overview(&self, id: RepId, now: Timestamp) -> StoreResult<Option<RepOverview>> {
        let row = sqlx::query(select_overviews!("WHERE service_rep.id = $2"))
            .bind(now.unix_seconds())
            .bind(id.as_bytes().as_slice())
            .fetch_optional(&self.reads)
            .await
            .or_unavailable()?;
        row.as_ref().map(overview).transpose()
    }

    async fn owners_of(&self, system_rep: RepId) -> StoreResult<Vec<Rep>> {
        let rows = sqlx::query(concat!(
            "SELECT ",
            rep_columns!(),
            " FROM system_rep_owner JOIN service_rep ON service_rep.id = system_rep_owner.owner \
              WHERE system_rep_owner.system_rep = $1 ORDER BY service_rep.email"
        ))
        .bind(system_rep.as_bytes().as_slice())
        .fetch_all(&self.reads)
        .await
        .or_unavailable()?;
        rows.iter().map(row::rep).collect()
    }

    async fn system_reps_of(&self, owner: RepId) -> StoreResult<Vec<Rep>> {
        let rows = sqlx::query(concat!(
            "SELECT ",
            rep_columns!(),
            " FROM system_rep_owner JOIN service_rep ON service_rep.id = system_rep_owner.system_rep \
              WHERE system_rep_owner.owner = $1 ORDER BY service_rep.email"
        ))
        .bind(owner.as_bytes().as_slice())
        .fetch_all(&self.reads)
        .await
        .or_unavailable()?;
        rows.iter().map(row::rep).collect()
    }
}

fn overview(row: &AnyRow) -> StoreResult<RepOverview> {
    let fields = Fields::of(row, "service_rep");
    Ok(RepOverview {
        rep: row::rep(row)?,
        state: fields.code("state", RepState::parse)?,
        live_tokens: fields.count("live_tokens")?,
        owned_systems: fields.count("owned_systems")?,
        link_expires_at: Fields::of(row, "account_link").optional_time("link_expires_at")?,
    })
}
