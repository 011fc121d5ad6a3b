//! Where commands find the database and the catalog, and how they open them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, ValueEnum};
use latchkey_domain::Catalog;
use latchkey_domain::external_account::Integrations;
use latchkey_service::{
    DEFAULT_CATALOG, DEFAULT_INTEGRATIONS, MonotoneClock, Origin, Service, SystemClock, SystemRandom, VendorLimits,
    fitting_integrations, read_catalog, read_integrations,
};
use latchkey_store::{Notices, Opening, SchemaChange, SqlStore};

use super::failure::{Broken as _, Failed};
use super::sole_server::{self, Claim};
use super::{audit_key, output};

/// The flags that every command takes.
#[derive(Debug, Args)]
pub(super) struct Sources {
    /// The database.
    #[arg(
        long,
        help = "The database: sqlite://FILE, or postgres://USER:PASSWORD@HOST/NAME",
        global = true,
        value_name = "URL",
        env = "LATCHKEY_DATABASE_URL",
        hide_env_values = true,
        default_value = "sqlite://latchkey.db"
    )]
    database_url: String,
    /// The catalog of scopes and routes, a TOML file, in place of the one inside
    #[arg(long, global = true, value_name = "FILE", env = "LATCHKEY_CATALOG")]
    catalog: Option<PathBuf>,
    /// The key of the audit log's chain.
    #[arg(
        long,
        help = "The key of the audit log's chain, a file outside the database; without it, latchkey.audit-key beside \
                the SQLite file, or in the working directory with PostgreSQL",
        global = true,
        value_name = "FILE",
        env = "LATCHKEY_AUDIT_KEY_FILE"
    )]
    audit_key_file: Option<PathBuf>,
    /// How a node of a PostgreSQL server learns that another has changed something.
    #[arg(
        long,
        help = "How nodes of a PostgreSQL server learn of each other's changes: the server tells them (LISTEN, NOTIFY), \
                or each asks every 50 ms; the same for every process",
        global = true,
        value_name = "HOW",
        env = "LATCHKEY_CHANGE_NOTICES",
        default_value = "listen"
    )]
    change_notices: ChangeNotices,
    /// The keys that vendors' credentials are sealed under.
    #[arg(
        long,
        help = "The keys that vendors' credentials are sealed under, a file outside the database that latchkey secrets \
                new-key makes; without it, no credential is kept",
        global = true,
        value_name = "FILE",
        env = "LATCHKEY_SECRET_KEY_FILE"
    )]
    secret_key_file: Option<PathBuf>,
    /// The integrations of external service accounts, a TOML file, in place of those inside
    #[arg(long, global = true, value_name = "FILE", env = "LATCHKEY_INTEGRATIONS")]
    integrations: Option<PathBuf>,
}

/// [`Notices`] on the command line.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum ChangeNotices {
    Listen,
    Poll,
}

impl From<ChangeNotices> for Notices {
    fn from(notices: ChangeNotices) -> Self {
        match notices {
            ChangeNotices::Listen => Self::Listen,
            ChangeNotices::Poll => Self::Poll,
        }
    }
}

/// A database that is open, and the use cases over it.
pub(super) struct Open {
    pub(super) service: Arc<Service>,
    pub(super) store: SqlStore,
}

impl Sources {
    /// The catalog's text, unread.
    pub(super) fn catalog_text(&self) -> Result<String, Failed> {
        match &self.catalog {
            None => Ok(DEFAULT_CATALOG.to_owned()),
            Some(file) => std::fs::read_to_string(file)
                .broken(|error| format!("the catalog {} cannot be read: {error}", file.display())),
        }
    }

    /// The catalog that `text` describes.
    pub(super) fn read_catalog(&self, text: &str) -> Result<Catalog, Failed> {
        let file = self.catalog.as_ref().map(|file| file.display().to_string());
        read_catalog(text).broken(|error| {
            format!("the catalog {}, line {}: {}", file.as_deref().unwrap_or("inside"), error.line, error.reason)
        })
    }

