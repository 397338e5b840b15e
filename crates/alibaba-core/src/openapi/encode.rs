//! An action as an HTTP request, signed.

use std::collections::BTreeMap;

use alibaba_sign::percent::encode_to;
use alibaba_sign::{Credentials, acs3, rpc_v1};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::Method;
use http::header::{ACCEPT, CONTENT_TYPE, HOST, HeaderName, HeaderValue};

use super::action::Action;
use super::client::{Inner, SignatureScheme};
use crate::{Error, ErrorKind};

const FORM: &str = "application/x-www-form-urlencoded";
/// As the official SDKs write it.
const JSON: &str = "application/json; charset=utf-8";

/// What changes with each attempt.
pub(super) struct Attempt<'a> {
    /// `None` for calls that are not signed.
    pub(super) credentials: Option<&'a Credentials>,
    pub(super) time: DateTime<Utc>,
    pub(super) nonce: &'a str,
}

pub(super) fn encode(
    action: &Action,
    client: &Inner,
    attempt: &Attempt<'_>,
) -> Result<http::Request<Bytes>, Error> {
    if let Some(name) = action
        .query
        .keys()
        .find(|name| action.form.contains_key(*name))
    {
        let step = format!("write the parameter `{name}`: it is in the query and in the form");
        return Err(Error::new(ErrorKind::Configuration, step));
    }
    if action.document.is_some() && !action.form.is_empty() {
        return Err(unwritable(action, "it has a form and a JSON document"));
    }
    let is_acs3 = attempt.credentials.is_some() && client.scheme == SignatureScheme::Acs3;
    if action.route.is_some() && !is_acs3 {
        let why =
            "a path is covered by signatures of ACS3 only; leave the client's signature at that";
        return Err(unwritable(action, why));
    }
    let (method, path) = match &action.route {
        Some(route) => (route.method.clone(), route.path.as_str()),
        None => (Method::POST, "/"),
    };
    let host = client.endpoint.authority();
    let (body, body_type) = match &action.document {
        Some(document) => (document.clone(), JSON),
        None => (encoded(&action.form), FORM),
    };
    let mut headers = vec![
        (HOST.as_str(), host.clone()),
        ("x-acs-action", action.name.clone()),
        ("x-acs-version", client.product.version().to_owned()),
    ];
    if !body.is_empty() {
        headers.push((CONTENT_TYPE.as_str(), body_type.to_owned()));
    }

    let mut query = action.query.clone();
    match (attempt.credentials, client.scheme) {
        (Some(credentials), SignatureScheme::Acs3) => {
            let signed_headers: Vec<_> = headers
                .iter()
                .map(|(name, value)| (*name, value.as_bytes()))
                .collect();
            let request = acs3::Request {
                query: &pairs(&query),
                headers: &signed_headers,
                path,
                body: body.as_bytes(),
                ..acs3::Request::new(method.as_str())
            };
            let signed = acs3::sign(credentials, attempt.time, attempt.nonce, &request);
            headers.extend(signed.iter().map(|(name, value)| (name, value.to_owned())));
        }
        (credentials, _) => {
            // The query style: all that describes the call is a parameter.
            let mut put = |name: &str, value: &str| query.insert(name.to_owned(), value.to_owned());
            put("Action", &action.name);
            put("Version", client.product.version());
            put("Format", "json");
            if let Some(credentials) = credentials {
                let request = rpc_v1::Request {
                    query: &pairs(&query),
                    form: &pairs(&action.form),
                    ..rpc_v1::Request::new("POST")
                };
                let signed = rpc_v1::sign(credentials, attempt.time, attempt.nonce, &request);
                query.extend(
                    signed
                        .iter()
                        .map(|(name, value)| (name.to_owned(), value.to_owned())),
                );
            } else {
                put("SignatureNonce", attempt.nonce);
                put(
                    "Timestamp",
                    &attempt.time.format("%Y-%m-%dT%H:%M:%SZ").to_string(),
                );
            }
        }
    }

    let query = encoded(&query);
    let mark = if query.is_empty() { "" } else { "?" };
    let uri = format!("{}://{host}{path}{mark}{query}", client.endpoint.scheme());
    let mut request = http::Request::builder()
        .method(method)
        .uri(uri)
        .header(ACCEPT, "application/json")
        .body(Bytes::from(body))
        .map_err(|error| unsendable(action, error))?;
    for (name, value) in headers {
        let mut value = HeaderValue::try_from(value).map_err(|error| unsendable(action, error))?;
        value.set_sensitive(matches!(name, "authorization" | "x-acs-security-token"));
        request
            .headers_mut()
            .insert(HeaderName::from_static(name), value);
    }
    Ok(request)
}

fn pairs(parameters: &BTreeMap<String, String>) -> Vec<(&str, &str)> {
    parameters
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect()
}

/// `k=v&k=v`. An empty value keeps its `=`.
fn encoded(parameters: &BTreeMap<String, String>) -> String {
    let mut out = String::new();
    for (name, value) in parameters {
        if !out.is_empty() {
            out.push('&');
        }
        encode_to(&mut out, name);
        out.push('=');
        encode_to(&mut out, value);
    }
    out
}

fn unwritable(action: &Action, why: &str) -> Error {
    let step = format!("write the call `{}`: {why}", action.name);
    Error::new(ErrorKind::Configuration, step)
}

fn unsendable(action: &Action, error: impl Into<http::Error>) -> Error {
    let step = format!("write the call `{}` as an HTTP request", action.name);
    Error::new(ErrorKind::Configuration, step).with_source(error.into())
}
