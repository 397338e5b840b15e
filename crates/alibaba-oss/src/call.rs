//! One call, described independently of its attempts.

use std::borrow::Cow;

use alibaba_sign::oss_v4;
use http::{HeaderMap, HeaderName, HeaderValue, Method};

use crate::error::{Error, ErrorKind, Result};
use crate::headers::header;
use crate::operation::Operation;
use crate::payload::Payload;

#[derive(Clone, Debug)]
pub(crate) struct Call {
    /// What is being done, for errors: a fragment that fits after "failed to".
    pub(crate) step: String,
    pub(crate) method: Method,
    pub(crate) bucket: Option<String>,
    pub(crate) key: Option<String>,
    pub(crate) query: Vec<(Cow<'static, str>, Option<String>)>,
    pub(crate) headers: HeaderMap,
    pub(crate) payload: Payload,
    operation: Operation,
}

impl Call {
    pub(crate) fn new(operation: Operation, step: impl Into<String>) -> Self {
        let flag = operation.subresource.map(|name| (name.into(), None));
        Self {
            step: step.into(),
            method: operation.method.clone(),
            bucket: None,
            key: None,
            query: flag.into_iter().collect(),
            headers: HeaderMap::new(),
            payload: Payload::default(),
            operation,
        }
    }

    pub(crate) fn bucket(mut self, bucket: &str) -> Self {
        self.bucket = Some(bucket.to_owned());
        self
    }

    pub(crate) fn object(mut self, bucket: &str, key: &str) -> Self {
        self.key = Some(key.to_owned());
        self.bucket(bucket)
    }

    pub(crate) fn query(
        mut self,
        name: impl Into<Cow<'static, str>>,
        value: impl Into<String>,
    ) -> Self {
        self.query.push((name.into(), Some(value.into())));
        self
    }

    /// As [`Self::query`], where there is a value.
    pub(crate) fn query_maybe(self, name: &'static str, value: Option<impl Into<String>>) -> Self {
        match value {
            Some(value) => self.query(name, value),
            None => self,
        }
    }

    /// This version of the object, where one is meant.
    pub(crate) fn version(self, id: Option<&String>) -> Self {
        self.query_maybe(VERSION_ID, id)
    }

    pub(crate) fn header(mut self, name: &'static str, value: HeaderValue) -> Self {
        self.headers.insert(HeaderName::from_static(name), value);
        self
    }

    pub(crate) fn payload(mut self, payload: Payload) -> Self {
        self.payload = payload;
        self
    }

    /// Adds the caller's headers.
    pub(crate) fn headers<'h>(
        mut self,
        headers: impl IntoIterator<Item = &'h (String, String)>,
    ) -> Result<Self> {
        for (name, value) in headers {
            let (name, value) = header(&self.step, name, value)?;
            if name.as_str().starts_with("x-oss-callback") {
                // Its response is the callback's, and proves nothing of the object.
                return Err(self.unusable("callbacks are not supported"));
            }
            self.headers.insert(name, value);
        }
        Ok(self)
    }

    /// A header that says `true`, if the value does.
    pub(crate) fn switch(self, name: &'static str, on: bool) -> Self {
        if on {
            self.header(name, HeaderValue::from_static("true"))
        } else {
            self
        }
    }

    pub(crate) fn forbid_overwrite(self, forbid: bool) -> Self {
        self.switch("x-oss-forbid-overwrite", forbid)
    }

    /// The bandwidth that OSS grants it, in bits per second.
    pub(crate) fn traffic_limit(self, bits_per_second: Option<u64>) -> Self {
        match bits_per_second {
            Some(limit) => self.header("x-oss-traffic-limit", HeaderValue::from(limit)),
            None => self,
        }
    }

    /// The RAM action that it needs.
    pub(crate) fn action(&self) -> &'static str {
        if self.query.iter().any(|(name, _)| name == VERSION_ID) {
            self.operation.version_action()
        } else {
            self.operation.action()
        }
    }

    /// Whether it is one of this operation.
    pub(crate) fn is(&self, operation: &Operation) -> bool {
        self.operation == *operation
    }

    /// Whether it makes an object, or begins to.
    pub(crate) fn makes_object(&self) -> bool {
        let is_first = |(name, value): &(Cow<'_, str>, Option<String>)| {
            name == "position" && value.as_deref() == Some("0")
        };
        if self.operation == Operation::APPEND_OBJECT {
            return self.query.iter().any(is_first);
        }
        [
            Operation::PUT_OBJECT,
            Operation::COPY_OBJECT,
            Operation::INITIATE_MULTIPART_UPLOAD,
        ]
        .contains(&self.operation)
    }

    /// Whether the response describes an object.
    pub(crate) fn reads_object(&self) -> bool {
        [
            Operation::GET_OBJECT,
            Operation::HEAD_OBJECT,
            Operation::GET_OBJECT_META,
        ]
        .contains(&self.operation)
    }

    /// The call as the signer wants it.
    pub(crate) fn with_request<T>(&self, sign: impl FnOnce(&oss_v4::Request<'_>) -> T) -> T {
        let query: Vec<_> = self
            .query
            .iter()
            .map(|(name, value)| (&**name, value.as_deref()))
            .collect();
        let headers: Vec<_> = self
            .headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_bytes()))
            .collect();
        sign(&oss_v4::Request {
            method: self.method.as_str(),
            bucket: self.bucket.as_deref(),
            key: self.key.as_deref(),
            query: &query,
            headers: &headers,
            additional_headers: &[],
        })
    }

    /// That the response is not what OSS documents.
    pub(crate) fn misread(&self, what: impl std::fmt::Display) -> Error {
        Error::new(ErrorKind::Response, format!("{}: read {what}", self.step))
    }

    /// That the caller's arguments cannot be sent.
    pub(crate) fn unusable(&self, what: &str) -> Error {
        Error::new(ErrorKind::Configuration, format!("{}: {what}", self.step))
    }
}

const VERSION_ID: &str = "versionId";
