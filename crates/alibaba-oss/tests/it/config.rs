//! Stores from URLs, options and the environment, and calls of other products over the same HTTP stack.

use std::time::Duration;

use alibaba_core::credentials::StaticProvider;
use alibaba_core::endpoint::Endpoint;
use alibaba_core::environment::FixedEnvironment;
use alibaba_core::http_send::{HttpSend, SendErrorKind, SendOptions};
use alibaba_core::{ConnectionSettings, Proxy, ProxyChoice, ProxyRules, RootCertificates, sts};
use alibaba_oss::{ErrorKind, HyperSend, OssConfig, OssConfigKey};
use bytes::Bytes;
use object_store::ObjectStoreExt;
use object_store::path::Path;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::cloud::{self, BUCKET, ID, SECRET};

#[tokio::test]
async fn a_store_is_made_of_a_url_and_options_and_of_the_environment() {
    let cloud = cloud::start().await;
    let endpoint = cloud.0.endpoint();
    let by_options = OssConfig::new()
        .with_url("oss://backups/clusters/berlin/")
        .unwrap()
        .with_options([
            ("oss_endpoint", endpoint.as_str()),
            ("access_key_id", ID),
            ("Access_Key_Secret", SECRET),
            ("region", "cn-hangzhou"),
        ])
        .unwrap();
    let by_environment = OssConfig::from_environment(&FixedEnvironment::from_iter([
        ("OSS_ENDPOINT", endpoint.as_str()),
        ("OSS_ACCESS_KEY_ID", ID),
        ("OSS_ACCESS_KEY_SECRET", SECRET),
        ("OSS_REGION", "cn-hangzhou"),
        ("OSS_BUCKET_NAME", BUCKET),
        ("OSS_SESSION_TOKEN", ""),
        ("OSS_LOG_LEVEL", "somebody else's"),
    ]))
    .unwrap();
    assert_eq!(by_options.prefix(), "clusters/berlin");
    let path = Path::from("clusters/berlin/note");
    let written = by_options.store().unwrap();
    written.put(&path, "hello".into()).await.unwrap();
    let read = by_environment.store().unwrap();
    let object = read.get(&path).await.unwrap();
    assert_eq!(object.bytes().await.unwrap(), "hello");

    let once = by_options.with_option("forbid_overwrite", "true").unwrap();
    let refused = once.store().unwrap().put(&path, "other".into()).await;
    assert!(matches!(
        refused,
        Err(object_store::Error::AlreadyExists { .. })
    ));
}

#[test]
fn what_cannot_be_meant_is_refused_with_the_remedy_and_without_a_secret() {
    let config = || OssConfig::new().with_url("oss://backups").unwrap();
    let region = || config().with_option("region", "cn-hangzhou").unwrap();
    let half = |key| region().with_config(key, "hunter2").unwrap().client();
    for (result, expected) in [
        (
            config().with_option("acces_key_id", "hunter2").map(drop),
            "oss_access_key_id",
        ),
        (
            config().with_option("internal", "maybe").map(drop),
            "`true` or `false`",
        ),
        (
            config().with_option("read_timeout", "0s").map(drop),
            "such as `30s`",
        ),
        (
            config().with_option("region", "oss-cn-hangzhou").map(drop),
            "is not a region",
        ),
        (
            config().with_option("url_style", "virtual").map(drop),
            "`virtual-host`",
        ),
        (
            config()
                .with_option("proxy_url", "http://u:hunter2@h:99999")
                .map(drop),
            "oss_proxy_url",
        ),
        (config().client().map(drop), "OSS_REGION"),
        (
            OssConfig::new()
                .with_option("region", "cn-hangzhou")
                .unwrap()
                .store()
                .map(drop),
            "oss_bucket",
        ),
        (
            half(OssConfigKey::AccessKeyId).map(drop),
            "`oss_access_key_secret` is not",
        ),
        (
            half(OssConfigKey::AccessKeySecret).map(drop),
            "`oss_access_key_id` is not",
        ),
        (
            half(OssConfigKey::SessionToken).map(drop),
            "`oss_access_key_id` is not",
        ),
    ] {
        let error = result.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration, "{error}");
        assert!(error.to_string().contains(expected), "{error}");
        assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
    }
    let secret = region()
        .with_option("access_key_secret", "hunter2")
        .unwrap();
    assert!(!format!("{secret:?}").contains("hunter2"));
    let every = OssConfigKey::ALL.map(|key| key.to_string().parse::<OssConfigKey>().unwrap());
    assert_eq!(every, OssConfigKey::ALL);
}

