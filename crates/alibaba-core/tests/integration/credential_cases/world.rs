//! A loopback server that plays every host, and the way to it.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use alibaba_core::http_send::{HttpSend, ReqwestSend, SendError, SendErrorKind, SendOptions};
use alibaba_core::process::Ended;
use alibaba_core::{Credentials, http_send};
use alibaba_sign::{acs3, percent};
use bytes::Bytes;
use futures::FutureExt as _;
use futures::future::{BoxFuture, ready};
use http::{HeaderValue, Request, Response, Uri};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;

use super::case::{Exchange, Program};

const HOST: &str = "x-test-host";
const DIRECT: &str = "x-test-direct";

/// Sends every request to the loopback server, with a note of where it was going.
#[derive(Clone, Debug)]
pub(crate) struct World {
    http: ReqwestSend,
    address: SocketAddr,
    script: Arc<Mutex<Script>>,
}

#[derive(Debug, Default)]
struct Script {
    coming: VecDeque<Exchange>,
    problems: Vec<String>,
}

impl World {
    pub(crate) async fn start(traffic: Vec<Exchange>, http: ReqwestSend) -> Self {
        let script = Arc::new(Mutex::new(Script {
            coming: traffic.into(),
            problems: Vec::new(),
        }));
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0))
            .await
            .unwrap();
        let address = listener.local_addr().unwrap();
        let served = Arc::clone(&script);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let script = Arc::clone(&served);
                let service = service_fn(move |request| respond(Arc::clone(&script), request));
                tokio::spawn(
                    hyper::server::conn::http1::Builder::new()
                        .serve_connection(TokioIo::new(stream), service),
                );
            }
        });
        Self {
            http,
            address,
            script,
        }
    }

    pub(crate) fn finish(&self) -> Vec<String> {
        let mut script = self.script.lock().unwrap();
        let mut problems = std::mem::take(&mut script.problems);
        problems.extend(
            script
                .coming
                .drain(..)
                .map(|it| format!("`{}` never came", it.request)),
        );
        problems
    }
}

impl HttpSend for World {
    fn send(
        &self,
        mut request: Request<Bytes>,
        options: SendOptions,
    ) -> BoxFuture<'_, Result<Response<Bytes>, http_send::SendError>> {
        let mut script = self.script.lock().unwrap();
        if let Some(fails) = script.coming.front().and_then(|next| next.fails.clone()) {
            script.coming.pop_front();
            let kind = match fails.as_str() {
                "connect" => SendErrorKind::Connect,
                "timeout" => SendErrorKind::Timeout,
                other => panic!("unknown failure {other}"),
            };
            return ready(Err(SendError::new(kind))).boxed();
        }
        drop(script);
        let uri = request.uri();
        let host = uri.authority().unwrap().to_string();
        let path = uri.path_and_query().unwrap().clone();
        *request.uri_mut() = Uri::builder()
            .scheme("http")
            .authority(self.address.to_string())
            .path_and_query(path)
            .build()
            .unwrap();
        let headers = request.headers_mut();
        headers.insert(HOST, HeaderValue::try_from(host).unwrap());
        if options.bypass_proxy {
            headers.insert(DIRECT, HeaderValue::from_static("yes"));
        }
        self.http.send(request, options)
    }
}

