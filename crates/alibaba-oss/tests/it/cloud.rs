//! A local cloud with one bucket, and clients of it.

use std::sync::Arc;
use std::time::Duration;

use alibaba_core::clock::Clock;
use alibaba_core::credentials::StaticProvider;
use alibaba_core::retry::RetryPolicy;
use alibaba_core::{ConnectionSettings, Context, Credentials, Region, RootCertificates};
use alibaba_local::{LocalClock, LocalCloud, User};
use alibaba_oss::{Client, OssStore, Versioning};
use alibaba_sign::oss_v4;
use chrono::{DateTime, Utc};
use futures::future::BoxFuture;
use http_body_util::{BodyExt, Full};
use hyper_util::rt::TokioIo;

pub const BUCKET: &str = "backups";
pub const ID: &str = "LTAI-example-id";
pub const SECRET: &str = "example-secret";

pub struct Cloud(pub LocalCloud);

pub async fn start() -> Cloud {
    start_with(User::new(ID, SECRET)).await
}

pub async fn start_with(user: User) -> Cloud {
    Cloud(
        LocalCloud::builder()
            .user(user)
            .bucket(BUCKET)
            .start()
            .await
            .unwrap(),
    )
}

/// With a bucket that keeps versions.
pub async fn start_with_versions() -> Cloud {
    let cloud = start().await;
    cloud.set_versioning(Versioning::Enabled).await;
    cloud
}

/// A request as it stands, over a connection of its own: status and body of the response.
pub async fn fetch(method: &str, url: &str, headers: &[(&str, &str)], body: &str) -> (u16, String) {
    let uri: http::Uri = url.parse().unwrap();
    let authority = uri.authority().unwrap().as_str();
    let stream = tokio::net::TcpStream::connect(authority).await.unwrap();
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .unwrap();
    tokio::spawn(connection);
    let mut request = http::Request::builder()
        .method(method)
        .uri(uri.path_and_query().unwrap().as_str())
        .header("host", authority);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Full::new(bytes::Bytes::from(body.to_owned())));
    let response = sender.send_request(request.unwrap()).await.unwrap();
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

/// The machine's own world, without the root certificates, which take long to read and which a server
/// without TLS does not need.
pub fn context() -> Context {
    let settings = ConnectionSettings::default().with_roots(RootCertificates::none());
    Context::connecting(settings).unwrap()
}

#[derive(Debug)]
struct CloudTime(LocalClock);

impl Clock for CloudTime {
    fn now(&self) -> DateTime<Utc> {
        self.0.now()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()> {
        Box::pin(tokio::time::sleep(duration))
    }
}

impl Cloud {
    /// Asks for a sub-resource of a key, or of the bucket where the key is empty, past the client.
    pub async fn ask(&self, method: &str, key: &str, resource: &str, body: &str) -> String {
        let query = [(resource, None)];
        let request = oss_v4::Request {
            method,
            bucket: Some(BUCKET),
            key: (!key.is_empty()).then_some(key),
            query: &query,
            headers: &[],
            additional_headers: &[],
        };
        let signer = oss_v4::Signer::new("cn-hangzhou");
        let credentials = Credentials::new(ID, SECRET);
        let signed = signer.sign(&credentials, chrono::Utc::now(), &request);
        let headers: Vec<_> = signed.iter().collect();
        let url = format!("{}/{BUCKET}/{key}?{resource}", self.0.endpoint());
        let (status, body) = fetch(method, &url, &headers, body).await;
        assert!(status < 300, "{status} {body}");
        body
    }

    pub async fn set_versioning(&self, versioning: Versioning) {
        let set = self.client();
        set.put_bucket_versioning(BUCKET, versioning).await.unwrap();
    }

    pub fn client(&self) -> Client {
        self.client_as(Credentials::new(ID, SECRET), Region::CN_HANGZHOU)
    }

    pub fn client_as(&self, credentials: Credentials, region: Region) -> Client {
        let credentials = Arc::new(StaticProvider::new(credentials).unwrap());
        Client::builder(&context(), region, credentials)
            .with_endpoint(self.0.endpoint().parse().unwrap())
            .with_retry(RetryPolicy::default().with_base_delay(Duration::from_millis(1)))
            .build()
            .unwrap()
    }

    /// A client on a machine whose clock goes with the cloud's, however far that is moved.
    pub fn client_in_time(&self) -> Client {
        let clock = Arc::new(CloudTime(self.0.clock().clone()));
        let credentials = StaticProvider::new(Credentials::new(ID, SECRET)).unwrap();
        let context = context().with_clock(clock);
        Client::builder(&context, Region::CN_HANGZHOU, Arc::new(credentials))
            .with_endpoint(self.0.endpoint().parse().unwrap())
            .build()
            .unwrap()
    }

    pub fn store(&self) -> OssStore {
        OssStore::new(self.client(), BUCKET)
    }
}
