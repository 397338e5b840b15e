//! What is copied and what it becomes: the same for one request and for many.

use alibaba_sign::percent;
use chrono::{DateTime, Utc};

use super::get::GetObject;
use crate::call::Call;
use crate::client::Client;
use crate::error::Result;
use crate::headers::http_date;
use crate::operation::Operation;

/// The object, or the version of one, that is copied.
#[derive(Clone, Debug)]
pub(crate) struct CopySource {
    pub(crate) bucket: String,
    pub(crate) key: String,
    pub(crate) version_id: Option<String>,
    conditions: Vec<(String, String)>,
}

impl CopySource {
    pub(crate) fn new((bucket, key): (impl Into<String>, impl Into<String>)) -> Self {
        Self {
            bucket: bucket.into(),
            key: key.into(),
            version_id: None,
            conditions: Vec::new(),
        }
    }

    pub(crate) fn on(&mut self, condition: &str, value: String) {
        let name = format!("x-oss-copy-source-{condition}");
        self.conditions.push((name, value));
    }

    pub(crate) fn on_date(&mut self, condition: &str, time: DateTime<Utc>) {
        self.on(condition, http_date(time));
    }

    /// Adds the headers that name it.
    pub(crate) fn headers(&self, call: Call) -> Result<Call> {
        let mut source = format!("/{}/{}", self.bucket, percent::encode(&self.key));
        if let Some(id) = &self.version_id {
            source.push_str("?versionId=");
            source.push_str(&percent::encode(id));
        }
        let source = ("x-oss-copy-source".to_owned(), source);
        call.headers(std::iter::once(&source).chain(&self.conditions))
    }

    /// A read of it.
    pub(crate) fn get(&self, client: &Client) -> GetObject {
        client
            .get_object(&self.bucket, &self.key)
            .maybe_version(self.version_id.clone())
    }
}

/// A copy as it is asked for.
#[derive(Clone, Debug)]
pub(crate) struct CopySpec {
    pub(crate) source: CopySource,
    pub(crate) bucket: String,
    pub(crate) key: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) replace_metadata: bool,
    pub(crate) forbid_overwrite: bool,
}

impl CopySpec {
    pub(crate) fn new(
        from: (impl Into<String>, impl Into<String>),
        to: (impl Into<String>, impl Into<String>),
    ) -> Self {
        Self {
            source: CopySource::new(from),
            bucket: to.0.into(),
            key: to.1.into(),
            headers: Vec::new(),
            replace_metadata: false,
            forbid_overwrite: false,
        }
    }

    pub(crate) fn step(&self) -> String {
        format!(
            "copy object `{}` of `{}` to `{}` of `{}`",
            self.source.key, self.source.bucket, self.key, self.bucket
        )
    }

    /// The call that copies in one request.
    pub(crate) fn call(&self) -> Result<Call> {
        let call = Call::new(Operation::COPY_OBJECT, self.step()).object(&self.bucket, &self.key);
        let mut directives = Vec::new();
        if self.replaces_metadata() {
            directives.push(("x-oss-metadata-directive".to_owned(), "REPLACE".to_owned()));
        }
        if self.replaces_tags() {
            directives.push(("x-oss-tagging-directive".to_owned(), "Replace".to_owned()));
        }
        self.source
            .headers(call)?
            .headers(directives.iter().chain(&self.headers))
            .map(|call| call.forbid_overwrite(self.forbid_overwrite))
    }

    /// Whether the source's metadata is left behind: where that is asked for, and before any that is
    /// given. Class, ACL, encryption and tags are none.
    pub(crate) fn replaces_metadata(&self) -> bool {
        self.replace_metadata
            || self.headers.iter().any(|(name, _)| {
                let name = name.to_ascii_lowercase();
                name.starts_with("x-oss-meta-") || !name.starts_with("x-oss-")
            })
    }

    /// Whether tags are given, in the place of the source's.
    pub(crate) fn replaces_tags(&self) -> bool {
        let mut headers = self.headers.iter();
        headers.any(|(name, _)| name.eq_ignore_ascii_case("x-oss-tagging"))
    }
}
