//! An admin who sets external service accounts up, over the database of a place: what the pages do, without a browser.

use std::collections::BTreeMap;
use std::sync::Arc;

use latchkey_domain::PlainText;
use latchkey_domain::external_account::{AccountForm, AccountTokenForm, ExternalAccountId, NewAccountForm, SetUpStep};
use latchkey_service::{
    AccountCancellation, AccountStart, AccountSubmission, AccountTokenOutcome, Caller, DEFAULT_CATALOG, MonotoneClock,
    Origin, SecretKeys, Service, SignInForm, SystemClock, SystemRandom, read_catalog,
};
use latchkey_store::{Opening, SqlStore};

use crate::support::{PASSWORD, Place};

pub(crate) const ADMIN: &str = "admin@example.com";

pub(crate) struct Office {
    pub(crate) service: Service,
    pub(crate) store: SqlStore,
    admin: Caller,
}

impl Office {
    /// Over the database of a place, which has the admin.
    pub(crate) async fn at(database_url: &str, keys: Option<&str>) -> Self {
        let store = SqlStore::open(database_url, Opening::UseCurrent).await.unwrap();
        let clock = Arc::new(MonotoneClock::new(SystemClock));
        let catalog = Arc::new(read_catalog(DEFAULT_CATALOG).unwrap());
        let service = Service::new(Arc::new(store.clone()), clock, Arc::new(SystemRandom), catalog).unwrap();
        let service = match keys {
            Some(text) => service.with_secret_keys(SecretKeys::parse(text).ok().unwrap()),
            None => service,
        };
        let origin = Origin { address: String::new(), request_id: String::new() };
        let form = SignInForm { email: ADMIN.to_owned(), password: PlainText::new(PASSWORD.to_owned()) };
        let started = service.sign_in(&form, &origin, "test").await.unwrap();
        let (rep, session) = service.resume(started.cookie.expose()).await.unwrap().unwrap();
        Self { service, store, admin: Caller { rep, session, origin } }
    }

    pub(crate) async fn of(place: &Place, keys: Option<&str>) -> Self {
        Self::at(&place.database_url(), keys).await
    }

    pub(crate) async fn draft(&self, entity: &str) -> ExternalAccountId {
        let [integration, level, entity] = ["e-verify", "branch", entity].map(str::to_owned);
        let form = NewAccountForm { integration, level, entity };
        match self.service.start_account(&self.admin, &form).await.unwrap() {
            AccountStart::Started(id) => id,
            other => panic!("{other:?}"),
        }
    }

    /// Keeps user and password, and answers the account's version now.
    pub(crate) async fn keep_credentials(&self, id: ExternalAccountId, password: &str) {
        let mut form = AccountForm::empty(SetUpStep::Credentials, self.version(id).await);
        for (name, secret) in [("user", "hunter"), ("password", password)] {
            form.credentials.insert(name.to_owned(), PlainText::new(secret.to_owned()));
        }
        self.service.save_account(&self.admin, id, &form).await.unwrap();
    }

    pub(crate) async fn version(&self, id: ExternalAccountId) -> i64 {
        self.service.account(&self.admin, id).await.unwrap().summary.version
    }

    /// Generates a token, or replaces an active account's; its secret.
    pub(crate) async fn generate(&self, id: ExternalAccountId, replaces: bool) -> String {
        let offer = self.service.account_token_offer(&self.admin, id).await.unwrap();
        let form = AccountTokenForm { reads_credentials: true, ..offer.form };
        let none = PlainText::default();
        let generated = if replaces {
            self.service.replace_account_token(&self.admin, id, &form, &none, "").await.unwrap()
        } else {
            self.service.generate_account_token(&self.admin, id, &form, &none, "").await.unwrap()
        };
        match generated {
            AccountTokenOutcome::Generated(generated) => generated.shown.auth_token.expose().to_owned(),
            _ => panic!("no token was generated"),
        }
    }

    pub(crate) async fn submit(&self, id: ExternalAccountId) {
        let values = BTreeMap::from([("client_company_id".to_owned(), "C-17".to_owned())]);
        let version = self.version(id).await;
        let form = AccountForm { values, ..AccountForm::empty(SetUpStep::Additional, version) };
        let submitted = self.service.submit_account(&self.admin, id, &form).await.unwrap();
        assert!(matches!(submitted, AccountSubmission::Submitted), "{submitted:?}");
    }

    pub(crate) async fn cancel(&self, id: ExternalAccountId) {
        let version = self.version(id).await;
        let cancelled = self.service.cancel_account(&self.admin, id, version).await.unwrap();
        assert!(matches!(cancelled, AccountCancellation::Cancelled { .. }), "{cancelled:?}");
    }

    pub(crate) async fn revoke(&self, id: ExternalAccountId) {
        self.service.revoke_account(&self.admin, id).await.unwrap();
    }
}
