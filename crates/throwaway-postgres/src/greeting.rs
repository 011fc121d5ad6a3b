//! Something that says it is PostgreSQL, of whichever version.

use std::io::{self, Read as _, Write as _};
use std::net::TcpListener;
use std::thread;

/// Listens on a free port of the loopback interface, lets everybody in, says that it is of this version, and nothing
/// else. Answers its port. It goes on until the process ends.
///
/// # Errors
/// Where nothing can be listened on.
pub fn greet_as_version(version: &str) -> io::Result<u16> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let port = listener.local_addr()?.port();
    let greeting = [
        message(b'R', &[0; 4]),
        message(b'S', format!("server_version\0{version}\0").as_bytes()),
        message(b'K', &[0; 8]),
        message(b'Z', b"I"),
    ]
    .concat();
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            // Whoever goes away meanwhile is not told.
            let _ = stream.read(&mut [0; 1024]).and_then(|_| stream.write_all(&greeting));
        }
    });
    Ok(port)
}

/// One message of the server's (<https://www.postgresql.org/docs/current/protocol-message-formats.html>).
fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() + 4).unwrap_or(u32::MAX).to_be_bytes();
    [&[kind], &length[..], body].concat()
}
