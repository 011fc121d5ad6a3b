//! What Latchkey does, as use cases over ports.
//!
//! A use case is a method of [`Service`], in the file of its name. It reads the clock, checks the rules of
//! `latchkey-domain`, asks the store to do one thing whole, and answers with a view or a [`Failure`]. It knows
//! no HTTP, no SQL and no page; the pages, the vendor API and the command line all call the same ones.
//!
//! The main flow, and where its steps stand:
//! 1. [`Service::offer_set_up`], [`Service::set_up`]: the first admin (`set_up.rs`).
//! 2. [`Service::sign_in`], [`Service::resume`]: a session (`sign_in.rs`, `sessions.rs`).
//! 3. [`Service::add_token`], [`Service::list_tokens`], [`Service::explain_token`], [`Service::revoke_token`]: a
//!    token's life (`tokens/`).
//! 4. [`Service::verify`]: a vendor's call (`verify.rs`), noted by [`LastUse`] and written by
//!    [`Service::flush_last_use`].
//!
//! Beside it, what admins do to service reps stands in `administration/`, what they allow in `policy/`, and how they
//! set up vendors' integrations in `external_accounts/`.
//!
//! What the use cases need from outside stands in [`ports`].

mod account;
mod administration;
mod audit;
mod catalog_file;
mod clock;
mod copies;
mod diagnostics;
mod external_accounts;
mod failure;
mod granted;
mod index;
mod integrations_file;
mod last_use;
mod limits;
mod passwords;
mod policy;
pub mod ports;
mod random;
mod records;
mod reps;
mod request_id;
mod sealing;
mod secrets;
mod sessions;
mod set_up;
mod sid_hash;
mod sign_in;
mod tokens;
mod verify;

use std::sync::Arc;

use latchkey_domain::external_account::Integrations;
use latchkey_domain::{Catalog, Timestamp};

pub use account::{EmailForm, PasswordForm};
pub use administration::{
    AccountLink, AllTokens, AnyToken, AskedToRevoke, Authority, Chosen, InviteForm, LinkOffer, ListedToken, LookUp,
    MAX_CHOSEN, Preview, PreviewedMove, RepDetails, RepListing, SystemRepForm, TOKEN_PAGE, TokenExport, TokenSearch,
    UNCONFIRMED,
};
pub use audit::{
    AUDIT_PAGE, AuditAction, AuditActor, AuditCursor, AuditEntry, AuditExport, AuditFilter, AuditGroup, AuditHead,
    AuditKey, AuditLine, AuditMac, AuditPage, AuditQuery, AuditRange, AuditState, AuditSubject, AuditVerdict,
    CANONICAL_VERSION, ChainStart, Flaw, Origin, RefusedCalls, Sealing, SegmentError, Sequencing, StoredEntry,
    StoredLink, VerifiedChain, Who, day, verify_audit, verify_segment,
};
pub use catalog_file::{CatalogFileError, DEFAULT_CATALOG, read_catalog};
pub use clock::{MonotoneClock, SystemClock};
pub use external_accounts::{
    ACCOUNT_PAGE, AccountAttachment, AccountCancellation, AccountDetails, AccountList, AccountRevocation, AccountSave,
    AccountStart, AccountSubmission, AccountSummary, AccountToken, AccountTokenOffer, AccountTokenOutcome,
    Confirmation, GeneratedAccountToken, OwnAccount, RouteCheck, ScopeCheck,
};
pub use failure::{Failure, Outcome};
pub use granted::{EffectiveScopes, Granted};
pub use index::{IndexState, Known, Owner, finality};
pub use integrations_file::{DEFAULT_INTEGRATIONS, IntegrationsFileError, fitting_integrations, read_integrations};
pub use last_use::{CallOrigin, LONGEST_UNWRITTEN, LastUse};
pub use limits::{Purpose, VendorLimits};
pub use passwords::PasswordPool;
pub use policy::{BreachCount, BreachKind, LostScope, PolicyOverview, PolicyPreview, PolicySaved, ReservableScope};
pub use random::SystemRandom;
pub use records::{MAX_PAGE, MAX_RECORDS, RecordPage};
pub use reps::RepForm;
pub use request_id::RequestId;
pub use sealing::{KeyFileProblem, KeyId, Rotation, SealedCredential, SecretKey, SecretKeys, VendorCredential};
pub use secrets::{PasswordHash, SecretHash, hash_of};
pub use sessions::{Caller, StartedSession};
pub use set_up::SetUpForm;
pub use sign_in::SignInForm;
pub use tokens::{ExplainedCall, HeldScope, IssuedToken, OwnToken, TokenOwner};
pub use verify::Verified;

