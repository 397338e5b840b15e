//! Which objects of a backup are restored: those chosen by namespace, kind, name and label, and what
//! comes along with these.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use bytes::Bytes;
use futures::TryStreamExt as _;
use serde::de::IgnoredAny;

use super::displace::displace;
use super::owners::{self, OwnerKey};
use super::spec::RestoreSpec;
use crate::kinds::Raw;
use crate::kinds::companions::{
    self, Brought, Companions, bring_others, come_along, come_along_by_content, come_along_unasked,
};
use crate::kinds::names::{NAMESPACES, STORAGE_CLASSES};
use crate::scan::{self, Head};
use crate::{Entry, EntryFilter, Error, GroupResource, ObjectId, OpenBackup, Result};

/// What a restore is about.
pub(crate) struct Selection {
    pub(crate) entries: Vec<Entry>,
    /// Objects whose place in the cluster another one of the backup takes, and that one's namespace.
    pub(crate) displaced: Vec<(ObjectId, String)>,
    /// Who owns something that no controller adopts.
    pub(crate) owners: HashSet<OwnerKey>,
}

/// Chooses, and reads what is chosen once, so that a damaged archive is refused before it is half
/// applied.
pub(crate) async fn select(backup: &OpenBackup, spec: &RestoreSpec) -> Result<Selection> {
    let archive = Archive::open(backup).await?;
    let mut chosen = archive.find(&chosen_filter(spec)).await?;
    chosen.retain(|entry| {
        let id = &entry.id;
        let in_scope =
            id.namespace.is_some() || spec.wants_whole_cluster() && !NAMESPACES.is(&id.resource);
        in_scope && spec.wants(id)
    });
    let mut reading = Reading::new(archive, spec);
    reading.read_chosen(&mut chosen).await?;
    let mut needed = reading.namespaces(&chosen).await?;
    needed.extend(reading.companions(&chosen).await?);
    chosen.extend(needed);
    let displaced = displace(spec, &mut chosen);
    Ok(Selection {
        entries: chosen,
        displaced,
        owners: reading.owners,
    })
}

/// The part of the index that can list chosen objects. Namespaces are looked for afterwards: they
/// come along with what lies in them.
fn chosen_filter(spec: &RestoreSpec) -> EntryFilter {
    EntryFilter {
        resources: spec.included_resources.clone(),
        namespaces: spec.named_namespaces(),
        names: spec.included_names.clone(),
    }
}

/// The entries of a backup, found by its index or, without one, by a single pass.
struct Archive<'a> {
    backup: &'a OpenBackup,
    all: Option<Vec<Entry>>,
}

impl<'a> Archive<'a> {
    async fn open(backup: &'a OpenBackup) -> Result<Self> {
        let all = if backup.has_index().await? {
            None
        } else {
            Some(backup.entries(&EntryFilter::default()).await?)
        };
        Ok(Self { backup, all })
    }

    fn has_index(&self) -> bool {
        self.all.is_none()
    }

    async fn find(&self, filter: &EntryFilter) -> Result<Vec<Entry>> {
        match &self.all {
            None => self.backup.entries(filter).await,
            Some(all) => Ok(all
                .iter()
                .filter(|entry| filter.matches(&entry.id))
                .cloned()
                .collect()),
        }
    }
}

/// What is learnt of objects by reading them.
struct Reading<'a> {
    archive: Archive<'a>,
    spec: &'a RestoreSpec,
    owners: HashSet<OwnerKey>,
    companions: Companions,
    /// Of an archive without index, which is read once: objects that may come along and bring others.
    kept: HashMap<ObjectId, Bytes>,
}

impl<'a> Reading<'a> {
    fn new(archive: Archive<'a>, spec: &'a RestoreSpec) -> Self {
        Self {
            archive,
            spec,
            owners: HashSet::new(),
            companions: Companions::default(),
            kept: HashMap::new(),
        }
    }

    /// Whether something may be needed that is not chosen, but for definitions.
    fn is_selective(&self) -> bool {
        self.spec.is_by_label()
            || !self.spec.included_names.is_empty()
            || !self.spec.wants_whole_cluster()
    }

