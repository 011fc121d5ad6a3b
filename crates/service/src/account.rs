//! What people change about their own account.

use latchkey_domain::view::{AccountView, SettingsView};
use latchkey_domain::{Appearance, Email, FieldErrors, FieldProblem, PersonName, PlainText};

use crate::passwords::check_new_password;
use crate::ports::{EmailChange, Rep};
use crate::{AuditAction, AuditEntry, AuditSubject, Caller, Outcome, Service};

/// The form that changes an address, as it was typed.
#[derive(Debug, Clone)]
pub struct EmailForm {
    /// The new address.
    pub email: String,
    /// The password, to confirm who is asking.
    pub current_password: PlainText,
}

/// The form that changes a password, as it was typed.
#[derive(Debug, Clone)]
pub struct PasswordForm {
    /// The new password.
    pub password: PlainText,
    /// The one in force, to confirm who is asking.
    pub current_password: PlainText,
}

impl From<&Rep> for AccountView {
    fn from(rep: &Rep) -> Self {
        Self {
            id: rep.id,
            name: rep.name.clone(),
            email: rep.email.clone(),
            role: rep.role,
            appearance: rep.appearance,
        }
    }
}

impl Service {
    /// Everything on the page of general settings.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn settings(&self, caller: &Caller) -> Outcome<SettingsView> {
        let sessions = self.session_views(caller).await?;
        Ok(SettingsView { account: (&caller.rep).into(), sessions, now: self.now() })
    }

    /// Changes what the caller is called.
    ///
    /// # Errors
    /// What is wrong with the name, or where the database fails.
    pub async fn rename(&self, caller: &Caller, name: &str) -> Outcome<()> {
        let name = PersonName::parse(name)?;
        let audit = self.own_entry(caller, AuditAction::RepRenamed);
        Ok(self.store.rename_rep(caller.rep.id, name.as_str(), &audit).await?)
    }

    /// Changes how the pages look to the caller.
    ///
    /// # Errors
    /// Where there is no such appearance, or the database fails.
    pub async fn set_appearance(&self, caller: &Caller, code: &str) -> Outcome<Appearance> {
        let appearance = Appearance::parse(code).ok_or(FieldProblem::AppearanceUnknown)?;
        let audit = self.own_entry(caller, AuditAction::AppearanceChanged);
        self.store.set_appearance(caller.rep.id, appearance, &audit).await?;
        Ok(appearance)
    }

    /// Changes what the caller signs in with, and ends their other sessions. Answers how many ended.
    ///
    /// # Errors
    /// What is wrong with the form, or where something fails.
    pub async fn change_email(&self, caller: &Caller, form: &EmailForm) -> Outcome<u64> {
        let mut errors = FieldErrors::default();
        let email = errors.take(Email::parse(&form.email));
        if form.current_password.is_empty() {
            errors.add(FieldProblem::CurrentPasswordMissing);
        }
        let (Some(email), true) = (email, errors.is_empty()) else {
            return Err(errors.into());
        };
        self.check_current_password(caller, &form.current_password).await?;
        let audit = self.own_entry(caller, AuditAction::EmailChanged);
        let changed = self.store.change_email(caller.rep.id, &email, caller.session.hash, &audit).await?;
        match self.settle(changed).await {
            EmailChange::Changed { ended_sessions } => Ok(ended_sessions),
            EmailChange::EmailTaken => Err(FieldProblem::EmailTaken.into()),
        }
    }

    /// Replaces the caller's password, and ends their other sessions. Answers how many ended.
    ///
    /// # Errors
    /// What is wrong with the form, or where something fails.
    pub async fn change_password(&self, caller: &Caller, form: &PasswordForm) -> Outcome<u64> {
        let mut errors = FieldErrors::default();
        errors.take(check_new_password(&form.password, &caller.rep.email));
        if form.current_password.is_empty() {
            errors.add(FieldProblem::CurrentPasswordMissing);
        }
        if !errors.is_empty() {
            return Err(errors.into());
        }
        self.check_current_password(caller, &form.current_password).await?;
        let password = self.passwords.hash(&form.password, self.random.as_ref()).await?;
        let audit = self.own_entry(caller, AuditAction::PasswordChanged);
        Ok(self.store.change_password(caller.rep.id, &password, caller.session.hash, &audit).await?)
    }

    fn own_entry(&self, caller: &Caller, action: AuditAction) -> AuditEntry {
        self.entry(caller.actor(), action, AuditSubject::Rep(caller.rep.id), &caller.origin)
    }
}
