//! An open database for each case, and things to put into it.

use std::sync::OnceLock;

use latchkey_domain::{AccountSid, Appearance, Email, FormId, RepId, RepKind, Role, Timestamp, TokenHash};
use latchkey_service::ports::{
    LastCall, NewRep, NewToken, NotedCall, PolicyVersion, Rep, RepInsertion, RepStore, RightAttempt, Session,
    SessionStore, StoreResult, TokenInsertion, TokenRecord, TokenSource, TokenStore,
};
use latchkey_service::{AuditAction, AuditActor, AuditEntry, AuditSubject, Origin, PasswordHash, SecretHash};
use latchkey_store::{Opening, SqlStore};
use latchkey_throwaway_postgres::Cluster;
use sqlx::{AssertSqlSafe, Connection, Executor};
use tempfile::TempDir;

/// The time at which every case begins.
pub(crate) const NOW: Timestamp = Timestamp::from_unix_seconds(1_800_000_000);

/// A call with a token, from nowhere.
pub(crate) const fn use_of(sid: AccountSid, at: Timestamp) -> NotedCall {
    NotedCall { sid, call: LastCall { at, address: String::new(), agent: String::new() } }
}

/// An open database.
pub(crate) struct Fixture {
    pub(crate) store: SqlStore,
    pub(crate) url: String,
    directory: TempDir,
}

impl Fixture {
    pub(crate) async fn sqlite() -> Self {
        let (url, directory) = empty_sqlite();
        Self { store: SqlStore::open(&url, Opening::Serve).await.unwrap(), url, directory }
    }

    pub(crate) async fn postgres() -> Self {
        let url = empty_postgres();
        let directory = tempfile::tempdir().unwrap();
        Self { store: SqlStore::open(&url, Opening::Serve).await.unwrap(), url, directory }
    }

    /// A folder of its own, which goes with it.
    pub(crate) fn folder(&self) -> &std::path::Path {
        self.directory.path()
    }

    pub(crate) fn is_sqlite(&self) -> bool {
        self.url.starts_with("sqlite")
    }

    /// Another process at the same database, as far as the database can tell.
    pub(crate) async fn another_node(&self) -> SqlStore {
        SqlStore::open(&self.url, Opening::Serve).await.unwrap()
    }

    /// Runs a statement behind the store's back.
    pub(crate) async fn execute(&self, sql: &str) -> Result<u64, sqlx::Error> {
        execute(&self.url, sql).await
    }

    pub(crate) async fn audit_log(&self) -> Vec<AuditEntry> {
        self.store.newest_audit_entries(1000).await.unwrap()
    }

    /// What was written to the audit log, the oldest first.
    pub(crate) async fn audited(&self) -> Vec<AuditAction> {
        self.audit_log().await.iter().rev().map(|entry| entry.action).collect()
    }

    /// Stores a service rep; their audit entry is the first of the log.
    pub(crate) async fn rep(&self, number: u8) -> Rep {
        self.person(number, Role::Rep).await
    }

    /// Starts a session as after an attempt with the right password, and answers whether it began.
    pub(crate) async fn sign_in(
        &self,
        session: &Session,
        account: SecretHash,
        audit: &AuditEntry,
    ) -> StoreResult<bool> {
        let known = self.store.password_hash(session.rep).await.unwrap();
        let password = known.unwrap_or_else(|| PasswordHash::from_phc("none".to_owned()));
        let attempt = RightAttempt { account, network: &session.address, password: &password };
        self.store.start_session(session, attempt, audit).await
    }

    /// Stores a person of any role.
    pub(crate) async fn person(&self, number: u8, role: Role) -> Rep {
        let new = new_rep(number, role);
        let inserted = self.store.insert_rep(&new, &entry(AuditAction::RepAdded)).await.unwrap();
        assert_eq!(inserted, RepInsertion::Inserted);
        new.rep
    }

    pub(crate) async fn insert(&self, token: &NewToken) -> TokenInsertion {
        self.store.insert_token(token, 500, &entry(AuditAction::TokenCreated)).await.unwrap().unsettled()
    }

