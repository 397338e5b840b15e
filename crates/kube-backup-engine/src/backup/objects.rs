//! The objects of a backup: listed, packed and uploaded at the same time; or only listed, for a plan.

use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, Utc};
use tokio::sync::mpsc;

use super::backup::Backup;
use super::collector::{Collected, Collector, Stopped};
use super::left_behind::LeftBehind;
use super::scope::{Scope, of_unmatched};
use super::writer::{ArchivePlace, Archives, write_archive};
use crate::archive::write::Block;
use crate::cluster::list::Item;
use crate::cluster::reader::ClusterReader;
use crate::encryption::{EncryptionMode, Recipient};
use crate::format::keys::Keys;
use crate::{EncryptionFacts, Error, Result};

/// Blocks waiting to be compressed, and being compressed.
const BLOCKS_AHEAD: usize = 4;

impl Backup {
    /// Lists, packs and uploads at the same time.
    pub(super) async fn write_objects(
        &self,
        api: &ClusterReader,
        scope: Scope<'_>,
        keys: &Keys,
        began: DateTime<Utc>,
    ) -> Result<(Archives, Collected)> {
        let (blocks, packed) = mpsc::channel(BLOCKS_AHEAD);
        let apart = self.spec.encryption.as_ref().filter(|_| !self.is_of_all());
        let (secrets, packed_secrets) = apart
            .map(|encryption| {
                let (blocks, packed) = mpsc::channel(BLOCKS_AHEAD);
                (blocks, (encryption, packed))
            })
            .unzip();
        // On the heap: together they are more than a thread's stack bears, with several backups in one task.
        let listing = Box::pin(self.collect(api, scope, began, blocks, secrets));
        let store = self.repository.store();
        let place = ArchivePlace::of_all(keys, self.recipients());
        let writing = Box::pin(write_archive(store, place, packed));
        let writing_secrets = async {
            let Some((encryption, packed)) = packed_secrets else {
                return Ok(None);
            };
            let place = ArchivePlace::of_secrets(keys, &encryption.recipients);
            let writing = Box::pin(write_archive(store, place, packed));
            writing.await.map(Some)
        };
        let (written, secrets, collected) = tokio::join!(writing, writing_secrets, listing);
        let (archive, mut files) = written?;
        let (secrets, more) = secrets?.unzip();
        files.extend(more.into_iter().flatten());
        let encryption = self.spec.encryption.clone();
        let archives = Archives {
            archive,
            encryption: encryption.map(|encryption| EncryptionFacts::new(encryption, secrets)),
            files,
        };
        Ok((archives, collected?))
    }

    /// Whether everything is to be encrypted.
    pub(super) fn is_of_all(&self) -> bool {
        let encryption = self.spec.encryption.as_ref();
        encryption.is_some_and(|encryption| encryption.mode == EncryptionMode::All)
    }

    /// To whom all content is encrypted, if it is.
    pub(super) fn recipients(&self) -> Option<&[Recipient]> {
        let encryption = self.spec.encryption.as_ref()?;
        self.is_of_all().then_some(encryption.recipients.as_slice())
    }

    /// Lists and packs, and keeps nothing of it but what it came to.
    pub(super) async fn count_objects(
        &self,
        api: &ClusterReader,
        scope: Scope<'_>,
        began: DateTime<Utc>,
    ) -> Result<Collected> {
        let (blocks, mut packed) = mpsc::channel(BLOCKS_AHEAD);
        let listing = self.collect(api, scope, began, blocks, None);
        let dropping = async { while packed.recv().await.is_some() {} };
        tokio::join!(listing, dropping).0
    }

    async fn collect(
        &self,
        api: &ClusterReader,
        scope: Scope<'_>,
        began: DateTime<Utc>,
        blocks: mpsc::Sender<Block>,
        secrets: Option<mpsc::Sender<Block>>,
    ) -> Result<Collected> {
        let Scope {
            filter,
            kinds,
            namespaces,
            types,
            chosen,
            resource_version,
            results,
            ..
        } = scope;
        let filter = &filter;
        let selection = &self.spec.selection;
        let jobs = kinds.jobs(&chosen, namespaces.len());
        let companions = kinds.companion_jobs(&chosen, namespaces.len());
        let lists = jobs.len() + companions.len();
        let progress = |collected: &Collected| {
            self.report_progress(|progress| {
                progress.lists = lists;
                progress.lists_done = collected.lists_done;
                progress.objects = collected.objects;
            });
        };
        let mtime = u64::try_from(began.timestamp()).unwrap_or_default();
        let first = Block::first(mtime)?;
        let left_behind = selection.is_of_objects().then(LeftBehind::default);
        let collector = Collector {
            api,
            filter,
            parallelism: self.options.backup_parallelism(),
            selector: selection.label_selector.as_ref().map(ToString::to_string),
            has_companions: !companions.is_empty(),
            resource_version,
            namespaces: chosen,
            mtime,
            blocks,
            secrets,
            collected: Mutex::new(Collected::new(
                results,
                *self.repository.limits(),
                left_behind,
            )),
            progress: &progress,
        };
        let listed = async {
            collector.read_in_order(first, &jobs, &companions).await?;
            if kinds.namespaces {
                let selected = |item: &Item| {
                    kinds.empty_namespaces
                        && filter.wants_object(&item.head.name, &item.head.labels)
                };
                collector
                    .pack_namespaces(&namespaces, &types, selected)
                    .await?;
            }
            Ok::<_, Stopped>(())
        };
        let stopped = listed.await.is_err();
        // The sender of blocks goes with it: whoever takes them is at the end.
        let Collector { collected, .. } = collector;
        let mut collected = collected
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        progress(&collected);
        collected.count_left_out();
        of_unmatched(&self.spec, &mut collected.results)
            .cluster
            .extend(filter.unmatched_objects());
        let idle = filter.idle_selectors();
        collected.results.warnings.cluster.extend(idle);
        if let Some(left_behind) = &collected.left_behind {
            let messages = left_behind.messages();
            collected.results.warnings.cluster.extend(messages);
        }
        if stopped {
            // Cannot happen: the writer of blocks stops only by failing, and that error is returned first.
            return Err(Error::internal(
                format!("write the archive of `{}`", self.spec.name),
                "nobody takes the objects",
            ));
        }
        Ok(collected)
    }
}
