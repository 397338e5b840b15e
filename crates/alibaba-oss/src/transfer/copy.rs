//! Copies of any size.

use futures::stream::{self, StreamExt, TryStreamExt};
use http::HeaderMap;

use super::guard::UploadGuard;
use super::plan::Plan;
use crate::client::Client;
use crate::error::{Error, ErrorKind, Result};
use crate::operations::attributes::tagging;
use crate::operations::copy::{replaces_metadata, replaces_tags};
use crate::operations::copy_spec::CopySource;
use crate::operations::get::ObjectInfo;
use crate::operations::multipart::UploadedPart;
use crate::operations::number;
use crate::operations::put::PutOutcome;
use crate::operations::setters::{copy_version, forbid_overwrite, object_headers, traffic_limit};
use crate::progress::{Meter, Progress};

const MIB: u64 = 1024 * 1024;

/// Up to this length an object is copied by one CopyObject. OSS takes up to 1 GB, and answers when
/// it is done: several parts at once are done sooner.
const ONE_COPY: u64 = 200 * MIB;

/// The length of a part: no bytes go through this machine, so parts can be large.
const COPY_PART: u64 = 64 * MIB;

/// A copy of any size, under construction. See [`Client::copy`].
#[derive(Clone, Debug)]
#[must_use]
pub struct ObjectCopy {
    client: Client,
    source: CopySource,
    to: (String, String),
    headers: Vec<(String, String)>,
    replace_metadata: bool,
    forbid_overwrite: bool,
    traffic_limit: Option<u64>,
    part_size: Option<u64>,
    concurrency: Option<usize>,
    meter: Option<Meter>,
}

impl Client {
    /// Copies an object of any size within the region, without its bytes coming here: a small one
    /// in one request, a large one in parts, several at a time.
    ///
    /// All parts are of one object, pinned by its entity tag, and the CRC-64 of the copy is
    /// compared with the source's where OSS names both: see the verdict. Content type, user metadata and tags are the source's unless
    /// some are given here: then those given replace all of the source's. Storage class, ACL and
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
    ) -> ObjectCopy {
        ObjectCopy {
            client: self.clone(),
            source: CopySource::new(from),
            to: (to.0.into(), to.1.into()),
            headers: Vec::new(),
            replace_metadata: false,
            forbid_overwrite: false,
            traffic_limit: None,
            part_size: None,
            concurrency: None,
            meter: None,
        }
    }
}

impl ObjectCopy {
    object_headers!(headers);
    copy_version!();
    forbid_overwrite!(forbid_overwrite);
    traffic_limit!(traffic_limit);

    /// Leaves the source's metadata behind even where none is given here.
    pub fn replace_metadata(mut self, replace: bool) -> Self {
        self.replace_metadata = replace;
        self
    }

    /// The length of a part, at least 100 KB; by default 64 MiB. Objects up to this length, and
    /// by default up to 200 MiB, are copied in one request.
    pub fn part_size(mut self, bytes: u64) -> Self {
        self.part_size = Some(bytes);
        self
    }

    /// How many parts are under way at a time; by default four, and for large objects eight.
    pub fn concurrency(mut self, parts: usize) -> Self {
        self.concurrency = Some(parts);
        self
    }

