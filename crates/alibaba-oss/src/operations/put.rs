//! PutObject.

use std::future::ready;
use std::time::Duration;

use super::outcome::PutOutcome;
use super::setters::{
    content_type_by_name, forbid_overwrite, object_headers, payload_progress, traffic_limit,
};
use crate::call::Call;
use crate::client::Client;
use crate::error::{ErrorKind, Result};
use crate::headers::check_crc;
use crate::operation::Operation;
use crate::payload::Payload;
use crate::presign::Presigned;
use crate::proof;

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
    content_type_by_name!(key);
    forbid_overwrite!(forbid_overwrite);
    traffic_limit!(traffic_limit);
    payload_progress!(payload);

    /// Sends it. The CRC-64 of what was sent is compared with what OSS received.
    ///
    /// Where the response to a put that forbids overwriting was lost, and the repetition finds the
    /// key taken, the stored object is compared with ours by length and CRC-64 before that counts
    /// as a failure.
    ///
    /// # Errors
    ///
    /// Any [`ErrorKind`] that the service or the network may give rise to.
    pub async fn send(self) -> Result<PutOutcome> {
        let mut call = self.call()?;
        call.payload = self.payload;
        let sent = self.client.attempt_all(&call, |reply| {
            let headers = reply.response.headers();
            let checked = proof::check(&call, reply.response.status(), headers)
                .and_then(|()| check_crc(&call.step, headers, reply.sent_crc));
            ready(checked.map(|()| PutOutcome::read(headers, true, reply.attempts)))
        });
        let error = match sent.await {
            Ok(outcome) => return Ok(outcome),
            Err(error) => error,
        };
        if error.kind() != ErrorKind::AlreadyExists || !error.was_repeated() {
            return Err(error);
        }
        // The object that has taken the key is ours if it has our bytes.
        let stored = self.client.head_object(&self.bucket, &self.key).await;
        let (len, crc) = (call.payload.size(), call.payload.crc().await);
        PutOutcome::recognise(stored, len, crc, error.attempts()).ok_or(error)
    }

    /// The same put for somebody else to make, without the body that is given here.
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
        Ok(Call::new(Operation::PUT_OBJECT, step)
            .object(&self.bucket, &self.key)
            .headers(&self.headers)?
            .forbid_overwrite(self.forbid_overwrite)
            .traffic_limit(self.traffic_limit))
    }
}
