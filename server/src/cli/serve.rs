//! `latchkey serve`
//!
//! 1. The settings are checked, the catalog is read, the address is taken: what can be wrong without the database
//!    is found before that is touched.
//! 2. The database is opened, its schema made or migrated, and a set-up link offered where nobody is an admin.
//! 3. Connections are let in; one line of JSON on standard output says so, and where.
//! 4. Uses of tokens are written down, the audit log is sequenced, ended sessions removed, tokens that
//!    nobody uses revoked, exchanges of ended tokens broken off, until a signal comes, or another release has migrated
//!    the database.
//! 5. Connections are brought to their end, the last uses written, the last entries sequenced, the database closed.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use latchkey_domain::{MalformedRateLimit, RateLimit};
use latchkey_service::{Service, VendorLimits};
use latchkey_store::Opening;
use serde::Serialize;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

use super::failure::{Broken as _, Exit, Failed};
use super::listening::Taken;
use super::public_url;
use super::setting::{Open, Sources, in_words};
use super::{audit_chore, audit_key, chores, output, schema_chore, secret_keys};
use crate::connections::{self, Door, Limits};
use crate::gateway::{self, Gateway, Upstream};
use crate::networks::Networks;
use crate::routing::{Application, Surface};
use crate::tls::Tls;
use crate::{NetworkSettings, ServerState, WebSettings};

/// How long the last steps may take, after connections have had theirs: together they end before 10 seconds.
const LEAVE: Duration = Duration::from_millis(250);
const LAST_FLUSH: Duration = Duration::from_millis(800);
/// How long after the signal the last uses may take to be written, where connections needed less than their time.
const FLUSHED_BY: Duration = Duration::from_secs(8);
const LAST_ENTRIES: Duration = Duration::from_millis(400);
const CLOSE: Duration = Duration::from_millis(250);

#[derive(Debug, Args)]
pub(super) struct Serve {
    /// The address and port to listen on; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS:PORT", env = "LATCHKEY_LISTEN", default_value = "127.0.0.1:3000")]
    listen: SocketAddr,
    /// An address of its own for the catalog's routes, so that no answer of an upstream stands on the pages' address
    #[arg(long, value_name = "ADDRESS:PORT", env = "LATCHKEY_API_LISTEN")]
    api_listen: Option<SocketAddr>,
    /// Where browsers and vendors reach Latchkey.
    #[arg(
        long,
        help = "Where browsers and vendors reach Latchkey, as https://pat.example.com",
        value_name = "URL",
        env = "LATCHKEY_PUBLIC_URL",
        value_parser = public_url::parse
    )]
    public_url: Option<String>,
    /// Listen beyond this machine without an https --public-url: passwords and tokens cross the network readable
    #[arg(long, env = "LATCHKEY_INSECURE_HTTP", value_parser = clap::builder::FalseyValueParser::new())]
    insecure_http: bool,
    /// The certificate to speak TLS with, and those that lead to its root, in PEM; renewed when the file changes
    #[arg(long, value_name = "FILE", env = "LATCHKEY_TLS_CERT", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// The certificate's private key, in PEM
    #[arg(long, value_name = "FILE", env = "LATCHKEY_TLS_KEY", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// The service to forward the catalog's routes to.
    #[arg(
        long,
        help = "The service to forward the catalog's routes to, as http://api.internal:8080; without it, Latchkey \
                keeps records itself",
        value_name = "URL",
        env = "LATCHKEY_UPSTREAM",
        value_parser = Upstream::parse
    )]
    upstream: Option<Upstream>,
    /// How many calls a token may make, unless it has a limit of its own
    #[arg(long, value_name = "CALLS/SECONDSs|off", env = "LATCHKEY_RATE_LIMIT", default_value = "25/5s", value_parser = limit)]
    rate_limit: ServerLimit,
    /// How many introspections a token may make
    #[arg(long, value_name = "CALLS/SECONDSs|off", env = "LATCHKEY_INTROSPECT_LIMIT", default_value = "off", value_parser = limit)]
    introspect_limit: ServerLimit,
    /// Gateways whose word on method, path and client is believed, as CIDR with commas between
    #[arg(
        long,
        value_name = "CIDR,…",
        env = "LATCHKEY_TRUSTED_PROXIES",
        default_value = "",
        hide_default_value = true
    )]
    trusted_proxies: Networks,
    /// Who may read /metrics
    #[arg(long, value_name = "CIDR,…", env = "LATCHKEY_METRICS_ALLOW", default_value = "127.0.0.0/8,::1/128")]
    metrics_allow: Networks,
}

