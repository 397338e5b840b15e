//! kube's client and ours in one program, each making a TLS handshake. Ours hands its rustls provider
//! over and leaves the process's default alone: libraries that rely on it panic at the first handshake
//! of a program that links two providers.

use std::net::SocketAddr;
use std::sync::Arc;

use alibaba_core::http_send::{HttpSend as _, ReqwestSend, SendErrorKind, SendOptions};
use alibaba_core::{ConnectionSettings, ProxyChoice, RootCertificates, tls};
use bytes::Bytes;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

struct Server {
    address: SocketAddr,
    certificate_pem: String,
    certificate_der: Vec<u8>,
}

/// Says over TLS that it is Kubernetes 1.99, whatever it is asked.
async fn server() -> Server {
    let key = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let private = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.signing_key.serialize_der()));
    let config = rustls::ServerConfig::builder_with_provider(tls::provider())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![key.cert.der().clone()], private)
        .unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0))
        .await
        .unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(stream).await else {
                continue;
            };
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                match stream.read_u8().await {
                    Ok(byte) => head.push(byte),
                    Err(_) => break,
                }
            }
            let body = r#"{"major":"1","minor":"99","gitVersion":"v1.99.0","gitCommit":"","gitTreeState":"","buildDate":"","goVersion":"","compiler":"","platform":""}"#;
            let response = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
                body.len()
            );
            let _ = stream.write_all(response.as_bytes()).await;
            let _ = stream.shutdown().await;
        }
    });
    Server {
        address,
        certificate_pem: key.cert.pem(),
        certificate_der: key.cert.der().to_vec(),
    }
}

#[tokio::test]
async fn both_shake_hands() {
    let server = server().await;
    let url = format!("https://{}/", server.address);

    let roots = RootCertificates::none()
        .and_pem(server.certificate_pem.as_bytes())
        .unwrap();
    let settings = ConnectionSettings::default()
        .with_proxy(ProxyChoice::Direct)
        .with_roots(roots);
    let ours = ReqwestSend::new(&settings).unwrap();
    let request = || http::Request::get(&url).body(Bytes::new()).unwrap();
    let response = ours.send(request(), SendOptions::default()).await.unwrap();
    assert!(response.body().starts_with(br#"{"major":"1""#));
    // We neither need nor leave a default for the process. kube installs one, where there is none.
    assert!(rustls::crypto::CryptoProvider::get_default().is_none());

    let mut config = kube::Config::new(url.parse().unwrap());
    config.root_cert = Some(vec![server.certificate_der]);
    let theirs = kube::Client::try_from(config).unwrap();
    assert_eq!(theirs.apiserver_version().await.unwrap().minor, "99");

    // And ours again, after kube had its chance to install something.
    let response = ours.send(request(), SendOptions::default()).await.unwrap();
    assert_eq!(response.status(), 200);

    let strangers = settings.with_roots(RootCertificates::none());
    let refused = ReqwestSend::new(&strangers)
        .unwrap()
        .send(request(), SendOptions::default())
        .await;
    assert_eq!(refused.unwrap_err().kind(), SendErrorKind::Connect);
}
