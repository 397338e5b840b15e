//! GetObject and HeadObject.

use std::ops::Range;
use std::time::Duration;

use chrono::{DateTime, Utc};
use http::HeaderName;
use http::header::{
    CONTENT_LENGTH, HeaderMap, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_UNMODIFIED_SINCE,
    LAST_MODIFIED,
};

use super::attributes::StorageClass;
use super::setters::traffic_limit;
use crate::call::Call;
use crate::client::Client;
use crate::error::Result;
use crate::headers::{crc, date, etag, header, http_date, number, quoted, text, utf8, version_id};
use crate::operation::Operation;
use crate::presign::Presigned;
use crate::progress::{Meter, Progress};
use crate::range::{self, ByteRange};
use crate::reading::{ObjectBody, Pinned};

/// A GetObject under construction. See [`Client::get_object`].
#[derive(Clone, Debug)]
#[must_use]
pub struct GetObject {
    client: Client,
    bucket: String,
    key: String,
    range: Option<ByteRange>,
    version_id: Option<String>,
    conditions: Vec<(HeaderName, String)>,
    overrides: Vec<(String, String)>,
    traffic_limit: Option<u64>,
    meter: Option<Meter>,
    kind: Kind,
}

/// Which of the three requests that read an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Get,
    Head,
    Meta,
}

/// What is known of an object.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ObjectInfo {
    /// How many bytes the whole object has; not known where a cache in front of OSS hides it.
    pub size: Option<u64>,
    /// The entity tag, without quotes.
    pub etag: Option<String>,
    /// The CRC-64 of the whole object.
    pub crc: Option<u64>,
    /// When it was last modified.
    pub last_modified: Option<DateTime<Utc>>,
    /// Its version, on buckets with versioning.
    pub version_id: Option<String>,
    /// All headers of the response.
    pub headers: HeaderMap,
}

/// An object's facts and bytes.
#[derive(Debug)]
pub struct Object {
    /// What is known of it.
    pub info: ObjectInfo,
    /// Which bytes come: the whole object, or the range asked for, cut to what there is. `None` for a
    /// whole object whose length is not known.
    pub range: Option<Range<u64>>,
    /// The bytes.
    pub body: ObjectBody,
}

impl ObjectInfo {
    /// User metadata of this name.
    #[must_use]
    pub fn metadata(&self, name: &str) -> Option<&str> {
        text(&self.headers, &format!("x-oss-meta-{name}"))
    }

    /// All user metadata, names and values; names are in lower case, as headers are.
    pub fn all_metadata(&self) -> impl Iterator<Item = (&str, &str)> {
        self.headers.iter().filter_map(|(name, value)| {
            let name = name.as_str().strip_prefix("x-oss-meta-")?;
            Some((name, utf8(value)?))
        })
    }

    /// How OSS came by it: `Normal`, `Multipart`, `Appendable` or `Symlink`.
    #[must_use]
    pub fn object_type(&self) -> Option<&str> {
        text(&self.headers, "x-oss-object-type")
    }

    /// How it is kept.
    #[must_use]
    pub fn storage_class(&self) -> StorageClass {
        text(&self.headers, "x-oss-storage-class").map_or(StorageClass::Standard, Into::into)
    }

    /// Where the next append has to begin, for an object that was made by appending.
    #[must_use]
    pub fn next_append_position(&self) -> Option<u64> {
        number(&self.headers, "x-oss-next-append-position")
    }

    /// Whether an archived object is being restored, or until when it is.
    ///
    /// As OSS writes it: `ongoing-request="true"`, or `ongoing-request="false",
    /// expiry-date="Sun, 16 Apr 2017 08:12:33 GMT"`; `None` where nobody asked for it.
    #[must_use]
    pub fn restore(&self) -> Option<&str> {
        text(&self.headers, "x-oss-restore")
    }
}

