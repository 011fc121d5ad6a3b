//! Service reps, as operators make and list them.

use latchkey_domain::view::RepView;
use latchkey_domain::{
    Appearance, Email, FieldErrors, FieldProblem, PersonName, PlainText, Refusal, RepId, RepKind, Role,
};

use crate::passwords::check_new_password;
use crate::ports::{NewRep, Rep, RepInsertion};
use crate::secrets::new_rep_id;
use crate::{AuditAction, AuditActor, AuditSubject, Origin, Outcome, PasswordHash, Service};

/// A service rep to be made.
#[derive(Debug, Clone)]
pub struct RepForm {
    /// The address.
    pub email: String,
    /// What they are called.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// A person's password; a service has none.
    pub password: Option<PlainText>,
    /// The addresses of a service's two human owners.
    pub owners: Vec<String>,
}

impl From<&Rep> for RepView {
    fn from(rep: &Rep) -> Self {
        Self {
            id: rep.id,
            email: rep.email.clone(),
            name: rep.name.clone(),
            role: rep.role,
            kind: rep.kind,
            enabled: rep.is_enabled(),
        }
    }
}

impl Service {
    /// Makes a service rep: a person where there is a password, otherwise a service.
    ///
    /// # Errors
    /// What is wrong with the form; [`Refusal::NotFound`] where an owner is no enabled person; or where
    /// something fails.
    pub async fn add_rep(&self, form: &RepForm, origin: &Origin) -> Outcome<RepView> {
        let mut errors = FieldErrors::default();
        let name = errors.take(PersonName::parse(&form.name));
        let email = errors.take(Email::parse(&form.email));
        if let Some(password) = &form.password {
            errors.take(check_new_password(password, email.as_ref().map_or("", Email::as_str)));
        }
        let (Some(name), Some(email), true) = (name, email, errors.is_empty()) else {
            return Err(errors.into());
        };
        let mut owners = Vec::new();
        for owner in &form.owners {
            let owner = self.rep_named(owner).await?;
            if owner.kind != RepKind::Human || !owner.is_enabled() {
                return Err(Refusal::NotFound.into());
            }
            owners.push(owner.id);
        }
        let password = match &form.password {
            Some(password) => Some(self.passwords.hash(password, self.random.as_ref()).await?),
            None => None,
        };
        let kind = if password.is_some() { RepKind::Human } else { RepKind::System };
        let rep = self.new_rep(&name, &email, form.role, kind)?;
        self.insert_rep(rep, password, owners, AuditActor::CommandLine, origin).await
    }

    /// A new account, not stored yet.
    pub(crate) fn new_rep(&self, name: &PersonName, email: &Email, role: Role, kind: RepKind) -> Outcome<Rep> {
        Ok(Rep {
            id: new_rep_id(self.clock.unix_millis(), self.random.as_ref())?,
            email: email.to_string(),
            name: name.as_str().to_owned(),
            role,
            kind,
            appearance: Appearance::default(),
            created_at: self.now(),
            disabled_at: None,
        })
    }

    /// Stores a new account.
    pub(crate) async fn insert_rep(
        &self,
        rep: Rep,
        password: Option<PasswordHash>,
        owners: Vec<RepId>,
        actor: AuditActor,
        origin: &Origin,
    ) -> Outcome<RepView> {
        let view = RepView::from(&rep);
        let audit = self.entry(actor, AuditAction::RepAdded, AuditSubject::Rep(rep.id), origin);
        match self.store.insert_rep(&NewRep { rep, password, owners }, &audit).await? {
            RepInsertion::Inserted => Ok(view),
            RepInsertion::EmailTaken => Err(FieldProblem::EmailTaken.into()),
            RepInsertion::OwnersUnfit => Err(FieldProblem::OwnerUnfit.into()),
        }
    }

    /// Every service rep, by address.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn list_reps(&self) -> Outcome<Vec<RepView>> {
        Ok(self.store.reps().await?.iter().map(RepView::from).collect())
    }

    /// The service rep with this address.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] where there is none, or where the database fails.
    pub async fn rep_named(&self, email: &str) -> Outcome<Rep> {
        let email = Email::parse(email)?;
        self.store.rep_by_email(&email).await?.ok_or_else(|| Refusal::NotFound.into())
    }
}
