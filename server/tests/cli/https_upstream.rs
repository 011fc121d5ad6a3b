//! An upstream behind TLS: its certificate must be one that this machine trusts, for the host that was named.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use rcgen::CertifiedKey;
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::support::{Place, client};

/// An API behind TLS that says what it was asked, and its certificate.
async fn upstream(host: &str) -> (SocketAddr, String) {
    let CertifiedKey { cert, signing_key } = rcgen::generate_simple_self_signed([host.to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap();
    let tls = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(tls));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = Router::new().fallback(|request: Request| async move { format!("asked for {}", request.uri()) });
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (acceptor, router) = (acceptor.clone(), router.clone());
            tokio::spawn(async move {
                // A client that does not trust the certificate leaves here.
                if let Ok(stream) = acceptor.accept(stream).await {
                    let service = TowerToHyperService::new(router);
                    let _ =
                        auto::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service).await;
                }
            });
        }
    });
    (address, cert.pem())
}

/// What a vendor gets from a server that trusts the certificates in this file, before this upstream.
async fn answer(place: &Place, token: &Value, trusted: &str, upstream: &str) -> (u16, String) {
    place.write("trusted.pem", trusted);
    let roots = place.path("trusted.pem");
    let server = place.serve_with(&["--upstream", upstream], &[("SSL_CERT_FILE", &roots.to_string_lossy())]);
    let url = format!("{}/api/v1/customers?limit=5", server.url());
    let answer = client().get(url).bearer_auth(token["auth_token"].as_str().unwrap()).send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_https_upstream_must_show_a_certificate_that_is_trusted_for_its_host() {
    let place = Place::new();
    place.add_rep("ann@example.com", &[]);
    let token = place.add_token("Example");
    let (address, certificate) = upstream("localhost").await;
    let (_, stranger) = upstream("localhost").await;
    let by_name = format!("https://localhost:{}", address.port());
    let asked = "asked for /api/v1/customers?limit=5".to_owned();
    assert_eq!(answer(&place, &token, &certificate, &by_name).await, (200, asked));
    // Another's certificate, and another host than the certificate is for.
    for (trusted, upstream) in [(&stranger, &by_name), (&certificate, &format!("https://{address}"))] {
        let (status, body) = answer(&place, &token, trusted, upstream).await;
        assert!(status == 502 && body.contains("upstream_unreachable"), "{status} {body}");
    }
}