impl Client {
    /// Reads an object, or a range of it.
    ///
    /// ```no_run
    /// # async fn run(client: alibaba_oss::Client) -> alibaba_oss::Result<()> {
    /// let whole = client.get_object("backups", "notes/today.txt").send().await?.body.collect().await?;
    /// let end = client.get_object("backups", "notes/today.txt").suffix(100).send().await?;
    /// println!("{:?} of {:?} bytes", end.body.size(), end.info.size);
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
            overrides: Vec::new(),
            traffic_limit: None,
            meter: None,
            kind: Kind::Get,
        }
    }

    /// What is known of an object, without its bytes.
    ///
    /// ```no_run
    /// # async fn run(client: alibaba_oss::Client) -> alibaba_oss::Result<()> {
    /// let info = client.head_object("backups", "notes/today.txt").await?;
    /// println!("{:?} bytes, written by {:?}", info.size, info.metadata("author"));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`NotFound`](crate::ErrorKind::NotFound) where there is none.
    pub async fn head_object(&self, bucket: &str, key: &str) -> Result<ObjectInfo> {
        self.get_object(bucket, key).info().await
    }

    /// Length, entity tag, CRC-64 and modification time of an object (GetObjectMeta): less than
    /// [`Self::head_object`], in particular no user metadata, and cheaper for OSS.
    ///
    /// ```no_run
    /// # async fn run(client: alibaba_oss::Client) -> alibaba_oss::Result<()> {
    /// println!("{:?}", client.object_meta("backups", "notes/today.txt").await?.crc);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`NotFound`](crate::ErrorKind::NotFound) where there is none.
    pub async fn object_meta(&self, bucket: &str, key: &str) -> Result<ObjectInfo> {
        self.get_object(bucket, key).meta().await
    }
}

impl GetObject {
    /// Only these bytes; the end may lie beyond the object's. Sending fails with
    /// [`Configuration`](crate::ErrorKind::Configuration) where there are none.
    pub fn range(mut self, range: Range<u64>) -> Self {
        self.range = Some(ByteRange::Within(range));
        self
    }

    /// Only what follows this offset.
    pub fn from_offset(mut self, offset: u64) -> Self {
        self.range = Some(ByteRange::From(offset));
        self
    }

    /// Only the last bytes, one at least.
    pub fn suffix(mut self, size: u64) -> Self {
        self.range = Some(ByteRange::Last(size));
        self
    }

    /// A version of the object.
    pub fn version_id(self, id: impl Into<String>) -> Self {
        self.maybe_version(Some(id.into()))
    }

    pub(crate) fn maybe_version(mut self, id: Option<String>) -> Self {
        self.version_id = id;
        self
    }

    /// Fails with [`Precondition`](crate::ErrorKind::Precondition) unless the entity tag is this one, which may be in
    /// quotes or not.
    pub fn if_match(self, etag: impl Into<String>) -> Self {
        self.condition(IF_MATCH, quoted(&etag.into()))
    }

    /// Fails with [`NotModified`](crate::ErrorKind::NotModified) where the entity tag is this one.
    pub fn if_none_match(self, etag: impl Into<String>) -> Self {
        self.condition(IF_NONE_MATCH, quoted(&etag.into()))
    }

    /// Fails with [`NotModified`](crate::ErrorKind::NotModified) where the object is not newer.
    pub fn if_modified_since(self, time: DateTime<Utc>) -> Self {
        self.condition(IF_MODIFIED_SINCE, http_date(time))
    }

    /// Fails with [`Precondition`](crate::ErrorKind::Precondition) where the object is newer.
    pub fn if_unmodified_since(self, time: DateTime<Utc>) -> Self {
        self.condition(IF_UNMODIFIED_SINCE, http_date(time))
    }

    fn condition(mut self, name: HeaderName, value: String) -> Self {
        self.conditions.push((name, value));
        self
    }