#[test]
fn the_region_is_read_off_addresses_of_oss() {
    for (config, endpoint) in [
        (
            OssConfig::new().with_url("https://backups.oss-cn-beijing-internal.aliyuncs.com/a"),
            "oss-cn-beijing-internal.aliyuncs.com",
        ),
        (
            OssConfig::new().with_option("endpoint", "oss-cn-beijing.aliyuncs.com"),
            "oss-cn-beijing.aliyuncs.com",
        ),
    ] {
        let client = config.unwrap().client().unwrap();
        assert!(client.endpoint().to_string().ends_with(endpoint));
        assert!(format!("{client:?}").contains("cn-beijing"), "{client:?}");
    }
}

fn plain() -> ConnectionSettings {
    ConnectionSettings::default().with_roots(RootCertificates::none())
}

#[tokio::test]
async fn other_products_are_called_over_the_same_stack() {
    let cloud = cloud::start().await;
    let context = HyperSend::context(plain()).unwrap();
    let credentials = StaticProvider::shared(ID, SECRET).unwrap();
    let endpoint: Endpoint = cloud.0.endpoint().parse().unwrap();
    let region = alibaba_core::Region::CN_HANGZHOU;
    let sts = sts::Client::builder(&context, region, credentials)
        .with_endpoint(endpoint)
        .build()
        .unwrap();
    let who = sts.caller_identity().await.unwrap();
    assert!(!who.arn.is_empty());
    assert!(
        cloud
            .0
            .requests()
            .all()
            .iter()
            .any(|it| it.operation == "GetCallerIdentity")
    );
}

/// Responds to each connection with this, and tells what it was sent.
async fn scripted(
    response: &'static str,
) -> (String, tokio::sync::mpsc::UnboundedReceiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (tell, told) = tokio::sync::mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut head = vec![0; 4096];
            let read = stream.read(&mut head).await.unwrap();
            let _ = tell.send(String::from_utf8_lossy(&head[..read]).into_owned());
            stream.write_all(response.as_bytes()).await.unwrap();
            if response.is_empty() {
                // Silent, and there.
                tokio::spawn(async move {
                    tokio::time::sleep(Duration::from_secs(3600)).await;
                    drop(stream);
                });
            }
        }
    });
    (address, told)
}

async fn send(
    settings: &ConnectionSettings,
    url: &str,
    options: SendOptions,
) -> Result<http::Response<Bytes>, SendErrorKind> {
    let request = http::Request::get(url).body(Bytes::new()).unwrap();
    let sent = HyperSend::new(settings)
        .unwrap()
        .send(request, options)
        .await;
    sent.map_err(|error| error.kind())
}

