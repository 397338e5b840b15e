//! Copies of any size.

use futures::stream::{self, StreamExt, TryStreamExt};
use http::HeaderMap;

use super::guard::UploadGuard;
use super::options::{Options, transfer_options};
use super::plan::Plan;
use crate::client::Client;
use crate::error::{Error, ErrorKind, Result};
use crate::headers::{is_weak, number};
use crate::operations::attributes::tagging;
use crate::operations::copy::CopyObject;
use crate::operations::copy_spec::CopySpec;
use crate::operations::get::ObjectInfo;
use crate::operations::multipart::UploadedPart;
use crate::operations::outcome::PutOutcome;
use crate::operations::setters::{
    copy_version, forbid_overwrite, object_headers, replace_metadata,
};

const MIB: u64 = 1024 * 1024;

/// Up to this length an object is copied by one CopyObject. OSS takes up to 1 GB, and responds when
/// it is done: several parts at once are done sooner.
const ONE_COPY: u64 = 200 * MIB;

/// The source as it was found.
struct Source {
    info: ObjectInfo,
    len: u64,
    /// The entity tag that each request names.
    pin: Option<String>,
}

/// The length of a part: no bytes go through this machine, so parts can be large.
const COPY_PART: u64 = 64 * MIB;

/// A copy of any size, under construction. See [`Client::copy`].
#[derive(Clone, Debug)]
#[must_use]
pub struct Copy {
    client: Client,
    copy: CopySpec,
    options: Options,
}

impl Client {
    /// Copies an object of any size within the region, without its bytes coming here: a small one
    /// in one request, a large one in parts, several at a time.
    ///
    /// All parts are of one object, pinned by its entity tag, and the CRC-64 of the copy is
    /// compared with the source's where OSS names both: see the verdict. Content type, user metadata
    /// and tags are the source's unless some are given here: then those given replace all of the
    /// source's. Storage class, ACL and
    /// encryption are the copy's own.
    ///
    /// ```no_run
    /// # async fn run(client: alibaba_oss::Client) -> alibaba_oss::Result<()> {
    /// let copy = client
    ///     .copy(("backups", "nightly.tar"), ("archive", "2026/nightly.tar"))
    ///     .storage_class(&alibaba_oss::StorageClass::Archive)
    ///     .send()
    ///     .await?;
    /// println!("{:?}: {:?}", copy.etag, copy.verdict);
    /// # Ok(())
    /// # }
    /// ```
    pub fn copy(
        &self,
        from: (impl Into<String>, impl Into<String>),
        to: (impl Into<String>, impl Into<String>),
    ) -> Copy {
        Copy {
            client: self.clone(),
            copy: CopySpec::new(from, to),
            options: Options::default(),
        }
    }
}

impl Copy {
    object_headers!(copy.headers);
    copy_version!(copy.source);
    forbid_overwrite!(copy.forbid_overwrite);
    replace_metadata!(copy.replace_metadata);
    transfer_options!(
        /// The length of a part, at least 100 KB; by default 64 MiB. Objects up to this length, and
        /// by default up to 200 MiB, are copied in one request.
    );

    /// Copies. A CRC-64 that does not agree leads to one more try, then to an error of kind
    /// [`ErrorKind::Integrity`]; so does a source that is replaced meanwhile, at once.
    ///
    /// A copy in parts that fails is aborted, as well as possible: that needs the action
    /// `oss:AbortMultipartUpload`. One of an object with tags reads them, by `oss:GetObjectTagging`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`], [`ErrorKind::Archived`], [`ErrorKind::AlreadyExists`], and any
    /// other that the service or the network gives rise to.
    pub async fn send(self) -> Result<PutOutcome> {
        let info = self.copy.source.get(&self.client).info().await?;
        let source = Source {
            len: info.size.ok_or_else(|| {
                let text = format!("{}: the source's length is not known", self.copy.step());
                Error::new(ErrorKind::Response, text)
            })?,
            pin: info.etag.clone().filter(|tag| !is_weak(tag)),
            info,
        };
        if let Some(meter) = &self.options.meter {
            meter.set_total(Some(source.len));
        }
        let copied = self.attempt(&source).await;
        match copied {
            // What forbids to be replaced cannot be written again.
            Err(error) if error.verdict().is_some() && !self.copy.forbid_overwrite => {
                tracing::warn!(%error, "copy again from the beginning");
                self.attempt(&source).await
            }
            copied => copied,
        }
    }

    async fn attempt(&self, source: &Source) -> Result<PutOutcome> {
        let part_size = self.options.part_size;
        let one_copy = part_size.map_or(ONE_COPY, |size| size.min(ONE_COPY));
        let copied = if source.len <= one_copy {
            self.whole(source).await
        } else {
            self.in_parts(source).await
        };
        copied.map_err(|error| match error.kind() {
            ErrorKind::Precondition => {
                let step = self.copy.step();
                let text = format!("{step}: the source was replaced while it was copied");
                Error::new(ErrorKind::Integrity, text).with_source(error)
            }
            _ => error,
        })
    }

