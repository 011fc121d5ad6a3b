//! Setting how many calls a token may make.

use latchkey_domain::{AccountSid, Refusal, TokenRateLimit};

use crate::{AuditAction, AuditActor, AuditSubject, Origin, Outcome, Service};

impl Service {
    /// Sets the limit of any token, for operators. It holds from the token's next call on.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] where there is none of that name, or where the database fails.
    pub async fn limit_token(&self, sid: AccountSid, limit: TokenRateLimit, origin: &Origin) -> Outcome<()> {
        let subject = AuditSubject::Token(sid);
        let mut audit = self.entry(AuditActor::CommandLine, AuditAction::TokenLimited, subject, origin);
        audit.detail = format!("rate limit: {limit}");
        let limited = self.store.limit_token(sid, limit, &audit).await?;
        if self.settle(limited).await { Ok(()) } else { Err(Refusal::NotFound.into()) }
    }
}