/// A limit of the server's; `None` for none.
type ServerLimit = Option<RateLimit>;

fn limit(text: &str) -> Result<ServerLimit, MalformedRateLimit> {
    if text == "off" { Ok(None) } else { text.parse().map(Some) }
}

#[derive(Serialize)]
struct Ready {
    listening: String,
    setup: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    api_listening: Option<String>,
}

impl Serve {
    pub(super) async fn run(self, sources: &Sources) -> Result<(), Failed> {
        let web = self.web_settings()?;
        let gateway = self.gateway()?;
        let tls = self.tls()?;
        let catalog = sources.read_catalog(&sources.catalog_text()?)?;
        let secret_keys = sources.secret_key_file().map(secret_keys::read).transpose()?;
        let taken = Taken::take(self.listen)?;
        let taken_for_api = self.api_listen.map(Taken::take).transpose()?;
        let limits = VendorLimits { calls: self.rate_limit, introspections: self.introspect_limit };
        let network = NetworkSettings {
            trusted_proxies: self.trusted_proxies.clone(),
            metrics_allow: self.metrics_allow.clone(),
        };
        let claim = sources.claim()?;
        let mut open = sources.open_with(catalog, Opening::Serve, limits).await?;
        open.service = secret_keys::with_keys(open.service, secret_keys, sources.secret_key_file()).await?;
        open.service = audit_key::with_key(open.service, &open.store, &sources.audit_key_file()).await?;
        let change = open.store.schema_change();
        if change.from != change.to {
            output::tell(&in_words(change));
        }
        let stop = stop_signal()?;
        let (listener, address) = taken.listen()?;
        let api = taken_for_api.map(Taken::listen).transpose()?;
        announce(&open.service, &web, address, api.as_ref().map(|(_, address)| *address)).await?;
        let state = ServerState::new(Arc::clone(&open.service), web, network, gateway);
        let door = |listener| Door::new(listener, tls.clone());
        let doors = Doors { pages: door(listener), api: api.map(|(listener, _)| door(listener)), tls: tls.clone() };
        let ended = serve(open, state, doors, stop).await;
        drop(claim);
        ended
    }

    fn web_settings(&self) -> Result<WebSettings, Failed> {
        let web = WebSettings { public_url: self.public_url.clone(), speaks_tls: self.tls_cert.is_some() };
        if web.speaks_tls && !web.is_https() {
            let line = "--tls-cert makes it https, and --public-url says http: give it with https";
            return Err(Failed::new(Exit::Usage, line));
        }
        let addresses = [("--listen", Some(self.listen)), ("--api-listen", self.api_listen)];
        let reachable = addresses.into_iter().find_map(|(flag, address)| {
            let address = address.filter(|address| !address.ip().to_canonical().is_loopback())?;
            Some((flag, address))
        });
        match reachable {
            Some((flag, address)) if !(web.is_https() || self.insecure_http) => {
                let line = format!(
                    "{flag} {address} is reachable from other machines: give an https --public-url or --tls-cert, or \
                     accept readable passwords and tokens with --insecure-http"
                );
                Err(Failed::new(Exit::Usage, line))
            }
            _ => Ok(web),
        }
    }

    fn tls(&self) -> Result<Option<Tls>, Failed> {
        match (&self.tls_cert, &self.tls_key) {
            (Some(certificate), Some(key)) => Tls::load(certificate, key).map(Some).broken(|error| error.to_string()),
            _ => Ok(None),
        }
    }

