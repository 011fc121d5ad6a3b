//! The account that a vendor's token belongs to, for the vendor.

use std::collections::BTreeMap;

use latchkey_domain::external_account::{
    AccountLevel, AccountState, CREDENTIAL_SCOPE, ExternalAccountId, Integration, IntegrationCode, SettingKind,
    SettingName, SettingValue,
};

use super::{entity_of, settings_of};
use crate::ports::{AccountRecord, AccountStage};
use crate::{AuditAction, AuditActor, AuditSubject, Failure, Known, Origin, Outcome, Service, VendorCredential};

/// An account, as its token may read it.
pub struct OwnAccount {
    /// The account.
    pub id: ExternalAccountId,
    /// Of which integration.
    pub integration: IntegrationCode,
    /// At which level.
    pub level: AccountLevel,
    /// For whom; empty for the system.
    pub entity: String,
    /// How it stands.
    pub state: AccountState,
    /// Every setting of the integration; `None` for one that is left empty.
    pub settings: BTreeMap<SettingName, Option<SettingValue>>,
    /// Every credential of the integration, `None` for one that is not set; none of this for a token without the scope
    /// that they need.
    pub credentials: Option<BTreeMap<SettingName, Option<VendorCredential>>>,
}

impl Service {
    /// The active account whose token this is; `None` where it belongs to none. That credentials are read is written
    /// to the log before they are handed out: where that fails, nobody gets them.
    ///
    /// # Errors
    /// [`Failure::Sealing`] where a credential does not open, or where the database fails.
    pub async fn own_account(&self, credential: &Known, origin: &Origin) -> Outcome<Option<OwnAccount>> {
        let record = self.store.external_account_of(credential.sid).await?;
        let Some(record) = record.filter(|record| record.stage == AccountStage::Active) else { return Ok(None) };
        let integration = self.integrations.get_or_gone(&record.integration);
        let settings = settings_of(&record)?;
        let kept = integration.settings.iter().filter(|setting| setting.kind != SettingKind::Credential);
        let settings = kept.map(|setting| (setting.name.clone(), settings.value(setting))).collect();
        let may_read = credential.effective_scopes().set.iter().any(|name| name.as_str() == CREDENTIAL_SCOPE);
        let credentials =
            if may_read { Some(self.open_credentials(&record, &integration, credential, origin).await?) } else { None };
        let needed = integration.needed(&record.scopes);
        Ok(Some(OwnAccount {
            id: record.id,
            level: record.level,
            entity: entity_of(&record),
            state: AccountState::of(&credential.facts(), needed, self.now()),
            integration: record.integration,
            settings,
            credentials,
        }))
    }

    async fn open_credentials(
        &self,
        record: &AccountRecord,
        integration: &Integration,
        reader: &Known,
        origin: &Origin,
    ) -> Outcome<BTreeMap<SettingName, Option<VendorCredential>>> {
        let asked = integration.settings.iter().filter(|setting| setting.kind == SettingKind::Credential);
        let mut credentials: BTreeMap<SettingName, Option<VendorCredential>> =
            asked.map(|setting| (setting.name.clone(), None)).collect();
        for sealed in self.store.sealed_credentials(record.id).await? {
            // One that the integration does not ask for any longer can be forgotten on no page.
            if !credentials.contains_key(&sealed.name) {
                continue;
            }
            let failed = |reason: &dyn std::fmt::Display| {
                Failure::Sealing(format!("{} of the account {} did not open: {reason}", sealed.name, record.id))
            };
            let keys = self.secret_keys.as_ref().ok_or_else(|| failed(&"there are no secret keys"))?;
            let opened = keys.open(&sealed).map_err(|reason| failed(&reason))?;
            credentials.insert(sealed.name.clone(), Some(opened));
        }
        let subject = AuditSubject::ExternalAccount(record.id);
        let mut audit = self.entry(AuditActor::Token(reader.sid), AuditAction::CredentialsRead, subject, origin);
        let read = credentials.iter().filter(|(_, credential)| credential.is_some());
        let names: Vec<&str> = read.map(|(name, _)| name.as_str()).collect();
        audit.detail = if names.is_empty() { "none is set".to_owned() } else { names.join(", ") };
        self.store.write_audit(&[audit]).await?;
        Ok(credentials)
    }
}
