//! The policy, and what it takes away by itself.

use async_trait::async_trait;
use latchkey_domain::{AccountSid, AddressRules, AddressUse, IdleDays, Lifetime, Policy, RepId, Timestamp};
use latchkey_service::ports::{
    Committed, IdleRevocation, PolicyChoice, PolicySaving, PolicyStore, PolicyVersion, StoreResult, StoredPolicy,
    TokenChange,
};
use latchkey_service::{AuditEntry, AuditSubject};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AssertSqlSafe};

use crate::failure::{OrUnavailable, in_long_time, in_time};
use crate::lock::Lock;
use crate::row::{self, Fields};
use crate::{SqlStore, audit, placeholders, standing};

#[async_trait]
impl PolicyStore for SqlStore {
    async fn policy(&self) -> StoreResult<StoredPolicy> {
        let query = sqlx::query(
            "SELECT policy.version AS version, policy.longest_days AS longest_days, policy.all_scopes AS all_scopes, \
             policy.admin_scopes AS admin_scopes, policy.idle_days AS idle_days, policy.addresses AS addresses, \
             policy.networks AS networks, policy.chosen_by AS chosen_by, policy.chosen_at AS chosen_at, \
             service_rep.name AS chosen_by_name \
             FROM policy LEFT JOIN service_rep ON service_rep.id = policy.chosen_by WHERE policy.id = 1",
        );
        read(&in_time(async { query.fetch_one(&self.reads).await.or_unavailable() }).await?)
    }

    async fn save_policy(
        &self,
        policy: &Policy,
        before: PolicyVersion,
        by: RepId,
        audit: &AuditEntry,
    ) -> StoreResult<Committed<PolicySaving>> {
        let mut transaction = self.begin().await?;
        Lock::SetUp.take(&mut transaction).await?;
        if !standing::may_administer(&mut transaction, audit.actor).await? {
            return Ok(Committed::unchanged(PolicySaving::NotAllowed));
        }
        let saved = sqlx::query(
            "UPDATE policy SET version = version + 1, longest_days = $1, all_scopes = $2, admin_scopes = $3, \
             idle_days = $4, addresses = $5, networks = $6, chosen_by = $7, chosen_at = $8 \
             WHERE id = 1 AND version = $9",
        )
        .bind(policy.longest.days())
        .bind(i64::from(policy.all_scopes))
        .bind(policy.admin_scopes.to_string())
        .bind(policy.idle.map(|idle| i64::from(idle.days())))
        .bind(policy.addresses.code())
        .bind(policy.networks.as_ref().map(AddressRules::to_string).unwrap_or_default())
        .bind(by.as_bytes().as_slice())
        .bind(audit.at.unix_seconds())
        .bind(before.number())
        .execute(&mut *transaction)
        .await
        .or_unavailable()?;
        if saved.rows_affected() == 0 {
            return Ok(Committed::unchanged(PolicySaving::Stale));
        }
        audit::write(&mut transaction, audit).await?;
        transaction.commit_change(&[TokenChange::Policy], PolicySaving::Saved).await
    }

    async fn revoke_idle(
        &self,
        sids: &[AccountSid],
        since: Timestamp,
        under: PolicyVersion,
        each: &AuditEntry,
    ) -> StoreResult<Committed<IdleRevocation>> {
        in_long_time(async {
            let mut transaction = self.begin().await?;
            if lock(&mut transaction).await? != under {
                return Ok(Committed::unchanged(IdleRevocation::Stale));
            }
            let mut revoked = Vec::new();
            for batch in sids.chunks(placeholders::MOST) {
                revoked.extend(revoke_batch(&mut transaction, batch, since, each.at).await?);
            }
            for sid in &revoked {
                let entry = AuditEntry { subject: AuditSubject::Token(*sid), ..each.clone() };
                audit::write(&mut transaction, &entry).await?;
            }
            let changes: Vec<TokenChange> = revoked.iter().copied().map(TokenChange::Revoked).collect();
            transaction.commit_change(&changes, IdleRevocation::Revoked(revoked)).await
        })
        .await
    }
}

