//! Requests through a proxy: handed over where they are plain, tunnelled where they are not or by SOCKS.

use std::sync::{Arc, Mutex};

use crate::cloud::{self, BUCKET, ID, SECRET};
use alibaba_core::credentials::StaticProvider;
use alibaba_core::retry::RetryPolicy;
use alibaba_core::{
    ConnectionSettings, Context, Credentials, Proxy, ProxyChoice, ProxyRules, Region,
    RootCertificates,
};
use alibaba_oss::{Client, ErrorKind};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// The heads of the requests that reached the proxy.
type Heads = Arc<Mutex<Vec<String>>>;

/// A proxy that responds to CONNECT with this status, and sends everything to one address.
async fn proxy(to: String, status: &'static str) -> (String, Heads) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let heads = Heads::default();
    let seen = heads.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (to, seen) = (to.clone(), seen.clone());
            tokio::spawn(async move { forward(stream, &to, status, &seen).await });
        }
    });
    (address, heads)
}

async fn forward(stream: TcpStream, to: &str, status: &str, seen: &Heads) {
    let mut stream = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") && stream.read_line(&mut head).await.unwrap_or(0) > 0 {}
    seen.lock().unwrap().push(head.clone());
    let mut onward = TcpStream::connect(to).await.unwrap();
    if head.starts_with("CONNECT ") {
        let response = format!("HTTP/1.1 {status}\r\n\r\n");
        stream.write_all(response.as_bytes()).await.unwrap();
        if !status.starts_with('2') {
            return;
        }
    } else {
        // A real proxy would rewrite the target; the local cloud takes the absolute form too.
        onward.write_all(head.as_bytes()).await.unwrap();
    }
    let _ = tokio::io::copy_bidirectional(&mut stream, &mut onward).await;
}

fn client(endpoint: &str, proxy: &str, roots: RootCertificates) -> Client {
    let credentials = StaticProvider::new(Credentials::new(ID, SECRET)).unwrap();
    let proxy: Proxy = proxy.parse().unwrap();
    let settings = ConnectionSettings::default()
        .with_roots(roots)
        .with_proxy(ProxyChoice::Rules(ProxyRules::all(proxy)));
    let context = Context::connecting(settings).unwrap();
    Client::builder(&context, Region::CN_HANGZHOU, Arc::new(credentials))
        .with_endpoint(endpoint.parse().unwrap())
        .with_retry(RetryPolicy::never())
        .build()
        .unwrap()
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(&format!(": {error}"));
        cause = error.source();
    }
    text
}

fn address(cloud: &cloud::Cloud) -> String {
    let endpoint = cloud.0.endpoint().clone();
    let (_, address) = endpoint.split_once("://").unwrap();
    address.trim_end_matches('/').to_owned()
}

#[tokio::test]
async fn plain_requests_are_handed_to_the_proxy_with_its_login() {
    let cloud = cloud::start().await;
    let (proxy, heads) = proxy(address(&cloud), "200 OK").await;
    let endpoint = cloud.0.endpoint().clone();
    let client = client(
        &endpoint,
        &format!("http://us:pw@{proxy}"),
        RootCertificates::none(),
    );
    client
        .put_object(BUCKET, "a", "hello")
        .send()
        .await
        .unwrap();
    let head = heads.lock().unwrap()[0].clone();
    assert!(
        head.starts_with(&format!("PUT {}", endpoint.trim_end_matches('/'))),
        "{head}"
    );
    assert!(
        head.contains("proxy-authorization: Basic dXM6cHc="),
        "{head}"
    );
}

/// TLS in front of a plain server.
async fn with_tls(to: String) -> (String, Vec<u8>) {
    let certified = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let pem = certified.cert.pem();
    let key = rustls::pki_types::PrivateKeyDer::try_from(certified.signing_key.serialize_der());
    let config = rustls::ServerConfig::builder_with_provider(alibaba_core::tls::provider())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certified.cert.der().clone()], key.unwrap())
        .unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (acceptor, to) = (acceptor.clone(), to.clone());
            tokio::spawn(async move {
                let mut stream = acceptor.accept(stream).await.unwrap();
                let mut onward = TcpStream::connect(to).await.unwrap();
                let _ = tokio::io::copy_bidirectional(&mut stream, &mut onward).await;
            });
        }
    });
    (address, pem.into_bytes())
}

#[tokio::test]
async fn tls_goes_through_a_tunnel_and_ends_at_the_service() {
    let cloud = cloud::start().await;
    let (tls, pem) = with_tls(address(&cloud)).await;
    let (proxy, heads) = proxy(tls, "200 Connection established").await;
    let roots = RootCertificates::none().and_pem(&pem).unwrap();
    let client = client(
        "https://localhost:8443",
        &format!("http://us:pw@{proxy}"),
        roots,
    );
    client
        .put_object(BUCKET, "a", "hello")
        .send()
        .await
        .unwrap();
    let object = client.get_object(BUCKET, "a").send().await.unwrap();
    assert_eq!(object.body.collect().await.unwrap(), "hello");
    let heads = heads.lock().unwrap().clone();
    assert_eq!(heads.len(), 1, "one tunnel, used twice");
    assert!(
        heads[0].starts_with("CONNECT localhost:8443 HTTP/1.1\r\n"),
        "{heads:?}"
    );
    assert!(
        heads[0].contains("Proxy-Authorization: Basic dXM6cHc="),
        "{heads:?}"
    );
}

