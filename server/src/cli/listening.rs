//! Taking the addresses that the server answers on.

use std::io;
use std::net::SocketAddr;

use tokio::net::{TcpListener, TcpSocket};

use super::failure::{Broken as _, Failed};

/// How many connections the kernel keeps waiting.
const BACKLOG: u32 = 1024;

/// An address that is taken, and not answered on yet.
pub(super) struct Taken {
    address: SocketAddr,
    socket: TcpSocket,
}

impl Taken {
    /// Takes an address.
    pub(super) fn take(address: SocketAddr) -> Result<Self, Failed> {
        let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() };
        let socket = taken(address, socket)?;
        taken(address, socket.set_reuseaddr(true))?;
        taken(address, socket.bind(address))?;
        Ok(Self { address, socket })
    }

    /// Lets connections in, and says where: port 0 has become a free one.
    pub(super) fn listen(self) -> Result<(TcpListener, SocketAddr), Failed> {
        let listener = taken(self.address, self.socket.listen(BACKLOG))?;
        let address = taken(self.address, listener.local_addr())?;
        Ok((listener, address))
    }
}

fn taken<T>(address: SocketAddr, result: io::Result<T>) -> Result<T, Failed> {
    result.broken(|error| format!("cannot listen on {address}: {error}"))
}
