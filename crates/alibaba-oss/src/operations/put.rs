//! PutObject.

use alibaba_sign::percent;
use http::{HeaderValue, Method};

use super::{check_crc, crc, etag, header, text};
use crate::client::{Call, Client};
use crate::error::{Error, ErrorKind, Result};
use crate::payload::Payload;
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
        }
    }
}

impl PutObject {
    /// `Content-Type`.
    pub fn content_type(self, value: impl Into<String>) -> Self {
        self.header("content-type", value)
    }

    /// A header of the object, such as `cache-control` or `x-oss-storage-class`.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// User metadata, `x-oss-meta-<name>`; at most 8 KB in all.
    pub fn metadata(self, name: &str, value: impl Into<String>) -> Self {
        self.header(format!("x-oss-meta-{name}"), value)
    }

    /// Tags; at most ten.
    pub fn tags<'t>(self, tags: impl IntoIterator<Item = (&'t str, &'t str)>) -> Self {
        let pairs: Vec<_> = tags
            .into_iter()
            .map(|(name, value)| format!("{}={}", percent::encode(name), percent::encode(value)))
            .collect();
        self.header("x-oss-tagging", pairs.join("&"))
    }

    /// Fails with [`ErrorKind::AlreadyExists`] where the key is taken.
    ///
    /// OSS ignores this on buckets with versioning enabled or suspended ("PutObject", parameter
    /// `x-oss-forbid-overwrite`).
    pub fn forbid_overwrite(mut self, forbid: bool) -> Self {
        self.forbid_overwrite = forbid;
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
        let step = format!("put object `{}` into `{}`", self.key, self.bucket);
        let mut call = Call::new(Method::PUT, step)
            .object(&self.bucket, &self.key)
            .payload(self.payload);
        for (name, value) in &self.headers {
            let (name, value) = header(&call.step, name, value)?;
            call.headers.insert(name, value);
        }
        if self.forbid_overwrite {
            call.headers
                .insert("x-oss-forbid-overwrite", HeaderValue::from_static("true"));
        }
        let sent = self
            .client
            .attempt_all(&call, |reply| {
                check_crc(&call.step, reply.response.headers(), reply.sent_crc)
            })
            .await;
        let gave_up = match sent {
            Ok(reply) => return Ok(outcome(reply.response.headers())),
            Err(gave_up) => gave_up,
        };
        if gave_up.error.kind() != ErrorKind::AlreadyExists || gave_up.attempts == 1 {
            return Err(gave_up.error);
        }
        self.client.claim_if_ours(&call, gave_up.error).await
    }
}

impl Client {
    /// After a repeated create found the key taken: the object is ours if it has our bytes.
    async fn claim_if_ours(&self, call: &Call, taken: Error) -> Result<PutOutcome> {
        let (Some(bucket), Some(key)) = (&call.bucket, &call.key) else {
            return Err(taken);
        };
        let Ok(stored) = self.head_object(bucket, key).await else {
            return Err(taken);
        };
        let ours = payload_crc(&call.payload);
        if stored.len == call.payload.len() && stored.crc == Some(ours) {
            Ok(PutOutcome {
                etag: stored.etag,
                crc: stored.crc,
                version_id: stored.version_id,
                verdict: Verdict::Verified,
            })
        } else {
            Err(taken)
        }
    }
}

fn outcome(headers: &http::HeaderMap) -> PutOutcome {
    let crc = crc(headers);
    PutOutcome {
        etag: etag(headers),
        crc,
        version_id: text(headers, "x-oss-version-id").map(str::to_owned),
        verdict: if crc.is_some() {
            Verdict::Verified
        } else {
            Verdict::NotAvailable
        },
    }
}

/// The CRC-64 of a payload, by letting its body run through.
fn payload_crc(payload: &Payload) -> u64 {
    use futures::FutureExt;
    use http_body_util::BodyExt;
    let body = payload.body();
    let progress = body.progress();
    // The body is always ready, so this never waits.
    let _ = body.collect().now_or_never();
    progress.crc()
}
