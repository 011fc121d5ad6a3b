//! The server inside this program, so that something of it can be left out.

use std::sync::Arc;

use latchkey_server::connections::{self, Limits};
use latchkey_server::routing::{Application, Surface};
use latchkey_server::{NetworkSettings, ServerState, WebSettings};
use latchkey_service::{DEFAULT_CATALOG, Service, SystemClock, SystemRandom, read_catalog};
use latchkey_store::{Opening, SqlStore};
use tokio::net::TcpListener;

use crate::Outcome;

/// Answers until it is killed. Says its address on standard output.
pub(crate) async fn serve(url: &str, notes_uses: bool) -> Outcome<()> {
    let store = SqlStore::open(url, Opening::Serve).await?;
    let catalog = Arc::new(read_catalog(DEFAULT_CATALOG)?);
    let mut service = Service::new(Arc::new(store), Arc::new(SystemClock), Arc::new(SystemRandom), catalog)?;
    if !notes_uses {
        service = service.without_last_use();
    }
    let service = Arc::new(service);
    let (index, uses) = (Arc::clone(&service), Arc::clone(&service));
    tokio::spawn(async move { index.keep_index().await });
    tokio::spawn(async move { uses.keep_last_use().await });
    let network = NetworkSettings { trusted_proxies: "127.0.0.1".parse()?, ..NetworkSettings::default() };
    let state = ServerState::new(service, WebSettings::default(), network, None);
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("{{\"listening\":\"http://{}\"}}", listener.local_addr()?);
    let application = Application::new(state, Surface::Everything);
    connections::serve(listener, application, Limits::default(), std::future::pending()).await;
    Ok(())
}
