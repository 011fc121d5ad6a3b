//! Sealing credentials anew under the newest key.

use super::{KeyId, SecretKeys};
use crate::{AuditAction, AuditActor, AuditSubject, Failure, Origin, Outcome, Service, VendorCredential};

/// How many credentials are read at once.
const BATCH: u32 = 100;

/// What became of a rotation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rotation {
    /// How many credentials were sealed anew.
    pub resealed: u64,
    /// The key that all are sealed under now.
    pub newest: KeyId,
    /// Keys of the file that nothing is sealed under any more.
    pub unneeded: Vec<KeyId>,
}

impl Service {
    /// The keys that credentials are sealed under and that are not here.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn missing_secret_keys(&self) -> Outcome<Vec<KeyId>> {
        let here: Vec<KeyId> = self.secret_keys.iter().flat_map(SecretKeys::ids).collect();
        let used = self.store.sealing_keys().await?.into_iter().map(|(id, _)| id);
        Ok(used.filter(|id| !here.contains(id)).collect())
    }

    /// Seals every credential that is under an older key anew under the newest, one row a transaction: what is done
    /// stays done wherever it stops, and the next time goes on from there.
    ///
    /// # Errors
    /// [`Failure::Sealing`] where there are no keys, or a credential does not open; or where the database fails.
    pub async fn rotate_secrets(&self, origin: &Origin) -> Outcome<Rotation> {
        let keys = self.secret_keys.as_ref().ok_or_else(|| Failure::Sealing("there are no secret keys".to_owned()))?;
        let newest = keys.ids().next().ok_or_else(|| Failure::Sealing("there are no secret keys".to_owned()))?;
        let mut resealed = 0;
        loop {
            let batch = self.store.credentials_to_reseal(newest, BATCH).await?;
            if batch.is_empty() {
                break;
            }
            for sealed in batch {
                let credential: VendorCredential = keys.open(&sealed).map_err(|reason| {
                    let (account, name) = (sealed.account, &sealed.name);
                    Failure::Sealing(format!("the credential {name} of the account {account} did not open: {reason}"))
                })?;
                let anew = keys.seal(self.random.as_ref(), sealed.account, &sealed.name, &credential)?;
                let subject = AuditSubject::ExternalAccount(sealed.account);
                let mut audit = self.entry(AuditActor::CommandLine, AuditAction::CredentialResealed, subject, origin);
                audit.detail = format!("{}; key {} instead of {}", sealed.name, newest, sealed.key);
                // One that was replaced or forgotten meanwhile is met again, or not, in the next batch.
                if self.store.reseal_credential(&sealed, &anew, &audit).await? {
                    resealed += 1;
                }
            }
        }
        let used: Vec<KeyId> = self.store.sealing_keys().await?.into_iter().map(|(id, _)| id).collect();
        let unneeded = keys.ids().filter(|id| *id != newest && !used.contains(id)).collect();
        Ok(Rotation { resealed, newest, unneeded })
    }
}
