//! What is copied, by one request or part by part.

use alibaba_sign::percent;
use chrono::{DateTime, Utc};

use super::http_date;
use crate::client::Call;
use crate::error::Result;

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
}
