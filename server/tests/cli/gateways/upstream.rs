//! An API that notes what reaches it.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::extract::{Request, State};

/// A request as the API saw it.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) target: String,
    headers: Vec<(String, String)>,
}

impl Seen {
    /// The values of all headers of one name.
    pub(crate) fn all(&self, name: &str) -> Vec<&str> {
        self.headers.iter().filter(|(found, _)| found == name).map(|(_, value)| value.as_str()).collect()
    }
}

type Notes = Arc<Mutex<Vec<Seen>>>;

pub(crate) struct Upstream {
    address: SocketAddr,
    notes: Notes,
}

impl Upstream {
    pub(crate) async fn start() -> Self {
        let notes = Notes::default();
        let app = axum::Router::new().fallback(note).with_state(Arc::clone(&notes));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { address, notes }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn last(&self) -> Seen {
        self.notes.lock().unwrap().last().cloned().unwrap()
    }

    pub(crate) fn count(&self) -> usize {
        self.notes.lock().unwrap().len()
    }
}

async fn note(State(notes): State<Notes>, request: Request) -> &'static str {
    let text = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let headers = request.headers().iter().map(|(name, value)| (name.to_string(), text(value))).collect();
    notes.lock().unwrap().push(Seen { target: request.uri().to_string(), headers });
    "{}"
}