    fn gateway(&self) -> Result<Option<Arc<Gateway>>, Failed> {
        let Some(upstream) = self.upstream.clone() else { return Ok(None) };
        let gateway = Gateway::new(upstream, gateway::Limits::default())
            .broken(|error| format!("the certificates to check --upstream by cannot be read: {error}"))?;
        Ok(Some(Arc::new(gateway)))
    }
}

/// Says where Latchkey answers, and where to begin.
async fn announce(
    service: &Service,
    web: &WebSettings,
    address: SocketAddr,
    api: Option<SocketAddr>,
) -> Result<(), Failed> {
    let scheme = if web.speaks_tls { "https" } else { "http" };
    let listening = format!("{scheme}://{address}");
    let code = service.offer_set_up().await.map_err(|failure| Failed::of(failure, ""))?;
    let setup = code.map(|code| {
        let base = web.public_url.clone().unwrap_or_else(|| format!("{scheme}://{}", reachable(address)));
        format!("{base}/setup?code={}", code.expose())
    });
    output::tell(&format!("Latchkey is listening on {listening}"));
    if let Some(link) = &setup {
        output::tell(&format!("There is no admin yet. To make the first one, open {link}"));
    }
    let api_listening = api.map(|address| format!("{scheme}://{address}"));
    if let Some(address) = &api_listening {
        output::tell(&format!("The API is answered on {address}"));
    }
    output::json(&Ready { listening, setup, api_listening })
}

/// An address that a browser on this machine can open: 0.0.0.0 is none.
fn reachable(address: SocketAddr) -> String {
    if address.ip().is_unspecified() { format!("localhost:{}", address.port()) } else { address.to_string() }
}

/// Where the server answers.
struct Doors {
    pages: Door,
    api: Option<Door>,
    tls: Option<Tls>,
}

/// Serves until a signal comes.
///
/// # Errors
/// Where it had to end by itself.
async fn serve(open: Open, state: ServerState, doors: Doors, mut stop: Stop) -> Result<(), Failed> {
    let Open { service, store } = open;
    let mut running = JoinSet::new();
    running.spawn({
        let service = Arc::clone(&service);
        async move { service.keep_index().await }
    });
    running.spawn(chores::forget_changes(Arc::clone(&service)));
    running.spawn(chores::forget_ended_secrets(Arc::clone(&service)));
    running.spawn(chores::watch_notices(Arc::clone(&service)));
    running.spawn({
        let service = Arc::clone(&service);
        async move { service.keep_last_use().await }
    });
    running.spawn(chores::remove_ended_sessions(Arc::clone(&service)));
    running.spawn(chores::revoke_idle_tokens(Arc::clone(&service)));
    running.spawn(audit_chore::keep(Arc::clone(&service)));
    if let Some(tls) = doors.tls {
        running.spawn(async move { tls.follow_files().await });
    }
    if let Some(gateway) = &state.gateway {
        running.spawn(Arc::clone(gateway).end_exchanges(Arc::clone(&service)));
    }

    let (stopping, stopped) = watch::channel(false);
    let until_stopped = |mut stopped: watch::Receiver<bool>| async move {
        // An error means that the sender is gone, which is the end too.
        let _ = stopped.wait_for(|stopped| *stopped).await;
    };
    let surface = if doors.api.is_some() { Surface::Pages } else { Surface::Everything };
    let pages = Application::new(state.clone(), surface);
    let vendors = async {
        if let Some(api) = doors.api {
            let app = Application::new(state.clone(), Surface::Vendors);
            connections::serve(api, app, Limits::default(), until_stopped(stopped.clone())).await;
        }
    };
    let stop = async {
        let ended = tokio::select! {
            () = stop.wait() => Ok(()),
            failed = schema_chore::other_schema(&store) => Err(failed),
        };
        stopping.send_replace(true);
        (ended, Instant::now())
    };
    let pages = connections::serve(doors.pages, pages, Limits::default(), until_stopped(stopped.clone()));
    let ((), (), (ended, stopped_at)) = tokio::join!(pages, vendors, stop);

    running.shutdown().await;
    if let Ok(Err(error)) = timeout(LEAVE, service.leave_index()).await {
        tracing::warn!(cause = %error, "other nodes could not be told that this one has left");
    }
    let left = FLUSHED_BY.saturating_sub(stopped_at.elapsed());
    match timeout(LAST_FLUSH.max(left), service.flush_last_use()).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::error!(cause = %error, "the last uses of tokens could not be written"),
        Err(_) => tracing::error!("the last uses of tokens could not be written in time"),
    }
    if !matches!(timeout(LAST_ENTRIES, audit_chore::finish(&service)).await, Ok(Ok(()))) {
        tracing::error!("the last entries of the audit log could not be sequenced in time; the next start does it");
    }
    if timeout(CLOSE, store.close()).await.is_err() {
        tracing::warn!("the database did not close in time");
    }
    tracing::info!("stopped");
    ended
}

