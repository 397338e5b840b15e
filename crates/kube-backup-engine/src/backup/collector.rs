//! Reading the chosen lists, and packing the chosen objects into blocks.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::mpsc;

use super::left_behind::LeftBehind;
use super::plan::ListJob;
use super::side_files::ResourceNames;
use super::tokens::{self, Packed};
use crate::archive::Budget;
use crate::archive::read::check_object;
use crate::archive::write::{Block, size_of_entry};
use crate::cluster::list::{Item, ListReader, Splice, Unreadable};
use crate::cluster::query::with_query;
use crate::cluster::reader::ClusterReader;
use crate::format::entries::check_id;
use crate::kinds::Raw;
use crate::kinds::companions::{Brought, Companions};
use crate::kinds::names::{NAMESPACES, SECRETS};
use crate::kinds::order::ReadStage;
use crate::resource::{TypeMeta, full_name};
use crate::scan::check_depth;
use crate::spec::filter::Filter;
use crate::{Error, GroupResource, ObjectId, ReadLimits, Result, Results};

/// Objects of one kind that are named when they are left out; the others are counted.
const MAX_NAMED: u64 = 1000;

/// What all lists together have collected so far.
#[derive(Debug)]
pub(crate) struct Collected {
    pub(crate) objects: u64,
    /// Of the JSON of all of them.
    pub(crate) bytes: u64,
    pub(crate) names: ResourceNames,
    pub(crate) namespaces: HashSet<String>,
    pub(crate) companions: Companions,
    pub(crate) results: Results,
    /// What is packed, held against what can be read back.
    budget: Budget,
    /// How many objects of each kind are left out.
    left_out: BTreeMap<GroupResource, u64>,
    pub(crate) except: BTreeMap<String, String>,
    /// The first stage in which a list took longer than the server keeps its history.
    pub(crate) expired: Option<ReadStage>,
    pub(crate) lists_done: usize,
    /// What chosen objects need, where single objects are chosen.
    pub(crate) left_behind: Option<LeftBehind>,
}

/// What every list of one backup shares.
pub(crate) struct Collector<'a> {
    pub(crate) api: &'a ClusterReader,
    pub(crate) filter: &'a Filter<'a>,
    /// Lists to read at once.
    pub(crate) parallelism: usize,
    pub(crate) selector: Option<String>,
    /// Whether anything comes along with what is chosen.
    pub(crate) has_companions: bool,
    /// The resourceVersion to read at.
    pub(crate) resource_version: String,
    /// Chosen namespaces.
    pub(crate) namespaces: BTreeSet<String>,
    pub(crate) mtime: u64,
    pub(crate) blocks: mpsc::Sender<Block>,
    /// Where Secrets go, if into an archive of their own.
    pub(crate) secrets: Option<mpsc::Sender<Block>>,
    pub(crate) collected: Mutex<Collected>,
    pub(crate) progress: &'a (dyn Fn(&Collected) + Send + Sync),
}

/// Listing stops because nobody takes the blocks any more; the writer of blocks has the error.
pub(crate) struct Stopped;

/// Which objects of a list are taken.
#[derive(Clone, Copy)]
enum Take {
    /// Those of chosen namespaces, and cluster-scoped ones.
    Chosen,
    /// Those of them that are not packed yet: a second pass.
    New,
    /// Those that come along with others.
    Companions,
}