    /// Reads what is chosen, and takes out what has not the labels.
    async fn read_chosen(&mut self, chosen: &mut Vec<Entry>) -> Result<()> {
        let selective = self.is_selective();
        let by_label = self.spec.is_by_label();
        let count = chosen.len();
        chosen.extend(self.besides(chosen));
        let besides: HashSet<ObjectId> = chosen[count..]
            .iter()
            .map(|entry| entry.id.clone())
            .collect();
        let mut labelled = HashSet::new();
        if self.archive.has_index() || selective {
            let mut objects = self.archive.backup.read(chosen);
            while let Some((Entry { id, .. }, bytes)) = objects.try_next().await? {
                let is_chosen = !besides.contains(&id);
                if is_chosen {
                    self.note_owners(&id, &bytes);
                }
                if is_chosen && selective && self.has_labels(&bytes)? {
                    self.note(&id, &bytes)?;
                    if by_label {
                        labelled.insert(id);
                    }
                } else if selective && self.is_kept(&id) {
                    self.kept.insert(id, bytes);
                }
            }
        }
        chosen.truncate(count);
        if by_label {
            chosen.retain(|entry| labelled.contains(&entry.id));
        }
        for entry in chosen {
            self.companions.note(&entry.id.resource, Brought::default());
        }
        Ok(())
    }

    /// What is kept, and not among the chosen.
    fn besides(&self, chosen: &[Entry]) -> Vec<Entry> {
        let Some(all) = self.archive.all.as_ref().filter(|_| self.is_selective()) else {
            return Vec::new();
        };
        let known: HashSet<&ObjectId> = chosen.iter().map(|entry| &entry.id).collect();
        let besides = all
            .iter()
            .filter(|Entry { id, .. }| self.is_kept(id) && !known.contains(id));
        besides.cloned().collect()
    }

    /// Whether an object is kept: without an index, the archive is read once as a whole.
    fn is_kept(&self, id: &ObjectId) -> bool {
        !self.archive.has_index() && bring_others(&id.resource) && self.may_come_along(id)
    }

    fn has_labels(&self, raw: &Bytes) -> Result<bool> {
        if !self.spec.is_by_label() {
            return Ok(true);
        }
        let labels: BTreeMap<String, String> = Head::of(raw)?.labels.into_iter().collect();
        Ok(self.spec.wants_labels(&labels))
    }

    fn note_owners(&mut self, id: &ObjectId, raw: &Bytes) {
        let namespace = id.namespace.as_deref();
        let target = namespace.map(|namespace| self.spec.target_namespace(namespace));
        owners::note(&id.resource, raw, target, &mut self.owners);
    }

    fn note(&mut self, id: &ObjectId, raw: &Bytes) -> Result<()> {
        if bring_others(&id.resource) {
            scan::read::<IgnoredAny>(raw).map_err(|error| {
                Error::corrupt(format!("read what {id} needs")).with_source(error)
            })?;
        }
        let namespace = id.namespace.as_deref();
        let brought = Brought::by(&id.resource, namespace, &id.name, Raw(raw));
        self.companions.note(&id.resource, brought);
        Ok(())
    }

    /// The namespaces that chosen objects lie in, and those that are chosen themselves.
    async fn namespaces(&self, chosen: &[Entry]) -> Result<Vec<Entry>> {
        let spec = self.spec;
        let used: BTreeSet<&str> = chosen
            .iter()
            .filter_map(|entry| entry.id.namespace.as_deref())
            .collect();
        let kind = NAMESPACES.group_resource();
        // With every kind chosen, empty namespaces are restored too.
        let with_empty = !spec.is_by_label() && spec.wants_kind(&kind);
        let mut filter = EntryFilter {
            resources: [kind].into(),
            ..EntryFilter::default()
        };
        if !with_empty || !spec.included_names.is_empty() {
            // All are known by name.
            filter.names = used.iter().map(|name| (*name).to_owned()).collect();
            filter.names.extend(spec.included_names.iter().cloned());
            if filter.names.is_empty() {
                return Ok(Vec::new());
            }
        }
        let mut found = self.archive.find(&filter).await?;
        found.retain(|Entry { id, .. }| {
            used.contains(id.name.as_str())
                || with_empty && spec.wants_namespace(&id.name) && spec.wants(id)
        });
        if self.archive.has_index() {
            let mut objects = self.archive.backup.read(&found);
            while objects.try_next().await?.is_some() {}
        }
        Ok(found)
    }