use ports::{Clock, Random, Store};

/// The use cases, and what they work with.
pub struct Service {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    catalog: Arc<Catalog>,
    passwords: PasswordPool,
    last_use: LastUse,
    index: index::Index,
    grants: Arc<granted::GrantsBook>,
    is_beside_a_server: bool,
    limits: limits::Limits,
    refused_calls: RefusedCalls,
    audit_key: Option<AuditKey>,
    integrations: Integrations,
    secret_keys: Option<SecretKeys>,
}

impl Service {
    /// Puts the service together.
    ///
    /// # Errors
    /// Where the random source or the password hashing does not work.
    pub fn new(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
        catalog: Arc<Catalog>,
    ) -> Outcome<Self> {
        let passwords = PasswordPool::new(random.as_ref())?;
        let grants = Arc::new(granted::GrantsBook::new(Arc::clone(&catalog)));
        let mut node = [0; 16];
        random.fill(&mut node)?;
        let node = ports::NodeId::from_bytes(node);
        let integrations =
            fitting_integrations(&catalog).map_or_else(|_| Integrations::default(), |(fitting, _)| fitting);
        let index = index::Index::new(Arc::clone(&store), Arc::new(SystemClock), Arc::clone(&grants), node);
        Ok(Self {
            index,
            grants,
            is_beside_a_server: false,
            store,
            clock,
            random,
            catalog,
            passwords,
            last_use: LastUse::default(),
            limits: limits::Limits::new(VendorLimits::default()),
            refused_calls: RefusedCalls::default(),
            audit_key: None,
            integrations,
            secret_keys: None,
        })
    }

    /// Keeps time by another clock than the machine's in judging how old the index is.
    #[must_use]
    pub fn with_boot_clock(mut self, clock: Arc<dyn ports::BootClock>) -> Self {
        self.index = index::Index::new(Arc::clone(&self.store), clock, Arc::clone(&self.grants), self.index.node());
        self
    }

    /// Offers other integrations than those inside.
    #[must_use]
    pub fn with_integrations(mut self, integrations: Integrations) -> Self {
        self.integrations = integrations;
        self
    }

    /// Keeps vendors' credentials under these keys; without any, none can be kept.
    #[must_use]
    pub fn with_secret_keys(mut self, keys: SecretKeys) -> Self {
        self.secret_keys = Some(keys);
        self
    }

    /// For a process that works beside servers on the same database: each change is answered once it holds there.
    #[must_use]
    pub const fn beside_a_server(mut self) -> Self {
        self.is_beside_a_server = true;
        self
    }

    /// The catalog in use.
    #[must_use]
    pub fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    /// The current second.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// A new id for a request.
    #[must_use]
    pub fn new_request_id(&self) -> RequestId {
        // Without randomness the id is only the time: good enough to find a log line by.
        let millis = self.clock.unix_millis();
        let mut random = [0; 10];
        let bytes = match self.random.fill_for_names(&mut random) {
            Ok(()) => secrets::uuid_v7(millis, random),
            Err(_) => i128::from(millis).to_be_bytes(),
        };
        RequestId::from_bytes(bytes)
    }

    /// Notes no uses of tokens: for measuring what noting them takes. Called once, before the first request.
    #[must_use]
    pub fn without_last_use(mut self) -> Self {
        self.last_use = LastUse::off();
        self
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// [`ports::StoreError`] where it does not.
    pub async fn check_store(&self) -> ports::StoreResult<()> {
        self.store.ping().await
    }

    fn entry(&self, actor: AuditActor, action: AuditAction, subject: AuditSubject, origin: &Origin) -> AuditEntry {
        AuditEntry { at: self.now(), actor, action, subject, origin: origin.clone(), detail: String::new() }
    }
}
