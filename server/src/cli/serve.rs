//! `latchkey serve`
//!
//! 1. The settings are checked, the catalog is read, the address is taken: what can be wrong without the database
//!    is found before that is touched.
//! 2. The database is opened, its schema made or migrated, and a set-up link offered where nobody is an admin.
//! 3. Connections are let in; one line of JSON on standard output says so, and where.
//! 4. Uses of tokens are written down, the audit log is sequenced, ended sessions removed, tokens that
//!    nobody uses revoked, exchanges of ended tokens broken off, until a signal comes.
//! 5. Connections are brought to their end, the last uses written, the last entries sequenced, the database closed.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use latchkey_domain::{MalformedRateLimit, RateLimit};
use latchkey_service::{FLUSH_INTERVAL, Service, VendorLimits};
use latchkey_store::Opening;
use serde::Serialize;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, timeout};

use super::failure::{Broken as _, Exit, Failed};
use super::listening::Taken;
use super::public_url;
use super::setting::{Open, Sources, in_words};
use super::{audit_chore, audit_key, output, secret_keys};
use crate::connections::{self, Limits};
use crate::gateway::{self, Gateway, Upstream};
use crate::networks::Networks;
use crate::routing::{Application, Surface};
use crate::{NetworkSettings, ServerState, WebSettings};

/// How often it is looked whether notifications pile up in the database.
const NOTICES_INTERVAL: Duration = Duration::from_mins(1);
/// How often ended sessions and old changes are forgotten, and tokens revoked that nobody uses.
const HOURLY: Duration = Duration::from_hours(1);
/// How long each of the last steps may take, after connections have had theirs.
const LAST_STEP: Duration = Duration::from_millis(700);

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
        serve(open, state, listener, api.map(|(listener, _)| listener), stop).await;
        drop(claim);
        Ok(())
    }

    fn web_settings(&self) -> Result<WebSettings, Failed> {
        let web = WebSettings { public_url: self.public_url.clone() };
        let addresses = [("--listen", Some(self.listen)), ("--api-listen", self.api_listen)];
        let reachable = addresses.into_iter().find_map(|(flag, address)| {
            let address = address.filter(|address| !address.ip().to_canonical().is_loopback())?;
            Some((flag, address))
        });
        match reachable {
            Some((flag, address)) if !(web.is_https() || self.insecure_http) => {
                let line = format!(
                    "{flag} {address} is reachable from other machines: give an https --public-url, or accept \
                     readable passwords and tokens with --insecure-http"
                );
                Err(Failed::new(Exit::Usage, line))
            }
            _ => Ok(web),
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
    let listening = format!("http://{address}");
    let code = service.offer_set_up().await.map_err(|failure| Failed::of(failure, ""))?;
    let setup = code.map(|code| {
        let base = web.public_url.clone().unwrap_or_else(|| format!("http://{}", reachable(address)));
        format!("{base}/setup?code={}", code.expose())
    });
    output::tell(&format!("Latchkey is listening on {listening}"));
    if let Some(link) = &setup {
        output::tell(&format!("There is no admin yet. To make the first one, open {link}"));
    }
    let api_listening = api.map(|address| format!("http://{address}"));
    if let Some(address) = &api_listening {
        output::tell(&format!("The API is answered on {address}"));
    }
    output::json(&Ready { listening, setup, api_listening })
}

/// An address that a browser on this machine can open: 0.0.0.0 is none.
fn reachable(address: SocketAddr) -> String {
    if address.ip().is_unspecified() { format!("localhost:{}", address.port()) } else { address.to_string() }
}

/// Serves until a signal comes.
async fn serve(open: Open, state: ServerState, listener: TcpListener, api: Option<TcpListener>, mut stop: Stop) {
    let Open { service, store } = open;
    let mut chores = JoinSet::new();
    chores.spawn({
        let service = Arc::clone(&service);
        async move { service.keep_index().await }
    });
    chores.spawn(forget_changes(Arc::clone(&service)));
    chores.spawn(watch_notices(Arc::clone(&service)));
    chores.spawn(flush_last_use(Arc::clone(&service)));
    chores.spawn(remove_ended_sessions(Arc::clone(&service)));
    chores.spawn(revoke_idle_tokens(Arc::clone(&service)));
    chores.spawn(audit_chore::keep(Arc::clone(&service)));
    if let Some(gateway) = &state.gateway {
        chores.spawn(Arc::clone(gateway).end_exchanges(Arc::clone(&service)));
    }

    let (stopping, stopped) = watch::channel(false);
    let until_stopped = |mut stopped: watch::Receiver<bool>| async move {
        // An error means that the sender is gone, which is the end too.
        let _ = stopped.wait_for(|stopped| *stopped).await;
    };
    let surface = if api.is_some() { Surface::Pages } else { Surface::Everything };
    let pages = Application::new(state.clone(), surface);
    let vendors = async {
        if let Some(api) = api {
            let app = Application::new(state.clone(), Surface::Vendors);
            connections::serve(api, app, Limits::default(), until_stopped(stopped.clone())).await;
        }
    };
    let stop = async {
        stop.wait().await;
        stopping.send_replace(true);
    };
    tokio::join!(connections::serve(listener, pages, Limits::default(), until_stopped(stopped.clone())), vendors, stop);

    chores.shutdown().await;
    if let Ok(Err(error)) = timeout(LAST_STEP, service.leave_index()).await {
        tracing::warn!(cause = %error, "other nodes could not be told that this one has left");
    }
    match timeout(LAST_STEP, service.flush_last_use()).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::error!(cause = %error, "the last uses of tokens could not be written"),
        Err(_) => tracing::error!("the last uses of tokens could not be written in time"),
    }
    if !matches!(timeout(LAST_STEP, audit_chore::finish(&service)).await, Ok(Ok(()))) {
        tracing::error!("the last entries of the audit log could not be sequenced in time; the next start does it");
    }
    if timeout(LAST_STEP, store.close()).await.is_err() {
        tracing::warn!("the database did not close in time");
    }
    tracing::info!("stopped");
}

