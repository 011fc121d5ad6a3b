//! The first admin's account.
//!
//! While no admin exists, each start offers a link with a new code, which the operator opens. Looking at the
//! link changes nothing; sending its form uses the code up and makes the account, in one transaction.

use latchkey_domain::{Appearance, DAY, Email, FieldErrors, PersonName, PlainText, Refusal, RepKind, Role};

use crate::passwords::check_new_password;
use crate::ports::{FirstAdmin, NewRep, Rep, SetUpState};
use crate::secrets::{new_rep_id, random_secret};
use crate::{AuditAction, AuditActor, AuditSubject, Origin, Outcome, SecretHash, Service, StartedSession};

/// How long a set-up link can be used, in seconds.
const LINK_SECONDS: i64 = DAY;

/// The set-up form as it was typed.
#[derive(Debug, Clone)]
pub struct SetUpForm {
    /// The code of the link.
    pub code: PlainText,
    /// What the admin is called.
    pub name: String,
    /// What they will sign in with.
    pub email: String,
    /// Their new password.
    pub password: PlainText,
}

impl Service {
    /// A new set-up code, or `None` where an admin exists. Earlier codes stop working.
    ///
    /// # Errors
    /// Where the database or the random source fails.
    pub async fn offer_set_up(&self) -> Outcome<Option<PlainText>> {
        let code = random_secret(self.random.as_ref())?;
        let expires_at = self.now().plus_seconds(LINK_SECONDS);
        let offered = self.store.offer_set_up(SecretHash::of(code.expose()), expires_at).await?;
        Ok(offered.then_some(code))
    }

    /// Whether the code of a set-up link still opens the form. Changes nothing.
    ///
    /// # Errors
    /// [`Refusal::SetUpClosed`], [`Refusal::SetUpLinkInvalid`], or where the database fails.
    pub async fn check_set_up_code(&self, code: &PlainText) -> Outcome<()> {
        let state = self.store.set_up_state(SecretHash::of(code.expose()), self.now()).await?;
        refuse_unless_open(state)
    }

    /// Makes the first admin and signs them in.
    ///
    /// # Errors
    /// What is wrong with the form or the link, or where something fails.
    pub async fn set_up(&self, form: &SetUpForm, origin: &Origin, agent: &str) -> Outcome<StartedSession> {
        self.check_set_up_code(&form.code).await?;
        let mut errors = FieldErrors::default();
        let name = errors.take(PersonName::parse(&form.name));
        let email = errors.take(Email::parse(&form.email));
        errors.take(check_new_password(&form.password, email.as_ref().map_or("", Email::as_str)));
        let (Some(name), Some(email), true) = (name, email, errors.is_empty()) else {
            return Err(errors.into());
        };
        let rep = Rep {
            id: new_rep_id(self.clock.unix_millis(), self.random.as_ref())?,
            email: email.to_string(),
            name: name.as_str().to_owned(),
            role: Role::Admin,
            kind: RepKind::Human,
            appearance: Appearance::default(),
            created_at: self.now(),
            disabled_at: None,
        };
        let password = self.passwords.hash(&form.password, self.random.as_ref()).await?;
        let (session, started) = self.new_session(&rep, origin, agent)?;
        let audit =
            self.entry(AuditActor::Rep(rep.id), AuditAction::FirstAdminCreated, AuditSubject::Rep(rep.id), origin);
        let admin = NewRep { rep, password: Some(password), owners: Vec::new() };
        let code = SecretHash::of(form.code.expose());
        match self.store.create_first_admin(code, &admin, &session, &audit).await? {
            FirstAdmin::Created => Ok(started),
            FirstAdmin::EmailTaken => Err(latchkey_domain::FieldProblem::EmailTaken.into()),
            FirstAdmin::Refused(state) => {
                refuse_unless_open(state)?;
                Err(Refusal::SetUpLinkInvalid.into())
            }
        }
    }
}

fn refuse_unless_open(state: SetUpState) -> Outcome<()> {
    match state {
        SetUpState::Open => Ok(()),
        SetUpState::LinkInvalid => Err(Refusal::SetUpLinkInvalid.into()),
        SetUpState::Closed => Err(Refusal::SetUpClosed.into()),
    }
}
