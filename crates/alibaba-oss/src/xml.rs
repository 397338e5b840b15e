//! Reading OSS's documents, and writing the two that are sent.

use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use http::header::{DATE, HeaderMap};
use http::{Response, StatusCode};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use quick_xml::escape::escape;
use serde::de::DeserializeOwned;

use crate::error::{Document, Error, ErrorKind, Result};

/// No document is longer: a page of 1000 keys of 1023 encoded bytes stays well below.
const MAX_DOCUMENT: usize = 16 * 1024 * 1024;

/// Reads a document whose root element must be `root`: the parser itself takes any root, and an
/// error answered with status 200 would otherwise read as an empty list.
pub(crate) fn parse<T: DeserializeOwned>(step: &str, root: &str, bytes: &[u8]) -> Result<T> {
    let malformed = || {
        Error::new(
            ErrorKind::Response,
            format!("{step}: read the answer as <{root}>"),
        )
    };
    let text = std::str::from_utf8(bytes).map_err(|error| malformed().with_source(error))?;
    let found = root_name(text);
    if found != Some(root) {
        return Err(Error::new(
            ErrorKind::Response,
            format!(
                "{step}: the answer is a <{}>, expected <{root}>",
                found.unwrap_or_default()
            ),
        ));
    }
    quick_xml::de::from_str(text).map_err(|error| malformed().with_source(error))
}

/// The local name of the first element.
fn root_name(text: &str) -> Option<&str> {
    let mut rest = text;
    loop {
        let at = rest.find('<')?;
        rest = &rest[at + 1..];
        if !rest.starts_with(['?', '!']) {
            let end = rest.find(|c: char| c.is_whitespace() || c == '>' || c == '/')?;
            return rest[..end].rsplit(':').next();
        }
    }
}

/// The whole body of an answer that is a document.
pub(crate) async fn collect(
    step: &str,
    response: Response<Incoming>,
    silence: Duration,
) -> Result<Bytes> {
    let body = Limited::new(response.into_body(), MAX_DOCUMENT);
    match tokio::time::timeout(silence, body.collect()).await {
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) => Err(Error::new(
            ErrorKind::Connection,
            format!("{step}: read the answer"),
        )
        .with_source(error)),
        Err(_) => Err(Error::new(
            ErrorKind::Timeout,
            format!("{step}: read the answer within {silence:?}"),
        )),
    }
}

/// Makes an error of an answer. `on_date` is told the server's time when it refused ours.
pub(crate) async fn read_error(
    step: &str,
    response: Response<Incoming>,
    silence: Duration,
    on_date: impl Fn(&str),
) -> Error {
    let status = response.status();
    let headers = response.headers().clone();
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    // An answer to HEAD has no body; OSS puts the document into a header.
    let document = match text("x-oss-err").and_then(|encoded| BASE64_STANDARD.decode(encoded).ok())
    {
        Some(document) => document,
        None => collect(step, response, silence)
            .await
            .map(Vec::from)
            .unwrap_or_default(),
    };
    let mut document: Document = std::str::from_utf8(&document)
        .ok()
        .filter(|text| root_name(text) == Some("Error"))
        .and_then(|text| quick_xml::de::from_str(text).ok())
        .unwrap_or_default();
    document.request_id = document
        .request_id
        .or_else(|| text("x-oss-request-id").map(str::to_owned));
    document.ec = document.ec.or_else(|| text("x-oss-ec").map(str::to_owned));
    let error = Error::refused(step, status, document);
    if error.kind() == ErrorKind::ClockSkew
        && let Some(date) = text(DATE.as_str())
    {
        on_date(date);
    }
    let wait = retry_after(status, &headers);
    error.with_retry_after(wait)
}

/// `x-oss-qos-delay-time` in milliseconds, or `Retry-After` in seconds.
fn retry_after(status: StatusCode, headers: &HeaderMap) -> Option<Duration> {
    if !matches!(status.as_u16(), 429 | 503) {
        return None;
    }
    let number = |name: &str| headers.get(name)?.to_str().ok()?.parse().ok();
    number("x-oss-qos-delay-time")
        .map(Duration::from_millis)
        .or_else(|| number("retry-after").map(Duration::from_secs))
}

/// The body of CompleteMultipartUpload.
pub(crate) fn complete_body<'p>(parts: impl Iterator<Item = (u32, &'p str)>) -> String {
    let mut out = String::from("<CompleteMultipartUpload>");
    for (number, etag) in parts {
        out.push_str(&format!(
            "<Part><PartNumber>{number}</PartNumber><ETag>\"{}\"</ETag></Part>",
            escape(etag)
        ));
    }
    out.push_str("</CompleteMultipartUpload>");
    out
}

/// The body of DeleteMultipleObjects. Control characters cannot stand in XML as they are.
pub(crate) fn delete_body<'k>(keys: impl Iterator<Item = &'k str>) -> String {
    let mut out = String::from("<Delete><Quiet>false</Quiet>");
    for key in keys {
        out.push_str("<Object><Key>");
        for character in escape(key).chars() {
            if character.is_control() {
                out.push_str(&format!("&#x{:X};", u32::from(character)));
            } else {
                out.push(character);
            }
        }
        out.push_str("</Key></Object>");
    }
    out.push_str("</Delete>");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_never_read_as_an_empty_list() {
        #[derive(Debug, serde::Deserialize)]
        struct List {}
        let error = parse::<List>(
            "list",
            "ListBucketResult",
            b"<?xml version=\"1.0\"?>\n<Error><Code>X</Code></Error>",
        );
        assert!(error.unwrap_err().to_string().contains("<Error>"));
        assert!(
            parse::<List>(
                "list",
                "ListBucketResult",
                b"<a:ListBucketResult xmlns:a='x'/>"
            )
            .is_ok()
        );
    }
}
