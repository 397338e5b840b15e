//! A client that is no client: requests put together by hand, signed with the primitives, sent over
//! a connection of their own.

pub(crate) mod openapi;

use std::net::SocketAddr;
use std::time::Duration;

use alibaba_local::{Builder, LocalCloud, User};
use alibaba_sign::{Credentials, oss_v1, oss_v4, percent};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use http::HeaderMap;
use http_body_util::{BodyExt, Full};
use hyper_util::rt::TokioIo;

pub(crate) const BUCKET: &str = "backups";
pub(crate) const ID: &str = "LTAI-example-id";
pub(crate) const SECRET: &str = "example-secret";

/// How requests are signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scheme {
    V4,
    V1,
    UrlV4,
    UrlV1,
    Unsigned,
}

/// A server, and what its requests are signed with.
#[derive(Debug)]
pub(crate) struct Raw {
    pub(crate) cloud: LocalCloud,
    pub(crate) credentials: Credentials,
    pub(crate) scheme: Scheme,
    pub(crate) region: &'static str,
}

/// A server with one bucket, in memory.
pub(crate) async fn start() -> Raw {
    start_with(LocalCloud::builder()).await
}

/// As described, with one user and one bucket added.
pub(crate) async fn start_with(builder: Builder) -> Raw {
    let cloud = builder
        .user(User::new(ID, SECRET))
        .bucket(BUCKET)
        .start()
        .await
        .unwrap();
    Raw {
        cloud,
        credentials: Credentials::new(ID, SECRET),
        scheme: Scheme::V4,
        region: "cn-hangzhou",
    }
}

impl Raw {
    /// A request about an object of the bucket.
    pub(crate) fn object(&self, method: &'static str, key: &str) -> Call<'_> {
        Call {
            raw: self,
            credentials: self.credentials.clone(),
            method,
            bucket: Some(BUCKET.to_owned()),
            key: Some(key.to_owned()),
            query: Vec::new(),
            headers: Vec::new(),
            body: Bytes::new(),
        }
    }

    /// A request about the bucket.
    pub(crate) fn bucket(&self, method: &'static str) -> Call<'_> {
        Call {
            key: None,
            ..self.object(method, "")
        }
    }

    /// A request about the service.
    pub(crate) fn service(&self, method: &'static str) -> Call<'_> {
        Call {
            bucket: None,
            ..self.bucket(method)
        }
    }

    /// Puts text; the response must be good.
    pub(crate) async fn put(&self, key: &str, body: &str) -> Reply {
        self.object("PUT", key).body(body.to_owned()).ok().await
    }

    /// Gets text; the response must be good.
    pub(crate) async fn get(&self, key: &str) -> String {
        self.object("GET", key).ok().await.text()
    }

    /// The time as the server sees it, so that moving its clock does not invalidate signatures.
    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.cloud.clock().now()
    }

    /// Moves the server's clock on.
    pub(crate) fn pass(&self, span: TimeDelta) {
        self.cloud.clock().advance(span);
    }
}

/// A request under construction.
#[derive(Debug)]
pub(crate) struct Call<'r> {
    raw: &'r Raw,
    credentials: Credentials,
    method: &'static str,
    bucket: Option<String>,
    key: Option<String>,
    query: Vec<(String, Option<String>)>,
    headers: Vec<(String, String)>,
    body: Bytes,
}

impl Call<'_> {
    pub(crate) fn by(mut self, credentials: &Credentials) -> Self {
        self.credentials = credentials.clone();
        self
    }

    pub(crate) fn bucket(mut self, name: &str) -> Self {
        self.bucket = Some(name.to_owned());
        self
    }

    /// A query parameter; `""` for one without a value.
    pub(crate) fn query(mut self, name: &str, value: &str) -> Self {
        let value = (!value.is_empty()).then(|| value.to_owned());
        self.query.push((name.to_owned(), value));
        self
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }

    /// A `Content-MD5` of the body.
    pub(crate) fn with_md5(self) -> Self {
        let md5 = BASE64_STANDARD.encode(<md5::Md5 as md5::Digest>::digest(&self.body));
        self.header("content-md5", &md5)
    }

    /// Sends it; any response will do.
    pub(crate) async fn send(self) -> Reply {
        self.try_send().await.unwrap()
    }

    /// Sends it; the response must be a success.
    pub(crate) async fn ok(self) -> Reply {
        let what = format!("{} {:?} {:?}", self.method, self.key, self.query);
        let reply = self.send().await;
        assert!(
            (200..300).contains(&reply.status),
            "{what}: {} {}",
            reply.status,
            reply.text()
        );
        reply
    }

    /// Sends it; the response must be this error.
    pub(crate) async fn fails(self, status: u16, code: &str) -> Reply {
        let what = format!("{} {:?} {:?}", self.method, self.key, self.query);
        let reply = self.send().await;
        let found = (reply.status, reply.code());
        assert_eq!(found, (status, code.to_owned()), "{what}: {}", reply.text());
        reply
    }