impl Collector<'_> {
    pub(crate) fn collected(&self) -> MutexGuard<'_, Collected> {
        self.collected
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads what is chosen, and then what comes along with it: one stage after the other, so that what
    /// names an object is known when its turn comes.
    pub(crate) async fn read_in_order(
        &self,
        first: Block,
        jobs: &[ListJob],
        companions: &[ListJob],
    ) -> Result<(), Stopped> {
        if let Some(secrets) = &self.secrets {
            let first = first.again();
            secrets.send(first).await.map_err(|_| Stopped)?;
        }
        self.send(first).await?;
        self.read(jobs, Take::Chosen).await?;
        self.catch_up(jobs).await?;
        for stage in companions.chunk_by(|a, b| a.stage() == b.stage()) {
            self.read(stage, Take::Companions).await?;
        }
        Ok(())
    }

    /// Reads `jobs`, some at once; each reader packs its own blocks.
    async fn read(&self, jobs: &[ListJob], take: Take) -> Result<(), Stopped> {
        let readers = self.parallelism.clamp(1, jobs.len().max(1));
        let queue = Mutex::new(jobs.iter());
        let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).next();
        let work = (0..readers).map(|_| async {
            let (mut block, mut secrets) = (Block::default(), Block::default());
            while let Some(job) = next() {
                let block = match self.secrets_apart(&job.resource.group_resource()) {
                    Some(_) => &mut secrets,
                    None => &mut block,
                };
                self.read_list(job, take, block).await?;
            }
            self.send_to(self.secrets.as_ref(), secrets).await?;
            self.send(block).await
        });
        futures::future::try_join_all(work).await.map(|_| ())
    }

    /// Where objects of this kind go, if not with the others.
    fn secrets_apart(&self, kind: &GroupResource) -> Option<&mpsc::Sender<Block>> {
        self.secrets.as_ref().filter(|_| SECRETS.is(kind))
    }

    async fn send(&self, block: Block) -> Result<(), Stopped> {
        self.send_to(None, block).await
    }

    async fn send_to(
        &self,
        blocks: Option<&mpsc::Sender<Block>>,
        block: Block,
    ) -> Result<(), Stopped> {
        if block.is_empty() {
            return Ok(());
        }
        let blocks = blocks.unwrap_or(&self.blocks);
        blocks.send(block).await.map_err(|_| Stopped)
    }

    /// Returns how many objects of the list were packed.
    async fn read_list(
        &self,
        job: &ListJob,
        take: Take,
        block: &mut Block,
    ) -> Result<u64, Stopped> {
        let kind = job.resource.group_resource();
        let (selector, resource_version) = match take {
            Take::Chosen => (
                self.selector.as_deref(),
                Some(self.resource_version.as_str()),
            ),
            Take::New => (self.selector.as_deref(), None),
            Take::Companions => (None, Some(self.resource_version.as_str())),
        };
        let known = match take {
            Take::Chosen => HashSet::new(),
            Take::New | Take::Companions => self.collected().names.of(&job.resource),
        };
        let namespace = job.namespace.as_deref();
        let mut list = ListReader::new(
            self.api,
            &job.resource,
            namespace,
            selector,
            resource_version,
        );
        let mut splice = Splice::new(list.types());
        let mut packed = 0;
        let failure = loop {
            let items = match list.next().await {
                Ok(Some(items)) => items,
                Ok(None) => break None,
                Err(failure) => break Some(failure),
            };
            if list.fallback.is_some() {
                splice = Splice::new(list.types());
            }
            for item in items {
                // The server chooses by one selector: not by one of several, nor by names.
                if !matches!(take, Take::Companions) && !self.wants(&item) {
                    continue;
                }
                if !known.is_empty()
                    && known.contains(&full_name(item.head.namespace.as_deref(), &item.head.name))
                {
                    continue;
                }
                packed += u64::from(self.pack(&kind, &item, take, list.types(), &splice, block));
                if block.is_full() {
                    let full = std::mem::take(block);
                    self.send_to(self.secrets_apart(&kind), full).await?;
                }
            }
            for unreadable in std::mem::take(&mut list.unreadable) {
                self.note_unreadable(&kind, &unreadable, take);
            }
            (self.progress)(&self.collected());
        };
        let mut collected = self.collected();
        let again = matches!(take, Take::New);
        collected.lists_done += usize::from(!again);
        if list.expired && !again {
            let stage = ReadStage::of(&kind);
            collected.expired = Some(collected.expired.map_or(stage, |first| first.min(stage)));
        }
        if again && packed > 0 {
            let reason =
                "what has come since was added, as objects that were read later may refer to it";
            collected
                .except
                .entry(kind.to_string())
                .or_insert_with(|| reason.into());
        } else if !again && let Some(reason) = list.inconsistent.take() {
            collected.except.entry(kind.to_string()).or_insert(reason);
        }
        // Said once, and not by a second pass.
        if !again && let Some(reason) = list.fallback.take() {
            collected.note(&kind, namespace, reason);
        }
        if let Some(failure) = failure {
            let what = format!("could not be listed and are missing or incomplete: {failure}");
            collected.note(&kind, namespace, what);
        }
        (self.progress)(&collected);
        Ok(packed)
    }

    /// Once a list has taken longer than the server keeps its history, reads again what its objects can
    /// refer to, and packs what is new. One stage after the other, so that what a new object refers to is
    /// read after it.
    async fn catch_up(&self, jobs: &[ListJob]) -> Result<(), Stopped> {
        let Some(expired) = self.collected().expired else {
            return Ok(());
        };
        if !self.history_is_gone().await {
            // It was the history of an aggregated API server, which keeps its own.
            return Ok(());
        }
        let later: Vec<ListJob> = jobs
            .iter()
            .filter(|job| job.stage() > expired)
            .cloned()
            .collect();
        for stage in later.chunk_by(|a, b| a.stage() == b.stage()) {
            self.read(stage, Take::New).await?;
        }
        Ok(())
    }

    /// Whether the API server itself has lost the point in time.
    async fn history_is_gone(&self) -> bool {
        let path = with_query(
            "/api/v1/namespaces",
            &[
                ("limit", "1"),
                ("resourceVersionMatch", "Exact"),
                ("resourceVersion", &self.resource_version),
            ],
        );
        let response = self.api.get(&path, "application/json").await;
        // A server that does not respond may have lost it; reading again does no harm.
        response.is_err()
    }

    fn wants(&self, item: &Item) -> bool {
        let head = &item.head;
        // One outside the chosen namespaces is no match for a filter.
        let namespace = head.namespace.as_ref();
        namespace.is_none_or(|namespace| self.namespaces.contains(namespace))
            && self.filter.wants_object(&head.name, &head.labels)
    }

    /// Packs an object, if it is taken. Returns whether it was.
    fn pack(
        &self,
        kind: &GroupResource,
        item: &Item,
        take: Take,
        types: &Arc<TypeMeta>,
        splice: &Splice,
        block: &mut Block,
    ) -> bool {
        let head = &item.head;
        let chosen_namespace = head
            .namespace
            .as_ref()
            .is_none_or(|namespace| self.namespaces.contains(namespace));
        if !chosen_namespace || head.terminating || self.filter.excludes_labels(&head.labels) {
            return false;
        }
        let (namespace, name) = (head.namespace.as_deref(), head.name.as_str());
        let id = ObjectId {
            resource: kind.clone(),
            namespace: head.namespace.clone(),
            name: head.name.clone(),
        };
        let packed = match SECRETS.is(kind) {
            true => tokens::packed(item.raw()),
            false => Packed::Whole,
        };
        let item = match packed {
            Packed::Without(ref rest) => Cow::Owned(item.with_raw(rest.clone())),
            Packed::Whole | Packed::Nothing => Cow::Borrowed(item),
        };
        let item = item.as_ref();
        let parts = item.parts(splice);
        let length = parts.iter().map(|part| part.len() as u64).sum::<u64>();
        // Looked into before others have to wait for it.
        let object = Raw(item.raw());
        let readable = check_readable(&id, item);
        let brought = self
            .has_companions
            .then(|| Brought::by(kind, namespace, name, object));
        let mut collected = self.collected();
        if matches!(take, Take::Companions)
            && !collected.companions.want(kind, namespace, name, object)
        {
            return false;
        }
        if let Some(brought) = brought {
            collected.companions.note(kind, brought);
        }
        match packed {
            Packed::Whole => {}
            Packed::Without(_) => collected.warn(
                &id,
                "is packed without its token, which is made anew after a restore",
            ),
            Packed::Nothing => {
                collected.warn(&id, "is left out: it lets machines join this cluster");
                return false;
            }
        }
        if let Err(why) = readable.and_then(|()| collected.check_size(&id, length)) {
            collected.leave_out(&id, &why);
            return false;
        }
        let id = match block.push(id, types, &parts, self.mtime) {
            Ok(id) => id,
            Err(why) => {
                // It names the object's entry.
                collected.results.errors.cluster.push(why.chain());
                return false;
            }
        };
        if let Some(left_behind) = &mut collected.left_behind {
            left_behind.note(id, item.raw());
        }
        collected.add(types, id, length);
        true
    }

    /// Notes an object of a list that cannot be read, unless it is of a namespace that is not chosen.
    fn note_unreadable(&self, kind: &GroupResource, unreadable: &Unreadable, take: Take) {
        let namespace = match &unreadable.key {
            Some((namespace, _)) => namespace.as_deref(),
            None => None,
        };
        let is_chosen = namespace.is_none_or(|namespace| self.namespaces.contains(namespace));
        // A second pass says nothing that the first has not.
        if is_chosen && !matches!(take, Take::New) {
            self.collected().note(kind, namespace, unreadable);
        }
    }

    /// Packs the namespaces themselves: those chosen as such, and those that hold what is chosen.
    pub(crate) async fn pack_namespaces(
        &self,
        items: &[Item],
        types: &Arc<TypeMeta>,
        wanted: impl Fn(&Item) -> bool,
    ) -> Result<(), Stopped> {
        let kind = NAMESPACES.group_resource();
        let splice = Splice::new(types);
        let mut block = Block::default();
        for item in items {
            let used = self.collected().namespaces.contains(&item.head.name);
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

/// Whether an object can be read back, as its reader will see it.
fn check_readable(id: &ObjectId, item: &Item) -> Result<()> {
    check_id(id)?;
    check_depth(item.seen.depth)?;
    // To parse every object would cost as much as all else that a backup does with it.
    if item.seen.is_doubtful() || std::str::from_utf8(item.raw()).is_err() {
        check_object(id, item.raw())?;
    }
    Ok(())
}

impl Collected {
    /// Nothing yet, on the way to an archive that is read back under these limits.
    pub(crate) fn new(
        results: Results,
        limits: ReadLimits,
        left_behind: Option<LeftBehind>,
    ) -> Self {
        Self {
            objects: 0,
            bytes: 0,
            names: ResourceNames::default(),
            namespaces: HashSet::new(),
            companions: Companions::default(),
            left_behind,
            results,
            budget: Budget::new(limits),
            left_out: BTreeMap::new(),
            except: BTreeMap::new(),
            expired: None,
            lists_done: 0,
        }
    }

    /// Tells of an object that is not packed as it is.
    fn warn(&mut self, id: &ObjectId, what: &str) {
        let warnings = &mut self.results.warnings;
        let message = format!("{id} {what}");
        match &id.namespace {
            Some(namespace) => warnings.push(namespace, message),
            None => warnings.cluster.push(message),
        }
    }

    /// Whether an object is small enough, and room is left for it.
    fn check_size(&self, id: &ObjectId, length: u64) -> Result<()> {
        let limits = self.budget.limits();
        if length > limits.max_object {
            // Possible where etcd's limit was raised, or an aggregated API server keeps the kind.
            return Err(Error::invalid(format!(
                "it has {length} bytes: archives are read up to {} bytes an object, and API servers take \
                 requests of up to 3 MiB; raise `ReadLimits::max_object` where yours takes more",
                limits.max_object
            )));
        }
        if !self.budget.has_room_for(size_of_entry(id, length)) {
            return Err(Error::invalid(format!(
                "the archive is full: {} objects and {} bytes are read back; back up fewer at once, or raise \
                 `ReadLimits`",
                limits.max_entries, limits.max_total
            )));
        }
        Ok(())
    }

    /// Notes an object that is packed.
    fn add(&mut self, types: &TypeMeta, id: &ObjectId, length: u64) {
        self.objects += 1;
        self.bytes += length;
        // There is room, as was seen just now; readers, too, count what they have read.
        let _ = self.budget.add_entry();
        let _ = self.budget.add_text(size_of_entry(id, length), u64::MAX);
        self.names.add(types, id);
        if let Some(namespace) = &id.namespace
            && !self.namespaces.contains(namespace)
        {
            self.namespaces.insert(namespace.clone());
        }
    }

    /// Says that an object is left out, and why.
    fn leave_out(&mut self, id: &ObjectId, why: &Error) {
        let count = self.left_out.entry(id.resource.clone()).or_default();
        *count += 1;
        if *count <= MAX_NAMED {
            let why = why.chain();
            let message = format!("{id}: {why}; it is left out, since it could not be read back");
            self.results.errors.cluster.push(message);
        }
    }

    /// Counts those that were not named.
    pub(crate) fn count_left_out(&mut self) {
        for (kind, count) in &self.left_out {
            if let Some(more @ 1..) = count.checked_sub(MAX_NAMED) {
                let message = format!("{kind}: {more} more are left out for such reasons");
                self.results.errors.cluster.push(message);
            }
        }
    }

    /// Notes what is wrong with the objects of a kind.
    fn note(&mut self, kind: &GroupResource, namespace: Option<&str>, what: impl fmt::Display) {
        let message = format!("{kind} {what}");
        match namespace {
            Some(namespace) => self.results.errors.push(namespace, message),
            None => self.results.errors.cluster.push(message),
        }
    }
}