    /// What comes along with chosen objects and is not chosen itself.
    async fn companions(&mut self, chosen: &[Entry]) -> Result<Vec<Entry>> {
        let mut known: HashSet<ObjectId> = chosen
            .iter()
            .filter(|entry| come_along(&entry.id.resource))
            .map(|entry| entry.id.clone())
            .collect();
        let mut needed = Vec::new();
        if self.companions.are_followed() {
            let filter = EntryFilter {
                namespaces: self.companions.followed_namespaces(),
                ..EntryFilter::default()
            };
            let mut found = self.find(come_along_by_content, filter, &known).await?;
            let wanted = self.read(&found, |companions, id, raw| {
                companions.want(&id.resource, id.namespace.as_deref(), &id.name, Raw(raw))
            });
            let wanted = wanted.await?;
            found.retain(|entry| wanted.contains(&entry.id));
            known.extend(wanted);
            needed.extend(found);
        }
        // What comes along can bring others.
        loop {
            let filter = EntryFilter {
                names: self.companions.take_fresh_names(),
                ..EntryFilter::default()
            };
            if filter.names.is_empty() {
                return Ok(needed);
            }
            let mut found = self.find(come_along, filter, &known).await?;
            found.retain(|Entry { id, .. }| {
                let namespace = id.namespace.as_deref();
                self.companions
                    .want_by_name(&id.resource, namespace, &id.name)
            });
            self.read(&found, |_, _, _| true).await?;
            known.extend(found.iter().map(|entry| entry.id.clone()));
            needed.extend(found);
        }
    }

    /// Objects, of kinds that `may`, that could come along and are not known to do so.
    async fn find(
        &self,
        may: fn(&GroupResource) -> bool,
        mut filter: EntryFilter,
        known: &HashSet<ObjectId>,
    ) -> Result<Vec<Entry>> {
        filter.resources = companions::kinds()
            .filter(|kind| may(kind) && self.kind_may_come_along(kind))
            .collect();
        if filter.resources.is_empty() {
            return Ok(Vec::new());
        }
        let mut found = self.archive.find(&filter).await?;
        found.retain(|entry| self.may_come_along(&entry.id) && !known.contains(&entry.id));
        Ok(found)
    }

    fn kind_may_come_along(&self, kind: &GroupResource) -> bool {
        let asked_for = self.spec.wants_kind(kind)
            || come_along_unasked(kind) && !self.spec.excluded_resources.contains(kind);
        come_along(kind) && asked_for
    }

    fn may_come_along(&self, id: &ObjectId) -> bool {
        let spec = self.spec;
        let in_scope = match &id.namespace {
            Some(namespace) => spec.wants_namespace(namespace),
            None => spec.include_cluster_resources != Some(false),
        };
        // What names a class that is mapped will name another one, which the cluster has.
        let is_mapped =
            STORAGE_CLASSES.is(&id.resource) && spec.storage_class_mapping.contains_key(&id.name);
        in_scope && !is_mapped && self.kind_may_come_along(&id.resource)
    }

    /// Reads `entries`, and notes what those bring that are `wanted`; returns these.
    async fn read(
        &mut self,
        entries: &[Entry],
        wanted: impl Fn(&Companions, &ObjectId, &[u8]) -> bool,
    ) -> Result<HashSet<ObjectId>> {
        let mut taken = HashSet::new();
        let mut take = |reading: &mut Self, id: &ObjectId, raw: &Bytes| -> Result<()> {
            if wanted(&reading.companions, id, raw) {
                reading.note_owners(id, raw);
                reading.note(id, raw)?;
                taken.insert(id.clone());
            }
            Ok(())
        };
        if !self.archive.has_index() {
            for Entry { id, .. } in entries {
                if let Some(raw) = self.kept.remove(id) {
                    take(self, id, &raw)?;
                }
            }
            return Ok(taken);
        }
        let mut objects = self.archive.backup.read(entries);
        while let Some((entry, raw)) = objects.try_next().await? {
            take(self, &entry.id, &raw)?;
        }
        Ok(taken)
    }
}