    /// Stores a token with a description that is its number.
    pub(crate) async fn token(&self, number: u8, owner: RepId) -> NewToken {
        let token = new_token(number, owner, &format!("Token {number}"));
        assert_eq!(self.insert(&token).await, TokenInsertion::Inserted);
        token
    }
}

/// The URL of an SQLite file that does not exist yet, in a folder of its own.
pub(crate) fn empty_sqlite() -> (String, TempDir) {
    let directory = tempfile::tempdir().unwrap();
    (format!("sqlite://{}", directory.path().join("latchkey.db").display()), directory)
}

/// The URL of an empty database.
pub(crate) fn empty_postgres() -> String {
    cluster().create_database().unwrap()
}

/// The one cluster of this process. It ends with the process.
pub(crate) fn cluster() -> &'static Cluster {
    static CLUSTER: OnceLock<Cluster> = OnceLock::new();
    CLUSTER.get_or_init(|| Cluster::start().unwrap_or_else(|error| panic!("{error}")))
}

/// Runs a statement on a connection of its own.
pub(crate) async fn execute(url: &str, sql: &str) -> Result<u64, sqlx::Error> {
    sqlx::any::install_default_drivers();
    let mut connection = sqlx::AnyConnection::connect(url).await?;
    let done = connection.execute(AssertSqlSafe(sql.to_owned())).await;
    connection.close().await?;
    done.map(|done| done.rows_affected())
}

pub(crate) fn after(seconds: i64) -> Timestamp {
    NOW.plus_seconds(seconds)
}

pub(crate) fn rep_id(number: u8) -> RepId {
    RepId::from_bytes([number; 16])
}

pub(crate) fn sid(number: u8) -> AccountSid {
    let mut bytes = [7; 16];
    bytes[0] = number;
    AccountSid::from_bytes(bytes)
}

pub(crate) fn secret(number: u8) -> SecretHash {
    SecretHash::from_bytes([number; 32])
}

pub(crate) fn token_hash(number: u8) -> TokenHash {
    TokenHash::from_bytes([number; 32])
}

pub(crate) fn email(text: &str) -> Email {
    Email::parse(text).unwrap()
}

pub(crate) fn entry(action: AuditAction) -> AuditEntry {
    AuditEntry {
        at: NOW,
        actor: AuditActor::CommandLine,
        action,
        subject: AuditSubject::Nothing,
        origin: Origin { address: "192.0.2.1".to_owned(), request_id: "r1".to_owned() },
        detail: String::new(),
    }
}

pub(crate) fn new_rep(number: u8, role: Role) -> NewRep {
    NewRep {
        rep: Rep {
            id: rep_id(number),
            email: format!("rep{number}@example.com"),
            name: format!("Rep {number}"),
            role,
            kind: RepKind::Human,
            appearance: Appearance::System,
            created_at: NOW,
            disabled_at: None,
        },
        password: Some(PasswordHash::from_phc(format!("$argon2id${number}"))),
        owners: Vec::new(),
    }
}

pub(crate) fn new_session(number: u8, rep: RepId) -> Session {
    Session {
        hash: secret(number),
        rep,
        created_at: NOW,
        last_seen_at: NOW,
        expires_at: after(1000),
        confirmed_at: NOW,
        address: "192.0.2.1".to_owned(),
        agent: "A browser".to_owned(),
    }
}

pub(crate) fn new_token(number: u8, owner: RepId, description: &str) -> NewToken {
    NewToken {
        token: TokenRecord {
            sid: sid(number),
            owner,
            owner_email: String::new(),
            owner_is_enabled: true,
            description: description.to_owned(),
            scopes: "employee-read employee-write".parse().unwrap(),
            all_scopes: false,
            source: TokenSource::Page,
            created_at: NOW,
            expires_at: after(1000),
            revoked_at: None,
            last_used_at: None,
            rate_limit: latchkey_domain::TokenRateLimit::Default,
            maker: None,
            addresses: None,
        },
        description_key: description.to_lowercase(),
        secret: token_hash(number),
        form: Some(FormId::from_bytes([number; 16])),
        policy: PolicyVersion::from_number(1),
    }
}
