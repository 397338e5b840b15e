//! The steps of a backup, in their order.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, Mutex};

use chrono::{DateTime, SubsecRound as _, Utc};
use futures::StreamExt as _;
use kube::core::SelectorExt as _;
use object_store::{ObjectStore, ObjectStoreExt as _, PutMode, PutOptions};
use serde::Deserialize;
use tokio::sync::mpsc;

use super::claim::Claim;
use super::gather::{EXCLUDE_LABEL, Gather, Seen, Take};
use super::plan::{Kinds, ListJob};
use super::side_files::write_results;
use super::spec::BackupSpec;
use super::upload::{Upload, Written};
use crate::api::{Api, Failure, ListEncoding};
use crate::archive::index::{IndexFacts, IndexWriter};
use crate::archive::path::FORMAT_VERSION;
use crate::archive::write::{Block, TypeMeta};
use crate::collect::{Item, Lister, all};
use crate::repository::{Keys, same_etag};
use crate::{
    ArchiveFacts, Discovery, Error, ErrorKind, Moment, Phase, Record, RecordMetadata,
    RecordProgress, Repository, Result, Results,
};

/// Blocks waiting to be compressed, and being compressed.
const BLOCKS_AHEAD: usize = 4;

/// How far a backup is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct BackupProgress {
    /// Lists to read, once known.
    pub lists: usize,
    /// Lists read to their end.
    pub lists_done: usize,
    /// Objects packed.
    pub objects: u64,
}

/// What a backup came to.
#[derive(Debug, Clone, PartialEq)]
pub struct BackupReport {
    /// The committed record.
    pub record: Record,
    /// Warnings and errors, as stored beside the archive.
    pub results: Results,
}

impl fmt::Display for BackupReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let status = &self.record.status;
        let objects = status
            .progress
            .map_or(0, |progress| progress.items_backed_up);
        writeln!(
            f,
            "Backup `{}`: {}, {objects} objects",
            self.record.name(),
            status.phase
        )?;
        for message in self.results.errors.messages() {
            writeln!(f, "  error: {message}")?;
        }
        for message in self.results.warnings.messages() {
            writeln!(f, "  warning: {message}")?;
        }
        Ok(())
    }
}

type OnProgress = Box<dyn Fn(BackupProgress) + Send + Sync>;

/// A backup to be made.
///
/// ```no_run
/// # async fn example(client: kube::Client, repository: kube_backup_engine::Repository)
/// # -> Result<(), kube_backup_engine::Error> {
/// use kube_backup_engine::backup::{Backup, BackupSpec};
///
/// let report = Backup::new(client, repository, BackupSpec::named("nightly"))
///     .on_progress(|progress| println!("{} objects", progress.objects))
///     .run()
///     .await?;
/// println!("{report}");
/// # Ok(()) }
/// ```
pub struct Backup {
    client: kube::Client,
    repository: Repository,
    spec: BackupSpec,
    encoding: ListEncoding,
    on_progress: OnProgress,
}

impl fmt::Debug for Backup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Backup")
            .field("spec", &self.spec)
            .finish_non_exhaustive()
    }
}

impl Backup {
    /// A backup of the cluster behind `client` into `repository`.
    pub fn new(client: kube::Client, repository: Repository, spec: BackupSpec) -> Self {
        Self {
            client,
            repository,
            spec,
            encoding: ListEncoding::default(),
            on_progress: Box::new(|_| {}),
        }
    }

    /// Whether the API server may compress its lists.
    #[must_use]
    pub fn with_list_encoding(mut self, encoding: ListEncoding) -> Self {
        self.encoding = encoding;
        self
    }

    /// Calls `report` whenever there is progress, a few times a page.
    #[must_use]
    pub fn on_progress(mut self, report: impl Fn(BackupProgress) + Send + Sync + 'static) -> Self {
        self.on_progress = Box::new(report);
        self
    }

    /// Makes the backup. It exists once this returns it, whole; a failure, or dropping the future,
    /// leaves nothing that looks like a backup.
    ///
    /// Kinds that could not be read do not fail it: the record's phase is then
    /// [`Phase::PartiallyFailed`] and the results name them.
    ///
    /// # Errors
    /// [`ErrorKind::AlreadyExists`] when there is a backup of this name, [`ErrorKind::Busy`] while
    /// another is being written under it, [`ErrorKind::Cluster`] and [`ErrorKind::Store`] with the
    /// step that failed.
    pub async fn run(self) -> Result<BackupReport> {
        self.spec.check()?;
        let name = &self.spec.name;
        let keys = self.repository.keys(name)?;
        let store = self.repository.store();
        let exists = || {
            Error::new(
                ErrorKind::AlreadyExists,
                format!(
                    "back up as `{name}`: there is a backup of that name; choose another, or delete it"
                ),
            )
        };
        if self.repository.record(name).await?.is_some() {
            return Err(exists());
        }
        let began = now();
        let uid = new_uid();
        let mut claim = Claim::take(store, &keys, name, &uid, self.spec.claim_patience).await?;
        // Between the look above and the claim another may have committed.
        if self.repository.record(name).await?.is_some() {
            claim.release().await;
            return Err(exists());
        }
        let written = tokio::select! {
            written = self.write(&keys, began, &uid) => written,
            Err(lost) = claim.keep(self.spec.claim_patience) => Err(lost),
        };
        let outcome = match written {
            Ok(report) => self.commit(&keys, &claim, report).await,
            Err(error) => Err(error),
        };
        claim.release().await;
        outcome
    }

