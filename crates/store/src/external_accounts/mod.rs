//! External service accounts: rows here and in `read`, their credentials in `credentials`, what becomes of their
//! tokens in `tokens`.
//!
//! Locks are taken in one order: the account's row, then the policy and the service rep who will own a new token, then
//! tokens. Whoever moves or revokes tokens elsewhere never asks for an account's row. Before any of it is looked whether
//! whoever acts is an admin still.

mod credentials;
mod read;
mod tokens;

use async_trait::async_trait;
use latchkey_domain::external_account::ExternalAccountId;
use latchkey_domain::{AccountSid, ScopeSet};
use latchkey_service::ports::{
    AccountChange, AccountContent, AccountRecord, AccountStage, AccountTarget, Activation, CancelledDraft, Committed,
    DraftInsertion, ExternalAccountStore, NewDraft, NewToken, StoreResult, TokenGift, TokenGiftAudits,
};
use latchkey_service::{AuditActor, AuditEntry, KeyId, SealedCredential};
use sqlx::AnyConnection;

use crate::constraint::Constraint;
use crate::failure::{OrUnavailable, unavailable};
use crate::transaction::Write;
use crate::{SqlStore, audit, standing};

#[async_trait]
impl ExternalAccountStore for SqlStore {
    async fn insert_draft(&self, draft: &NewDraft, audit: &AuditEntry) -> StoreResult<DraftInsertion> {
        let mut transaction = self.begin().await?;
        if !standing::may_administer(&mut transaction, AuditActor::Rep(draft.by)).await? {
            return Ok(DraftInsertion::NotAllowed);
        }
        if let Some(there) = read::at_place(&mut transaction, draft).await? {
            return Ok(DraftInsertion::Taken(there));
        }
        match insert(&mut transaction, draft, audit).await {
            Ok(()) => {}
            // Another admin's, stored at the same time.
            Err(error) if Constraint::AccountPlace.is_violated_in(&error) => {
                drop(transaction);
                let mut connection = self.reads.acquire().await.or_unavailable()?;
                let there = read::at_place(&mut connection, draft).await?;
                return there.map(DraftInsertion::Taken).ok_or_else(|| unavailable(error));
            }
            Err(error) => return Err(unavailable(error)),
        }
        audit::write(&mut transaction, audit).await?;
        transaction.commit_unjudged().await?;
        Ok(DraftInsertion::Inserted)
    }

    async fn external_account(&self, id: ExternalAccountId) -> StoreResult<Option<AccountRecord>> {
        let mut connection = self.reads.acquire().await.or_unavailable()?;
        read::one(&mut connection, id).await
    }

    async fn external_accounts(&self, limit: u32) -> StoreResult<Vec<AccountRecord>> {
        read::list(&self.reads, limit).await
    }

    async fn external_account_of(&self, token: AccountSid) -> StoreResult<Option<AccountRecord>> {
        read::of_token(&self.reads, token).await
    }

    async fn save_external_account(
        &self,
        target: AccountTarget,
        content: AccountContent<'_>,
        audit: &AuditEntry,
    ) -> StoreResult<AccountChange<i64>> {
        let mut transaction = self.begin().await?;
        let record = match take(&mut transaction, target).await? {
            Taken::Fresh(record) => record,
            Taken::Overtaken(change) => return Ok(change.into()),
        };
        let version = save(&mut transaction, &record, target, content, audit).await?;
        audit::write(&mut transaction, audit).await?;
        transaction.commit_unjudged().await?;
        Ok(AccountChange::Done(version))
    }

    async fn submit_external_account(
        &self,
        target: AccountTarget,
        content: AccountContent<'_>,
        audit: &AuditEntry,
    ) -> StoreResult<AccountChange<Activation>> {
        let mut transaction = self.begin().await?;
        let record = match take(&mut transaction, target).await? {
            Taken::Fresh(record) => record,
            Taken::Overtaken(change) => return Ok(change.into()),
        };
        let is_live = match record.token {
            Some((sid, _)) => tokens::is_live(&mut transaction, sid, audit.at).await?,
            None => false,
        };
        if !is_live {
            return Ok(AccountChange::Done(Activation::TokenEnded));
        }
        save(&mut transaction, &record, target, content, audit).await?;
        sqlx::query("UPDATE external_account SET state = $1, submitted_at = $2, submitted_by = $3 WHERE id = $4")
            .bind(AccountStage::Active.code())
            .bind(audit.at.unix_seconds())
            .bind(target.by.as_bytes().as_slice())
            .bind(target.id.as_bytes().as_slice())
            .execute(&mut *transaction)
            .await
            .or_unavailable()?;
        audit::write(&mut transaction, audit).await?;
        transaction.commit_unjudged().await?;
        Ok(AccountChange::Done(Activation::Active))
    }

