//! A way to a server that can be lost: cut, as by a machine that goes down, or held, as by one that has stopped.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// Everything passes.
    Open,
    /// Connections end, and no new one begins.
    Cut,
    /// Connections stay open, and nothing passes. They end when the way opens again.
    Held,
}

/// Passes connections on, for as long as it is told to.
pub(crate) struct Proxy {
    port: u16,
    way: Arc<watch::Sender<Way>>,
}

impl Proxy {
    /// Stands before a port of this machine.
    pub(crate) async fn before(target: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let way = Arc::new(watch::Sender::new(Way::Open));
        let changes = Arc::clone(&way);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(pass(stream, SocketAddr::from(([127, 0, 0, 1], target)), changes.subscribe()));
            }
        });
        Self { port, way }
    }

    pub(crate) const fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn cut(&self) {
        self.way.send_replace(Way::Cut);
    }

    pub(crate) fn hold(&self) {
        self.way.send_replace(Way::Held);
    }

    pub(crate) fn heal(&self) {
        self.way.send_replace(Way::Open);
    }
}

async fn pass(mut client: TcpStream, target: SocketAddr, mut way: watch::Receiver<Way>) {
    let now = *way.borrow_and_update();
    if now == Way::Open {
        let Ok(mut server) = TcpStream::connect(target).await else { return };
        tokio::select! {
            _ = copy_bidirectional(&mut client, &mut server) => return,
            changed = way.changed() => drop(changed),
        }
    }
    // Cut: both ends are dropped, as nobody keeps them. Held: nothing is read, until it is another way.
    while *way.borrow_and_update() == Way::Held {
        if way.changed().await.is_err() {
            return;
        }
    }
}