    async fn whole(&self, source: &Source) -> Result<PutOutcome> {
        let mut copy = CopyObject::new(&self.client, self.copy.clone(), source.info.crc);
        if let Some(tag) = &source.pin {
            copy = copy.if_match(tag);
        }
        if let Some(limit) = self.options.traffic_limit {
            copy = copy.header("x-oss-traffic-limit", limit.to_string());
        }
        let outcome = copy.send().await?;
        if let Some(meter) = &self.options.meter {
            meter.add(source.len);
        }
        Ok(outcome)
    }

    async fn in_parts(&self, source: &Source) -> Result<PutOutcome> {
        let (bucket, key) = (&self.copy.bucket, &self.copy.key);
        let mut begin = self
            .client
            .initiate_upload(bucket, key)
            .forbid_overwrite(self.copy.forbid_overwrite);
        for (name, value) in self.described(&source.info).await? {
            begin = begin.header(name, value);
        }
        let id = begin.send().await?;
        let guard = UploadGuard::new(&self.client, bucket, key, &id);
        let copied = self.send_parts(source, &id).await;
        guard.end(copied.is_ok()).await;
        if let (Err(error), Some(meter)) = (&copied, &self.options.meter)
            && error.verdict().is_some()
        {
            // All parts were there: it was the whole that did not agree.
            meter.take_back(source.len);
        }
        copied
    }

    async fn send_parts(&self, source: &Source, id: &str) -> Result<PutOutcome> {
        let part_size = self.options.part_size.unwrap_or(COPY_PART);
        let plan = Plan::new(source.len, Some(part_size), self.options.concurrency);
        let mut parts: Vec<UploadedPart> = stream::iter(1..=plan.parts())
            .map(|number| self.part(source, id, number, &plan))
            .buffer_unordered(plan.concurrency)
            .try_collect()
            .await?;
        parts.sort_unstable_by_key(|part| part.number);
        self.client
            .complete_upload(&self.copy.bucket, &self.copy.key, id, parts)
            .forbid_overwrite(self.copy.forbid_overwrite)
            .expect_crc(source.info.crc)
            .send()
            .await
    }

    async fn part(
        &self,
        source: &Source,
        id: &str,
        number: u32,
        plan: &Plan,
    ) -> Result<UploadedPart> {
        let CopySpec {
            source: from,
            bucket,
            key,
            ..
        } = &self.copy;
        let (object, range) = ((&from.bucket, &from.key), plan.range(number));
        let mut part = self
            .client
            .upload_part_copy(bucket, key, id, number, object, range);
        if let Some(id) = &from.version_id {
            part = part.source_version_id(id);
        }
        if let Some(tag) = &source.pin {
            part = part.if_match(tag);
        }
        if let Some(limit) = self.options.traffic_limit {
            part = part.traffic_limit(limit);
        }
        let part = part.send().await?;
        if let Some(meter) = &self.options.meter {
            meter.add(part.size);
        }
        Ok(part)
    }

    /// The headers of a copy in parts: what one CopyObject takes over by itself, and what is given.
    async fn described(&self, info: &ObjectInfo) -> Result<Vec<(String, String)>> {
        let source = &self.copy.source;
        let mut headers = self.copy.headers.clone();
        if !self.copy.replaces_metadata() {
            headers.extend(metadata(&info.headers));
        }
        let tagged = number(&info.headers, "x-oss-tagging-count").is_some_and(|count| count > 0);
        if tagged && !self.copy.replaces_tags() {
            let mut tags = self.client.object_tagging(&source.bucket, &source.key);
            if let Some(id) = &source.version_id {
                tags = tags.version_id(id);
            }
            let tags = tags.get().await?;
            let tags = tags
                .iter()
                .map(|(key, value)| (key.as_str(), value.as_str()));
            headers.push(("x-oss-tagging".to_owned(), tagging(tags)));
        }
        Ok(headers)
    }
}

/// What CopyObject counts as metadata.
fn metadata(headers: &HeaderMap) -> impl Iterator<Item = (String, String)> {
    const PLAIN: [&str; 6] = [
        "content-type",
        "content-encoding",
        "content-disposition",
        "content-language",
        "cache-control",
        "expires",
    ];
    headers.iter().filter_map(|(name, value)| {
        let name = name.as_str();
        let taken = PLAIN.contains(&name) || name.starts_with("x-oss-meta-");
        taken.then(|| {
            let value = String::from_utf8_lossy(value.as_bytes());
            (name.to_owned(), value.into_owned())
        })
    })
}