    /// Everything but the record.
    async fn write(&self, keys: &Keys, began: DateTime<Utc>, uid: &str) -> Result<BackupReport> {
        self.repository.delete_leftovers(keys).await?;
        let api = Api::new(self.client.clone(), self.encoding);
        let (found, version) = tokio::join!(Discovery::of(&api), server_version(&api));
        let found = found?;
        let kinds = Kinds::choose(&self.spec, &found);
        let (namespaces, types, pin) = self.list_namespaces(&api, &found).await?;
        let (chosen, mut results) = self.choose_namespaces(&namespaces)?;
        note_kinds(&kinds, &mut results);

        let jobs = kinds.jobs(&chosen, namespaces.len());
        let related: Vec<ListJob> = kinds
            .related
            .iter()
            .map(|resource| ListJob {
                resource: resource.clone(),
                namespace: None,
            })
            .collect();
        let lists = jobs.len() + related.len();
        let progress = |seen: &Seen| {
            (self.on_progress)(BackupProgress {
                lists,
                lists_done: seen.lists_done,
                objects: seen.objects,
            });
        };
        let (blocks, packed) = mpsc::channel(BLOCKS_AHEAD);
        let gather = Gather {
            api: &api,
            spec: &self.spec,
            selector: self.spec.label_selector.as_ref().map(ToString::to_string),
            pin: pin.clone(),
            namespaces: chosen,
            mtime: u64::try_from(began.timestamp()).unwrap_or_default(),
            blocks,
            seen: Mutex::new(Seen {
                results,
                ..Seen::default()
            }),
            progress: &progress,
        };
        let writing = write_archive(self.repository.store(), keys, packed);
        let listing = async move {
            let stopped = self
                .list(&gather, &kinds, jobs, related, &namespaces, &types)
                .await
                .is_err();
            let Gather { seen, .. } = gather;
            (
                seen.into_inner()
                    .unwrap_or_else(std::sync::PoisonError::into_inner),
                stopped,
            )
        };
        let (written, (seen, stopped)) = tokio::join!(writing, listing);
        let (archive, index, index_facts) = written?;
        if stopped {
            // Cannot be: whoever takes the blocks stops only by failing.
            return Err(Error::new(
                ErrorKind::Store,
                format!("write the archive of `{}`", self.spec.name),
            ));
        }
        self.write_side_files(keys, &seen).await?;
        let facts = ArchiveFacts {
            length: archive.length,
            crc64: archive.crc64.to_string(),
            etag: archive.etag,
            index: Some(IndexFacts {
                length: index.length,
                ..index_facts
            }),
        };
        self.report(seen, &facts, pin, began, uid, version)
    }

    async fn list(
        &self,
        gather: &Gather<'_>,
        kinds: &Kinds,
        jobs: Vec<ListJob>,
        mut related: Vec<ListJob>,
        namespaces: &[Item],
        types: &Arc<TypeMeta>,
    ) -> Result<(), super::gather::Stopped> {
        let first = Block::first(gather.mtime).unwrap_or_default();
        gather
            .blocks
            .send(first)
            .await
            .map_err(|_| super::gather::Stopped)?;
        gather.read(jobs, Take::Chosen).await?;
        // Roles last: which are needed is known once the bindings are read.
        let roles = related
            .iter()
            .position(|job| job.resource.plural == "clusterroles");
        let roles: Vec<ListJob> = roles.map(|at| related.remove(at)).into_iter().collect();
        gather.read(related, Take::Needed).await?;
        gather.read(roles, Take::Needed).await?;
        if kinds.namespaces {
            let selected = |item: &Item| {
                kinds.empty_namespaces
                    && self.spec.label_selector.as_ref().is_none_or(|selector| {
                        selector.matches(&item.head.labels.iter().cloned().collect())
                    })
            };
            gather.pack_namespaces(namespaces, types, selected).await?;
        }
        Ok(())
    }

