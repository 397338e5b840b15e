//! Which objects of a backup are restored: those chosen by namespace, kind, name and label, and what
//! comes along with these.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::hash::{BuildHasher as _, RandomState};
use std::sync::LazyLock;

use bytes::Bytes;
use futures::TryStreamExt as _;

use super::archived::{Archived, known_kinds};
use super::displace::displace;
use super::gate::Gate;
use super::had;
use super::owners::{self, OwnerKey};
use super::policy::Profile;
use super::spec::RestoreSpec;
use super::unmatched::Unmatched;
use crate::archive::{Entries, EntryRef};
use crate::cluster::reader::ClusterReader;
use crate::format::labels;
use crate::kinds::Raw;
use crate::kinds::companions::{
    self, Brought, Companions, bring_others, come_along, come_along_by_content, come_along_unasked,
};
use crate::kinds::exclusions::never_restored;
use crate::kinds::names::{NAMESPACES, STORAGE_CLASSES};
use crate::scan::Head;
use crate::spec::filter::Filter;
use crate::spec::selection::is_pattern;
use crate::{
    Discovery, Entry, EntryFilter, GroupResource, ObjectId, OpenBackup, RefusedEntry, Result,
};

/// What a restore is about.
pub(crate) struct Chosen<'a> {
    pub(crate) entries: Entries,
    /// Chosen objects that cannot be read, and entries of which nobody knows what they are.
    pub(crate) refused: Vec<RefusedEntry>,
    /// Objects whose place in the cluster another one of the backup takes, and that one's namespace.
    pub(crate) displaced: Vec<(ObjectId, String)>,
    /// Who owns something that no controller adopts.
    pub(crate) owners: HashSet<OwnerKey>,
    /// What the specification asks for in vain.
    pub(crate) warnings: Vec<String>,
    /// What decides by powers.
    pub(crate) gate: Gate<'a>,
}

/// Chooses, and reads what is chosen once, so that a damaged archive is refused before it is half
/// applied. Names of kinds are those of the backup and of the cluster, of which `found` is known.
pub(crate) async fn select<'a>(
    backup: &OpenBackup,
    spec: &'a RestoreSpec,
    found: &Discovery,
    api: &ClusterReader,
) -> Result<Chosen<'a>> {
    let archive = Archived::open(backup).await?;
    let archived = archive.kinds().await?;
    let selection = &spec.selection;
    let mut filter = Filter::new(selection, &known_kinds(&archived, found, &[]));
    if !(filter.unknown_included.is_empty() && filter.unknown_excluded.is_empty()) {
        let defined = archive.defined_kinds().await?;
        filter = Filter::new(selection, &known_kinds(&archived, found, &defined));
    }
    let mut unmatched = Unmatched::default();
    unmatched.note_kinds(&filter, &archived);
    let mut chosen = archive.find(&chosen_filter(&filter)).await?;
    unmatched
        .note_namespaces(spec, &archive, &chosen, api)
        .await?;
    unmatched.settle(spec)?;
    let mut reading = Reading::new(archive, spec, filter);
    chosen.retain(|listed| reading.may_be_chosen(&listed.id()));
    reading.read_chosen(&mut chosen).await?;
    let mut needed = vec![reading.namespaces(&chosen).await?];
    needed.extend(reading.companions(&chosen).await?);
    unmatched.note_objects(&reading.filter);
    unmatched.settle(spec)?;
    for entries in &needed {
        chosen.append(entries);
    }
    let names = &selection.included_names;
    let may_be_chosen =
        |id: &ObjectId| reading.may_be_chosen(id) && (names.is_empty() || names.contains(&id.name));
    let refused = reading.archive.refused(may_be_chosen);
    let named_kinds = reading.filter.named_kinds();
    let had = match spec.powers.profile {
        Profile::Application => had::by_accounts(backup, &chosen).await?,
        _ => HashSet::new(),
    };
    let displaced = displace(spec, &mut chosen);
    Ok(Chosen {
        gate: Gate::new(spec, named_kinds, had),
        entries: chosen,
        refused,
        displaced,
        owners: reading.owners,
        warnings: unmatched.warnings,
    })
}

