//! `--tls-cert` and `--tls-key`: https without anybody in front, over HTTP/1.1 and HTTP/2.

use std::io::Read as _;
use std::net::TcpStream as StdTcpStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Body;
use http::{Request, Response, Version};
use http_body_util::BodyExt as _;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rcgen::CertifiedKey;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::support::{PATIENCE, Place, Server, is_full};

/// A certificate for localhost, in the files `cert.pem` and `key.pem`.
fn certificate(place: &Place) -> CertificateDer<'static> {
    let CertifiedKey { cert, signing_key } = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    place.write("cert.pem", cert.pem());
    place.write("key.pem", signing_key.serialize_pem());
    cert.der().clone()
}

const FLAGS: [&str; 4] = ["--tls-cert", "cert.pem", "--tls-key", "key.pem"];

/// A connection to the server at this address, if its certificate is this one.
async fn connect(address: &str, trusted: &CertificateDer<'static>, protocol: &str) -> Option<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.clone()).unwrap();
    let mut config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![protocol.as_bytes().to_vec()];
    let stream = TcpStream::connect(address).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await.ok()?;
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(protocol.as_bytes()));
    Some(stream)
}

async fn ask(server: &Server, trusted: &CertificateDer<'static>, version: Version, path: &str) -> Response<String> {
    let request = Request::get(format!("https://localhost{path}")).version(version);
    if version == Version::HTTP_2 {
        let stream = connect(server.address(), trusted, "h2").await.unwrap();
        let (mut sender, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        whole(sender.send_request(request.body(Body::empty()).unwrap()).await.unwrap()).await
    } else {
        let stream = connect(server.address(), trusted, "http/1.1").await.unwrap();
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        let request = Request::get(path).header("host", "localhost").body(Body::empty()).unwrap();
        whole(sender.send_request(request).await.unwrap()).await
    }
}

async fn whole(response: Response<hyper::body::Incoming>) -> Response<String> {
    let (parts, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    Response::from_parts(parts, String::from_utf8(body.to_vec()).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn both_protocols_are_spoken() {
    let place = Place::new();
    let trusted = certificate(&place);
    let server = place.serve(&[&FLAGS[..], &["--listen", "0.0.0.0:0"]].concat());
    assert!(server.url().starts_with("https://0.0.0.0:"), "{}", server.url());
    let setup = server.ready["setup"].as_str().unwrap();
    assert!(setup.starts_with("https://localhost:"), "{setup}");
    for version in [Version::HTTP_11, Version::HTTP_2] {
        let answer = ask(&server, &trusted, version, "/healthz").await;
        assert_eq!((answer.version(), answer.status().as_u16(), answer.body().as_str()), (version, 200, "ok\n"));
        assert!(answer.headers().contains_key("strict-transport-security"));
        let answer = ask(&server, &trusted, version, "/api/v1/token").await;
        assert_eq!(answer.status().as_u16(), 401, "{version:?}");
        let answer = ask(&server, &trusted, version, "/sign-in").await;
        assert!(answer.status().is_success() && answer.body().contains("<form"), "{version:?}");
    }
}

/// Whoever posts a form by HTTP/2 names the host as `:authority`, and it must be found to be the same origin.
#[tokio::test(flavor = "multi_thread")]
async fn forms_are_taken_over_both_protocols() {
    let place = Place::new();
    let trusted = certificate(&place);
    place.add_rep("ann@example.com", &["--admin"]);
    let server = place.serve(&FLAGS);
    let form = "email=ann%40example.com&password=correct+horse+battery+staple";
    let post = |origin: &str| {
        Request::post("https://localhost/sign-in")
            .header("origin", origin)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(Body::from(form))
            .unwrap()
    };
    for (origin, status) in [("https://localhost", 303), ("http://localhost", 403), ("https://other", 403)] {
        let stream = connect(server.address(), &trusted, "h2").await.unwrap();
        let (mut sender, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        let answer = whole(sender.send_request(post(origin)).await.unwrap()).await;
        assert_eq!(answer.status().as_u16(), status, "{origin}");
        if status == 303 {
            let cookie = answer.headers()["set-cookie"].to_str().unwrap();
            assert!(cookie.starts_with("__Host-latchkey=") && cookie.contains("; Secure"), "{cookie}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_certificate_is_shown_without_a_restart() {
    let place = Place::new();
    let first = certificate(&place);
    let server = place.serve(&[&FLAGS[..], &["--api-listen", "127.0.0.1:0"]].concat());
    let api = server.ready["api_listening"].as_str().unwrap().strip_prefix("https://").unwrap().to_owned();
    let open = connect(server.address(), &first, "h2").await.unwrap();
    let second = certificate(&place);
    let began = Instant::now();
    while connect(server.address(), &second, "h2").await.is_none() {
        assert!(began.elapsed() < PATIENCE);
    }
    assert!(connect(&api, &second, "http/1.1").await.is_some(), "at every address");
    assert!(connect(server.address(), &first, "h2").await.is_none());
    // Files that cannot be used change nothing, but for a line in the log.
    place.write("cert.pem", "nonsense");
    while !server.log().contains("the TLS certificate is not renewed") {
        assert!(began.elapsed() < PATIENCE);
        assert!(connect(server.address(), &second, "h2").await.is_some());
    }
    // Whoever was connected still is.
    let (mut sender, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(open)).await.unwrap();
    let asked = async {
        let request = Request::get("https://localhost/healthz").body(Body::empty()).unwrap();
        whole(sender.send_request(request).await.unwrap()).await.status()
    };
    tokio::select! {
        status = asked => assert_eq!(status, 200),
        ended = connection => panic!("{ended:?}"),
    }
}

#[test]
fn files_that_cannot_be_used_are_5() {
    let place = Place::new();
    certificate(&place);
    place.write("empty.pem", "");
    let serve = |certificate: &str, key: &str| {
        let flags = ["serve", "--listen", "127.0.0.1:0", "--tls-cert", certificate, "--tls-key", key];
        place.run(&flags).failure(5).to_owned()
    };
    assert!(serve("missing.pem", "key.pem").contains("missing.pem cannot be read"));
    assert!(serve("empty.pem", "key.pem").contains("empty.pem has no certificate"));
    assert!(serve("cert.pem", "empty.pem").contains("empty.pem has no private key"));
    std::fs::copy(place.path("key.pem"), place.path("old.pem")).unwrap();
    certificate(&place);
    assert!(serve("cert.pem", "old.pem").contains("the key is not the certificate's"));
    assert!(!place.has_database());
    assert!(place.run(&["serve", "--tls-cert", "cert.pem"]).failure(2).contains("--tls-key"));
    let http = ["serve", "--public-url", "http://pat.example.com"];
    assert!(place.run(&[&http, &FLAGS[..]].concat()).failure(2).contains("https"));
}

#[test]
fn whoever_does_not_speak_is_cut_off_and_does_not_hold_up_the_end() {
    let place = Place::new();
    certificate(&place);
    let mut server = place.serve(&FLAGS);
    let mut silent = StdTcpStream::connect(server.address()).unwrap();
    silent.set_read_timeout(Some(PATIENCE)).unwrap();
    if is_full() {
        let began = Instant::now();
        assert_eq!(silent.read(&mut [0]).unwrap(), 0);
        assert!((9..15).contains(&began.elapsed().as_secs()), "{:?}", began.elapsed());
        silent = StdTcpStream::connect(server.address()).unwrap();
    }
    server.signal("TERM");
    let (status, took) = server.wait();
    assert_eq!(status.code(), Some(0));
    assert!(took < Duration::from_secs(10), "{took:?}");
    drop(silent);
}
