//! Downloads of any size.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crc_fast::{CrcAlgorithm, Digest, checksum_combine};
use futures::stream::{self, StreamExt, TryStreamExt};
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

use super::checkpoint::Checkpoint;
use super::options::{Options, transfer_options};
use super::plan::Plan;
use crate::client::Client;
use crate::error::{Error, ErrorKind, Result};
use crate::headers::is_weak;
use crate::local_file::{Destination, GatheredWrites, LocalFile, Unfinished, beside, blocking};
use crate::operations::get::{GetObject, ObjectInfo};
use crate::verdict::Verdict;

/// A download under construction. See [`Client::download`].
#[derive(Clone, Debug)]
#[must_use]
pub struct Download {
    client: Client,
    bucket: String,
    key: String,
    path: PathBuf,
    version_id: Option<String>,
    checkpoints: Option<PathBuf>,
    options: Options,
}

/// A file that was downloaded.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Downloaded {
    /// What is known of the object.
    pub info: ObjectInfo,
    /// Whether the CRC-64 of all bytes was compared.
    pub verdict: Verdict,
    /// How many of the bytes were there from an earlier try.
    pub resumed: u64,
}

/// The state of a resumable download.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct State {
    endpoint: String,
    bucket: String,
    key: String,
    version_id: Option<String>,
    etag: Option<String>,
    len: u64,
    crc: Option<u64>,
    part_size: u64,
    /// The unfinished file.
    partial: PathBuf,
    /// The ranges that are on the disk, by number, with their CRC-64.
    done: Vec<(u32, u64)>,
}

impl Client {
    /// Reads an object into a file, several ranges at a time, each written at its place.
    ///
    /// The file appears under its name once every byte is there, checked, and on the disk. All
    /// ranges are of one object, pinned by its entity tag: one that is replaced meanwhile is an
    /// error of kind [`ErrorKind::Integrity`] and never a mixture.
    ///
    /// A plain file that is there is replaced, and its mode and owner stay as far as this process may
    /// give them; a link stays, and what it leads to is replaced. Devices, pipes and folders are refused,
    /// before anything is asked for. Until the file is whole, only its owner may read it.
    ///
    /// ```no_run
    /// # async fn run(client: alibaba_oss::Client) -> alibaba_oss::Result<()> {
    /// let file = client
    ///     .download("backups", "nightly.tar", "/tmp/nightly.tar")
    ///     .checkpoints("/var/lib/my-backup/checkpoints")
    ///     .send()
    ///     .await?;
    /// assert_eq!(file.verdict, alibaba_oss::Verdict::Verified);
    /// # Ok(())
    /// # }
    /// ```
    pub fn download(
        &self,
        bucket: impl Into<String>,
        key: impl Into<String>,
        path: impl Into<PathBuf>,
    ) -> Download {
        Download {
            client: self.clone(),
            bucket: bucket.into(),
            key: key.into(),
            path: path.into(),
            version_id: None,
            checkpoints: None,
            options: Options::default(),
        }
    }
}

impl Download {
    transfer_options!(
        /// The length of a range; by default 8 MiB, and for large objects more.
    );

    /// A version of the object.
    pub fn version_id(mut self, id: impl Into<String>) -> Self {
        self.version_id = Some(id.into());
        self
    }

    /// Keeps in this folder what is needed to go on after a crash, or after the future is dropped.
    /// The unfinished file stays beside its target, and what it holds is compared with the recorded
    /// CRC-64 of each range before it is trusted.
    pub fn checkpoints(mut self, folder: impl Into<PathBuf>) -> Self {
        self.checkpoints = Some(folder.into());
        self
    }

