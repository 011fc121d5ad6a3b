//! Signing in with e-mail and password.
//!
//! Whether an address is known shows neither in the answer nor in its time: an unknown one is compared with a
//! hash that nothing matches. Each attempt is counted before the password is looked at, so that guesses sent
//! side by side count too; 10 failures in 15 minutes on one account from one address, or 100 from one address,
//! and the next has to wait. What one subscriber has whole counts as one address: of IPv6, the first 64 bits.

use latchkey_domain::{Email, FieldErrors, FieldProblem, MINUTE, PlainText, Refusal, RepKind};

use crate::limits::network_of;
use crate::ports::{AttemptLimits, AttemptReservation, RightAttempt};
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
        let network = self.reserve_attempt(account, origin).await?;

        let rep = self.store.rep_by_email(&email).await?;
        let known = match &rep {
            Some(rep) => self.store.password_hash(rep.id).await?,
            None => None,
        };
        let matches = self.passwords.matches(&form.password, known.clone()).await?;
        let admitted = rep.as_ref().filter(|rep| matches && rep.is_enabled() && rep.kind == RepKind::Human);
        if let (Some(rep), Some(password)) = (admitted, &known) {
            let (session, started) = self.new_session(rep, origin, agent)?;
            let audit = self.entry(AuditActor::Rep(rep.id), AuditAction::SignedIn, AuditSubject::Rep(rep.id), origin);
            let attempt = RightAttempt { account, network: &network, password };
            if self.store.start_session(&session, attempt, &audit).await? {
                return Ok(started);
            }
        }
        let subject = rep.as_ref().map_or(AuditSubject::Nothing, |rep| AuditSubject::Rep(rep.id));
        let audit = self.entry(AuditActor::Anonymous, AuditAction::SignInFailed, subject, origin);
        self.store.record_failed_attempt(&audit).await?;
        Err(Refusal::WrongCredentials.into())
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
        let account = SecretHash::of(&caller.rep.email);
        let network = self.reserve_attempt(account, &caller.origin).await?;
        let known = self.store.password_hash(caller.rep.id).await?;
        let subject = AuditSubject::Rep(caller.rep.id);
        let matches = self.passwords.matches(password, known.clone()).await?;
        if let Some(password) = known.as_ref().filter(|_| matches) {
            let audit = self.entry(caller.actor(), AuditAction::PasswordConfirmed, subject, &caller.origin);
            let attempt = RightAttempt { account, network: &network, password };
            let (session, rep) = (caller.session.hash, caller.rep.id);
            if self.store.confirm_session(session, rep, self.now(), attempt, &audit).await? {
                return Ok(());
            }
        }
        let audit = self.entry(caller.actor(), AuditAction::SignInFailed, subject, &caller.origin);
        self.store.record_failed_attempt(&audit).await?;
        Err(FieldProblem::CurrentPasswordWrong.into())
    }

    /// Answers the network that the attempt was counted under.
    async fn reserve_attempt(&self, account: SecretHash, origin: &Origin) -> Outcome<String> {
        let now = self.now();
        let network = match origin.address.parse() {
            Ok(address) => network_of(address).to_string(),
            Err(_) => origin.address.clone(),
        };
        match self.store.reserve_attempt(account, &network, LIMITS, now).await? {
            AttemptReservation::Reserved => Ok(network),
            AttemptReservation::TooMany { retry_at } => {
                let retry_after_seconds = retry_at.seconds_since(now).max(1);
                Err(Refusal::TooManyAttempts { retry_after_seconds }.into())
            }
        }
    }
}
