//! The way to the first admin account.

use async_trait::async_trait;
use latchkey_domain::Timestamp;
use latchkey_service::ports::{FirstAdmin, NewRep, NewSession, SetUpState, SetUpStore, StoreResult};
use latchkey_service::{AuditEntry, SecretHash};
use sqlx::AnyConnection;

use crate::constraint::Constraint;
use crate::failure::{OrUnavailable, unavailable};
use crate::lock::Lock;
use crate::{SqlStore, audit, reps, sessions};

#[async_trait]
impl SetUpStore for SqlStore {
    async fn offer_set_up(&self, code: SecretHash, expires_at: Timestamp) -> StoreResult<bool> {
        let mut transaction = self.begin().await?;
        Lock::SetUp.take(&mut transaction).await?;
        forget_codes(&mut transaction).await?;
        let offered = !has_admin(&mut transaction).await?;
        if offered {
            sqlx::query("INSERT INTO set_up_code (hash, expires_at) VALUES ($1, $2)")
                .bind(code.as_bytes().as_slice())
                .bind(expires_at.unix_seconds())
                .execute(&mut *transaction)
                .await
                .or_unavailable()?;
        }
        transaction.commit_unjudged().await?;
        Ok(offered)
    }

    async fn set_up_state(&self, code: SecretHash, now: Timestamp) -> StoreResult<SetUpState> {
        let mut connection = self.reads.acquire().await.or_unavailable()?;
        state(&mut connection, code, now).await
    }

    async fn create_first_admin(
        &self,
        code: SecretHash,
        admin: &NewRep,
        session: &NewSession,
        audit: &AuditEntry,
    ) -> StoreResult<FirstAdmin> {
        let mut transaction = self.begin().await?;
        Lock::SetUp.take(&mut transaction).await?;
        let state = state(&mut transaction, code, audit.at).await?;
        if state != SetUpState::Open {
            return Ok(FirstAdmin::Refused(state));
        }
        match reps::insert(&mut transaction, admin).await {
            Ok(()) => {}
            Err(error) if Constraint::RepEmail.is_violated_in(&error) => return Ok(FirstAdmin::EmailTaken),
            Err(error) => return Err(unavailable(error)),
        }
        forget_codes(&mut transaction).await?;
        sessions::insert(&mut transaction, session).await?;
        audit::write(&mut transaction, audit).await?;
        transaction.commit_unjudged().await?;
        Ok(FirstAdmin::Created)
    }
}

/// Makes every code useless. An admin account, however it was made, leaves none behind: otherwise one from before
/// would work again once that account is disabled.
pub(crate) async fn forget_codes(connection: &mut AnyConnection) -> StoreResult<()> {
    sqlx::query("DELETE FROM set_up_code").execute(connection).await.or_unavailable()?;
    Ok(())
}

/// Whether somebody is an admin and can sign in. A service cannot, nor whoever has only been invited.
async fn has_admin(connection: &mut AnyConnection) -> StoreResult<bool> {
    let admin = sqlx::query(
        "SELECT id FROM service_rep WHERE role = 'admin' AND kind = 'human' AND disabled_at IS NULL \
         AND password_hash IS NOT NULL LIMIT 1",
    )
    .fetch_optional(connection)
    .await
    .or_unavailable()?;
    Ok(admin.is_some())
}

async fn state(connection: &mut AnyConnection, code: SecretHash, now: Timestamp) -> StoreResult<SetUpState> {
    if has_admin(&mut *connection).await? {
        return Ok(SetUpState::Closed);
    }
    let code = sqlx::query("SELECT hash FROM set_up_code WHERE hash = $1 AND expires_at > $2")
        .bind(code.as_bytes().as_slice())
        .bind(now.unix_seconds())
        .fetch_optional(connection)
        .await
        .or_unavailable()?;
    Ok(if code.is_some() { SetUpState::Open } else { SetUpState::LinkInvalid })
}
