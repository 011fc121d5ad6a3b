//! Starting an account.

use latchkey_domain::external_account::{
    AccountErrors, AccountPlace, AccountProblem, AccountSettings, ExternalAccountId, NewAccountForm,
};
use latchkey_domain::{Email, Refusal, RepState};

use super::json_of;
use crate::ports::{DraftInsertion, NewDraft, Rep};
use crate::secrets::sortable_id;
use crate::{AuditAction, AuditSubject, Caller, Outcome, Service};

/// What became of a start.
#[derive(Debug, Clone)]
pub enum AccountStart {
    /// A draft was made.
    Started(ExternalAccountId),
    /// Not started: something is wrong with the form.
    Invalid(AccountErrors),
    /// Not started: this one is there already, draft or active, for the same integration, level and name. The same
    /// form sent twice ends here.
    Taken(ExternalAccountId),
}

impl Service {
    /// Starts a draft.
    ///
    /// # Errors
    /// [`latchkey_domain::Refusal::Forbidden`] to others than admins, or where something fails.
    pub async fn start_account(&self, caller: &Caller, form: &NewAccountForm) -> Outcome<AccountStart> {
        caller.require_admin()?;
        let new = match form.parse(&self.integrations) {
            Ok(new) => new,
            Err(errors) => return Ok(AccountStart::Invalid(errors)),
        };
        let level = new.place.level();
        let (entity, entity_rep, entity_key) = match new.place {
            AccountPlace::System => (String::new(), None, String::new()),
            AccountPlace::Company(name) | AccountPlace::Branch(name) => (name.as_str().to_owned(), None, name.key()),
            AccountPlace::ServiceRep(email) => match self.enabled_rep(&email).await? {
                Some(rep) => (String::new(), Some(rep.id), rep.id.to_string()),
                None => return Ok(AccountStart::Invalid(AccountErrors::one(AccountProblem::EntityNotARep))),
            },
        };
        let id = ExternalAccountId::from_bytes(sortable_id(self.clock.unix_millis(), self.random.as_ref())?);
        let settings = json_of(&AccountSettings::default())?;
        let by = caller.rep.id;
        let integration = new.integration;
        let subject = AuditSubject::ExternalAccount(id);
        let mut audit = self.entry(caller.actor(), AuditAction::ExternalAccountStarted, subject, &caller.origin);
        audit.detail = format!("{integration}, {}", level.label());
        let draft = NewDraft { id, integration, level, entity, entity_rep, entity_key, settings, by };
        Ok(match self.store.insert_draft(&draft, &audit).await? {
            DraftInsertion::Inserted => AccountStart::Started(id),
            DraftInsertion::Taken(there) => AccountStart::Taken(there),
            DraftInsertion::NotAllowed => return Err(Refusal::Forbidden.into()),
        })
    }

    /// The service rep with this address, if they are enabled.
    pub(super) async fn enabled_rep(&self, email: &Email) -> Outcome<Option<Rep>> {
        let Some(rep) = self.store.rep_by_email(email).await? else { return Ok(None) };
        let overview = self.store.rep_overview(rep.id, self.now()).await?;
        Ok(overview.is_some_and(|overview| overview.state == RepState::Enabled).then_some(rep))
    }
}