/// The signals that end the server: SIGTERM, and SIGINT for Ctrl-C.
struct Stop {
    terminate: Signal,
    interrupt: Signal,
}

fn stop_signal() -> Result<Stop, Failed> {
    let listen = |kind| signal(kind).broken(|error| format!("cannot listen for signals: {error}"));
    Ok(Stop { terminate: listen(SignalKind::terminate())?, interrupt: listen(SignalKind::interrupt())? })
}

impl Stop {
    async fn wait(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => tracing::info!("stopping: SIGTERM"),
            _ = self.interrupt.recv() => tracing::info!("stopping: SIGINT"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn serve(listen: &str, public_url: Option<&str>, insecure_http: bool) -> Serve {
        Serve {
            listen: listen.parse().unwrap(),
            public_url: public_url.map(str::to_owned),
            insecure_http,
            tls_cert: None,
            tls_key: None,
            api_listen: None,
            upstream: None,
            rate_limit: None,
            introspect_limit: None,
            trusted_proxies: Networks::default(),
            metrics_allow: Networks::default(),
        }
    }

    fn settings(listen: &str, public_url: Option<&str>, insecure_http: bool) -> Result<WebSettings, Failed> {
        serve(listen, public_url, insecure_http).web_settings()
    }

    #[test]
    fn readable_passwords_on_the_network_have_to_be_asked_for() {
        for listen in ["127.0.0.1:3000", "127.9.9.9:1", "[::1]:3000", "[::ffff:127.0.0.1]:3000"] {
            assert!(settings(listen, None, false).is_ok(), "{listen}");
        }
        for listen in ["0.0.0.0:3000", "[::]:3000", "192.0.2.1:3000"] {
            assert!(settings(listen, None, false).is_err_and(|failed| failed.exit == Exit::Usage), "{listen}");
            assert!(settings(listen, Some("http://pat.example.com"), false).is_err(), "{listen}");
            assert!(settings(listen, Some("https://pat.example.com"), false).is_ok(), "{listen}");
            assert!(settings(listen, None, true).is_ok(), "{listen}");
        }
    }

    #[test]
    fn tls_of_ones_own_is_no_readable_password() {
        let settings = |public_url: Option<&str>| {
            let mut serve = serve("0.0.0.0:3000", public_url, false);
            serve.tls_cert = Some("cert.pem".into());
            serve.web_settings()
        };
        assert!(settings(None).is_ok_and(|web| web.is_https()));
        assert!(settings(Some("https://pat.example.com")).is_ok());
        assert!(settings(Some("http://pat.example.com")).is_err_and(|failed| failed.exit == Exit::Usage));
    }

    #[test]
    fn the_set_up_link_can_be_opened() {
        assert_eq!(reachable("0.0.0.0:3000".parse().unwrap()), "localhost:3000");
        assert_eq!(reachable("[::1]:3000".parse().unwrap()), "[::1]:3000");
    }
}