    /// Downloads. A CRC-64 that does not agree leads to one more try from the beginning, then to an
    /// error of kind [`ErrorKind::Integrity`]; the file under the target's name is only ever
    /// replaced by one that is whole.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`], [`ErrorKind::Local`] where the file cannot be written, and any
    /// other that the service or the network gives rise to.
    pub async fn send(self) -> Result<Downloaded> {
        let destination = Destination::find(&self.path).await?;
        let info = self.get().info().await?;
        let Some(len) = info.size else {
            return self.in_one_piece().await;
        };
        let plan = Plan::new(len, self.options.part_size, self.options.concurrency);
        if let Some(meter) = &self.options.meter {
            meter.set_total(Some(len));
        }
        let endpoint = self.client.endpoint().to_string();
        let version = self.version_id.clone().unwrap_or_default();
        // What comes in one piece cannot be resumed.
        let folder = self.checkpoints.as_ref().filter(|_| plan.parts() > 1);
        let checkpoint = folder.map(|folder| {
            let path = self.path.to_string_lossy();
            let what = [&endpoint, &self.bucket, &self.key, &version, &*path];
            Checkpoint::new(folder, "download", &what)
        });
        let fresh = State {
            endpoint,
            bucket: self.bucket.clone(),
            key: self.key.clone(),
            version_id: self.version_id.clone(),
            etag: info.etag.clone(),
            len,
            crc: info.crc,
            part_size: plan.part_size,
            partial: beside(destination.path()),
            done: Vec::new(),
        };
        let earlier = match &checkpoint {
            Some(checkpoint) => resumable(checkpoint, &fresh).await,
            None => None,
        };
        let mut is_new = earlier.is_none();
        let mut state = earlier.unwrap_or(fresh);
        let unfinished = Unfinished::new(state.partial.clone(), checkpoint.is_some());
        let mut tries = 0;
        loop {
            tries += 1;
            let again = State {
                done: Vec::new(),
                ..state.clone()
            };
            let outcome = self.fetch(&plan, state, is_new, checkpoint.as_ref()).await;
            match outcome {
                Ok((verdict, resumed)) => {
                    unfinished.finish(destination).await?;
                    if let Some(checkpoint) = &checkpoint {
                        checkpoint.remove().await;
                    }
                    return Ok(Downloaded {
                        info,
                        verdict,
                        resumed,
                    });
                }
                Err(error) if error.verdict().is_some() && tries == 1 => {
                    tracing::warn!(%error, "download again from the beginning");
                    if let Some(meter) = &self.options.meter {
                        meter.take_back(len);
                    }
                    state = again;
                    is_new = false;
                }
                Err(error) => {
                    if error.kind() == ErrorKind::Integrity {
                        unfinished.discard();
                        if let Some(checkpoint) = &checkpoint {
                            checkpoint.remove().await;
                        }
                    }
                    return Err(error);
                }
            }
        }
    }

    /// What a cache hides the length of cannot be cut into ranges.
    async fn in_one_piece(self) -> Result<Downloaded> {
        let get = self.get().with_meter(self.options.meter.clone());
        let object = get.send().await?;
        Ok(Downloaded {
            info: object.info,
            verdict: object.body.to_file(self.path).await?,
            resumed: 0,
        })
    }

    fn get(&self) -> GetObject {
        let mut get = self
            .client
            .get_object(&self.bucket, &self.key)
            .maybe_version(self.version_id.clone());
        if let Some(limit) = self.options.traffic_limit {
            get = get.traffic_limit(limit);
        }
        get
    }

    /// Fills the unfinished file, and returns the verdict and how many bytes were there before.
    async fn fetch(
        &self,
        plan: &Plan,
        mut state: State,
        is_new: bool,
        checkpoint: Option<&Checkpoint>,
    ) -> Result<(Verdict, u64)> {
        if let Some(checkpoint) = checkpoint {
            // A crash must not leave a file behind that nothing knows of.
            checkpoint.save(&state).await?;
        }
        let file = match is_new {
            true => LocalFile::create(&state.partial).await?,
            false => LocalFile::reopen(&state.partial, state.done.is_empty()).await?,
        };
        file.set_len(plan.len).await?;
        let mut proved = Vec::new();
        for (number, crc) in std::mem::take(&mut state.done) {
            if (1..=plan.parts()).contains(&number) && file.crc(plan.range(number)).await? == crc {
                proved.push((number, crc));
            }
        }
        let there = |number: u32| proved.iter().any(|(proved, _)| *proved == number);
        let missing: Vec<u32> = (1..=plan.parts()).filter(|n| !there(*n)).collect();
        let resumed = proved
            .iter()
            .map(|(number, _)| plan.range(*number))
            .map(|range| range.end - range.start)
            .sum();
        if let Some(meter) = &self.options.meter {
            meter.add(resumed);
        }
        let (etag, expected) = (state.etag.clone(), state.crc);
        state.done = proved;
        let state = Arc::new(Mutex::new(state));
        stream::iter(missing)
            .map(|number| {
                let (file, state, etag) = (&file, &state, &etag);
                async move {
                    let crc = self.range(plan, number, file, etag.as_deref()).await?;
                    let mut state = state.lock().await;
                    state.done.push((number, crc));
                    if let Some(checkpoint) = checkpoint {
                        // Bytes first: what the checkpoint names must survive a crash.
                        file.sync().await?;
                        checkpoint.save(&*state).await?;
                    }
                    Ok::<_, Error>(())
                }
            })
            .buffer_unordered(plan.concurrency)
            .try_collect::<()>()
            .await?;
        let mut done = std::mem::take(&mut state.lock().await.done);
        done.sort_unstable();
        let ours = done.iter().fold(0, |crc, (number, part)| {
            let range = plan.range(*number);
            checksum_combine(CrcAlgorithm::Crc64Xz, crc, *part, range.end - range.start)
        });
        let verdict = match expected {
            None => Verdict::NotAvailable,
            Some(expected) if expected == ours => Verdict::Verified,
            Some(expected) => {
                let text = format!(
                    "download `{}` of `{}`: CRC-64 of what came is {ours}, OSS stored {expected}",
                    self.key, self.bucket
                );
                return Err(Error::new(ErrorKind::Integrity, text).with_mismatch());
            }
        };
        file.sync().await?;
        Ok((verdict, resumed))
    }