    /// All namespaces. The moment of this list is that of the whole backup.
    async fn list_namespaces(
        &self,
        api: &Api,
        found: &Discovery,
    ) -> Result<(Vec<Item>, Arc<TypeMeta>, String)> {
        let step = "list the namespaces: the backup needs `list` on every kind it holds";
        let namespaces = found
            .resources
            .iter()
            .find(|resource| resource.group.is_empty() && resource.plural == "namespaces")
            .ok_or_else(|| Error::cluster(step, "the server has none"))?;
        let mut lister = Lister::new(api, namespaces, None, None, None);
        let items = all(&mut lister)
            .await
            .map_err(|failure| Error::cluster(step, failure))?;
        Ok((items, Arc::clone(lister.types()), lister.resource_version))
    }

    /// The namespaces to read, and what there is to say about the others.
    fn choose_namespaces(&self, namespaces: &[Item]) -> Result<(BTreeSet<String>, Results)> {
        let mut results = Results::default();
        let mut chosen = BTreeSet::new();
        for item in namespaces {
            let name = &item.head.name;
            if !self.spec.wants_namespace(name) || item.head.label(EXCLUDE_LABEL) == Some("true") {
                continue;
            }
            if item.head.terminating {
                results
                    .warnings
                    .cluster
                    .push(format!("namespace `{name}` is being deleted and left out"));
            } else {
                chosen.insert(name.clone());
            }
        }
        for name in &self.spec.included_namespaces {
            if !namespaces.iter().any(|item| item.head.name == *name) {
                results
                    .errors
                    .cluster
                    .push(format!("namespace `{name}` is not in the cluster"));
            }
        }
        if chosen.is_empty() && !self.spec.included_namespaces.is_empty() {
            return Err(Error::invalid(format!(
                "plan backup `{}`: none of its namespaces {:?} is in the cluster to be read",
                self.spec.name, self.spec.included_namespaces
            )));
        }
        Ok((chosen, results))
    }

    async fn write_side_files(&self, keys: &Keys, seen: &Seen) -> Result<()> {
        let store = self.repository.store();
        let files = [
            (keys.resource_list(), seen.names.write()?),
            (keys.results(), write_results(&seen.results)?),
        ];
        for (path, bytes) in files {
            let mut upload = Upload::new(store, path);
            upload.push(bytes).await?;
            upload.finish().await?;
        }
        Ok(())
    }

    fn report(
        &self,
        seen: Seen,
        facts: &ArchiveFacts,
        pin: String,
        began: DateTime<Utc>,
        uid: &str,
        version: Option<Version>,
    ) -> Result<BackupReport> {
        let mut metadata = RecordMetadata::default();
        metadata.name.clone_from(&self.spec.name);
        metadata.namespace = Some("velero".into());
        uid.clone_into(&mut metadata.uid);
        metadata.creation_timestamp = Some(began);
        metadata.labels.clone_from(&self.spec.labels);
        if let Some(version) = version {
            let mut note = |what: &str, value: String| {
                metadata
                    .annotations
                    .insert(format!("velero.io/source-cluster-k8s-{what}"), value);
            };
            note("gitversion", version.git_version);
            note("major-version", version.major);
            note("minor-version", version.minor);
        }
        let mut record = Record::new(metadata, self.spec.to_velero());
        let status = &mut record.status;
        status.version = 1;
        FORMAT_VERSION.clone_into(&mut status.format_version);
        status.errors = seen.results.errors.count();
        status.warnings = seen.results.warnings.count();
        status.phase = if status.errors == 0 {
            Phase::Completed
        } else {
            Phase::PartiallyFailed
        };
        status.start_timestamp = Some(began);
        status.completion_timestamp = Some(now());
        status.progress = Some(RecordProgress {
            total_items: seen.objects,
            items_backed_up: seen.objects,
        });
        record.set_archive(facts)?;
        record.set_moment(&Moment {
            resource_version: pin,
            except: seen.except,
        })?;
        if let Some(ttl) = self
            .spec
            .ttl
            .and_then(|ttl| chrono::Duration::from_std(ttl).ok())
        {
            record.set_expires_at(began + ttl);
        }
        Ok(BackupReport {
            record,
            results: seen.results,
        })
    }

    /// The write that makes the backup exist.
    async fn commit(
        &self,
        keys: &Keys,
        claim: &Claim,
        report: BackupReport,
    ) -> Result<BackupReport> {
        let name = &self.spec.name;
        let store = self.repository.store();
        claim.check().await?;
        let bytes = report.record.write()?;
        let create = PutOptions::from(PutMode::Create);
        match store.put_opts(&keys.record(), bytes.into(), create).await {
            Ok(_) => {}
            Err(object_store::Error::AlreadyExists { .. }) => {
                // After a lost answer it may be ours.
                let there = self.repository.record(name).await?;
                if there.is_none_or(|there| there.uid() != report.record.uid()) {
                    return Err(Error::new(
                        ErrorKind::AlreadyExists,
                        format!(
                            "commit backup `{name}`: another backup of that name was committed first"
                        ),
                    ));
                }
            }
            Err(error) => return Err(Error::store(format!("commit backup `{name}`"), error)),
        }
        self.check_committed(keys, report).await
    }

