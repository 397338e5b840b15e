//! Who reaches a server without authentication.

use kube_local::KubeLocal;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

async fn ask(cluster: &KubeLocal, host: &str) -> String {
    let address = cluster.url().trim_start_matches("http://").to_owned();
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let request =
        format!("GET /api/v1/secrets HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).await.unwrap();
    response
}

#[tokio::test]
async fn a_page_that_calls_it_by_a_name_of_its_own_gets_nothing() {
    let builder = KubeLocal::builder().host_name("kube.test");
    let cluster = builder.start().await.unwrap();
    for host in ["127.0.0.1", "localhost:1", "[::1]:1", "kube.test"] {
        let response = ask(&cluster, host).await;
        assert!(response.starts_with("HTTP/1.1 200"), "{host}: {response}");
    }
    let response = ask(&cluster, "rebound.example:6443").await;
    assert!(response.starts_with("HTTP/1.1 403"), "{response}");
    assert!(!response.contains("SecretList"), "{response}");
}

#[tokio::test]
async fn an_address_that_others_reach_has_to_be_allowed() {
    for address in ["0.0.0.0:0", "[::]:0"] {
        let builder = || KubeLocal::builder().address(address.parse().unwrap());
        let error = builder().start().await.unwrap_err();
        let cause = std::error::Error::source(&error).unwrap().to_string();
        assert!(cause.contains("`--allow-remote`"), "{cause}");
    }
    let everywhere = KubeLocal::builder().address("0.0.0.0:0".parse().unwrap());
    everywhere.allow_remote().start().await.unwrap();
}
