//! PutObject.

use std::future::ready;
use std::time::Duration;

use http::Method;

use super::get::ObjectInfo;
use super::setters::{forbid_overwrite, object_headers, traffic_limit};
use super::{check_crc, crc, etag, version_id};
use crate::client::{Call, Client};
use crate::error::{Error, ErrorKind, Result};
use crate::payload::Payload;
use crate::presign::Presigned;
use crate::progress::{Meter, Progress};
use crate::reading::Verdict;

/// A PutObject under construction. See [`Client::put_object`].
#[derive(Clone, Debug)]
#[must_use]
pub struct PutObject {
    client: Client,
    bucket: String,
    key: String,
    payload: Payload,
    headers: Vec<(String, String)>,
    forbid_overwrite: bool,
    traffic_limit: Option<u64>,
}

/// What OSS says of a stored object.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PutOutcome {
    /// The entity tag, without quotes.
    pub etag: Option<String>,
    /// The CRC-64 of the whole object.
    pub crc: Option<u64>,
    /// The version made, on buckets with versioning.
    pub version_id: Option<String>,
    /// Whether the CRC-64 was compared.
    pub verdict: Verdict,
}

impl Client {
    /// Stores an object of at most 5 GB in one request.
    ///
    /// ```no_run
    /// # async fn run(client: alibaba_oss::Client) -> alibaba_oss::Result<()> {
    /// let stored = client
    ///     .put_object("backups", "notes/today.txt", "hello")
    ///     .content_type("text/plain")
    ///     .forbid_overwrite(true)
    ///     .send()
    ///     .await?;
    /// println!("{:?}", stored.etag);
    /// # Ok(())
    /// # }
    /// ```
    pub fn put_object(
        &self,
        bucket: impl Into<String>,
        key: impl Into<String>,
        body: impl Into<Payload>,
    ) -> PutObject {
        PutObject {
            client: self.clone(),
            bucket: bucket.into(),
            key: key.into(),
            payload: body.into(),
            headers: Vec::new(),
            forbid_overwrite: false,
            traffic_limit: None,
        }
    }
}

impl PutObject {
    object_headers!(headers);
    forbid_overwrite!(forbid_overwrite);
    traffic_limit!(traffic_limit);

    /// Calls back as bytes go out.
    pub fn on_progress(mut self, report: impl Fn(Progress) + Send + Sync + 'static) -> Self {
        let meter = Meter::new(report);
        meter.set_total(self.payload.size());
        self.payload = self.payload.with_meter(Some(meter));
        self
    }

    /// Sends it. The CRC-64 of what was sent is compared with what OSS received.
    ///
    /// Where the answer to a put that forbids overwriting was lost, and the repetition finds the
    /// key taken, the stored object is compared with ours by length and CRC-64 before that counts
    /// as a failure.
    ///
    /// # Errors
    ///
    /// Any [`ErrorKind`] that the service or the network gives rise to.
    pub async fn send(self) -> Result<PutOutcome> {
        self.send_counted().await.map(|(outcome, _)| outcome)
    }

    /// As [`Self::send`], with the number of attempts it took.
    pub(crate) async fn send_counted(self) -> Result<(PutOutcome, u32)> {
        let mut call = self.call()?;
        call.payload = self.payload;
        let sent = self
            .client
            .attempt_all(&call, |reply| {
                let headers = reply.response.headers();
                let checked = check_crc(&call.step, headers, reply.sent_crc);
                ready(checked.map(|()| (outcome(headers), reply.attempts)))
            })
            .await;
        let gave_up = match sent {
            Ok(counted) => return Ok(counted),
            Err(gave_up) => gave_up,
        };
        if gave_up.error.kind() != ErrorKind::AlreadyExists || gave_up.attempts == 1 {
            return Err(gave_up.error);
        }
        let claimed = self.client.claim_if_ours(&call, gave_up.error).await?;
        Ok((claimed, gave_up.attempts))
    }

    /// The same put for somebody else to make, without the body that stands here.
    ///
    /// See [`Presigned`] for what they need.
    ///
    /// # Errors
    ///
    /// As [`GetObject::presign`](crate::GetObject::presign).
    pub async fn presign(self, expires: Duration) -> Result<Presigned> {
        let call = self.call()?;
        self.client.presign(&call, expires).await
    }

    fn call(&self) -> Result<Call> {
        let step = format!("put object `{}` into `{}`", self.key, self.bucket);
        Ok(Call::new(Method::PUT, step)
            .object(&self.bucket, &self.key)
            .headers(&self.headers)?
            .forbid_overwrite(self.forbid_overwrite)
            .traffic_limit(self.traffic_limit))
    }
}

impl Client {
    /// After a repeated create found the key taken: the object is ours if it has our bytes.
    async fn claim_if_ours(&self, call: &Call, taken: Error) -> Result<PutOutcome> {
        let (Some(bucket), Some(key)) = (&call.bucket, &call.key) else {
            return Err(taken);
        };
        let stored = self.head_object(bucket, key).await;
        let ours = call.payload.crc().await;
        claimed(stored, call.payload.size(), ours).ok_or(taken)
    }
}

/// What is stored, where it has this length and this CRC-64. After a lost answer, that is how a
/// write is recognised as ours.
pub(crate) fn claimed(
    stored: Result<ObjectInfo>,
    len: Option<u64>,
    crc: Option<u64>,
) -> Option<PutOutcome> {
    let stored = stored.ok()?;
    let same = Some(stored.len) == len && crc.is_some() && stored.crc == crc;
    same.then_some(PutOutcome {
        etag: stored.etag,
        crc: stored.crc,
        version_id: stored.version_id,
        verdict: Verdict::Verified,
    })
}

/// What the headers of an answer say of the object it stored.
pub(crate) fn outcome(headers: &http::HeaderMap) -> PutOutcome {
    let crc = crc(headers);
    PutOutcome {
        etag: etag(headers),
        crc,
        version_id: version_id(headers),
        verdict: if crc.is_some() {
            Verdict::Verified
        } else {
            Verdict::NotAvailable
        },
    }
}