    /// Takes the record back if its archive is not there: a writer that stood still for longer than its
    /// claim lasts can find it replaced, however short the time between the check and the commit.
    async fn check_committed(&self, keys: &Keys, report: BackupReport) -> Result<BackupReport> {
        let name = &self.spec.name;
        let store = self.repository.store();
        let Some(facts) = report.record.archive()? else {
            return Ok(report);
        };
        let replaced = match store.head(&keys.archive()).await {
            Ok(meta) => {
                meta.size != facts.length
                    || matches!((&meta.e_tag, &facts.etag), (Some(a), Some(b)) if !same_etag(a, b))
            }
            Err(object_store::Error::NotFound { .. }) => true,
            // It was there when its upload ended; a failing look does not undo a backup.
            Err(error) => {
                tracing::warn!(name, %error, "the committed archive could not be looked at");
                false
            }
        };
        if !replaced {
            return Ok(report);
        }
        store
            .delete(&keys.record())
            .await
            .map_err(|error| Error::store(format!("take back the record of `{name}`"), error))?;
        Err(Error::new(
            ErrorKind::Busy,
            format!(
                "commit backup `{name}`: another backup replaced its archive, so it was taken back"
            ),
        ))
    }
}

/// Compresses blocks on other threads and uploads them as they are ready, in their order.
async fn write_archive(
    store: &Arc<dyn ObjectStore>,
    keys: &Keys,
    blocks: mpsc::Receiver<Block>,
) -> Result<(Written, Written, IndexFacts)> {
    let mut archive = Upload::new(store, keys.archive());
    let mut index = Upload::new(store, keys.index());
    match fill(&mut archive, &mut index, blocks).await {
        Ok(facts) => {
            let archive = archive.finish().await?;
            let index = index.finish().await?;
            Ok((archive, index, facts))
        }
        Err(error) => {
            for upload in [archive, index] {
                if let Err(error) = upload.abort().await {
                    tracing::warn!(error = error.chain(), "cleaning up");
                }
            }
            Err(error)
        }
    }
}

async fn fill(
    archive: &mut Upload,
    index: &mut Upload,
    blocks: mpsc::Receiver<Block>,
) -> Result<IndexFacts> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let blocks = futures::stream::unfold(blocks, |mut blocks| async {
        blocks.recv().await.map(|block| (block, blocks))
    })
    .chain(futures::stream::once(async { Block::last() }));
    let mut members = std::pin::pin!(
        blocks
            .map(|block| tokio::task::spawn_blocking(move || block.compress()))
            .buffered(threads)
    );
    let mut lines = IndexWriter::default();
    while let Some(member) = members.next().await {
        let member =
            member.map_err(|error| Error::invalid("compress the archive").with_source(error))??;
        if let Some(chunk) = lines.push(archive.length(), &member)? {
            index.push(chunk).await?;
        }
        archive.push(member.bytes).await?;
    }
    let (tail, facts) = lines.finish()?;
    for bytes in tail {
        index.push(bytes).await?;
    }
    Ok(facts)
}

/// What was asked for and is not to be had.
fn note_kinds(kinds: &Kinds, results: &mut Results) {
    for name in &kinds.missing {
        results
            .errors
            .cluster
            .push(format!("the server has no kind `{name}`"));
    }
    for (part, reason) in &kinds.undiscovered {
        results.errors.cluster.push(format!(
            "kinds of `{part}` are missing, since {reason}; repair its APIService, or exclude `*.{}`",
            part.split_once('/').map_or(part.as_str(), |(group, _)| group)
        ));
    }
    for (part, reason) in &kinds.unimportant {
        results.warnings.cluster.push(format!("`{part}`: {reason}"));
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Version {
    git_version: String,
    major: String,
    minor: String,
}

/// Worth a line in the record and no failure.
async fn server_version(api: &Api) -> Option<Version> {
    let answer: std::result::Result<_, Failure> =
        api.get_whole("/version", "application/json").await;
    serde_json::from_slice(&answer.ok()?.1).ok()
}

/// The one place where a backup reads the clock.
fn now() -> DateTime<Utc> {
    Utc::now().trunc_subsecs(0)
}

/// A random UUID, version 4.
fn new_uid() -> String {
    let bits = fastrand::u128(..) & !(0xf << 76) & !(0x3 << 62) | (0x4 << 76) | (0x2 << 62);
    let hex = format!("{bits:032x}");
    format!(
        "{}-{}-{}-{}-{}",
        &hex[..8],
        &hex[8..12],
        &hex[12..16],
        &hex[16..20],
        &hex[20..]
    )
}
