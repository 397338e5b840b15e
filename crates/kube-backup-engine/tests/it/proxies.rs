//! Clients of a plain kubeconfig, behind a proxy, with credentials that a program hands out.

use std::net::SocketAddr;
use std::sync::Arc;

use k8s_openapi::api::core::v1::Namespace;
use kube::api::ListParams;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Api, Client, Config};
use kube_backup_engine::client_for;
use kube_local::KubeLocal;
use parking_lot::Mutex;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};

/// What the proxy was asked for, request by request.
type Asked = Arc<Mutex<Vec<String>>>;

/// A proxy that speaks one protocol, and what it was asked for.
async fn proxy<S, F>(serve: S) -> (SocketAddr, Asked)
where
    S: Fn(TcpStream, Asked) -> F + Send + 'static,
    F: Future<Output = std::io::Result<()>> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let asked = Asked::default();
    let seen = Arc::clone(&asked);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream, Arc::clone(&seen)));
        }
    });
    (address, asked)
}

/// RFC 9110, 9.3.6: a head, a 200, and then bytes both ways.
async fn connect(mut stream: TcpStream, asked: Asked) -> std::io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    asked.lock().push(head.clone());
    let target = head.split(' ').nth(1).unwrap_or_default().to_owned();
    let mut onward = TcpStream::connect(target).await?;
    stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await?;
    copy_bidirectional(&mut stream, &mut onward).await.map(drop)
}

/// RFC 1928 without authentication: methods, a request by IPv4, a reply, and then bytes both ways.
async fn socks(mut stream: TcpStream, asked: Asked) -> std::io::Result<()> {
    let [version, methods] = read::<2>(&mut stream).await?;
    assert_eq!(version, 5);
    stream.read_exact(&mut vec![0; methods.into()]).await?;
    stream.write_all(&[5, 0]).await?;
    let [_, command, _, kind] = read::<4>(&mut stream).await?;
    assert_eq!((command, kind), (1, 1), "CONNECT to an IPv4 address");
    let address = read::<4>(&mut stream).await?;
    let port = stream.read_u16().await?;
    let target = SocketAddr::from((address, port));
    asked.lock().push(target.to_string());
    let mut onward = TcpStream::connect(target).await?;
    stream.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]).await?;
    copy_bidirectional(&mut stream, &mut onward).await.map(drop)
}

async fn read<const N: usize>(stream: &mut TcpStream) -> std::io::Result<[u8; N]> {
    let mut bytes = [0; N];
    stream.read_exact(&mut bytes).await?;
    Ok(bytes)
}

/// A client as a program makes it of a kubeconfig.
async fn client(kubeconfig: &str) -> Client {
    let kubeconfig = Kubeconfig::from_yaml(kubeconfig).unwrap();
    let choice = KubeConfigOptions::default();
    let config = Config::from_custom_kubeconfig(kubeconfig, &choice).await;
    client_for(config.unwrap()).unwrap()
}

/// The text with one place changed, which is there.
fn with(text: &str, from: &str, to: &str) -> String {
    assert_eq!(text.matches(from).count(), 1, "{text}");
    text.replace(from, to)
}

async fn namespaces(client: Client) -> usize {
    let api: Api<Namespace> = Api::all(client);
    api.list(&ListParams::default()).await.unwrap().items.len()
}

#[tokio::test]
async fn a_cluster_is_reached_through_the_proxy_of_a_kubeconfig() {
    let cluster = KubeLocal::start().await.unwrap();
    let there = cluster.url().trim_start_matches("http://").to_owned();
    let (http, tunnelled) = proxy(connect).await;
    let (socks5, forwarded) = proxy(socks).await;
    for proxy in [
        format!("http://jane:pa%3Ass@{http}"),
        format!("socks5://{socks5}"),
    ] {
        let with_proxy = format!("    proxy-url: {proxy}\n    server: ");
        let kubeconfig = with(&cluster.kubeconfig(), "    server: ", &with_proxy);
        assert!(namespaces(client(&kubeconfig).await).await > 0, "{proxy}");
    }
    let head = tunnelled.lock()[0].clone();
    let asked = format!("CONNECT {there} HTTP/1.1\r\n");
    assert!(head.starts_with(&asked), "{head}");
    // jane:pa:ss
    assert!(head.contains("Basic amFuZTpwYTpzcw=="), "{head}");
    assert_eq!(forwarded.lock()[..], [there]);
}

#[tokio::test]
async fn credentials_come_from_a_plugin() {
    let cluster = KubeLocal::start().await.unwrap();
    let there = cluster.url().trim_start_matches("http://").to_owned();
    // In front of the cluster, to see what is sent.
    let (front, heads) = proxy(move |mut stream: TcpStream, asked: Asked| {
        let there = there.clone();
        async move {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(stream.read_u8().await?);
            }
            asked
                .lock()
                .push(String::from_utf8_lossy(&head).into_owned());
            let mut onward = TcpStream::connect(there).await?;
            onward.write_all(&head).await?;
            copy_bidirectional(&mut stream, &mut onward).await.map(drop)
        }
    })
    .await;
    let plugin = r#"user:
    exec:
      apiVersion: client.authentication.k8s.io/v1
      command: sh
      interactiveMode: Never
      args:
      - -c
      - >-
        echo '{"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential",
        "status": {"token": "from-the-plugin"}}'
"#;
    let kubeconfig = with(&cluster.kubeconfig(), "user: {}\n", plugin);
    let kubeconfig = with(&kubeconfig, &cluster.url(), &format!("http://{front}"));
    assert!(namespaces(client(&kubeconfig).await).await > 0);
    let head = heads.lock()[0].to_lowercase();
    assert!(
        head.contains("authorization: bearer from-the-plugin\r\n"),
        "{head}"
    );
}