/// The part of the index that can list chosen objects. Namespaces are looked for afterwards: they
/// come along with what lies in them.
fn chosen_filter(filter: &Filter<'_>) -> EntryFilter {
    let selection = filter.selection;
    let namespaces = &selection.included_namespaces;
    let by_pattern = namespaces.iter().any(|name| is_pattern(name));
    EntryFilter {
        resources: filter.included_kinds().cloned().collect(),
        namespaces: match by_pattern {
            true => BTreeSet::new(),
            false => namespaces.clone(),
        },
        names: selection.included_names.clone(),
    }
}

/// What is learnt of objects by reading them.
struct Reading<'a> {
    archive: Archived<'a>,
    spec: &'a RestoreSpec,
    filter: Filter<'a>,
    owners: HashSet<OwnerKey>,
    companions: Companions,
    /// Of an archive without index, which is read once: objects that may come along and bring others.
    kept: HashMap<ObjectId, Bytes>,
    /// Of what was read: hashes of what its labels leave out, whoever needs it.
    left_out: HashSet<u64>,
    hasher: RandomState,
}

impl<'a> Reading<'a> {
    fn new(archive: Archived<'a>, spec: &'a RestoreSpec, filter: Filter<'a>) -> Self {
        Self {
            archive,
            spec,
            filter,
            owners: HashSet::new(),
            companions: Companions::default(),
            kept: HashMap::new(),
            left_out: HashSet::new(),
            hasher: RandomState::new(),
        }
    }

    fn wants_kind(&self, kind: &GroupResource) -> bool {
        never_restored(kind).is_none() && self.filter.wants_kind(kind)
    }

    /// Whether an object is chosen as far as its kind and namespace say.
    fn may_be_chosen(&self, id: &ObjectId) -> bool {
        let in_scope = match &id.namespace {
            Some(namespace) => self.filter.wants_namespace(namespace),
            None => self.filter.selection.wants_whole_cluster() && !NAMESPACES.is(&id.resource),
        };
        in_scope && self.wants_kind(&id.resource)
    }

    /// Whether something may be needed that is not chosen, but for definitions.
    fn is_selective(&self) -> bool {
        let selection = self.filter.selection;
        selection.is_of_objects() || !selection.wants_whole_cluster()
    }

    fn looks_at_labels(&self) -> bool {
        let selection = self.filter.selection;
        selection.selectors().next().is_some() || !selection.excluded_label_selectors.is_empty()
    }

    /// Reads what is chosen, and takes out what has not the names and labels.
    async fn read_chosen(&mut self, chosen: &mut Entries) -> Result<()> {
        let selective = self.is_selective();
        let count = chosen.len();
        let besides = self.besides(chosen);
        chosen.extend(besides.iter().cloned());
        let besides: HashSet<ObjectId> = besides.into_iter().map(|entry| entry.id).collect();
        // Hashes: the entries hold the names.
        let mut others = HashSet::new();
        if self.archive.has_index() || selective || self.looks_at_labels() {
            let mut objects = self.archive.backup.read_found(chosen);
            while let Some(found) = objects.try_next().await? {
                let Some((id, bytes)) = self.archive.readable(found) else {
                    continue;
                };
                let is_chosen = !besides.contains(&id);
                let is_left_out = self.is_left_out(&bytes)?;
                if is_chosen && !is_left_out && self.wants_object(&id, &bytes)? {
                    self.note_owners(&id, &bytes);
                    if selective {
                        self.note(&id, &bytes)?;
                    }
                    continue;
                }
                if is_chosen {
                    others.insert(self.hasher.hash_one(&id));
                }
                if is_left_out {
                    self.left_out.insert(self.hasher.hash_one(&id));
                }
                if selective && !is_left_out && self.is_kept(&id) {
                    self.kept.insert(id, bytes);
                }
            }
        }
        chosen.truncate(count);
        self.archive.drop_refused(chosen);
        if !others.is_empty() {
            chosen.retain(|listed| !others.contains(&self.hasher.hash_one(listed.id())));
        }
        for listed in chosen.iter() {
            self.companions.note(listed.resource(), Brought::default());
        }
        Ok(())
    }