    /// Has OSS respond with this value in `content-type`, `content-disposition`, `cache-control`,
    /// `content-encoding`, `content-language` or `expires`. For presigned URLs mostly: it is how a
    /// browser is told the name of a download.
    ///
    /// OSS overrides no other header: with another name, sending and presigning fail with
    /// [`Configuration`](crate::ErrorKind::Configuration).
    pub fn response_header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.overrides
            .push((name.to_ascii_lowercase(), value.into()));
        self
    }

    traffic_limit!(traffic_limit);

    /// Calls back as bytes come in.
    pub fn on_progress(self, report: impl Fn(Progress) + Send + Sync + 'static) -> Self {
        self.with_meter(Some(Meter::new(report)))
    }

    pub(crate) fn with_meter(mut self, meter: Option<Meter>) -> Self {
        self.meter = meter;
        self
    }

    /// What is known of the object, without its bytes, under the same conditions.
    ///
    /// # Errors
    ///
    /// As [`Self::send`].
    pub async fn info(mut self) -> Result<ObjectInfo> {
        self.kind = Kind::Head;
        self.look().await
    }

    /// As [`Client::object_meta`], for a version too. Conditions do not count.
    ///
    /// ```no_run
    /// # async fn run(client: alibaba_oss::Client, id: &str) -> alibaba_oss::Result<()> {
    /// let old = client.get_object("backups", "notes/today.txt").version_id(id).meta().await?;
    /// println!("{:?} bytes", old.size);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`NotFound`](crate::ErrorKind::NotFound) where there is none.
    pub async fn meta(mut self) -> Result<ObjectInfo> {
        self.kind = Kind::Meta;
        self.conditions.clear();
        self.look().await
    }

    async fn look(mut self) -> Result<ObjectInfo> {
        self.range = None;
        let call = self.call()?;
        let reply = self.client.execute(&call).await?;
        let headers = reply.response.into_parts().0.headers;
        let len = number(&headers, CONTENT_LENGTH.as_str());
        Ok(info(headers, len))
    }

    /// The same read for somebody else to make.
    ///
    /// ```no_run
    /// # use std::time::Duration;
    /// # async fn run(client: alibaba_oss::Client) -> alibaba_oss::Result<()> {
    /// let link = client
    ///     .get_object("backups", "report.pdf")
    ///     .response_header("content-disposition", "attachment; filename=report.pdf")
    ///     .presign(Duration::from_secs(900))
    ///     .await?;
    /// println!("{} until {}", link.url(), link.expires_at);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`Configuration`](crate::ErrorKind::Configuration) for an expiry under a second or over seven days, and
    /// [`Credentials`](crate::ErrorKind::Credentials) where there are none.
    pub async fn presign(self, expires: Duration) -> Result<Presigned> {
        let call = self.call()?;
        self.client.presign(&call, expires).await
    }

    /// The HEAD request of the same read, for somebody else to make.
    ///
    /// # Errors
    ///
    /// As [`Self::presign`].
    pub async fn presign_head(mut self, expires: Duration) -> Result<Presigned> {
        self.kind = Kind::Head;
        self.range = None;
        self.presign(expires).await
    }

    /// Sends it and returns once the head of the response is there.
    ///
    /// # Errors
    ///
    /// [`NotFound`](crate::ErrorKind::NotFound), [`RangeNotSatisfiable`](crate::ErrorKind::RangeNotSatisfiable), [`Archived`](crate::ErrorKind::Archived) and any
    /// other that the service or the network may give rise to.
    pub async fn send(self) -> Result<Object> {
        let call = self.call()?;
        let (head, body) = self.client.execute(&call).await?.response.into_parts();
        let headers = &head.headers;
        let (range, len) = if let Some(asked) = &self.range {
            let (range, len) = range::covered(&call, asked, head.status, headers)?;
            (Some(range), Some(len))
        } else {
            let len = number(headers, CONTENT_LENGTH.as_str());
            (len.map(|len| 0..len), len)
        };
        let pinned = Pinned::new(headers);
        let info = info(head.headers, len);
        let whole = range == len.map(|len| 0..len);
        let crc = info.crc.filter(|_| whole);
        if let Some(meter) = &self.meter {
            meter.set_total(range.as_ref().map(|range| range.end - range.start));
        }
        Ok(Object {
            info,
            range: range.clone(),
            body: ObjectBody::new(self.client, call, pinned, body, range, crc, self.meter),
        })
    }

    fn call(&self) -> Result<Call> {
        let (operation, verb) = match self.kind {
            Kind::Get => (Operation::GET_OBJECT, "get"),
            Kind::Head => (Operation::HEAD_OBJECT, "look at"),
            Kind::Meta => (Operation::GET_OBJECT_META, "look at"),
        };
        let step = format!("{verb} object `{}` of `{}`", self.key, self.bucket);
        let mut call = Call::new(operation, step)
            .object(&self.bucket, &self.key)
            .version(self.version_id.as_ref())
            .traffic_limit(self.traffic_limit);
        for (name, value) in &self.overrides {
            if !OVERRIDABLE.contains(&name.as_str()) {
                let names = OVERRIDABLE.join("`, `");
                let text = format!("OSS overrides `{names}` in responses, not `{name}`");
                return Err(call.unusable(&text));
            }
            call = call.query(format!("response-{name}"), value);
        }
        for (name, value) in &self.conditions {
            let (name, value) = header(&call.step, name.as_str(), value)?;
            call.headers.insert(name, value);
        }
        if let Some(range) = &self.range {
            if range.is_empty() {
                return Err(call.unusable("the range is empty"));
            }
            range.ask(&mut call.headers);
        }
        Ok(call)
    }
}

/// The headers of a response that a request can choose, each by the parameter `response-<name>`.
/// Another parameter would not be part of the signature, and be refused as a wrong one.
const OVERRIDABLE: [&str; 6] = [
    "content-type",
    "content-disposition",
    "cache-control",
    "content-encoding",
    "content-language",
    "expires",
];

fn info(headers: HeaderMap, size: Option<u64>) -> ObjectInfo {
    ObjectInfo {
        size,
        etag: etag(&headers),
        crc: crc(&headers),
        last_modified: date(&headers, LAST_MODIFIED.as_str()),
        version_id: version_id(&headers),
        headers,
    }
}