    async fn give_new_token(
        &self,
        target: AccountTarget,
        token: &NewToken,
        max_live: usize,
        audits: TokenGiftAudits<'_>,
    ) -> StoreResult<Committed<AccountChange<TokenGift>>> {
        let mut transaction = self.begin().await?;
        match take(&mut transaction, target).await? {
            Taken::Fresh(record) => tokens::give_new(transaction, &record, target, token, max_live, audits).await,
            Taken::Overtaken(change) => Ok(Committed::unchanged(change.into())),
        }
    }

    async fn attach_token(
        &self,
        target: AccountTarget,
        token: AccountSid,
        audit: &AuditEntry,
        each: &AuditEntry,
    ) -> StoreResult<Committed<AccountChange<Option<i64>>>> {
        let mut transaction = self.begin().await?;
        match take(&mut transaction, target).await? {
            Taken::Fresh(record) => tokens::attach(transaction, &record, target, token, audit, each).await,
            Taken::Overtaken(change) => Ok(Committed::unchanged(change.into())),
        }
    }

    async fn note_confirmation(
        &self,
        id: ExternalAccountId,
        token: AccountSid,
        scopes: &ScopeSet,
        confirmed: bool,
        audit: &AuditEntry,
    ) -> StoreResult<bool> {
        let mut transaction = self.begin().await?;
        if !standing::may_administer(&mut transaction, audit.actor).await? {
            return Ok(false);
        }
        let sql = "UPDATE external_account SET confirmed_at = $1 WHERE id = $2 AND token = $3 AND scopes = $4";
        let noted = sqlx::query(sql)
            .bind(confirmed.then_some(audit.at.unix_seconds()))
            .bind(id.as_bytes().as_slice())
            .bind(token.as_bytes().as_slice())
            .bind(scopes.to_string())
            .execute(&mut *transaction)
            .await
            .or_unavailable()?;
        if noted.rows_affected() == 0 {
            return Ok(false);
        }
        audit::write(&mut transaction, audit).await?;
        transaction.commit_unjudged().await?;
        Ok(true)
    }

    async fn cancel_draft(
        &self,
        target: AccountTarget,
        audit: &AuditEntry,
        each: &AuditEntry,
    ) -> StoreResult<Committed<AccountChange<CancelledDraft>>> {
        let mut transaction = self.begin().await?;
        match take(&mut transaction, target).await? {
            Taken::Fresh(record) => tokens::cancel(transaction, &record, audit, each).await,
            Taken::Overtaken(change) => Ok(Committed::unchanged(change.into())),
        }
    }

    async fn revoke_account_token(
        &self,
        id: ExternalAccountId,
        audit: &AuditEntry,
        each: &AuditEntry,
    ) -> StoreResult<Committed<Option<(AccountSid, bool)>>> {
        let mut transaction = self.begin().await?;
        if !standing::may_administer(&mut transaction, audit.actor).await? {
            return Ok(Committed::unchanged(None));
        }
        let record = locked(&mut transaction, id).await?.filter(|record| record.stage == AccountStage::Active);
        match record.and_then(|record| record.token) {
            Some((sid, _)) => tokens::revoke(transaction, sid, audit, each).await,
            None => Ok(Committed::unchanged(None)),
        }
    }

    async fn sealed_credentials(&self, account: ExternalAccountId) -> StoreResult<Vec<SealedCredential>> {
        credentials::of_account(&self.reads, account).await
    }

    async fn sealing_keys(&self) -> StoreResult<Vec<(KeyId, u64)>> {
        credentials::keys(&self.reads).await
    }

    async fn credentials_to_reseal(&self, but: KeyId, limit: u32) -> StoreResult<Vec<SealedCredential>> {
        credentials::under_other_keys(&self.reads, but, limit).await
    }