#[tokio::test]
async fn the_http_port_keeps_its_contract() {
    let options = SendOptions::default();
    let found =
        "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 4\r\n\r\nbody";
    let (address, mut told) = scripted(found).await;
    let url = format!("http://{address}/a/./b/%2e?x=%7e&y");
    let response = send(&plain().with_user_agent("mine/1"), &url, options)
        .await
        .unwrap();
    assert_eq!(
        (response.status().as_u16(), &response.body()[..]),
        (302, &b"body"[..])
    );
    let head = told.recv().await.unwrap();
    assert!(
        head.starts_with("GET /a/./b/%2e?x=%7e&y HTTP/1.1\r\n"),
        "{head}"
    );
    assert!(head.to_lowercase().contains("user-agent: mine/1"), "{head}");

    let long = send(&plain(), &url, options.with_max_body(3)).await;
    assert_eq!(long.unwrap_err(), SendErrorKind::TooLong);
    let (cut, _told) = scripted("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nbody").await;
    let cut = send(&plain(), &format!("http://{cut}/"), options).await;
    assert_eq!(cut.unwrap_err(), SendErrorKind::Interrupted);
    let nobody = TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap();
    let nobody = send(&plain(), &format!("http://{nobody}/"), options).await;
    assert_eq!(nobody.unwrap_err(), SendErrorKind::Connect);
    let (silent, _told) = scripted("").await;
    let silent = format!("http://{silent}/");
    let impatient = plain().with_read_timeout(Duration::from_millis(50));
    let waited = send(&impatient, &silent, options).await;
    assert_eq!(waited.unwrap_err(), SendErrorKind::Timeout);
    let waited = send(
        &plain(),
        &silent,
        options.with_timeout(Duration::from_millis(50)),
    )
    .await;
    assert_eq!(waited.unwrap_err(), SendErrorKind::Timeout);
}

#[tokio::test]
async fn metadata_is_never_asked_for_through_a_proxy() {
    let ok = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
    let (proxy, mut proxied) = scripted(ok).await;
    let (there, mut direct) = scripted(ok).await;
    let proxy: Proxy = format!("http://u:p@{proxy}").parse().unwrap();
    let settings = plain().with_proxy(ProxyChoice::Rules(ProxyRules::all(proxy)));
    let url = format!("http://{there}/");
    send(&settings, &url, SendOptions::default()).await.unwrap();
    let head = proxied.recv().await.unwrap();
    assert!(
        head.starts_with(&format!("GET {url} HTTP/1.1\r\n")),
        "{head}"
    );
    assert!(
        head.to_lowercase().contains("proxy-authorization: basic "),
        "{head}"
    );
    send(&settings, &url, SendOptions::default().bypassing_proxy())
        .await
        .unwrap();
    let head = direct.recv().await.unwrap();
    assert!(head.starts_with("GET / HTTP/1.1\r\n"), "{head}");
    assert!(
        !head.to_lowercase().contains("proxy-authorization"),
        "{head}"
    );
}

#[tokio::test]
async fn what_a_reader_gives_is_stored_in_parts() {
    let cloud = cloud::start().await;
    let client = cloud.client();
    let text: Vec<u8> = (0..700_000_u32).flat_map(u32::to_le_bytes).collect();
    let reader = std::io::Cursor::new(text.clone());
    let stored = client
        .upload_reader(BUCKET, "big", reader)
        .part_size(1 << 20)
        .send()
        .await
        .unwrap();
    assert!(stored.crc.is_some());
    let object = client.get_object(BUCKET, "big").send().await.unwrap();
    assert_eq!(object.body.collect().await.unwrap(), text);
    assert!(
        cloud
            .0
            .requests()
            .all()
            .iter()
            .any(|it| it.operation == "UploadPart")
    );

    let (mut half, reader) = tokio::io::duplex(64);
    tokio::spawn(async move { half.write_all(b"from a pipe").await });
    client
        .upload_reader(BUCKET, "pipe", reader)
        .send()
        .await
        .unwrap();
    let object = client.get_object(BUCKET, "pipe").send().await.unwrap();
    assert_eq!(object.body.collect().await.unwrap(), "from a pipe");
}

#[tokio::test]
async fn a_reader_that_fails_stores_nothing() {
    let cloud = cloud::start().await;
    let broken = tokio_util::io::StreamReader::new(futures::stream::iter([
        Ok(Bytes::from_static(b"half")),
        Err(std::io::Error::other("the pipe broke")),
    ]));
    let failed = cloud
        .client()
        .upload_reader(BUCKET, "half", broken)
        .send()
        .await;
    let error = failed.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Local, "{error}");
    let there = cloud.client().head_object(BUCKET, "half").await;
    assert_eq!(there.unwrap_err().kind(), ErrorKind::NotFound);
}