async fn flush_last_use(service: Arc<Service>) {
    let mut ticks = interval(FLUSH_INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if let Err(error) = service.flush_last_use().await {
            tracing::warn!(cause = %error, "uses of tokens could not be written; they are kept for the next time");
        }
    }
}

async fn forget_changes(service: Arc<Service>) {
    let mut ticks = interval(HOURLY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if let Err(error) = service.forget_changes().await {
            tracing::warn!(cause = %error, "old changes could not be forgotten");
        }
    }
}

async fn watch_notices(service: Arc<Service>) {
    let mut ticks = interval(NOTICES_INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if let Err(error) = service.watch_notices().await {
            tracing::warn!(cause = %error, "how full the database's room for notifications is cannot be read");
        }
    }
}

async fn remove_ended_sessions(service: Arc<Service>) {
    let mut ticks = interval(HOURLY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        match service.remove_ended_sessions().await {
            Ok(removed) => tracing::debug!(removed, "ended sessions removed"),
            Err(error) => tracing::warn!(cause = %error, "ended sessions could not be removed"),
        }
    }
}

/// Each step is whole; one that is broken off by the end leaves the rest to the next start.
async fn revoke_idle_tokens(service: Arc<Service>) {
    let mut ticks = interval(HOURLY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        match service.revoke_idle_tokens().await {
            Ok(0) => {}
            Ok(revoked) => tracing::info!(revoked, "tokens that nobody used were revoked, as the policy says"),
            Err(error) => tracing::warn!(cause = %error, "tokens that nobody uses could not be revoked"),
        }
    }
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

    fn settings(listen: &str, public_url: Option<&str>, insecure_http: bool) -> Result<WebSettings, Failed> {
        let serve = Serve {
            listen: listen.parse().unwrap(),
            public_url: public_url.map(str::to_owned),
            insecure_http,
            api_listen: None,
            upstream: None,
            rate_limit: None,
            introspect_limit: None,
            trusted_proxies: Networks::default(),
            metrics_allow: Networks::default(),
        };
        serve.web_settings()
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
    fn the_set_up_link_can_be_opened() {
        assert_eq!(reachable("0.0.0.0:3000".parse().unwrap()), "localhost:3000");
        assert_eq!(reachable("[::1]:3000".parse().unwrap()), "[::1]:3000");
    }
}