async fn respond(
    script: Arc<Mutex<Script>>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, http::Error> {
    let (head, body) = request.into_parts();
    let body = body
        .collect()
        .await
        .map(http_body_util::Collected::to_bytes)
        .unwrap_or_default();
    let mut script = script.lock().unwrap();
    let came = format!("{} {}", head.method, head.uri.path());
    let Some(next) = script.coming.pop_front() else {
        script.problems.push(format!("`{came}` was not expected"));
        return Response::builder().status(599).body(Full::default());
    };
    script.problems.extend(
        differences(&next, &head, &body)
            .into_iter()
            .map(|it| format!("`{came}`: {it}")),
    );
    let mut response = Response::builder().status(next.status);
    for (name, value) in &next.response_headers {
        response = response.header(name, value);
    }
    let text = match next.response {
        serde_json::Value::Null => String::new(),
        serde_json::Value::String(text) => text,
        document => document.to_string(),
    };
    response.body(Full::from(text))
}

fn differences(expected: &Exchange, head: &http::request::Parts, body: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    let header = |name: &str| {
        head.headers
            .get(name)
            .map(|value| value.to_str().unwrap().to_owned())
    };
    if format!("{} {}", head.method, head.uri.path()) != expected.request {
        found.push(format!("expected `{}`", expected.request));
    }
    if header(HOST).as_deref() != Some(expected.host.as_str()) {
        found.push(format!("it went to {:?}", header(HOST)));
    }
    if header(DIRECT).is_some() != expected.direct {
        found.push("it did not keep to the rule about proxies".to_owned());
    }
    let query = decoded(head.uri.query().unwrap_or_default());
    for (name, value) in &expected.query {
        if query.get(name) != Some(value) {
            found.push(format!("query parameter `{name}` is {:?}", query.get(name)));
        }
    }
    let form = decoded(&String::from_utf8_lossy(body));
    if form != expected.form {
        found.push(format!("the form is {form:?}"));
    }
    for (name, value) in &expected.headers {
        if header(name) != *value {
            found.push(format!("header `{name}` is {:?}", header(name)));
        }
    }
    match &expected.signed_with {
        None if header("authorization").is_some() => found.push("it is signed".to_owned()),
        None => {}
        Some(secret) => match is_signed_with(head, body, &query, secret) {
            Some(true) => {}
            Some(false) => found.push("the signature is wrong".to_owned()),
            None => found.push("it is not signed".to_owned()),
        },
    }
    found
}

/// Signs the request again with the secret it should have been signed with.
fn is_signed_with(
    head: &http::request::Parts,
    body: &[u8],
    query: &BTreeMap<String, String>,
    secret: &str,
) -> Option<bool> {
    let text = |name: &str| head.headers.get(name).map(|value| value.to_str().unwrap());
    let authorization = text("authorization")?;
    let id = authorization
        .split_once("Credential=")?
        .1
        .split_once(',')?
        .0;
    let mut credentials = Credentials::new(id, secret);
    if let Some(token) = text("x-acs-security-token") {
        credentials = credentials.with_security_token(token);
    }
    let query: Vec<_> = query
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    let headers: Vec<_> = head
        .headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_bytes()))
        .collect();
    let request = acs3::Request {
        query: &query,
        headers: &headers,
        body,
        ..acs3::Request::new("POST")
    };
    let time = text("x-acs-date")?.parse().ok()?;
    let signed = acs3::sign(&credentials, time, text("x-acs-signature-nonce")?, &request);
    Some(signed.authorization() == authorization)
}

fn decoded(text: &str) -> BTreeMap<String, String> {
    let pairs = text.split('&').filter_map(|pair| pair.split_once('='));
    pairs
        .filter_map(|(name, value)| Some((percent::decode(name)?, percent::decode(value)?)))
        .collect()
}

/// Programs that do what the case says.
pub(crate) struct Processes(pub(crate) BTreeMap<String, Program>);

impl alibaba_core::process::Processes for Processes {
    fn run<'a>(
        &'a self,
        program: &'a str,
        arguments: &'a [&'a str],
        limit: Duration,
    ) -> BoxFuture<'a, io::Result<Ended>> {
        assert_eq!(limit, Duration::from_secs(60));
        // Arguments apart, so that nothing depends on how they were split.
        let line = [&[program], arguments].concat().join("|");
        let ended = self.0.get(&line).map(|program| match program {
            Program::Prints(text) => Ended::well(text.clone()),
            Program::Fails {
                failure,
                stdout,
                stderr,
            } => {
                let mut ended = Ended::badly(failure.clone(), stderr.clone());
                ended.stdout = stdout.clone().into_bytes().into();
                ended
            }
        });
        ready(ended.ok_or(io::ErrorKind::NotFound.into())).boxed()
    }
}

impl std::fmt::Debug for Processes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Processes")
    }
}