    /// What may come along, and is to be looked at for that in the one pass over an archive without index.
    fn besides(&self, chosen: &Entries) -> Vec<Entry> {
        let Some(all) = self.archive.all.as_ref().filter(|_| self.is_selective()) else {
            return Vec::new();
        };
        let known = chosen.by_id();
        let by_labels = self.looks_at_labels();
        let besides = all.iter().filter(|listed| {
            let id = &listed.id();
            let is_looked_at = self.is_kept(id) || by_labels && self.may_come_along(id);
            is_looked_at && chosen.find(&known, id).is_none()
        });
        besides.map(EntryRef::entry).collect()
    }

    /// Whether an object is kept: without an index, the archive is read once as a whole.
    fn is_kept(&self, id: &ObjectId) -> bool {
        !self.archive.has_index() && bring_others(&id.resource) && self.may_come_along(id)
    }

    /// Whether an object is chosen as far as its name and labels say.
    fn wants_object(&self, id: &ObjectId, raw: &Bytes) -> Result<bool> {
        if !self.filter.selection.is_of_objects() {
            return Ok(true);
        }
        Ok(self.filter.wants_object(&id.name, &Head::of(raw)?.labels))
    }

    /// Whether an object stays out even where others need it.
    fn is_left_out(&self, raw: &Bytes) -> Result<bool> {
        let selection = self.filter.selection;
        let may_be = !selection.excluded_label_selectors.is_empty()
            || memchr::memmem::find(raw, labels::EXCLUDE.as_bytes()).is_some();
        Ok(may_be && self.filter.excludes_labels(&Head::of(raw)?.labels))
    }

    fn note_owners(&mut self, id: &ObjectId, raw: &Bytes) {
        let namespace = id.namespace.as_deref();
        let target = namespace.map(|namespace| self.spec.target_namespace(namespace));
        owners::note(&id.resource, raw, target, &mut self.owners);
    }

    fn note(&mut self, id: &ObjectId, raw: &Bytes) -> Result<()> {
        let namespace = id.namespace.as_deref();
        let brought = Brought::by(&id.resource, namespace, &id.name, Raw(raw));
        self.companions.note(&id.resource, brought);
        Ok(())
    }

    /// The namespaces that chosen objects lie in, and those that are chosen themselves.
    async fn namespaces(&self, chosen: &Entries) -> Result<Entries> {
        let used: BTreeSet<&str> = chosen.iter().filter_map(EntryRef::namespace).collect();
        let kind = NAMESPACES.group_resource();
        if self.filter.excludes_kind(&kind) {
            return Ok(Entries::default());
        }
        let included_names = &self.filter.selection.included_names;
        // With every kind chosen, empty namespaces are restored too.
        let with_empty = self.wants_kind(&kind);
        let mut filter = EntryFilter {
            resources: [kind].into(),
            ..EntryFilter::default()
        };
        if !with_empty || !included_names.is_empty() {
            // All are known by name.
            filter.names = used.iter().map(|name| (*name).to_owned()).collect();
            filter.names.extend(included_names.iter().cloned());
            if filter.names.is_empty() {
                return Ok(Entries::default());
            }
        }
        let mut found = self.archive.find(&filter).await?;
        found.retain(|listed| {
            let name = listed.name();
            used.contains(name) || with_empty && self.filter.wants_namespace(name)
        });
        if !self.archive.has_index() && !self.looks_at_labels() {
            found.retain(|listed| {
                let name = listed.name();
                used.contains(name) || self.filter.wants_object(name, &[])
            });
            return Ok(found);
        }
        let mut wanted = HashSet::new();
        let mut objects = self.archive.backup.read_found(&found);
        while let Some(next) = objects.try_next().await? {
            let Some((id, raw)) = self.archive.readable(next) else {
                continue;
            };
            let is_chosen = used.contains(id.name.as_str()) || self.wants_object(&id, &raw)?;
            if is_chosen && !self.is_left_out(&raw)? {
                wanted.insert(id.name);
            }
        }
        drop(objects);
        found.retain(|listed| wanted.contains(listed.name()));
        Ok(found)
    }

