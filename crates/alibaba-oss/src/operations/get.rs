//! GetObject and HeadObject.

use std::ops::Range;

use chrono::{DateTime, Utc};
use http::header::{
    CONTENT_LENGTH, CONTENT_RANGE, ETAG, HeaderMap, HeaderValue, IF_MATCH, IF_MODIFIED_SINCE,
    IF_NONE_MATCH, IF_UNMODIFIED_SINCE, LAST_MODIFIED, RANGE,
};
use http::{HeaderName, Method, Response, StatusCode};

use super::{crc, etag, header, number, text};
use crate::client::{Call, Client};
use crate::error::{Error, ErrorKind, Result};
use crate::reading::ObjectBody;

/// A GetObject under construction. See [`Client::get_object`].
#[derive(Clone, Debug)]
#[must_use]
pub struct GetObject {
    client: Client,
    bucket: String,
    key: String,
    range: Option<String>,
    version_id: Option<String>,
    conditions: Vec<(HeaderName, String)>,
    head: bool,
}

/// What is known of an object.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ObjectInfo {
    /// Its whole length.
    pub len: u64,
    /// The entity tag, without quotes.
    pub etag: Option<String>,
    /// The CRC-64 of the whole object.
    pub crc: Option<u64>,
    /// When it was last modified.
    pub last_modified: Option<DateTime<Utc>>,
    /// Its version, on buckets with versioning.
    pub version_id: Option<String>,
    /// Everything else that was answered.
    pub headers: HeaderMap,
}

/// An object's facts and bytes.
#[derive(Debug)]
pub struct Object {
    /// What is known of it.
    pub info: ObjectInfo,
    /// Which bytes come: the whole object, or the range asked for, cut to what there is.
    pub range: Range<u64>,
    /// The bytes.
    pub body: ObjectBody,
}

impl Client {
    /// Reads an object, or a range of it.
    ///
    /// ```no_run
    /// # async fn run(client: alibaba_oss::Client) -> alibaba_oss::Result<()> {
    /// let whole = client.get_object("backups", "notes/today.txt").send().await?.body.collect().await?;
    /// let end = client.get_object("backups", "notes/today.txt").suffix(100).send().await?;
    /// println!("{} of {} bytes", end.body.len(), end.info.len);
    /// # Ok(())
    /// # }
    /// ```
    pub fn get_object(&self, bucket: impl Into<String>, key: impl Into<String>) -> GetObject {
        GetObject {
            client: self.clone(),
            bucket: bucket.into(),
            key: key.into(),
            range: None,
            version_id: None,
            conditions: Vec::new(),
            head: false,
        }
    }

    /// What is known of an object, without its bytes.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`] where there is none.
    pub async fn head_object(&self, bucket: &str, key: &str) -> Result<ObjectInfo> {
        self.get_object(bucket, key).info().await
    }
}

impl GetObject {
    /// Only these bytes; the end may lie beyond the object's.
    pub fn range(mut self, range: Range<u64>) -> Self {
        self.range = Some(format!(
            "bytes={}-{}",
            range.start,
            range.end.saturating_sub(1)
        ));
        self
    }

    /// Only what follows this offset.
    pub fn from_offset(mut self, offset: u64) -> Self {
        self.range = Some(format!("bytes={offset}-"));
        self
    }

    /// Only the last bytes.
    pub fn suffix(mut self, len: u64) -> Self {
        self.range = Some(format!("bytes=-{len}"));
        self
    }

    /// A version of the object.
    pub fn version_id(mut self, id: impl Into<String>) -> Self {
        self.version_id = Some(id.into());
        self
    }

    /// Fails with [`ErrorKind::Precondition`] unless the entity tag is this one.
    pub fn if_match(self, etag: impl Into<String>) -> Self {
        self.condition(IF_MATCH, etag.into())
    }

    /// Fails with [`ErrorKind::NotModified`] where the entity tag is this one.
    pub fn if_none_match(self, etag: impl Into<String>) -> Self {
        self.condition(IF_NONE_MATCH, etag.into())
    }

    /// Fails with [`ErrorKind::NotModified`] where the object is not newer.
    pub fn if_modified_since(self, time: DateTime<Utc>) -> Self {
        self.condition(IF_MODIFIED_SINCE, http_date(time))
    }

