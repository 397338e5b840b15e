//! Uploads of files: parts read where they lie, resumed by what a checkpoint says and OSS proves.

use std::io;
use std::path::PathBuf;

use futures::stream::{self, StreamExt, TryStreamExt};
use serde::{Deserialize, Serialize};

use super::target::{Target, Uploaded};
use crate::error::{Error, ErrorKind, Result};
use crate::local_file::{LocalFile, Stamp, local};
use crate::operations::multipart::UploadedPart;
use crate::operations::outcome::PutOutcome;
use crate::payload::Payload;
use crate::progress::Meter;
use crate::transfer::checkpoint::Checkpoint;
use crate::transfer::plan::Plan;

/// The state of a resumable upload.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct State {
    endpoint: String,
    bucket: String,
    key: String,
    path: PathBuf,
    file: Stamp,
    part_size: u64,
    headers: Vec<(String, String)>,
    upload_id: String,
}

pub(super) struct FileUpload {
    pub(super) target: Target,
    pub(super) file: LocalFile,
    pub(super) stamp: Stamp,
    pub(super) plan: Plan,
    pub(super) meter: Option<Meter>,
}

impl FileUpload {
    pub(super) async fn whole(&self) -> Result<Uploaded> {
        let payload = Payload::whole(&self.file, self.stamp).with_meter(self.meter.clone());
        Ok(Uploaded::new(self.target.put(payload).await?, 0))
    }

    pub(super) async fn in_parts(&self, checkpoints: Option<PathBuf>) -> Result<Uploaded> {
        let Some(folder) = checkpoints else {
            let id = self.target.initiate().await?;
            let guard = self.target.guard(&id);
            let sent = self.send(&id, Vec::new()).await;
            guard.end(sent.is_ok()).await;
            return sent;
        };
        let endpoint = self.target.client.endpoint().to_string();
        let path = self.file.path().to_owned();
        let checkpoint = Checkpoint::new(
            &folder,
            "upload",
            &[
                &endpoint,
                &self.target.bucket,
                &self.target.key,
                &path.to_string_lossy(),
            ],
        );
        let fresh = State {
            endpoint,
            bucket: self.target.bucket.clone(),
            key: self.target.key.clone(),
            path,
            file: self.stamp,
            part_size: self.plan.part_size,
            headers: self.target.headers.clone(),
            upload_id: String::new(),
        };
        let (id, stored) = match self.resume(&checkpoint, &fresh).await? {
            Resumed::Done(outcome) => {
                checkpoint.remove().await;
                return Ok(Uploaded::new(outcome, self.plan.len));
            }
            Resumed::Parts(id, parts) => (id, parts),
            Resumed::Nothing => {
                let upload_id = self.target.initiate().await?;
                let state = State { upload_id, ..fresh };
                checkpoint.save(&state).await?;
                (state.upload_id, Vec::new())
            }
        };
        let sent = self.send(&id, stored).await;
        match &sent {
            Ok(_) => checkpoint.remove().await,
            // Kept for the next try, unless there is nothing that a next try could do.
            Err(error) if !is_worth_resuming(error) => {
                self.target.abort(&id).await;
                checkpoint.remove().await;
            }
            Err(_) => {}
        }
        sent
    }

    /// What is left of an earlier try: parts that are stored, and proved to be this file's.
    async fn resume(&self, checkpoint: &Checkpoint, fresh: &State) -> Result<Resumed> {
        let Some(state) = checkpoint.load::<State>().await else {
            return Ok(Resumed::Nothing);
        };
        let id = state.upload_id.clone();
        let same = State {
            upload_id: String::new(),
            ..state
        };
        if same != *fresh {
            // The file or what is to be made of it changed; what it left behind is of no use.
            if (&same.endpoint, &same.bucket, &same.key)
                == (&fresh.endpoint, &fresh.bucket, &fresh.key)
            {
                self.target.abort(&id).await;
            }
            return Ok(Resumed::Nothing);
        }
        let mut listed = Vec::new();
        let mut after = Some(0);
        while let Some(from) = after {
            let (client, bucket, key) =
                (&self.target.client, &self.target.bucket, &self.target.key);
            let list = client.list_parts(bucket, key, &id).after(from);
            let page = match list.send().await {
                Ok(page) => page,
                Err(error) if error.service_code() == Some("NoSuchUpload") => {
                    return self.is_done().await;
                }
                Err(error) if error.kind() == ErrorKind::Denied => {
                    // What nobody may look at cannot be proved.
                    tracing::warn!(
                        %error, key,
                        "begin the upload anew: resuming needs the action `oss:ListParts`"
                    );
                    self.target.abort(&id).await;
                    return Ok(Resumed::Nothing);
                }
                Err(error) => return Err(error),
            };
            after = page.next;
            listed.extend(page.parts);
        }
        let proved = stream::iter(listed)
            .map(|part| async move {
                if part.number < 1 || part.number > self.plan.parts() {
                    return Ok(None);
                }
                let range = self.plan.range(part.number);
                if part.size != range.end - range.start {
                    return Ok(None);
                }
                let ours = self.file.crc(range).await?;
                Ok::<_, Error>((part.crc == Some(ours)).then(|| UploadedPart::from(part)))
            })
            .buffer_unordered(2)
            .try_filter_map(|part| async move { Ok(part) })
            .try_collect()
            .await?;
        Ok(Resumed::Parts(id, proved))
    }

    /// An upload that is gone may be one that was completed, its response lost in the crash.
    async fn is_done(&self) -> Result<Resumed> {
        let (client, bucket, key) = (&self.target.client, &self.target.bucket, &self.target.key);
        let stored = client.head_object(bucket, key).await;
        let len = self.plan.len;
        if !stored
            .as_ref()
            .is_ok_and(|found| found.size == Some(len) && found.crc.is_some())
        {
            return Ok(Resumed::Nothing);
        }
        let ours = self.file.crc(0..len).await?;
        let recognised = PutOutcome::recognise(stored, Some(len), Some(ours), 0);
        Ok(recognised.map_or(Resumed::Nothing, Resumed::Done))
    }

    /// Sends the parts that are missing, and completes.
    async fn send(&self, id: &str, mut parts: Vec<UploadedPart>) -> Result<Uploaded> {
        let resumed = parts.iter().map(|part| part.size).sum();
        if let Some(meter) = &self.meter {
            meter.add(resumed);
        }
        let missing: Vec<u32> = (1..=self.plan.parts())
            .filter(|number| parts.iter().all(|part| part.number != *number))
            .collect();
        let sent: Vec<UploadedPart> = stream::iter(missing)
            .map(|number| {
                let payload = Payload::part_of(&self.file, self.plan.range(number))
                    .with_meter(self.meter.clone());
                self.target.part(id, number, payload)
            })
            .buffer_unordered(self.plan.concurrency)
            .try_collect()
            .await?;
        parts.extend(sent);
        if self.file.stamp().await? != self.stamp {
            let step = format!("upload file `{}`", self.file.path().display());
            let error = io::Error::other("the file changed while it was uploaded");
            return Err(local(step, error));
        }
        let stored = self.target.complete(id, &mut parts).await?;
        Ok(Uploaded::new(stored, resumed))
    }
}

enum Resumed {
    Nothing,
    Parts(String, Vec<UploadedPart>),
    Done(PutOutcome),
}

/// Whether the parts that are stored may still become the object.
fn is_worth_resuming(error: &Error) -> bool {
    !matches!(
        error.kind(),
        ErrorKind::AlreadyExists | ErrorKind::NotFound | ErrorKind::Local
    )
}