    /// What comes along with chosen objects and is not chosen itself.
    async fn companions(&mut self, chosen: &Entries) -> Result<Vec<Entries>> {
        let order = LazyLock::new(|| chosen.by_id());
        let is_chosen = |id: &ObjectId| chosen.find(&order, id).is_some();
        let mut known = HashSet::new();
        let mut needed = Vec::new();
        if self.companions.are_followed() {
            let filter = EntryFilter {
                namespaces: self.companions.followed_namespaces(),
                ..EntryFilter::default()
            };
            let mut found = self.find(come_along_by_content, filter).await?;
            found.retain(|listed| !is_chosen(&listed.id()));
            let wanted = self.read(&found, |companions, id, raw| {
                companions.want(&id.resource, id.namespace.as_deref(), &id.name, Raw(raw))
            });
            let wanted = wanted.await?;
            found.retain(|listed| wanted.contains(&listed.id()));
            known.extend(wanted);
            needed.push(found);
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
            let mut found = self.find(come_along, filter).await?;
            found.retain(|listed| {
                let id = listed.id();
                if known.contains(&id) || is_chosen(&id) {
                    return false;
                }
                let namespace = id.namespace.as_deref();
                self.companions
                    .want_by_name(&id.resource, namespace, &id.name)
            });
            self.read(&found, |_, _, _| true).await?;
            found.retain(|listed| !self.left_out.contains(&self.hasher.hash_one(listed.id())));
            self.archive.drop_refused(&mut found);
            known.extend(found.iter().map(EntryRef::id));
            needed.push(found);
        }
    }

    /// Objects, of kinds that `may`, that could come along.
    async fn find(
        &self,
        may: fn(&GroupResource) -> bool,
        mut filter: EntryFilter,
    ) -> Result<Entries> {
        filter.resources = companions::kinds()
            .filter(|kind| may(kind) && self.kind_may_come_along(kind))
            .collect();
        if filter.resources.is_empty() {
            return Ok(Entries::default());
        }
        let mut found = self.archive.find(&filter).await?;
        found.retain(|listed| self.may_come_along(&listed.id()));
        Ok(found)
    }

    fn kind_may_come_along(&self, kind: &GroupResource) -> bool {
        let asked_for =
            self.wants_kind(kind) || come_along_unasked(kind) && !self.filter.excludes_kind(kind);
        come_along(kind) && asked_for
    }

    fn may_come_along(&self, id: &ObjectId) -> bool {
        let spec = self.spec;
        let in_scope = match &id.namespace {
            Some(namespace) => self.filter.wants_namespace(namespace),
            None => self.filter.selection.include_cluster_resources != Some(false),
        };
        // What names a class that is mapped will name another one, which the cluster has.
        let is_mapped =
            STORAGE_CLASSES.is(&id.resource) && spec.storage_class_mapping.contains_key(&id.name);
        in_scope && !is_mapped && self.kind_may_come_along(&id.resource)
    }

    /// Reads `entries`, and notes what those bring that are `wanted`; returns these.
    async fn read(
        &mut self,
        entries: &Entries,
        wanted: impl Fn(&Companions, &ObjectId, &[u8]) -> bool,
    ) -> Result<HashSet<ObjectId>> {
        let mut taken = HashSet::new();
        let mut take = |reading: &mut Self, id: &ObjectId, raw: &Bytes| -> Result<()> {
            if reading.is_left_out(raw)? {
                reading.left_out.insert(reading.hasher.hash_one(id));
            } else if wanted(&reading.companions, id, raw) {
                reading.note_owners(id, raw);
                reading.note(id, raw)?;
                taken.insert(id.clone());
            }
            Ok(())
        };
        if !self.archive.has_index() {
            for id in entries.iter().map(EntryRef::id) {
                if let Some(raw) = self.kept.remove(&id) {
                    take(self, &id, &raw)?;
                }
            }
            return Ok(taken);
        }
        let mut objects = self.archive.backup.read_found(entries);
        while let Some(found) = objects.try_next().await? {
            if let Some((id, raw)) = self.archive.readable(found) {
                take(self, &id, &raw)?;
            }
        }
        Ok(taken)
    }
}
