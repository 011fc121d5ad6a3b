//! A server to test.

use std::sync::Arc;

use latchkey_domain::{AccountSid, PlainText, ScopeChoice, Timestamp, TokenForm};
use latchkey_server::gateway::Gateway;
use latchkey_server::routing::{Application, Surface};
use latchkey_server::{NetworkSettings, ServerState, WebSettings};
use latchkey_service::ports::{Rep, RepStore as _, TokenSource};
use latchkey_service::{
    AuditAction, AuditActor, AuditEntry, AuditKey, AuditSubject, Caller, DEFAULT_CATALOG, Origin, RepForm, SecretKey,
    SecretKeys, Service, SignInForm, TokenOwner, VendorLimits, read_catalog,
};
use latchkey_store::{Opening, SqlStore};
use tempfile::TempDir;

use super::determined::{CountingRandom, NOW, SettableClock};
use super::{Anonymous, SignedIn, Vendor, Visitor};

/// Everybody's.
pub(crate) const PASSWORD: &str = "correct horse battery staple";

/// A server over an empty database of its own.
pub(crate) struct TestApp {
    pub(crate) application: Application,
    pub(crate) service: Arc<Service>,
    pub(crate) store: SqlStore,
    pub(crate) gateway: Option<Arc<Gateway>>,
    clock: Arc<SettableClock>,
    directory: TempDir,
}

/// What a test may set. The clock stands still, so unless a test is about limits there are none.
pub(crate) struct Settings {
    pub(crate) limits: VendorLimits,
    pub(crate) network: NetworkSettings,
    pub(crate) web: WebSettings,
    pub(crate) gateway: Option<Arc<Gateway>>,
    /// Whether there is a key to keep vendors' credentials under.
    pub(crate) keeps_credentials: bool,
}

impl Default for Settings {
    fn default() -> Self {
        let limits = VendorLimits { calls: None, introspections: None };
        let (network, web) = (NetworkSettings::default(), WebSettings::default());
        Self { limits, network, web, gateway: None, keeps_credentials: true }
    }
}

/// A token, with its secret.
#[derive(Clone)]
pub(crate) struct IssuedToken {
    pub(crate) sid: AccountSid,
    pub(crate) secret: String,
    pub(crate) expires_at: Timestamp,
}

impl TestApp {
    /// With the default catalog.
    pub(crate) async fn start() -> Self {
        Self::start_with(DEFAULT_CATALOG).await
    }

    /// With a catalog of the test's own.
    pub(crate) async fn start_with(catalog: &str) -> Self {
        Self::start_as(catalog, Settings::default()).await
    }

    /// With the default catalog, and settings of the test's own.
    pub(crate) async fn start_set(settings: Settings) -> Self {
        Self::start_as(DEFAULT_CATALOG, settings).await
    }

    async fn start_as(catalog: &str, settings: Settings) -> Self {
        let directory = TempDir::new().unwrap();
        let store = SqlStore::open(&url(&directory), Opening::Serve).await.unwrap();
        Self::over(store, directory, catalog, settings)
    }

    /// With the default catalog, in front of another service.
    pub(crate) async fn start_before(gateway: Gateway) -> Self {
        Self::start_set(Settings { gateway: Some(Arc::new(gateway)), ..Settings::default() }).await
    }

    /// The same database, under another catalog.
    pub(crate) async fn restarted_with(self, catalog: &str) -> Self {
        self.store.close().await;
        let store = SqlStore::open(&url(&self.directory), Opening::Serve).await.unwrap();
        Self::over(store, self.directory, catalog, Settings::default())
    }

    fn over(store: SqlStore, directory: TempDir, catalog: &str, settings: Settings) -> Self {
        let clock = Arc::new(SettableClock::new());
        let service = Service::new(
            Arc::new(store.clone()),
            Arc::clone(&clock) as Arc<_>,
            Arc::new(CountingRandom::default()),
            Arc::new(read_catalog(catalog).unwrap()),
        );
        let audit_key = AuditKey::parse(&"0b".repeat(32)).unwrap();
        let mut service = service.unwrap().with_limits(settings.limits).with_audit_key(audit_key);
        if settings.keeps_credentials {
            let key = SecretKey::draw(&CountingRandom::default()).unwrap();
            service = service.with_secret_keys(SecretKeys::of(key));
        }
        let service = Arc::new(service);
        let gateway = settings.gateway;
        let state = ServerState::new(Arc::clone(&service), settings.web, settings.network, gateway.clone());
        Self { application: Application::new(state, Surface::Everything), service, store, gateway, clock, directory }
    }

    /// Moves the clock.
    pub(crate) fn set_now(&self, now: Timestamp) {
        self.clock.set(now);
    }

    /// From now on each look at the clock takes so long.
    pub(crate) fn let_time_pass(&self, millis_a_look: i64) {
        self.clock.tick(millis_a_look);
    }

