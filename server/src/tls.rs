//! TLS on the addresses that Latchkey answers on, where nobody in front does it.
//!
//! Certificate and key are PEM files. They are looked at every few seconds, by what is in them: a new certificate is
//! shown to whoever connects next, and connections that are open go on. Files that do not fit each other, because
//! only one of them has been replaced so far, change nothing.

use std::fmt;
use std::fs;
use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{InconsistentKeys, ServerConfig};
use sha2::{Digest as _, Sha256};
use tokio::net::TcpStream;
use tokio::task::spawn_blocking;
use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use zeroize::Zeroizing;

/// How often the files are looked at.
const LOOK_INTERVAL: Duration = Duration::from_secs(5);

/// Why certificate and key cannot be used, in one line.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("the TLS file {} cannot be read: {error}", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// A file is not what it has to be.
    #[error("the TLS file {} has no {what} in it, in PEM", file.display())]
    Lacks {
        /// The file.
        file: PathBuf,
        /// What it should have.
        what: &'static str,
    },
    /// The two do not belong together, or are of a kind that is not known.
    #[error("the TLS files {} and {} cannot be used together: {reason}", certificate.display(), key.display())]
    Unfit {
        /// The certificate's file.
        certificate: PathBuf,
        /// The key's file.
        key: PathBuf,
        /// Why.
        reason: String,
    },
}

/// What makes TLS of a connection.
#[derive(Clone)]
pub struct Tls {
    acceptor: TlsAcceptor,
    shown: Arc<Shown>,
}

impl Tls {
    /// Reads a certificate with those that lead to its root, and its key.
    ///
    /// # Errors
    /// [`TlsError`], one line for an operator.
    pub fn load(certificate: &Path, key: &Path) -> Result<Self, TlsError> {
        let provider = Arc::new(ring::default_provider());
        let files = Files { certificate: certificate.to_owned(), key: key.to_owned() };
        let newest = RwLock::new(files.read(&provider)?);
        if files.is_key_open() {
            tracing::warn!(file = %key.display(), "everybody on this machine can read the TLS key: chmod o-rwx");
        }
        let shown = Arc::new(Shown { newest, files, provider });
        let config =
            ServerConfig::builder_with_provider(Arc::clone(&shown.provider)).with_safe_default_protocol_versions();
        let mut config = config
            .map_err(|error| shown.files.unfit(error.to_string()))?
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(&shown) as Arc<dyn ResolvesServerCert>);
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Self { acceptor: TlsAcceptor::from(Arc::new(config)), shown })
    }

    /// Makes TLS of a connection, within this time; `None` where that came to nothing.
    pub(crate) async fn accept(
        &self,
        stream: TcpStream,
        peer: SocketAddr,
        within: Duration,
    ) -> Option<TlsStream<TcpStream>> {
        let error: &dyn fmt::Display = match timeout(within, self.acceptor.accept(stream)).await {
            Ok(Ok(stream)) => return Some(stream),
            Ok(Err(error)) => &error.to_string(),
            Err(_) => &"it took too long",
        };
        tracing::debug!(%peer, cause = %error, "no TLS came of a connection");
        None
    }

    /// Shows what the files hold whenever that has changed. Never ends.
    pub async fn follow_files(&self) {
        let mut ticks = interval(LOOK_INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut complaint = String::new();
        loop {
            ticks.tick().await;
            let shown = Arc::clone(&self.shown);
            // Elsewhere: files may lie where reading them takes long.
            let Ok(renewed) = spawn_blocking(move || shown.renew()).await else { continue };
            complaint = match renewed {
                Ok(false) => continue,
                Ok(true) => {
                    tracing::info!("the TLS certificate was renewed");
                    String::new()
                }
                Err(error) => {
                    let error = error.to_string();
                    // Once, and not again every few seconds.
                    if error != complaint {
                        tracing::error!(cause = %error, "the TLS certificate is not renewed");
                    }
                    error
                }
            };
        }
    }
}

/// The certificate that is shown to those who connect.
struct Shown {
    newest: RwLock<Loaded>,
    files: Files,
    provider: Arc<CryptoProvider>,
}

/// Where certificate and key are.
struct Files {
    certificate: PathBuf,
    key: PathBuf,
}

/// A certificate with its key, and the hash of the files that they came from.
struct Loaded {
    certified: Arc<CertifiedKey>,
    hash: [u8; 32],
}

