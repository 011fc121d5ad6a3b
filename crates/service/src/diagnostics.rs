//! What Latchkey says of itself to somebody who is signed in.

use latchkey_domain::view::DiagnosticsView;

use crate::{Caller, Outcome, Service};

impl Service {
    /// Version, database, clock, and the caller's own session.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn diagnostics(&self, caller: &Caller) -> Outcome<DiagnosticsView> {
        Ok(DiagnosticsView {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            database: self.store.describe().await?.engine,
            now: self.now(),
            account: (&caller.rep).into(),
            session: caller.session_view(&caller.session),
            session_expires_at: caller.session.expires_at,
            scopes: self.catalog.scopes().len(),
            request_id: caller.origin.request_id.clone(),
        })
    }
}