    /// Fails with [`ErrorKind::Precondition`] where the object is newer.
    pub fn if_unmodified_since(self, time: DateTime<Utc>) -> Self {
        self.condition(IF_UNMODIFIED_SINCE, http_date(time))
    }

    fn condition(mut self, name: HeaderName, value: String) -> Self {
        self.conditions.push((name, value));
        self
    }

    /// What is known of the object, without its bytes, under the same conditions.
    ///
    /// # Errors
    ///
    /// As [`Self::send`].
    pub async fn info(mut self) -> Result<ObjectInfo> {
        self.head = true;
        self.range = None;
        let call = self.call()?;
        let reply = self.client.execute(&call).await?;
        let len = number(reply.response.headers(), CONTENT_LENGTH.as_str());
        Ok(info(reply.response.headers(), len.unwrap_or_default()))
    }

    /// Sends it and returns once the head of the answer is there.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`], [`ErrorKind::RangeNotSatisfiable`], [`ErrorKind::Archived`] and any
    /// other that the service or the network gives rise to.
    pub async fn send(self) -> Result<Object> {
        let call = self.call()?;
        let reply = self.client.execute(&call).await?;
        if self.range.is_some() {
            expect_partial(&call.step, &reply.response)?;
        }
        let headers = reply.response.headers();
        let misread = |what: &str| {
            Error::new(
                ErrorKind::Response,
                format!("{}: read `{what}` of the answer", call.step),
            )
        };
        let (range, len) = if self.range.is_some() {
            text(headers, CONTENT_RANGE.as_str())
                .and_then(content_range)
                .ok_or_else(|| misread("content-range"))?
        } else {
            let len = number(headers, CONTENT_LENGTH.as_str())
                .ok_or_else(|| misread("content-length"))?;
            (0..len, len)
        };
        let info = info(headers, len);
        let whole = range == (0..len);
        let etag = headers.get(ETAG).cloned();
        let crc = info.crc.filter(|_| whole);
        let body = reply.response.into_body();
        Ok(Object {
            info,
            range: range.clone(),
            body: ObjectBody::new(self.client, call, etag, body, range, crc),
        })
    }

    fn call(&self) -> Result<Call> {
        let (method, verb) = if self.head {
            (Method::HEAD, "look at")
        } else {
            (Method::GET, "get")
        };
        let step = format!("{verb} object `{}` of `{}`", self.key, self.bucket);
        let mut call = Call::new(method, step).object(&self.bucket, &self.key);
        if let Some(id) = &self.version_id {
            call = call.query("versionId", id);
        }
        for (name, value) in &self.conditions {
            let (name, value) = header(&call.step, name.as_str(), value)?;
            call.headers.insert(name, value);
        }
        if let Some(range) = &self.range {
            let (name, value) = header(&call.step, RANGE.as_str(), range)?;
            call.headers.insert(name, value);
            // Without it OSS answers a range outside the object with the whole object.
            call.headers
                .insert("x-oss-range-behavior", HeaderValue::from_static("standard"));
        }
        Ok(call)
    }
}

/// A whole object where a range was asked for would be taken for the range.
pub(crate) fn expect_partial<B>(step: &str, response: &Response<B>) -> Result<()> {
    if response.status() == StatusCode::PARTIAL_CONTENT {
        return Ok(());
    }
    let status = response.status().as_u16();
    Err(Error::new(
        ErrorKind::Response,
        format!("{step}: a range was asked for and answered with {status}"),
    ))
}

fn info(headers: &HeaderMap, len: u64) -> ObjectInfo {
    ObjectInfo {
        len,
        etag: etag(headers),
        crc: crc(headers),
        last_modified: text(headers, LAST_MODIFIED.as_str())
            .and_then(|date| DateTime::parse_from_rfc2822(date).ok())
            .map(|date| date.to_utc()),
        version_id: text(headers, "x-oss-version-id").map(str::to_owned),
        headers: headers.clone(),
    }
}

/// `bytes 0-4/10`.
fn content_range(text: &str) -> Option<(Range<u64>, u64)> {
    let (range, len) = text.strip_prefix("bytes ")?.split_once('/')?;
    let (first, last) = range.split_once('-')?;
    let range = first.parse().ok()?..last.parse::<u64>().ok()?.checked_add(1)?;
    Some((range, len.parse().ok()?))
}

fn http_date(time: DateTime<Utc>) -> String {
    time.format("%a, %d %b %Y %H:%M:%S GMT").to_string()
}
