//! Calls of RPC-style products, put together and signed by hand.

use std::net::SocketAddr;

use alibaba_sign::{Credentials, acs3, percent, rpc_v1};
use bytes::Bytes;
use http_body_util::Full;

use super::{Raw, Reply, send_to};

/// How a call is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Generation {
    Acs3,
    RpcV1,
    Anonymous,
}

/// A call under construction.
#[derive(Clone, Debug)]
pub(crate) struct ApiCall<'r> {
    raw: &'r Raw,
    address: SocketAddr,
    host: String,
    version: &'static str,
    action: String,
    generation: Generation,
    credentials: Credentials,
    nonce: String,
    query: Vec<(String, String)>,
    form: Vec<(String, String)>,
    json: Option<String>,
}

impl Raw {
    /// A call of an action, signed the newer way by the user of this server.
    pub(crate) fn api(&self, version: &'static str, action: &str) -> ApiCall<'_> {
        ApiCall {
            raw: self,
            address: self.cloud.address(),
            host: self.cloud.address().to_string(),
            version,
            action: action.to_owned(),
            generation: Generation::Acs3,
            credentials: self.credentials.clone(),
            nonce: format!("{:032x}", u128::from(fastrand::u64(..))),
            query: Vec::new(),
            form: Vec::new(),
            json: None,
        }
    }
}

impl ApiCall<'_> {
    pub(crate) fn generation(mut self, generation: Generation) -> Self {
        self.generation = generation;
        self
    }

    /// At another endpoint of the cloud.
    pub(crate) fn at(mut self, endpoint: &str) -> Self {
        let address = endpoint.strip_prefix("http://").unwrap();
        self.address = address.parse().unwrap();
        self.host(address)
    }

    /// The name of the host that it is for.
    pub(crate) fn host(mut self, host: &str) -> Self {
        host.clone_into(&mut self.host);
        self
    }

    pub(crate) fn by(mut self, credentials: &Credentials) -> Self {
        self.credentials = credentials.clone();
        self
    }

    pub(crate) fn nonce(mut self, nonce: &str) -> Self {
        self.nonce = nonce.to_owned();
        self
    }

    /// A parameter in the query.
    pub(crate) fn query(mut self, name: &str, value: &str) -> Self {
        self.query.push((name.to_owned(), value.to_owned()));
        self
    }

    /// A parameter in the form.
    pub(crate) fn form(mut self, name: &str, value: &str) -> Self {
        self.form.push((name.to_owned(), value.to_owned()));
        self
    }

    /// A JSON body.
    pub(crate) fn json(mut self, body: &serde_json::Value) -> Self {
        self.json = Some(body.to_string());
        self
    }

    /// Sends it; the response must be good. Its body as JSON.
    pub(crate) async fn ok(self) -> serde_json::Value {
        let action = self.action.clone();
        let reply = self.send().await;
        assert_eq!(reply.status, 200, "{action}: {}", reply.text());
        json(&reply)
    }

    /// Sends it; the response must be this error. Its body as JSON.
    pub(crate) async fn fails(self, status: u16, code: &str) -> serde_json::Value {
        let action = self.action.clone();
        let reply = self.send().await;
        let body = json(&reply);
        let found = (reply.status, body["Code"].as_str().unwrap_or_default());
        assert_eq!(found, (status, code), "{action}: {body}");
        body
    }

    pub(crate) async fn send(mut self) -> Reply {
        let now = self.raw.now();
        let mut headers: Vec<(String, String)> = vec![("host".to_owned(), self.host.clone())];
        let mut add = |name: &str, value: &str| headers.push((name.to_owned(), value.to_owned()));
        if self.json.is_some() {
            add("content-type", "application/json; charset=utf-8");
        } else if !self.form.is_empty() {
            add("content-type", "application/x-www-form-urlencoded");
        }
        let body = match &self.json {
            Some(json) => json.clone(),
            None => encode(&self.form),
        };
        match self.generation {
            Generation::Acs3 => {
                add("x-acs-action", &self.action);
                add("x-acs-version", self.version);
                let sent: Vec<_> = headers
                    .iter()
                    .map(|(name, value)| (name.as_str(), value.as_bytes()))
                    .collect();
                let query = borrowed(&self.query);
                let request = acs3::Request {
                    headers: &sent,
                    query: &query,
                    body: body.as_bytes(),
                    ..acs3::Request::new("POST")
                };
                let signed = acs3::sign(&self.credentials, now, &self.nonce, &request);
                let signed: Vec<_> = signed
                    .iter()
                    .map(|(name, value)| (name.to_owned(), value.to_owned()))
                    .collect();
                headers.extend(signed);
            }
            Generation::RpcV1 => {
                self.common();
                let (query, form) = (borrowed(&self.query), borrowed(&self.form));
                let request = rpc_v1::Request {
                    query: &query,
                    form: &form,
                    ..rpc_v1::Request::new("POST")
                };
                let signed = rpc_v1::sign(&self.credentials, now, &self.nonce, &request);
                let signed: Vec<_> = signed
                    .iter()
                    .map(|(name, value)| (name.to_owned(), value.to_owned()))
                    .collect();
                self.query.extend(signed);
            }
            Generation::Anonymous => self.common(),
        }
        let path = format!("/?{}", encode(&self.query));
        let mut request = http::Request::builder().method("POST").uri(path);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let request = request.body(Full::new(Bytes::from(body))).unwrap();
        send_to(self.address, request).await.unwrap()
    }

    /// What stands in headers in the newer generation.
    fn common(&mut self) {
        for (name, value) in [("Action", self.action.as_str()), ("Version", self.version)] {
            self.query.push((name.to_owned(), value.to_owned()));
        }
        if !self.query.iter().any(|(name, _)| name == "Format") {
            self.query.push(("Format".to_owned(), "json".to_owned()));
        }
    }
}

fn json(reply: &Reply) -> serde_json::Value {
    serde_json::from_slice(&reply.body).unwrap_or_else(|_| panic!("no JSON: {}", reply.text()))
}

fn borrowed(pairs: &[(String, String)]) -> Vec<(&str, &str)> {
    let pairs = pairs.iter();
    pairs.map(|(n, v)| (n.as_str(), v.as_str())).collect()
}

/// As SDKs send them: a space is `+`.
fn encode(pairs: &[(String, String)]) -> String {
    let pair = |(name, value): &(String, String)| {
        format!("{}={}", percent::encode(name), percent::encode(value)).replace("%20", "+")
    };
    pairs.iter().map(pair).collect::<Vec<_>>().join("&")
}