    /// The integrations that are offered beside this catalog. Of those inside, a catalog of one's own leaves out what it
    /// has no scopes for; everything else that does not fit stops the start.
    fn read_integrations(&self, catalog: &Catalog) -> Result<Integrations, Failed> {
        let (name, text) = match (&self.integrations, &self.catalog) {
            (Some(file), _) => {
                let text = std::fs::read_to_string(file)
                    .broken(|error| format!("the integrations {} cannot be read: {error}", file.display()))?;
                (file.display().to_string(), text)
            }
            (None, None) => ("inside".to_owned(), DEFAULT_INTEGRATIONS.to_owned()),
            (None, Some(_)) => {
                let (integrations, left_out) = fitting_integrations(catalog)
                    .broken(|error| format!("the integrations inside, line {}: {}", error.line, error.reason))?;
                for code in left_out {
                    tracing::info!(integration = %code, "the catalog lacks a scope of this integration: it is not offered");
                }
                return Ok(integrations);
            }
        };
        read_integrations(&text, catalog)
            .broken(|error| format!("the integrations {name}, line {}: {}", error.line, error.reason))
    }

    /// The use cases for one command, over a database that is there.
    pub(super) async fn open(&self) -> Result<Open, Failed> {
        self.open_for_command(Opening::UseExisting).await
    }

    /// The use cases for one command that may be the first one: where there is no database, it is made.
    pub(super) async fn open_or_make(&self) -> Result<Open, Failed> {
        self.open_for_command(Opening::UseCurrent).await
    }

    async fn open_for_command(&self, opening: Opening) -> Result<Open, Failed> {
        let catalog = self.read_catalog(&self.catalog_text()?)?;
        self.open_with(catalog, opening, VendorLimits::default()).await
    }

    /// The use cases, with a catalog that has been read.
    pub(super) async fn open_with(
        &self,
        catalog: Catalog,
        opening: Opening,
        limits: VendorLimits,
    ) -> Result<Open, Failed> {
        let integrations = self.read_integrations(&catalog)?;
        let store = self.open_store(opening).await?;
        let clock = Arc::new(MonotoneClock::new(SystemClock));
        let service = Service::new(Arc::new(store.clone()), clock, Arc::new(SystemRandom), Arc::new(catalog))
            .map_err(|failure| Failed::of(failure, ""))?
            .with_limits(limits)
            .with_integrations(integrations);
        // What a command changes must hold in running servers when it answers.
        let service = if opening == Opening::Serve { service } else { service.beside_a_server() };
        Ok(Open { service: Arc::new(service), store })
    }

    /// Sees to it that no other server serves from the same file.
    pub(super) fn claim(&self) -> Result<Claim, Failed> {
        sole_server::claim(&self.database_url)
    }

    /// The file that holds the audit log's key.
    pub(super) fn audit_key_file(&self) -> PathBuf {
        match &self.audit_key_file {
            Some(file) => file.clone(),
            None => audit_key::default_file(&self.database_url),
        }
    }

    /// The file that holds the keys of vendors' credentials, if one is named.
    pub(super) fn secret_key_file(&self) -> Option<&Path> {
        self.secret_key_file.as_deref()
    }

    /// `latchkey migrate`
    pub(super) async fn migrate(&self) -> Result<(), Failed> {
        let store = self.open_store(Opening::Migrate).await?;
        output::tell(&in_words(store.schema_change()));
        store.close().await;
        Ok(())
    }

    async fn open_store(&self, opening: Opening) -> Result<SqlStore, Failed> {
        let notices = self.change_notices.into();
        SqlStore::open_with(&self.database_url, opening, notices).await.broken(|error| error.to_string())
    }
}

/// What opening a database did to its schema.
pub(super) fn in_words(change: &SchemaChange) -> String {
    let SchemaChange { from, to, backup } = change;
    if from == to {
        return format!("The database's schema is up to date, at version {to}.");
    }
    let change = match from {
        0 => format!("The database's schema was made, at version {to}."),
        from => format!("The database's schema was migrated from version {from} to {to}."),
    };
    match backup {
        Some(path) => format!("{change} A copy from before is in {}.", path.display()),
        None => change,
    }
}

impl Open {
    /// Where a command's changes come from.
    pub(super) fn origin(&self) -> Origin {
        Origin { address: operator(), request_id: self.service.new_request_id().to_string() }
    }
}

/// Who is at the command line, as far as the operating system can tell.
fn operator() -> String {
    whoami::username().map_or_else(|_| String::new(), |name| format!("user:{name}"))
}
