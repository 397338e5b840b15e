//! Reading OSS's documents, and writing those that are sent.

mod write;

use std::time::Duration;

use alibaba_sign::percent;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use http::header::{DATE, HeaderMap};
use http::{Response, StatusCode};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use quick_xml::Reader;
use quick_xml::events::Event;
use serde::de::DeserializeOwned;

pub(crate) use write::Element;

use crate::client::{Call, Client, GaveUp};
use crate::error::{Document, Error, ErrorKind, Result};

/// No document is longer: a page of 1000 keys of 1023 encoded bytes stays well below.
const MAX_DOCUMENT: usize = 16 * 1024 * 1024;

impl Client {
    /// Sends a call that is answered with a document, until that was read as a whole.
    pub(crate) async fn document<T: DeserializeOwned>(
        &self,
        call: &Call,
        root: &'static str,
    ) -> Result<T> {
        let answered = self.attempt_document(call, root).await;
        answered
            .map(|answered| answered.document)
            .map_err(|gave_up| gave_up.error)
    }

    /// As [`Self::document`], with the headers of the answer, and the number of attempts.
    pub(crate) async fn attempt_document<T: DeserializeOwned>(
        &self,
        call: &Call,
        root: &'static str,
    ) -> std::result::Result<Answered<T>, GaveUp> {
        let step = &call.step;
        self.attempt_all(call, |reply| async move {
            let headers = reply.response.headers().clone();
            let bytes = collect(step, reply.response, self.silence()).await?;
            Ok(Answered {
                document: parse(step, root, &bytes)?,
                headers,
                attempts: reply.attempts,
            })
        })
        .await
    }
}

/// A document that was answered.
pub(crate) struct Answered<T> {
    pub(crate) document: T,
    pub(crate) headers: HeaderMap,
    pub(crate) attempts: u32,
}

/// How the keys of an answer are written: percent-encoded, where OSS did as it was asked to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KeyEncoding<'s> {
    step: &'s str,
    url: bool,
}

impl<'s> KeyEncoding<'s> {
    /// `encoding_type` is the element `EncodingType` of the answer.
    pub(crate) fn new(step: &'s str, encoding_type: Option<&str>) -> Self {
        Self {
            step,
            url: encoding_type == Some("url"),
        }
    }

    pub(crate) fn decode(self, text: String) -> Result<String> {
        if !self.url {
            return Ok(text);
        }
        percent::decode(&text).ok_or_else(|| {
            let step = self.step;
            Error::new(ErrorKind::Response, format!("{step}: decode key `{text}`"))
        })
    }
}

/// Reads a document whose root element must be `root`: the parser itself takes any root, and an
/// error answered with status 200 would otherwise read as an empty list.
pub(crate) fn parse<T: DeserializeOwned>(step: &str, root: &str, bytes: &[u8]) -> Result<T> {
    let text = text_of(step, root, bytes)?;
    quick_xml::de::from_str(text).map_err(|error| malformed(step, root).with_source(error))
}

/// The text of a document with that root.
pub(crate) fn text_of<'b>(step: &str, root: &str, bytes: &'b [u8]) -> Result<&'b str> {
    let text =
        std::str::from_utf8(bytes).map_err(|error| malformed(step, root).with_source(error))?;
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
    Ok(text)
}

fn malformed(step: &str, root: &str) -> Error {
    let text = format!("{step}: read the answer as <{root}>");
    Error::new(ErrorKind::Response, text)
}

/// The elements right inside the root, each with its local name and as it is written; `None` for
/// what is no XML.
pub(crate) fn children(document: &str) -> Option<Vec<(&str, &str)>> {
    let mut reader = Reader::from_str(document);
    let mut found = Vec::new();
    let (mut depth, mut start) = (0_usize, 0);
    loop {
        let from = usize::try_from(reader.buffer_position()).ok()?;
        let event = reader.read_event().ok()?;
        let to = usize::try_from(reader.buffer_position()).ok()?;
        match event {
            Event::Start(_) => {
                depth += 1;
                if depth == 2 {
                    start = from;
                }
            }
            Event::End(_) => {
                depth = depth.checked_sub(1)?;
                if depth == 1 {
                    found.push(document.get(start..to)?);
                }
            }
            Event::Empty(_) if depth == 1 => found.push(document.get(from..to)?),
            Event::Eof if depth == 0 => break,
            Event::Eof => return None,
            _ => {}
        }
    }
    found
        .into_iter()
        .map(|xml| Some((root_name(xml)?, xml)))
        .collect()
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