    async fn reseal_credential(
        &self,
        from: &SealedCredential,
        to: &SealedCredential,
        audit: &AuditEntry,
    ) -> StoreResult<bool> {
        let mut transaction = self.begin().await?;
        if !credentials::replace(&mut transaction, from, to).await? {
            return Ok(false);
        }
        audit::write(&mut transaction, audit).await?;
        transaction.commit_unjudged().await?;
        Ok(true)
    }
}

/// What a change finds.
enum Taken {
    /// The account as the change expects it, its row locked.
    Fresh(Box<AccountRecord>),
    /// Something else: nothing is to be done.
    Overtaken(NotDone),
}

/// A change that was not made.
enum NotDone {
    NotAllowed,
    NotFound,
    Overtaken(Box<AccountRecord>),
}

impl<T> From<NotDone> for AccountChange<T> {
    fn from(change: NotDone) -> Self {
        match change {
            NotDone::NotAllowed => Self::NotAllowed,
            NotDone::NotFound => Self::NotFound,
            NotDone::Overtaken(record) => Self::Overtaken(record),
        }
    }
}

/// Locks an account, and holds it against what the change was made of.
async fn take(transaction: &mut Write, target: AccountTarget) -> StoreResult<Taken> {
    if !standing::may_administer(transaction, AuditActor::Rep(target.by)).await? {
        return Ok(Taken::Overtaken(NotDone::NotAllowed));
    }
    Ok(match locked(transaction, target.id).await? {
        None => Taken::Overtaken(NotDone::NotFound),
        Some(record) if record.version == target.version && record.stage == target.stage => {
            Taken::Fresh(Box::new(record))
        }
        Some(record) => Taken::Overtaken(NotDone::Overtaken(Box::new(record))),
    })
}

/// The account with its row locked.
async fn locked(connection: &mut AnyConnection, id: ExternalAccountId) -> StoreResult<Option<AccountRecord>> {
    sqlx::query("UPDATE external_account SET version = version WHERE id = $1")
        .bind(id.as_bytes().as_slice())
        .execute(&mut *connection)
        .await
        .or_unavailable()?;
    read::one(connection, id).await
}

async fn insert(connection: &mut AnyConnection, draft: &NewDraft, audit: &AuditEntry) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO external_account (id, integration, level, entity, entity_rep, entity_key, state, settings, \
         scopes, token, token_generated, confirmed_at, version, created_at, created_by, changed_at, changed_by, \
         submitted_at, submitted_by) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, '', NULL, 0, NULL, 1, $9, $10, $9, $10, NULL, NULL)",
    )
    .bind(draft.id.as_bytes().as_slice())
    .bind(draft.integration.as_str())
    .bind(draft.level.code())
    .bind(&*draft.entity)
    .bind(draft.entity_rep.map(|rep| rep.as_bytes().to_vec()))
    .bind(&*draft.entity_key)
    .bind(AccountStage::Draft.code())
    .bind(&*draft.settings)
    .bind(audit.at.unix_seconds())
    .bind(draft.by.as_bytes().as_slice())
    .execute(connection)
    .await?;
    Ok(())
}

/// Keeps a step, under the account's next version, which is answered.
async fn save(
    transaction: &mut Write,
    record: &AccountRecord,
    target: AccountTarget,
    content: AccountContent<'_>,
    audit: &AuditEntry,
) -> StoreResult<i64> {
    // What was confirmed is not known to have other scopes.
    let confirmed_at = record.confirmed_at.filter(|_| record.scopes == *content.scopes);
    let version = record.version.saturating_add(1);
    sqlx::query(
        "UPDATE external_account SET settings = $1, scopes = $2, confirmed_at = $3, version = $4, changed_at = $5, \
         changed_by = $6 WHERE id = $7",
    )
    .bind(content.settings)
    .bind(content.scopes.to_string())
    .bind(confirmed_at.map(latchkey_domain::Timestamp::unix_seconds))
    .bind(version)
    .bind(audit.at.unix_seconds())
    .bind(target.by.as_bytes().as_slice())
    .bind(target.id.as_bytes().as_slice())
    .execute(&mut **transaction)
    .await
    .or_unavailable()?;
    credentials::forget(transaction, target.id, content.forgotten).await?;
    credentials::put(transaction, content.sealed).await?;
    Ok(version)
}