    /// The database's URL, to look at it from the side.
    pub(crate) fn database_url(&self) -> String {
        url(&self.directory)
    }

    /// Everything that the database keeps in files, as bytes.
    pub(crate) fn database_files(&self) -> Vec<Vec<u8>> {
        let files = std::fs::read_dir(self.directory.path()).unwrap();
        files.map(|file| std::fs::read(file.unwrap().path()).unwrap()).collect()
    }

    /// A service rep, made where there is none of this address.
    pub(crate) async fn rep(&self, email: &str) -> Rep {
        self.person(email, latchkey_domain::Role::Rep).await
    }

    /// A person, made where there is none of this address.
    pub(crate) async fn person(&self, email: &str, role: latchkey_domain::Role) -> Rep {
        if let Ok(rep) = self.service.rep_named(email).await {
            return rep;
        }
        let form = RepForm {
            email: email.to_owned(),
            name: "Ann Smith".to_owned(),
            role,
            password: Some(PlainText::new(PASSWORD.to_owned())),
            owners: Vec::new(),
        };
        self.service.add_rep(&form, &origin()).await.unwrap();
        self.service.rep_named(email).await.unwrap()
    }

    /// Keeps a service rep and their tokens out, or lets them in again.
    pub(crate) async fn set_disabled(&self, email: &str, disabled: bool) {
        let rep = self.rep(email).await;
        let audit = AuditEntry {
            at: NOW,
            actor: AuditActor::CommandLine,
            action: AuditAction::RepDisabled,
            subject: AuditSubject::Rep(rep.id),
            origin: origin(),
            detail: String::new(),
        };
        let changed = self.store.set_disabled(rep.id, disabled.then_some(NOW), &audit).await.unwrap();
        self.service.settle(changed).await;
    }

    /// A token of ann@example.com for 90 days with these scopes; "*" is All Scopes.
    pub(crate) async fn token(&self, scopes: &str) -> IssuedToken {
        let rep = self.rep("ann@example.com").await;
        let filter = latchkey_service::ports::TokenFilter::default();
        let number = self.service.tokens(filter, u32::MAX).await.unwrap().len() + 1;
        let form = TokenForm {
            form_id: String::new(),
            description: format!("Token {number}"),
            expiration: "90d".to_owned(),
            scope_choice: ScopeChoice::ALL_CODE.to_owned(),
            scopes: Vec::new(),
            addresses: String::new(),
        };
        let mut draft = form.parse().unwrap();
        if scopes != "*" {
            draft.scopes = ScopeChoice::Selected(scopes.parse().unwrap());
        }
        let (actor, source) = (AuditActor::CommandLine, TokenSource::CommandLine);
        let rate_limit = latchkey_domain::TokenRateLimit::Default;
        let owner = TokenOwner { rep: &rep, actor, source, rate_limit, origin: &origin(), maker: None };
        let issued = self.service.issue(owner, &draft, None).await.unwrap();
        IssuedToken {
            sid: issued.token.sid,
            secret: issued.secret.expose().to_owned(),
            expires_at: issued.token.expires_at,
        }
    }

    /// Takes a token back, as an operator.
    pub(crate) async fn revoke(&self, sid: AccountSid) {
        self.service.revoke_any_token(sid, &origin()).await.unwrap();
    }

    /// Somebody without any credential.
    pub(crate) fn anonymous(&self) -> Anonymous<'_> {
        Anonymous(self)
    }

    /// Somebody on our own pages, not signed in.
    pub(crate) fn visitor(&self) -> Visitor<'_> {
        Visitor(self)
    }

    /// A vendor with a new token of these scopes.
    pub(crate) async fn vendor(&self, scopes: &str) -> Vendor<'_> {
        Vendor::new(self, self.token(scopes).await)
    }

    /// An admin with a session, as the use cases know them.
    pub(crate) async fn admin(&self, email: &str) -> Caller {
        self.person(email, latchkey_domain::Role::Admin).await;
        let form = SignInForm { email: email.to_owned(), password: PlainText::new(PASSWORD.to_owned()) };
        let started = self.service.sign_in(&form, &origin(), "test").await.unwrap();
        let (rep, session) = self.service.resume(started.cookie.expose()).await.unwrap().unwrap();
        Caller { rep, session, origin: origin() }
    }

    /// A service rep with a session.
    pub(crate) async fn signed_in(&self, email: &str) -> SignedIn<'_> {
        self.rep(email).await;
        let form = SignInForm { email: email.to_owned(), password: PlainText::new(PASSWORD.to_owned()) };
        let started = self.service.sign_in(&form, &origin(), "test").await.unwrap();
        SignedIn { app: self, cookie: started.cookie.expose().to_owned() }
    }
}

fn url(directory: &TempDir) -> String {
    format!("sqlite://{}", directory.path().join("latchkey.db").display())
}

/// The command line of a test.
pub(crate) fn origin() -> Origin {
    Origin { address: String::new(), request_id: "test".to_owned() }
}
