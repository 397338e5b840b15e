//! Puts, copies and uploads of the store, in no version's types.

use parking_lot::Mutex;

use super::create::Refusal;
use super::oss_store::{OssStore, STORE};
use crate::operations::multipart::{UploadedPart, combine};
use crate::{Error, ErrorKind, Payload, PutOutcome};

/// Names and values of an object's headers.
pub(super) type Headers = Vec<(String, String)>;

impl OssStore {
    /// Stores an object; with `create`, or where the store never overwrites, only where the key is free.
    pub(super) async fn write(
        &self,
        key: &str,
        payload: Payload,
        headers: Headers,
        create: bool,
    ) -> Result<PutOutcome, Refusal> {
        let create = create || self.forbid_overwrite;
        let mut put = self
            .client
            .put_object(&*self.bucket, key, payload)
            .forbid_overwrite(create);
        for (name, value) in headers {
            put = put.header(name, value);
        }
        if !create {
            return Ok(put.send().await?);
        }
        self.create(key, put.send()).await
    }

    /// Copies within the bucket.
    pub(super) async fn copy_within(
        &self,
        from: &str,
        to: &str,
        create: bool,
    ) -> Result<(), Refusal> {
        let create = create || self.forbid_overwrite;
        let ends = ((&*self.bucket, from), (&*self.bucket, to));
        let copy = self.client.copy(ends.0, ends.1).forbid_overwrite(create);
        if !create {
            return Ok(copy.send().await.map(drop)?);
        }
        match self.create(to, copy.send()).await {
            // That there is nothing to copy comes first, as it does where OSS itself decides.
            Err(Refusal::Failed(taken)) if taken.kind() == ErrorKind::AlreadyExists => {
                self.client.head_object(&self.bucket, from).await?;
                Err(taken.into())
            }
            copied => copied.map(drop),
        }
    }

    /// Begins an upload in parts.
    pub(super) async fn begin(
        &self,
        key: &str,
        headers: &[(String, String)],
        create: bool,
    ) -> Result<String, Refusal> {
        let create = create || self.forbid_overwrite;
        if create {
            self.expect_free(key).await?;
        }
        let mut begin = self
            .client
            .initiate_upload(&*self.bucket, key)
            .forbid_overwrite(create);
        for (name, value) in headers {
            begin = begin.header(name, value);
        }
        Ok(begin.send().await?)
    }

    /// Makes an object of parts.
    pub(super) async fn complete(
        &self,
        key: &str,
        upload_id: &str,
        mut parts: Vec<UploadedPart>,
        create: bool,
    ) -> Result<PutOutcome, Refusal> {
        let create = create || self.forbid_overwrite;
        parts.sort_unstable_by_key(|part| part.number);
        let (client, bucket) = (&self.client, &*self.bucket);
        if parts.is_empty() {
            // OSS wants one part at least; an empty one makes an empty object.
            let empty = client.upload_part(bucket, key, upload_id, 1, Payload::default());
            parts.push(empty.send().await?);
        }
        if !create {
            let complete = client.complete_upload(bucket, key, upload_id, parts);
            return Ok(complete.send().await?);
        }
        let write = async {
            let complete = client
                .complete_upload(bucket, key, upload_id, parts.clone())
                .forbid_overwrite(true);
            let error = match complete.send().await {
                Ok(outcome) => return Ok(outcome),
                Err(error) => error,
            };
            // The response was lost, and what the upload became may lie under a version of another.
            if error.was_repeated() && error.kind() == ErrorKind::NotFound {
                let len = parts.iter().map(|part| part.size).sum();
                if let Ok(Some(outcome)) = self.find_version(key, len, combine(&parts)).await {
                    return Ok(outcome);
                }
            }
            Err(error)
        };
        self.create(key, write).await
    }
}

/// What a caller who keeps the parts itself is given of one, for the completion: all that a
/// completion is checked with.
pub(super) fn part_id(part: &UploadedPart) -> String {
    let crc = part.crc.map(|crc| crc.to_string()).unwrap_or_default();
    format!("{}:{}:{crc}", part.etag, part.size)
}

/// The part again.
pub(super) fn read_part_id(number: u32, id: &str) -> Result<UploadedPart, Error> {
    let read = || {
        let (rest, crc) = id.rsplit_once(':')?;
        let (etag, len) = rest.rsplit_once(':')?;
        let crc = match crc {
            "" => None,
            crc => Some(crc.parse().ok()?),
        };
        Some(UploadedPart {
            number,
            etag: etag.to_owned(),
            size: len.parse().ok()?,
            crc,
        })
    };
    read().ok_or_else(|| {
        let text = format!("read `{id}` as the id of part {number}: use what storing it returned");
        Error::new(ErrorKind::Configuration, text)
    })
}

/// The number of a part by its place, the first of which is 0.
pub(super) fn part_number(place: usize) -> Result<u32, Error> {
    u32::try_from(place + 1).map_err(|error| {
        let text = format!("number part {place}: OSS takes 10 000 at most");
        Error::new(ErrorKind::Configuration, text).with_source(error)
    })
}

/// An upload in parts under way.
#[derive(Debug)]
pub(super) struct PartUpload {
    store: OssStore,
    key: String,
    upload_id: String,
    create: bool,
    parts: Mutex<Parts>,
}

#[derive(Debug, Default)]
struct Parts {
    begun: u32,
    stored: Vec<UploadedPart>,
}

impl PartUpload {
    pub(super) async fn begin(
        store: &OssStore,
        key: &str,
        headers: &[(String, String)],
        create: bool,
    ) -> Result<Self, Refusal> {
        Ok(Self {
            upload_id: store.begin(key, headers, create).await?,
            store: store.clone(),
            key: key.to_owned(),
            create,
            parts: Mutex::default(),
        })
    }

    pub(super) fn store(&self) -> &OssStore {
        &self.store
    }

    pub(super) fn key(&self) -> &str {
        &self.key
    }

    /// The number of the next part: parts are in the order in which they were begun.
    pub(super) fn next_number(&self) -> u32 {
        let mut parts = self.parts.lock();
        parts.begun += 1;
        parts.begun
    }

    pub(super) async fn send(&self, number: u32, payload: Payload) -> Result<(), Error> {
        let (client, bucket) = (&self.store.client, &*self.store.bucket);
        let sent = client.upload_part(bucket, &self.key, &self.upload_id, number, payload);
        let part = sent.send().await?;
        self.parts.lock().stored.push(part);
        Ok(())
    }

    pub(super) async fn complete(&self) -> Result<PutOutcome, Refusal> {
        let (begun, parts) = {
            let parts = self.parts.lock();
            (parts.begun, parts.stored.clone())
        };
        if parts.len() != begun as usize {
            let text = format!(
                "complete the {STORE} upload of `{}`: {} of {begun} parts are stored",
                self.key,
                parts.len()
            );
            return Err(Error::new(ErrorKind::Configuration, text).into());
        }
        self.store
            .complete(&self.key, &self.upload_id, parts, self.create)
            .await
    }

    pub(super) async fn abort(&self) -> Result<(), Error> {
        let (client, bucket) = (&self.store.client, &*self.store.bucket);
        client
            .abort_upload(bucket, &self.key, &self.upload_id)
            .await
    }
}
