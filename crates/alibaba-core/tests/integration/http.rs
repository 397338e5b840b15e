//! The HTTP port's default adapter: proxies, redirects, limits, and what it must not rewrite.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use alibaba_core::environment::FixedEnvironment;
use alibaba_core::http_send::{HttpSend as _, ReqwestSend, SendErrorKind, SendOptions};
use alibaba_core::{ConnectionSettings, ProxyChoice, RootCertificates};
use bytes::Bytes;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// Sends the same bytes to every connection, and keeps the head of each request.
async fn server(response: &'static str) -> (SocketAddr, Arc<Mutex<Vec<String>>>) {
    let heads = Arc::new(Mutex::new(Vec::new()));
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let kept = Arc::clone(&heads);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                match stream.read_u8().await {
                    Ok(byte) => head.push(byte),
                    Err(_) => break,
                }
            }
            kept.lock().unwrap().push(String::from_utf8(head).unwrap());
            let _ = stream.write_all(response.as_bytes()).await;
        }
    });
    (address, heads)
}

fn adapter(environment: &[(&str, String)]) -> ReqwestSend {
    let settings = ConnectionSettings::default()
        .with_roots(RootCertificates::none())
        .with_user_agent("tester/1");
    let environment = environment
        .iter()
        .map(|(name, value)| (*name, value.as_str()));
    ReqwestSend::with_environment(&settings, &FixedEnvironment::from_iter(environment)).unwrap()
}

fn get(uri: &str) -> http::Request<Bytes> {
    http::Request::get(uri).body(Bytes::new()).unwrap()
}

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\nconnection: close\r\n\r\nhello";

#[tokio::test]
async fn the_proxy_is_used_but_for_exceptions_and_metadata() {
    let (direct, direct_heads) = server(OK).await;
    let (proxy, proxy_heads) = server(OK).await;
    let http = adapter(&[
        ("http_proxy", format!("http://ci:hunter2@{proxy}")),
        ("no_proxy", "localhost".to_owned()),
    ]);
    let port = direct.port();

    http.send(
        get(&format!("http://{direct}/a?b=%2A")),
        SendOptions::default(),
    )
    .await
    .unwrap();
    let head = proxy_heads.lock().unwrap().pop().unwrap();
    assert!(
        head.starts_with(&format!("GET http://{direct}/a?b=%2A HTTP/1.1\r\n")),
        "{head}"
    );
    assert!(
        head.contains("proxy-authorization: Basic Y2k6aHVudGVyMg==\r\n"),
        "{head}"
    );
    assert!(head.contains("user-agent: tester/1\r\n"), "{head}");
    assert!(direct_heads.lock().unwrap().is_empty());

    let bypassing = SendOptions::default().bypassing_proxy();
    http.send(get(&format!("http://{direct}/m")), bypassing)
        .await
        .unwrap();
    http.send(
        get(&format!("http://localhost:{port}/l")),
        SendOptions::default(),
    )
    .await
    .unwrap();
    assert_eq!(direct_heads.lock().unwrap().len(), 2);
    assert!(
        !direct_heads
            .lock()
            .unwrap()
            .concat()
            .contains("proxy-authorization")
    );
    assert!(proxy_heads.lock().unwrap().is_empty());
    assert!(!format!("{http:?}").contains("hunter2"));
}

