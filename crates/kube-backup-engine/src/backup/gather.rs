//! Reading the chosen lists, and packing what is chosen of them into blocks.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::mpsc;

use super::plan::ListJob;
use super::related::Needs;
use super::side_files::ResourceNames;
use super::spec::BackupSpec;
use crate::api::{Api, Failure};
use crate::archive::write::{Block, TypeMeta};
use crate::collect::{Item, Lister, Splice};
use crate::{GroupResource, ObjectId, Result, Results};

/// Objects and namespaces with this label stay out (Velero's own name for it).
pub(crate) const EXCLUDE_LABEL: &str = "velero.io/exclude-from-backup";

/// What was seen so far, by all lists together.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) objects: u64,
    pub(crate) names: ResourceNames,
    pub(crate) namespaces: HashSet<String>,
    pub(crate) needs: Needs,
    pub(crate) results: Results,
    pub(crate) except: BTreeMap<String, String>,
    pub(crate) lists_done: usize,
}

/// What every list of one backup shares.
pub(crate) struct Gather<'a> {
    pub(crate) api: &'a Api,
    pub(crate) spec: &'a BackupSpec,
    pub(crate) selector: Option<String>,
    /// Moment to read at.
    pub(crate) pin: String,
    /// Chosen namespaces.
    pub(crate) namespaces: BTreeSet<String>,
    pub(crate) mtime: u64,
    pub(crate) blocks: mpsc::Sender<Block>,
    pub(crate) seen: Mutex<Seen>,
    pub(crate) progress: &'a (dyn Fn(&Seen) + Send + Sync),
}

/// Why listing stops: nobody takes the blocks any more, and the taker says why itself.
pub(crate) struct Stopped;

/// Which objects of a list are taken.
#[derive(Clone, Copy)]
pub(crate) enum Take {
    /// Those of chosen namespaces, and cluster-scoped ones.
    Chosen,
    /// Cluster-scoped ones that others need.
    Needed,
}

impl Gather<'_> {
    pub(crate) fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads `jobs`, some at once; each reader packs its own blocks.
    pub(crate) async fn read(&self, jobs: Vec<ListJob>, take: Take) -> Result<(), Stopped> {
        let readers = self.spec.parallel.clamp(1, jobs.len().max(1));
        let queue = Mutex::new(jobs.into_iter());
        let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).next();
        let work = (0..readers).map(|_| async {
            let mut block = Block::default();
            while let Some(job) = next() {
                self.read_list(&job, take, &mut block).await?;
            }
            self.send(block).await
        });
        futures::future::try_join_all(work).await.map(|_| ())
    }

    async fn send(&self, block: Block) -> Result<(), Stopped> {
        if block.is_empty() {
            return Ok(());
        }
        self.blocks.send(block).await.map_err(|_| Stopped)
    }

    async fn read_list(&self, job: &ListJob, take: Take, block: &mut Block) -> Result<(), Stopped> {
        let kind = job.resource.group_resource();
        let selector = match take {
            Take::Chosen => self.selector.as_deref(),
            Take::Needed => None,
        };
        let mut lister = Lister::new(
            self.api,
            &job.resource,
            job.namespace.as_deref(),
            selector,
            Some(&self.pin),
        );
        let mut splice = Splice::new(lister.types());
        let failure = loop {
            let items = match lister.next().await {
                Ok(Some(items)) => items,
                Ok(None) => break None,
                Err(failure) => break Some(failure),
            };
            if lister.fell_back.is_some() {
                splice = Splice::new(lister.types());
            }
            for item in items {
                self.pack(&kind, &item, take, lister.types(), &splice, block);
                if block.is_full() {
                    self.send(std::mem::take(block)).await?;
                }
            }
            (self.progress)(&self.seen());
        };
        let mut seen = self.seen();
        seen.lists_done += 1;
        if let Some(reason) = lister.off_moment.take() {
            seen.except.insert(kind.to_string(), reason);
        }
        if let Some(reason) = lister.fell_back.take() {
            seen.results
                .warnings
                .cluster
                .push(format!("{kind}: {reason}"));
        }
        if let Some(failure) = failure {
            seen.list_failed(&kind, job.namespace.as_deref(), &failure);
        }
        (self.progress)(&seen);
        Ok(())
    }

    fn pack(
        &self,
        kind: &GroupResource,
        item: &Item,
        take: Take,
        types: &Arc<TypeMeta>,
        splice: &Splice,
        block: &mut Block,
    ) {
        let head = &item.head;
        let chosen_namespace = head
            .namespace
            .as_ref()
            .is_none_or(|namespace| self.namespaces.contains(namespace));
        if !chosen_namespace || head.terminating || head.label(EXCLUDE_LABEL) == Some("true") {
            return;
        }
        let mut seen = self.seen();
        match take {
            Take::Needed if !seen.needs.wants(kind, head, item.raw()) => return,
            Take::Needed | Take::Chosen => seen.needs.note(kind, head, item.raw()),
        }
        let id = ObjectId {
            resource: kind.clone(),
            namespace: head.namespace.clone(),
            name: head.name.clone(),
        };
        seen.objects += 1;
        seen.names.add(types, &id);
        if let Some(namespace) = &id.namespace
            && !seen.namespaces.contains(namespace)
        {
            seen.namespaces.insert(namespace.clone());
        }
        let described = id.to_string();
        if let Err(error) = block.push(id, types, &item.parts(splice), self.mtime) {
            seen.results
                .errors
                .cluster
                .push(format!("{described}: {}", error.chain()));
        }
    }

    /// Packs the namespaces themselves: those chosen as such, and those that hold what is chosen.
    pub(crate) async fn pack_namespaces(
        &self,
        items: &[Item],
        types: &Arc<TypeMeta>,
        wanted: impl Fn(&Item) -> bool,
    ) -> Result<(), Stopped> {
        let kind = GroupResource::core("namespaces");
        let splice = Splice::new(types);
        let mut block = Block::default();
        for item in items {
            let used = self.seen().namespaces.contains(&item.head.name);
            if self.namespaces.contains(&item.head.name) && (used || wanted(item)) {
                self.pack(&kind, item, Take::Chosen, types, &splice, &mut block);
                if block.is_full() {
                    self.send(std::mem::take(&mut block)).await?;
                }
            }
        }
        self.send(block).await
    }
}

impl Seen {
    fn list_failed(&mut self, kind: &GroupResource, namespace: Option<&str>, failure: &Failure) {
        let message =
            format!("{kind} could not be listed and are missing or incomplete: {failure}");
        match namespace {
            Some(namespace) => {
                let messages = self.results.errors.namespaces.entry(namespace.to_owned());
                messages.or_default().push(message);
            }
            None => self.results.errors.cluster.push(message),
        }
    }
}
