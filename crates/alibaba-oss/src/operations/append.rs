//! AppendObject.

use std::ops::Range;

use crc_fast::{CrcAlgorithm, Digest, checksum_combine};
use futures::TryStreamExt;

use super::setters::{object_headers, payload_progress, traffic_limit};
use crate::attempt::Reply;
use crate::call::Call;
use crate::client::Client;
use crate::error::Result;
use crate::headers::{check_crc, crc, etag, number, version_id};
use crate::operation::Operation;
use crate::payload::Payload;
use crate::verdict::Verdict;

const NEXT_POSITION: &str = "x-oss-next-append-position";

/// An AppendObject under construction. See [`Client::append_object`].
#[derive(Clone, Debug)]
#[must_use]
pub struct AppendObject {
    client: Client,
    bucket: String,
    key: String,
    position: u64,
    payload: Payload,
    headers: Vec<(String, String)>,
    traffic_limit: Option<u64>,
    crc_so_far: Option<u64>,
}

/// What an append led to.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Appended {
    /// Where the next append has to begin: the length of the object.
    pub next_position: u64,
    /// The CRC-64 of the whole object.
    pub crc: Option<u64>,
    /// The entity tag, without quotes.
    pub etag: Option<String>,
    /// The version that grew, on buckets with versioning.
    pub version_id: Option<String>,
    /// Whether the CRC-64 was compared, which needs that of what was there before.
    pub verdict: Verdict,
}

impl Client {
    /// Adds bytes after the end of an object, which is made by an append at 0 and holds at most
    /// 5 GB. Only objects made so take appends.
    ///
    /// ```no_run
    /// # async fn run(client: alibaba_oss::Client) -> alibaba_oss::Result<()> {
    /// let first = client.append_object("logs", "today.log", 0, "one\n").send().await?;
    /// let second = client
    ///     .append_object("logs", "today.log", first.next_position, "two\n")
    ///     .crc_so_far(first.crc)
    ///     .send()
    ///     .await?;
    /// assert_eq!(second.next_position, 8);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Where it ends is found by [`Client::head_object`], in
    /// [`ObjectInfo::next_append_position`](crate::ObjectInfo::next_append_position).
    pub fn append_object(
        &self,
        bucket: impl Into<String>,
        key: impl Into<String>,
        position: u64,
        body: impl Into<Payload>,
    ) -> AppendObject {
        AppendObject {
            client: self.clone(),
            bucket: bucket.into(),
            key: key.into(),
            position,
            payload: body.into(),
            headers: Vec::new(),
            traffic_limit: None,
            crc_so_far: (position == 0).then_some(0),
        }
    }
}

/// Headers of the object count where the append makes it, at position 0.
impl AppendObject {
    object_headers!(headers);
    traffic_limit!(traffic_limit);
    payload_progress!(payload);

    /// The CRC-64 of what is there already, as the append before returned it: with it, the whole
    /// object is compared.
    pub fn crc_so_far(mut self, crc: impl Into<Option<u64>>) -> Self {
        if self.position > 0 {
            self.crc_so_far = crc.into();
        }
        self
    }

    /// Sends it.
    ///
    /// The position makes it safe to repeat: bytes are added once or not at all. Where the response
    /// was lost and the repetition finds the object longer, what was added is compared with ours
    /// by CRC-64 before that counts as a failure; without [`Self::crc_so_far`] it is read for that.
    ///
    /// # Errors
    ///
    /// [`Conflict`](crate::ErrorKind::Conflict) where the object ends elsewhere (`PositionNotEqualToLength`), or
    /// takes no appends (`ObjectNotAppendable`). [`Integrity`](crate::ErrorKind::Integrity) where OSS added other
    /// bytes than were sent: nothing takes them away again.
    pub async fn send(self) -> Result<Appended> {
        let step = format!(
            "append at {} to object `{}` of `{}`",
            self.position, self.key, self.bucket
        );
        let call = Call::new(Operation::APPEND_OBJECT, step)
            .object(&self.bucket, &self.key)
            .query("position", self.position.to_string())
            .headers(&self.headers)?
            .traffic_limit(self.traffic_limit)
            .payload(self.payload.clone());
        match self.client.execute(&call).await {
            Ok(reply) => self.outcome(&call, &reply),
            Err(error)
                if error.was_repeated()
                    && error.service_code() == Some("PositionNotEqualToLength") =>
            {
                self.recognise().await.ok_or(error)
            }
            Err(error) => Err(error),
        }
    }

    fn outcome(&self, call: &Call, reply: &Reply) -> Result<Appended> {
        let headers = reply.response.headers();
        let expected = self.whole(reply.sent_crc, reply.sent_len);
        if let Some(expected) = expected {
            check_crc(&call.step, headers, expected)?;
        }
        let next = number(headers, NEXT_POSITION)
            .ok_or_else(|| call.misread(format!("`{NEXT_POSITION}` of the response")))?;
        let crc = crc(headers);
        Ok(Appended {
            next_position: next,
            crc,
            etag: etag(headers),
            version_id: version_id(headers),
            verdict: match (crc, expected) {
                (Some(_), Some(_)) => Verdict::Verified,
                _ => Verdict::NotAvailable,
            },
        })
    }

    /// The CRC-64 of the object with the bytes added, where that of those before is known.
    fn whole(&self, added: u64, len: u64) -> Option<u64> {
        let before = self.crc_so_far?;
        Some(checksum_combine(CrcAlgorithm::Crc64Xz, before, added, len))
    }

    /// After a repeated append found the object longer: whether it is so by our bytes.
    async fn recognise(&self) -> Option<Appended> {
        let len = self.payload.size()?;
        let ours = self.payload.crc().await?;
        let end = self.position.checked_add(len)?;
        let stored = self
            .client
            .head_object(&self.bucket, &self.key)
            .await
            .ok()?;
        let next_position = stored.size.filter(|size| *size >= end)?;
        let same = match self.whole(ours, len) {
            Some(whole) if next_position == end && stored.crc.is_some() => {
                stored.crc == Some(whole)
            }
            _ => self.read_crc(self.position..end).await? == ours,
        };
        same.then_some(Appended {
            next_position,
            crc: stored.crc,
            etag: stored.etag,
            version_id: stored.version_id,
            verdict: Verdict::Verified,
        })
    }

    async fn read_crc(&self, range: Range<u64>) -> Option<u64> {
        let get = self.client.get_object(&self.bucket, &self.key).range(range);
        let mut body = get.send().await.ok()?.body;
        let mut digest = Digest::new(CrcAlgorithm::Crc64Xz);
        while let Some(bytes) = body.try_next().await.ok()? {
            digest.update(&bytes);
        }
        Some(digest.finalize())
    }
}
