//! Signing in with e-mail and password.
//!
//! Whether an address is known shows neither in the answer nor in its time: an unknown one is compared with a
//! hash that nothing matches. Each attempt is counted before the password is looked at, so that guesses sent
//! side by side count too; 10 failures in 15 minutes on one account from one address, or 100 from one address,
//! and the next has to wait.

use latchkey_domain::{Email, FieldErrors, FieldProblem, MINUTE, PlainText, Refusal, RepKind};

use crate::ports::{AttemptLimits, AttemptReservation};
use crate::{AuditAction, AuditActor, AuditSubject, Caller, Origin, Outcome, SecretHash, Service, StartedSession};

const LIMITS: AttemptLimits =
    AttemptLimits { window_seconds: 15 * MINUTE, per_account_and_address: 10, per_address: 100 };

/// The sign-in form as it was typed.
#[derive(Debug, Clone)]
pub struct SignInForm {
    /// The address.
    pub email: String,
    /// The password.
    pub password: PlainText,
}

impl Service {
    /// Starts a session.
    ///
    /// # Errors
    /// [`Refusal::WrongCredentials`], [`Refusal::TooManyAttempts`], what is missing from the form, or where
    /// something fails.
    pub async fn sign_in(&self, form: &SignInForm, origin: &Origin, agent: &str) -> Outcome<StartedSession> {
        let mut errors = FieldErrors::default();
        let email = errors.take(Email::parse(&form.email));
        if form.password.is_empty() {
            errors.add(FieldProblem::PasswordMissing);
        }
        let (Some(email), true) = (email, errors.is_empty()) else {
            return Err(errors.into());
        };
        let account = SecretHash::of(email.as_str());
        self.reserve_attempt(account, origin).await?;

        let rep = self.store.rep_by_email(&email).await?;
        let known = match &rep {
            Some(rep) => self.store.password_hash(rep.id).await?,
            None => None,
        };
        let matches = self.passwords.matches(&form.password, known).await?;
        let admitted = rep.as_ref().filter(|rep| matches && rep.is_enabled() && rep.kind == RepKind::Human);
        let Some(rep) = admitted else {
            let subject = rep.as_ref().map_or(AuditSubject::Nothing, |rep| AuditSubject::Rep(rep.id));
            let audit = self.entry(AuditActor::Anonymous, AuditAction::SignInFailed, subject, origin);
            self.store.record_failed_attempt(&audit).await?;
            return Err(Refusal::WrongCredentials.into());
        };
        let (session, started) = self.new_session(rep, origin, agent)?;
        let audit = self.entry(AuditActor::Rep(rep.id), AuditAction::SignedIn, AuditSubject::Rep(rep.id), origin);
        self.store.start_session(&session, account, &audit).await?;
        Ok(started)
    }

    /// Checks that `password` is the caller's; counts as an attempt to sign in where it is not.
    ///
    /// # Errors
    /// [`FieldProblem::CurrentPasswordMissing`], [`FieldProblem::CurrentPasswordWrong`],
    /// [`Refusal::TooManyAttempts`], or where something fails.
    pub(crate) async fn check_current_password(&self, caller: &Caller, password: &PlainText) -> Outcome<()> {
        if password.is_empty() {
            return Err(FieldProblem::CurrentPasswordMissing.into());
        }
        self.reserve_attempt(SecretHash::of(&caller.rep.email), &caller.origin).await?;
        let known = self.store.password_hash(caller.rep.id).await?;
        let subject = AuditSubject::Rep(caller.rep.id);
        if !self.passwords.matches(password, known).await? {
            let audit = self.entry(caller.actor(), AuditAction::SignInFailed, subject, &caller.origin);
            self.store.record_failed_attempt(&audit).await?;
            return Err(FieldProblem::CurrentPasswordWrong.into());
        }
        let audit = self.entry(caller.actor(), AuditAction::PasswordConfirmed, subject, &caller.origin);
        self.store.confirm_session(caller.session.hash, self.now(), &audit).await?;
        Ok(())
    }

    async fn reserve_attempt(&self, account: SecretHash, origin: &Origin) -> Outcome<()> {
        let now = self.now();
        match self.store.reserve_attempt(account, &origin.address, LIMITS, now).await? {
            AttemptReservation::Reserved => Ok(()),
            AttemptReservation::TooMany { retry_at } => {
                let retry_after_seconds = retry_at.seconds_since(now).max(1);
                Err(Refusal::TooManyAttempts { retry_after_seconds }.into())
            }
        }
    }
}