    /// Sends it; an error is a broken connection.
    pub(crate) async fn try_send(self) -> Result<Reply, hyper::Error> {
        let (uri, headers) = self.signed();
        let mut request = http::Request::builder().method(self.method).uri(uri);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        send(&self.raw.cloud, request.body(Full::new(self.body)).unwrap()).await
    }

    /// Path with query, and all headers.
    fn signed(&self) -> (String, Vec<(String, String)>) {
        let mut path = String::from("/");
        if let Some(bucket) = &self.bucket {
            path.push_str(bucket);
            path.push('/');
            path.push_str(&percent::encode_path(
                self.key.as_deref().unwrap_or_default(),
            ));
        }
        let mut headers = self.headers.clone();
        headers.push(("host".to_owned(), self.raw.cloud.address().to_string()));
        let mut query = self
            .query
            .iter()
            .map(|(name, value)| match value {
                Some(value) => format!("{}={}", percent::encode(name), percent::encode(value)),
                None => percent::encode(name),
            })
            .collect::<Vec<_>>()
            .join("&");
        let pairs: Vec<_> = self
            .query
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_deref()))
            .collect();
        let sent = headers.clone();
        let signed: Vec<_> = sent
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_bytes()))
            .collect();
        let v4 = oss_v4::Request {
            method: self.method,
            bucket: self.bucket.as_deref(),
            key: self.key.as_deref(),
            query: &pairs,
            headers: &signed,
            additional_headers: &[],
        };
        let v1 = oss_v1::Request {
            method: self.method,
            bucket: self.bucket.as_deref(),
            key: self.key.as_deref(),
            query: &pairs,
            headers: &signed,
        };
        let (credentials, now) = (&self.credentials, self.raw.now());
        let signer = oss_v4::Signer::new(self.raw.region);
        let hour = Duration::from_secs(3600);
        match self.raw.scheme {
            Scheme::V4 => {
                for (name, value) in signer.sign(credentials, now, &v4).iter() {
                    headers.push((name.to_owned(), value.to_owned()));
                }
            }
            Scheme::V1 => {
                for (name, value) in oss_v1::sign(credentials, now, &v1).iter() {
                    headers.push((name.to_owned(), value.to_owned()));
                }
            }
            Scheme::UrlV4 => {
                query = signer
                    .presign(credentials, now, hour, &v4)
                    .unwrap()
                    .as_str()
                    .to_owned();
            }
            Scheme::UrlV1 => {
                query = oss_v1::presign(credentials, now + hour, &v1)
                    .as_str()
                    .to_owned();
            }
            Scheme::Unsigned => {}
        }
        if !query.is_empty() {
            path.push('?');
            path.push_str(&query);
        }
        (path, headers)
    }
}

/// Sends a request over a new connection.
pub(crate) async fn send(
    cloud: &LocalCloud,
    request: http::Request<Full<Bytes>>,
) -> Result<Reply, hyper::Error> {
    send_to(cloud.address(), request).await
}

/// As [`send`], to another address.
pub(crate) async fn send_to(
    address: SocketAddr,
    request: http::Request<Full<Bytes>>,
) -> Result<Reply, hyper::Error> {
    let stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    let (parts, body) = sender.send_request(request).await?.into_parts();
    let body = body.collect().await?.to_bytes();
    Ok(Reply {
        status: parts.status.as_u16(),
        headers: parts.headers,
        body,
    })
}

/// A response.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Reply {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// A header's value, empty where it is absent.
    pub(crate) fn header(&self, name: &str) -> String {
        self.headers
            .get(name)
            .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
            .unwrap_or_default()
    }

    /// The error's code, from the body or from `x-oss-err`.
    pub(crate) fn code(&self) -> String {
        let hidden = BASE64_STANDARD
            .decode(self.header("x-oss-err"))
            .unwrap_or_default();
        let document = format!("{}{}", self.text(), String::from_utf8_lossy(&hidden));
        elements(&document, "Code").pop().unwrap_or_default()
    }

    /// The text of the first element of this name, empty where there is none.
    pub(crate) fn xml(&self, name: &str) -> String {
        self.all(name).into_iter().next().unwrap_or_default()
    }

    /// The texts of all elements of this name.
    pub(crate) fn all(&self, name: &str) -> Vec<String> {
        elements(&self.text(), name)
    }
}

fn elements(document: &str, name: &str) -> Vec<String> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    document
        .split(&open)
        .skip(1)
        .filter_map(|rest| rest.split_once(&close))
        .map(|(inner, _)| {
            quick_xml::escape::unescape(inner)
                .map(std::borrow::Cow::into_owned)
                .unwrap_or_default()
        })
        .collect()
}
