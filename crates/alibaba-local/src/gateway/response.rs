//! A response under construction.

use std::io;

use bytes::Bytes;
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use http::{HeaderMap, StatusCode};

/// The body of a request or a response.
pub(crate) type Body = BoxStream<'static, io::Result<Bytes>>;

/// Status, headers, and a body whose length is known.
pub(crate) struct Response {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Body,
    pub(crate) len: u64,
}

impl Response {
    pub(crate) fn empty(status: StatusCode) -> Self {
        Self {
            status,
            headers: HeaderMap::new(),
            body: stream::empty().boxed(),
            len: 0,
        }
    }

    pub(crate) fn xml(document: String) -> Self {
        Self::empty(StatusCode::OK)
            .header(CONTENT_TYPE.as_str(), "application/xml")
            .bytes(document)
    }

    pub(crate) fn text(self, text: impl Into<String>) -> Self {
        self.header(CONTENT_TYPE.as_str(), "text/plain")
            .bytes(text.into())
    }

    pub(crate) fn bytes(self, body: impl Into<Bytes>) -> Self {
        let body = body.into();
        let len = body.len() as u64;
        self.stream(stream::once(async { Ok(body) }).boxed(), len)
    }

    pub(crate) fn stream(mut self, body: Body, len: u64) -> Self {
        self.body = body;
        self.len = len;
        self
    }

    /// Sets a header; what cannot be in one is left out.
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        if let (Ok(name), Ok(value)) = (
            HeaderName::from_bytes(name.as_bytes()),
            HeaderValue::from_bytes(value.as_bytes()),
        ) {
            self.headers.insert(name, value);
        }
        self
    }

    /// As [`Self::header`], where there is a value.
    pub(crate) fn maybe(self, name: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.header(name, value),
            None => self,
        }
    }
}