    /// Calls back as parts are copied.
    pub fn on_progress(mut self, report: impl Fn(Progress) + Send + Sync + 'static) -> Self {
        self.meter = Some(Meter::new(report));
        self
    }

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
        self.send_counted().await.map(|(outcome, _)| outcome)
    }

    /// As [`Self::send`], with the number of attempts that the last request took.
    pub(crate) async fn send_counted(self) -> Result<(PutOutcome, u32)> {
        let info = self.info().await?;
        if let Some(meter) = &self.meter {
            meter.set_total(Some(info.len));
        }
        let mut tries = 0;
        loop {
            tries += 1;
            match self.attempt(&info).await {
                // What forbids to be replaced cannot be written again.
                Err(error) if error.verdict().is_some() && tries == 1 && !self.forbid_overwrite => {
                    tracing::warn!(%error, "copy again from the beginning");
                }
                outcome => return outcome,
            }
        }
    }

    async fn attempt(&self, info: &ObjectInfo) -> Result<(PutOutcome, u32)> {
        let one_copy = self.part_size.map_or(ONE_COPY, |size| size.min(ONE_COPY));
        let copied = if info.len <= one_copy {
            self.whole(info).await
        } else {
            self.in_parts(info).await
        };
        copied.map_err(|error| match error.kind() {
            ErrorKind::Precondition => {
                let step = self.step();
                let text = format!("{step}: the source was replaced while it was copied");
                Error::new(ErrorKind::Integrity, text).with_source(error)
            }
            _ => error,
        })
    }

    async fn whole(&self, info: &ObjectInfo) -> Result<(PutOutcome, u32)> {
        let (from, to) = (&self.source, &self.to);
        let mut copy = self
            .client
            .copy_object((&from.bucket, &from.key), (&to.0, &to.1))
            .replace_metadata(self.replace_metadata)
            .forbid_overwrite(self.forbid_overwrite)
            .expect_crc(info.crc);
        if let Some(id) = &from.version_id {
            copy = copy.source_version_id(id);
        }
        if let Some(tag) = &info.etag {
            copy = copy.if_match(tag);
        }
        for (name, value) in &self.headers {
            copy = copy.header(name, value);
        }
        if let Some(limit) = self.traffic_limit {
            copy = copy.header("x-oss-traffic-limit", limit.to_string());
        }
        let counted = copy.send_counted().await?;
        if let Some(meter) = &self.meter {
            meter.add(info.len);
        }
        Ok(counted)
    }

    async fn in_parts(&self, info: &ObjectInfo) -> Result<(PutOutcome, u32)> {
        let (bucket, key) = (&self.to.0, &self.to.1);
        let mut begin = self
            .client
            .initiate_upload(bucket, key)
            .forbid_overwrite(self.forbid_overwrite);
        for (name, value) in self.described(info).await? {
            begin = begin.header(name, value);
        }
        let id = begin.send().await?;
        let guard = UploadGuard::new(&self.client, bucket, key, &id);
        let copied = self.send_parts(info, &id).await;
        guard.settle(copied.is_ok()).await;
        if let (Err(error), Some(meter)) = (&copied, &self.meter)
            && error.verdict().is_some()
        {
            // All parts were there: it was the whole that did not agree.
            meter.take_back(info.len);
        }
        copied
    }

    async fn send_parts(&self, info: &ObjectInfo, id: &str) -> Result<(PutOutcome, u32)> {
        let part_size = self.part_size.unwrap_or(COPY_PART);
        let plan = Plan::new(info.len, Some(part_size), self.concurrency);
        let mut parts: Vec<UploadedPart> = stream::iter(1..=plan.parts())
            .map(|number| self.part(info, id, number, &plan))
            .buffer_unordered(plan.concurrency)
            .try_collect()
            .await?;
        parts.sort_unstable_by_key(|part| part.number);
        self.client
            .complete_upload(&self.to.0, &self.to.1, id, parts)
            .forbid_overwrite(self.forbid_overwrite)
            .expect_crc(info.crc)
            .send_counted()
            .await
            .map_err(|gave_up| gave_up.error)
    }

    async fn part(
        &self,
        info: &ObjectInfo,
        id: &str,
        number: u32,
        plan: &Plan,
    ) -> Result<UploadedPart> {
        let (from, to) = (&self.source, &self.to);
        let source = (&from.bucket, &from.key);
        let range = plan.range(number);
        let mut part = self
            .client
            .upload_part_copy(&to.0, &to.1, id, number, source, range);
        if let Some(id) = &from.version_id {
            part = part.source_version_id(id);
        }
        if let Some(tag) = &info.etag {
            part = part.if_match(tag);
        }
        if let Some(limit) = self.traffic_limit {
            part = part.traffic_limit(limit);
        }
        let part = part.send().await?;
        if let Some(meter) = &self.meter {
            meter.add(part.len);
        }
        Ok(part)
    }

    async fn info(&self) -> Result<ObjectInfo> {
        let mut get = self
            .client
            .get_object(&self.source.bucket, &self.source.key);
        if let Some(id) = &self.source.version_id {
            get = get.version_id(id);
        }
        get.info().await
    }

    /// The headers of a copy in parts: what one CopyObject takes over by itself, and what is given.
    async fn described(&self, info: &ObjectInfo) -> Result<Vec<(String, String)>> {
        let mut headers = self.headers.clone();
        if !self.replace_metadata && !replaces_metadata(&self.headers) {
            headers.extend(metadata(&info.headers));
        }
        let tagged = number(&info.headers, "x-oss-tagging-count").is_some_and(|count| count > 0);
        if tagged && !replaces_tags(&self.headers) {
            let mut source = self
                .client
                .object_tagging(&self.source.bucket, &self.source.key);
            if let Some(id) = &self.source.version_id {
                source = source.version_id(id);
            }
            let tags = source.get().await?;
            let tags = tags
                .iter()
                .map(|(key, value)| (key.as_str(), value.as_str()));
            headers.push(("x-oss-tagging".to_owned(), tagging(tags)));
        }
        Ok(headers)
    }

    fn step(&self) -> String {
        let (from, to) = (&self.source, &self.to);
        format!(
            "copy object `{}` of `{}` to `{}` of `{}`",
            from.key, from.bucket, to.1, to.0
        )
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
