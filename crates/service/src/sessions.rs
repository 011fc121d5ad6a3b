//! Sessions: how a browser stays signed in.
//!
//! A session is 256 random bits in a cookie; the database holds their hash. It ends 12 hours after it was last
//! seen, 7 days after it was started, when its owner is disabled, or when somebody ends it.

use latchkey_domain::view::SessionView;
use latchkey_domain::{DAY, HOUR, MINUTE, PlainText, Refusal, RepId, Role, Timestamp};

use crate::ports::{NewSession, Rep, Session};
use crate::secrets::random_secret;
use crate::{AuditAction, AuditActor, AuditSubject, Origin, Outcome, SecretHash, Service};

/// A session not seen for this long has ended, in seconds.
const IDLE_SECONDS: i64 = 12 * HOUR;
/// A session this old has ended, in seconds.
const LIFETIME_SECONDS: i64 = 7 * DAY;
/// A session is noted as seen at most this often, in seconds.
const TOUCH_SECONDS: i64 = MINUTE;
/// For so long after the password was given, what needs it does not ask again, in seconds.
const CONFIRMED_SECONDS: i64 = 15 * MINUTE;
/// The longest name of a browser that is kept, in characters.
const MAX_AGENT_LENGTH: usize = 256;

/// Somebody who is signed in, and where their request came from.
#[derive(Debug, Clone)]
pub struct Caller {
    /// Who.
    pub rep: Rep,
    /// In which session.
    pub session: Session,
    /// From where.
    pub origin: Origin,
}

impl Caller {
    pub(crate) const fn actor(&self) -> AuditActor {
        AuditActor::Rep(self.rep.id)
    }

    /// Lets admins on.
    ///
    /// # Errors
    /// [`Refusal::Forbidden`] to everybody else.
    pub(crate) fn require_admin(&self) -> Outcome<()> {
        if self.rep.role == Role::Admin { Ok(()) } else { Err(Refusal::Forbidden.into()) }
    }

    /// Whether the password was given recently enough for what needs it.
    pub(crate) const fn is_confirmed(&self, now: Timestamp) -> bool {
        now.seconds_since(self.session.confirmed_at) < CONFIRMED_SECONDS
    }

    pub(crate) fn session_view(&self, session: &Session) -> SessionView {
        SessionView {
            current: session.hash == self.session.hash,
            agent: session.agent.clone(),
            address: session.address.clone(),
            created_at: session.created_at,
            last_seen_at: session.last_seen_at,
        }
    }
}

/// A session that has just been started.
#[derive(Debug, Clone)]
pub struct StartedSession {
    /// What the cookie holds.
    pub cookie: PlainText,
    /// For how long the browser keeps it, in seconds.
    pub max_age_seconds: i64,
}

impl Service {
    /// Who this cookie's value belongs to; `None` where the session has ended or never was.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn resume(&self, cookie: &str) -> Outcome<Option<(Rep, Session)>> {
        let now = self.now();
        let Some((mut session, rep)) = self.store.session(SecretHash::of(cookie)).await? else {
            return Ok(None);
        };
        let idle = now.seconds_since(session.last_seen_at);
        if now >= session.expires_at || idle >= IDLE_SECONDS || !rep.is_enabled() {
            return Ok(None);
        }
        if idle >= TOUCH_SECONDS {
            // Who cannot be noted as seen is there all the same: a full disk keeps nobody from reading.
            match self.store.touch_session(session.hash, now).await {
                Ok(()) => session.last_seen_at = now,
                Err(error) => tracing::warn!(cause = %error, "that a session was seen could not be noted"),
            }
        }
        Ok(Some((rep, session)))
    }

    /// Whose session this cookie's value was, where its row is still there; nobody's otherwise. It opens nothing.
    pub async fn owner_of_ended_session(&self, cookie: &str) -> Option<RepId> {
        let found = self.store.session(SecretHash::of(cookie)).await.ok()?;
        found.map(|(_, rep)| rep.id)
    }

    /// 256 random bits as text, for a cookie.
    ///
    /// # Errors
    /// Where the random source fails.
    pub fn new_code(&self) -> Outcome<PlainText> {
        Ok(random_secret(self.random.as_ref())?)
    }

    /// Ends the caller's session.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn sign_out(&self, caller: &Caller) -> Outcome<()> {
        let subject = AuditSubject::Rep(caller.rep.id);
        let audit = self.entry(caller.actor(), AuditAction::SignedOut, subject, &caller.origin);
        self.store.end_session(caller.session.hash, &audit).await?;
        Ok(())
    }

    /// Ends the caller's other sessions, and answers how many there were.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn end_other_sessions(&self, caller: &Caller) -> Outcome<u64> {
        let subject = AuditSubject::Rep(caller.rep.id);
        let audit = self.entry(caller.actor(), AuditAction::OtherSessionsEnded, subject, &caller.origin);
        Ok(self.store.end_other_sessions(caller.rep.id, caller.session.hash, &audit).await?)
    }

    /// Removes what is left of sessions that have ended. Run now and then.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn remove_ended_sessions(&self) -> Outcome<u64> {
        let now = self.now();
        Ok(self.store.remove_ended_sessions(now, now.plus_seconds(-IDLE_SECONDS)).await?)
    }

    /// The caller's sessions, the current one first.
    pub(crate) async fn session_views(&self, caller: &Caller) -> Outcome<Vec<SessionView>> {
        let now = self.now();
        let sessions = self.store.sessions(caller.rep.id, now, now.plus_seconds(-IDLE_SECONDS)).await?;
        let mut views: Vec<SessionView> = sessions.iter().map(|session| caller.session_view(session)).collect();
        views.sort_by_key(|view| !view.current);
        Ok(views)
    }

    /// Draws a new session; the store starts it.
    pub(crate) fn new_session(&self, rep: &Rep, origin: &Origin, agent: &str) -> Outcome<(NewSession, StartedSession)> {
        let cookie = random_secret(self.random.as_ref())?;
        let now = self.now();
        let session = NewSession {
            hash: SecretHash::of(cookie.expose()),
            rep: rep.id,
            created_at: now,
            last_seen_at: now,
            expires_at: now.plus_seconds(LIFETIME_SECONDS),
            confirmed_at: now,
            address: origin.address.clone(),
            agent: agent.chars().filter(|character| !character.is_control()).take(MAX_AGENT_LENGTH).collect(),
        };
        Ok((session, StartedSession { cookie, max_age_seconds: LIFETIME_SECONDS }))
    }
}