#[tokio::test]
async fn a_proxy_that_refuses_is_named_without_its_password() {
    let cloud = cloud::start().await;
    let (proxy, _) = proxy(address(&cloud), "407 Proxy Authentication Required").await;
    let client = client(
        "https://localhost:8443",
        &format!("http://us:hunter2@{proxy}"),
        RootCertificates::none(),
    );
    let error = client
        .put_object(BUCKET, "a", "x")
        .send()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connection);
    let text = chain(&error);
    assert!(text.contains("407 Proxy Authentication Required"), "{text}");
    assert!(!text.contains("hunter2"), "{text}");
}

/// A proxy of SOCKS 5 as RFC 1928 and RFC 1929 have it, with a login. It notes what it was asked for.
async fn socks_proxy(to: String, seen: Heads) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (to, seen) = (to.clone(), seen.clone());
            tokio::spawn(async move { serve_socks(stream, &to, &seen).await });
        }
    });
    address
}

async fn serve_socks(mut stream: TcpStream, to: &str, seen: &Heads) -> std::io::Result<()> {
    let mut greeting = [0; 2];
    stream.read_exact(&mut greeting).await?;
    let mut methods = vec![0; usize::from(greeting[1])];
    stream.read_exact(&mut methods).await?;
    assert!(methods.contains(&2), "no login offered: {methods:?}");
    stream.write_all(&[5, 2]).await?;
    let _version = stream.read_u8().await?;
    let (user, password) = (text(&mut stream).await?, text(&mut stream).await?);
    let is_let_in = (user.as_str(), password.as_str()) == ("us", "p:w");
    stream.write_all(&[1, u8::from(!is_let_in)]).await?;
    if !is_let_in {
        return Ok(());
    }
    let mut request = [0; 4];
    stream.read_exact(&mut request).await?;
    assert_eq!(request[..3], [5, 1, 0], "a request to connect");
    let host = match request[3] {
        1 => {
            let mut address = [0; 4];
            stream.read_exact(&mut address).await?;
            std::net::Ipv4Addr::from(address).to_string()
        }
        3 => text(&mut stream).await?,
        4 => {
            let mut address = [0; 16];
            stream.read_exact(&mut address).await?;
            std::net::Ipv6Addr::from(address).to_string()
        }
        other => panic!("an address of kind {other}"),
    };
    let port = stream.read_u16().await?;
    seen.lock().unwrap().push(format!("{host} {port}"));
    let mut onward = TcpStream::connect(to).await?;
    stream.write_all(&[5, 0, 0, 1, 127, 0, 0, 1, 0, 80]).await?;
    tokio::io::copy_bidirectional(&mut stream, &mut onward).await?;
    Ok(())
}

async fn text(stream: &mut TcpStream) -> std::io::Result<String> {
    let mut text = vec![0; usize::from(stream.read_u8().await?)];
    stream.read_exact(&mut text).await?;
    Ok(String::from_utf8(text).unwrap())
}

#[tokio::test]
async fn a_socks_proxy_is_asked_for_the_name_or_for_the_address() {
    let cloud = cloud::start().await;
    let (tls, pem) = with_tls(address(&cloud)).await;
    for (scheme, asked) in [
        ("socks5h", &["localhost 8443"][..]),
        ("socks5", &["127.0.0.1 8443", "::1 8443"]),
    ] {
        let seen = Heads::default();
        let proxy = socks_proxy(tls.clone(), seen.clone()).await;
        let roots = RootCertificates::none().and_pem(&pem).unwrap();
        let client = client(
            "https://localhost:8443",
            &format!("{scheme}://us:p%3Aw@{proxy}"),
            roots,
        );
        client
            .put_object(BUCKET, "a", "hello")
            .send()
            .await
            .unwrap();
        let object = client.get_object(BUCKET, "a").send().await.unwrap();
        assert_eq!(object.body.collect().await.unwrap(), "hello");
        let seen = seen.lock().unwrap().clone();
        assert_eq!(seen.len(), 1, "one way, used twice: {seen:?}");
        assert!(asked.contains(&seen[0].as_str()), "{scheme}: {seen:?}");
    }
}

#[tokio::test]
async fn a_socks_proxy_that_refuses_is_named_without_its_password() {
    let cloud = cloud::start().await;
    let proxy = socks_proxy(address(&cloud), Heads::default()).await;
    let address = format!("socks5h://us:hunter2@{proxy}");
    let client = client("http://localhost:8080", &address, RootCertificates::none());
    let error = client
        .put_object(BUCKET, "a", "x")
        .send()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connection);
    let text = chain(&error);
    assert!(text.contains(&format!("socks5h://{proxy}")), "{text}");
    assert!(!text.contains("hunter2"), "{text}");
}