#[tokio::test]
async fn redirects_are_responses() {
    let response = "HTTP/1.1 302 Found\r\nlocation: /elsewhere\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    let (address, heads) = server(response).await;
    let response = adapter(&[])
        .send(get(&format!("http://{address}/")), SendOptions::default())
        .await;
    assert_eq!(response.unwrap().status(), 302);
    assert_eq!(heads.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn failures_are_told_apart_and_never_show_the_address() {
    let (address, _) = server(OK).await;
    let (broken, _) =
        server("HTTP/1.1 200 OK\r\ncontent-length: 500\r\nconnection: close\r\n\r\nhel").await;
    let silent = tokio::net::TcpListener::bind(("127.0.0.1", 0))
        .await
        .unwrap();
    let silent_address = silent.local_addr().unwrap();
    let closed = {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        listener.local_addr().unwrap()
    };
    let http = adapter(&[]);
    let short = SendOptions::default().with_timeout(std::time::Duration::from_millis(30));
    for (uri, options, kind) in [
        (
            format!("http://{address}/?k=s3cr3t"),
            SendOptions::default().with_max_body(4),
            SendErrorKind::TooLong,
        ),
        (
            format!("http://{broken}/?k=s3cr3t"),
            SendOptions::default(),
            SendErrorKind::Interrupted,
        ),
        (
            format!("http://{silent_address}/?k=s3cr3t"),
            short,
            SendErrorKind::Timeout,
        ),
        (
            format!("http://{closed}/?k=s3cr3t"),
            SendOptions::default(),
            SendErrorKind::Connect,
        ),
        (
            format!("http://{address}/a/./b?k=s3cr3t"),
            SendOptions::default(),
            SendErrorKind::Request,
        ),
        (
            format!("http://{address}/a/%2e%2E/b?k=s3cr3t"),
            SendOptions::default(),
            SendErrorKind::Request,
        ),
        (
            format!("http://{address}/?k=s3cr3t'"),
            SendOptions::default(),
            SendErrorKind::Request,
        ),
    ] {
        let error = http.send(get(&uri), options).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{uri}: {error:?}");
        let shown = format!("{error:?} {error}");
        assert!(!shown.contains("s3cr3t"), "{shown}");
    }
}

#[test]
fn an_unusable_proxy_is_refused_when_the_adapter_is_made() {
    let environment = FixedEnvironment::from_iter([("HTTPS_PROXY", "socks4://me:hunter2@h")]);
    let settings = ConnectionSettings::default().with_roots(RootCertificates::none());
    let error = ReqwestSend::with_environment(&settings, &environment).unwrap_err();
    assert!(!format!("{error:?}").contains("hunter2"));
    let direct = settings.with_proxy(ProxyChoice::Direct);
    assert!(ReqwestSend::with_environment(&direct, &environment).is_ok());
}

/// A proxy of SOCKS 5 as RFC 1928 and RFC 1929 have it, for names and with a login; it sends all to one
/// address, and returns whom and what it was asked for.
async fn socks(to: SocketAddr) -> (SocketAddr, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let asked = Arc::new(Mutex::new(Vec::new()));
    let seen = asked.clone();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let seen = seen.clone();
            tokio::spawn(async move {
                let mut greeting = [0; 2];
                stream.read_exact(&mut greeting).await?;
                let mut methods = vec![0; usize::from(greeting[1])];
                stream.read_exact(&mut methods).await?;
                stream.write_all(&[5, 2]).await?;
                stream.read_u8().await?;
                let login = [text(&mut stream).await?, text(&mut stream).await?].join(":");
                stream.write_all(&[1, 0]).await?;
                let mut request = [0; 4];
                stream.read_exact(&mut request).await?;
                assert_eq!(request, [5, 1, 0, 3], "connect, by name");
                let host = text(&mut stream).await?;
                let port = stream.read_u16().await?;
                seen.lock().unwrap().push(format!("{login} {host} {port}"));
                let mut onward = TcpStream::connect(to).await?;
                stream.write_all(&[5, 0, 0, 1, 127, 0, 0, 1, 0, 80]).await?;
                tokio::io::copy_bidirectional(&mut stream, &mut onward).await?;
                std::io::Result::Ok(())
            });
        }
    });
    (address, asked)
}

async fn text(stream: &mut TcpStream) -> std::io::Result<String> {
    let mut text = vec![0; usize::from(stream.read_u8().await?)];
    stream.read_exact(&mut text).await?;
    Ok(String::from_utf8(text).unwrap())
}

#[tokio::test]
async fn a_socks_proxy_is_asked_for_the_name_with_its_login() {
    let (server, heads) = server(OK).await;
    let (proxy, asked) = socks(server).await;
    let http = adapter(&[("ALL_PROXY", format!("socks5h://ci:hunt%3Aer2@{proxy}"))]);
    let response = http
        .send(get("http://sts.example:8080/a"), SendOptions::default())
        .await;
    assert_eq!(response.unwrap().body(), "hello");
    assert_eq!(*asked.lock().unwrap(), ["ci:hunt:er2 sts.example 8080"]);
    let head = heads.lock().unwrap().pop().unwrap();
    assert!(head.starts_with("GET /a HTTP/1.1\r\n"), "{head}");
    assert!(!head.contains("proxy-authorization"), "{head}");
    assert!(!format!("{http:?}").contains("hunt"));
}