impl Shown {
    /// Reads the files; whether they hold something new.
    fn renew(&self) -> Result<bool, TlsError> {
        let loaded = self.files.read(&self.provider)?;
        let mut newest = self.newest.write().unwrap_or_else(PoisonError::into_inner);
        let is_new = loaded.hash != newest.hash;
        if is_new {
            *newest = loaded;
        }
        Ok(is_new)
    }
}

impl fmt::Debug for Shown {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Shown").finish_non_exhaustive()
    }
}

impl ResolvesServerCert for Shown {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.newest.read().unwrap_or_else(PoisonError::into_inner).certified))
    }
}

impl Files {
    fn read(&self, provider: &CryptoProvider) -> Result<Loaded, TlsError> {
        let text = |file: &Path| {
            let read = fs::read(file).map(Zeroizing::new);
            read.map_err(|error| TlsError::Unreadable { file: file.to_owned(), error })
        };
        let (certificate, key) = (text(&self.certificate)?, text(&self.key)?);
        let mut hash = Sha256::new();
        hash.update(u64::try_from(certificate.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(&*certificate);
        hash.update(&*key);
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&certificate).collect();
        let chain = chain.ok().filter(|chain| !chain.is_empty());
        let chain = chain.ok_or_else(|| TlsError::Lacks { file: self.certificate.clone(), what: "certificate" })?;
        let key = PrivateKeyDer::from_pem_slice(&key)
            .map_err(|_| TlsError::Lacks { file: self.key.clone(), what: "private key" })?;
        let certified = CertifiedKey::from_der(chain, key, provider).map_err(|error| {
            let reason = match error {
                rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => {
                    "the key is not the certificate's".to_owned()
                }
                error => error.to_string(),
            };
            self.unfit(reason)
        })?;
        Ok(Loaded { certified: Arc::new(certified), hash: hash.finalize().into() })
    }

    /// Whether everybody on this machine can read the key. A group may be let: of those who renew certificates.
    fn is_key_open(&self) -> bool {
        fs::metadata(&self.key).is_ok_and(|file| file.permissions().mode() & 0o004 != 0)
    }

    fn unfit(&self, reason: String) -> TlsError {
        TlsError::Unfit { certificate: self.certificate.clone(), key: self.key.clone(), reason }
    }
}

#[cfg(test)]
mod tests {
    use rcgen::CertifiedKey as Made;

    use super::*;

    fn made() -> (String, String) {
        let Made { cert, signing_key } = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        (cert.pem(), signing_key.serialize_pem())
    }

    #[test]
    fn a_key_for_everybody_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let files = Files { certificate: folder.path().join("cert"), key: folder.path().join("key") };
        assert!(!files.is_key_open(), "there is none");
        fs::write(&files.key, "").unwrap();
        for (mode, is_open) in [(0o600, false), (0o640, false), (0o644, true), (0o604, true)] {
            fs::set_permissions(&files.key, fs::Permissions::from_mode(mode)).unwrap();
            assert_eq!(files.is_key_open(), is_open, "{mode:o}");
        }
    }

    #[test]
    fn files_are_taken_as_they_fit_each_other() {
        let folder = tempfile::tempdir().unwrap();
        let (certificate, key) = (folder.path().join("cert"), folder.path().join("key"));
        let ((one, one_key), (other, other_key)) = (made(), made());
        let load = || Tls::load(&certificate, &key).map(|tls| tls.shown);
        let refused = |wrong: &str, key_text: &str| {
            fs::write(&certificate, wrong).unwrap();
            fs::write(&key, key_text).unwrap();
            load().unwrap_err().to_string()
        };
        assert!(load().unwrap_err().to_string().contains("cannot be read"));
        assert!(refused("", &one_key).ends_with("cert has no certificate in it, in PEM"));
        assert!(refused(&one_key, &one_key).ends_with("cert has no certificate in it, in PEM"));
        assert!(refused(&one, &one).ends_with("key has no private key in it, in PEM"));
        assert!(refused(&one, &other_key).ends_with("the key is not the certificate's"));
        assert!(!refused(&one, "-----BEGIN PRIVATE KEY-----\nhunter2\n").contains("hunter2"));

        fs::write(&key, &one_key).unwrap();
        let shown = load().unwrap();
        assert!(matches!(shown.renew(), Ok(false)));
        fs::write(&certificate, &other).unwrap();
        assert!(shown.renew().is_err(), "half of it is new");
        fs::write(&key, &other_key).unwrap();
        assert!(matches!(shown.renew(), Ok(true)));
        assert!(matches!(shown.renew(), Ok(false)));
    }
}