/// Waits for the lock on the policy, and says which it is. Whoever takes an owner's lock too takes it after this one.
pub(crate) async fn lock(connection: &mut AnyConnection) -> StoreResult<PolicyVersion> {
    let row = sqlx::query("UPDATE policy SET version = version WHERE id = 1 RETURNING version")
        .fetch_one(connection)
        .await
        .or_unavailable()?;
    Fields::of(&row, "policy").number("version").map(PolicyVersion::from_number)
}

fn read(row: &AnyRow) -> StoreResult<StoredPolicy> {
    let fields = Fields::of(row, "policy");
    let days = fields.number("longest_days")?;
    let longest = Lifetime::ALL.into_iter().find(|lifetime| lifetime.days() == days);
    let idle = fields.optional_number("idle_days")?;
    let chosen_by = fields.optional_bytes("chosen_by")?.map(RepId::from_bytes);
    let chosen = match (chosen_by, fields.optional_time("chosen_at")?) {
        (Some(by), Some(at)) => Some(PolicyChoice { by, name: fields.text("chosen_by_name")?, at }),
        _ => None,
    };
    Ok(StoredPolicy {
        version: fields.number("version").map(PolicyVersion::from_number)?,
        policy: Policy {
            longest: longest.ok_or_else(|| fields.inconsistent("longest_days"))?,
            all_scopes: fields.flag("all_scopes")?,
            admin_scopes: fields.code("admin_scopes", |names| names.parse().ok())?,
            idle: match idle {
                None => None,
                Some(days) => Some(IdleDays::new(days).ok_or_else(|| fields.inconsistent("idle_days"))?),
            },
            addresses: fields.code("addresses", AddressUse::parse)?,
            networks: fields.code("networks", row::address_rules)?,
        },
        chosen,
    })
}

/// Revokes those of a batch that are live and have not been used since, and answers which those were.
///
/// The tokens are locked first, as whoever revokes one locks them; then their uses, which waits for a use that is
/// being written down just now.
async fn revoke_batch(
    connection: &mut AnyConnection,
    batch: &[AccountSid],
    since: Timestamp,
    now: Timestamp,
) -> StoreResult<Vec<AccountSid>> {
    let live = "UPDATE token SET revoked_at = revoked_at WHERE revoked_at IS NULL AND expires_at > $1 AND sid IN ";
    let live = by_sid(&mut *connection, live, &[now], batch).await?;
    let idle = "UPDATE token_last_used SET revoked_at = $1 WHERE at < $2 AND sid IN ";
    let idle = by_sid(&mut *connection, idle, &[now, since], &live).await?;
    by_sid(connection, "UPDATE token SET revoked_at = $1 WHERE sid IN ", &[now], &idle).await
}

/// Runs an update of the rows of these tokens, and answers of which it found one, in order.
async fn by_sid(
    connection: &mut AnyConnection,
    update: &str,
    times: &[Timestamp],
    sids: &[AccountSid],
) -> StoreResult<Vec<AccountSid>> {
    if sids.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!("{update}({}) RETURNING sid", placeholders::list(times.len() + 1, sids.len()));
    let mut query = sqlx::query(AssertSqlSafe(sql)).persistent(false);
    for time in times {
        query = query.bind(time.unix_seconds());
    }
    for sid in sids {
        query = query.bind(sid.as_bytes().to_vec());
    }
    let rows = query.fetch_all(connection).await.or_unavailable()?;
    let mut found: Vec<AccountSid> = rows
        .iter()
        .map(|row| Fields::of(row, "token").bytes("sid").map(AccountSid::from_bytes))
        .collect::<StoreResult<_>>()?;
    found.sort_unstable();
    Ok(found)
}