    /// Reads one range to its place, and returns its CRC-64.
    async fn range(
        &self,
        plan: &Plan,
        number: u32,
        file: &LocalFile,
        etag: Option<&str>,
    ) -> Result<u64> {
        let range = plan.range(number);
        let mut get = self.get().range(range.clone());
        if let Some(etag) = etag.filter(|etag| !is_weak(etag)) {
            get = get.if_match(etag);
        }
        let object = get.send().await.map_err(|error| match error.kind() {
            ErrorKind::Precondition => {
                let text = format!(
                    "download `{}` of `{}`: the object was replaced while it was read",
                    self.key, self.bucket
                );
                Error::new(ErrorKind::Integrity, text).with_source(error)
            }
            _ => error,
        })?;
        if object.range.as_ref() != Some(&range) {
            let text = format!(
                "download `{}` of `{}`: bytes {range:?} were asked for, {:?} came",
                self.key, self.bucket, object.range
            );
            return Err(Error::new(ErrorKind::Response, text));
        }
        let mut body = object.body;
        let mut digest = Digest::new(CrcAlgorithm::Crc64Xz);
        let mut writes = GatheredWrites::new(file, range.start);
        while let Some(frame) = body.try_next().await? {
            digest.update(&frame);
            if let Some(meter) = &self.options.meter {
                meter.add(frame.len() as u64);
            }
            writes.push(frame).await?;
        }
        writes.flush().await?;
        Ok(digest.finalize())
    }
}

/// The state of an earlier try, where it is of the same object. A checkpoint that was tampered with
/// must not lead to the writing or removal of another file.
async fn resumable(checkpoint: &Checkpoint, fresh: &State) -> Option<State> {
    let state: State = checkpoint.load().await?;
    let ours = is_beside(&state.partial, &fresh.partial);
    let same = State {
        partial: fresh.partial.clone(),
        done: Vec::new(),
        ..state.clone()
    } == *fresh;
    let exists = ours && is_file(&state.partial).await;
    if ours && same && (exists || state.done.is_empty()) && fresh.etag.is_some() {
        return Some(state);
    }
    if exists {
        let partial = state.partial.clone();
        let step = || "remove an unfinished file of an earlier try".to_owned();
        let _ = blocking(move || std::fs::remove_file(partial), step).await;
    }
    checkpoint.remove().await;
    None
}

async fn is_file(path: &Path) -> bool {
    let path = path.to_owned();
    let step = || "look at an unfinished file of an earlier try".to_owned();
    blocking(move || Ok(path.is_file()), step)
        .await
        .unwrap_or(false)
}

/// Whether both are names that downloads of one target give.
fn is_beside(partial: &Path, other: &Path) -> bool {
    fn stem(path: &Path) -> Option<(&Path, &str)> {
        let name = path.file_name()?.to_str()?.strip_suffix(".part")?;
        Some((path.parent()?, name.rsplit_once('.')?.0))
    }
    stem(partial).is_some() && stem(partial) == stem(other)
}
