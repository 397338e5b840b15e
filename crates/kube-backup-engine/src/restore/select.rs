//! Which objects of a backup are restored: those chosen by namespace, kind, name and label, and what
//! these need of the cluster.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use bytes::Bytes;
use futures::TryStreamExt as _;

use super::displace::displace;
use super::owners::{self, OwnerKey};
use super::spec::RestoreSpec;
use crate::scan::{Head, text_at};
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
        let in_scope = id.namespace.is_some()
            || spec.wants_whole_cluster() && !id.resource.is("", "namespaces");
        in_scope && spec.wants(id)
    });
    let mut requirements = Requirements::default();
    let needs_requirements = !spec.label_selectors.is_empty() || !spec.wants_whole_cluster();
    if archive.has_index() || needs_requirements {
        let mut objects = backup.read(&chosen);
        while let Some((entry, bytes)) = objects.try_next().await? {
            requirements.note(spec, &entry.id, &bytes)?;
        }
    }
    if !spec.label_selectors.is_empty() {
        chosen.retain(|entry| requirements.keeps(&entry.id));
    }
    let needed = needed_entries(&archive, spec, &requirements, &chosen).await?;
    if archive.has_index() {
        let mut objects = backup.read(&needed);
        while objects.try_next().await?.is_some() {}
    }
    chosen.extend(needed);
    let displaced = displace(spec, &mut chosen);
    Ok(Selection {
        entries: chosen,
        displaced,
        owners: requirements.owners,
    })
}

/// The part of the index that can list chosen objects. Namespaces are looked for afterwards: they
/// come along with what lies in them.
fn chosen_filter(spec: &RestoreSpec) -> EntryFilter {
    EntryFilter {
        resources: spec.included_resources.clone(),
        namespaces: spec.included_namespaces.clone(),
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

/// What chosen objects say of others.
#[derive(Default)]
struct Requirements {
    /// With labels to choose by: the objects that have them.
    labelled: HashSet<ObjectId>,
    /// Claims that chosen Pods mount, by namespace.
    claims: HashSet<(String, String)>,
    volumes: BTreeSet<String>,
    priority_classes: BTreeSet<String>,
    /// Volumes by the claims that name them.
    volume_of: HashMap<(String, String), String>,
    owners: HashSet<OwnerKey>,
}

impl Requirements {
    fn note(&mut self, spec: &RestoreSpec, id: &ObjectId, raw: &Bytes) -> Result<()> {
        let target = id
            .namespace
            .as_deref()
            .map(|namespace| spec.target_namespace(namespace));
        owners::note(&id.resource, raw, target, &mut self.owners);
        if spec.wants_whole_cluster() && spec.label_selectors.is_empty() {
            // Whatever is needed is chosen.
            return Ok(());
        }
        let name = |path: &[&str]| text_at(raw, path).filter(|name| !name.is_empty());
        let key = || {
            let namespace = id.namespace.clone().unwrap_or_default();
            (namespace, id.name.clone())
        };
        if id.resource.is("", "persistentvolumeclaims")
            && let Some(volume) = name(&["spec", "volumeName"])
        {
            self.volume_of.insert(key(), volume);
        }
        let labelled = spec.label_selectors.is_empty() || {
            let labels: BTreeMap<String, String> = Head::of(raw)?.labels.into_iter().collect();
            spec.wants_labels(&labels)
        };
        if !labelled {
            return Ok(());
        }
        if !spec.label_selectors.is_empty() {
            self.labelled.insert(id.clone());
        }
        if id.resource.is("", "persistentvolumeclaims") {
            self.volumes.extend(self.volume_of.get(&key()).cloned());
        }
        if id.resource.is("", "pods") {
            self.priority_classes
                .extend(name(&["spec", "priorityClassName"]));
            if !spec.label_selectors.is_empty() {
                self.note_claims(id, raw)?;
            }
        }
        Ok(())
    }

    fn note_claims(&mut self, pod: &ObjectId, raw: &Bytes) -> Result<()> {
        let object: serde_json::Value = serde_json::from_slice(raw).map_err(|error| {
            Error::corrupt(format!("read which claims {pod} mounts")).with_source(error)
        })?;
        for volume in object["spec"]["volumes"].as_array().into_iter().flatten() {
            if let Some(claim) = volume["persistentVolumeClaim"]["claimName"].as_str() {
                let namespace = pod.namespace.clone().unwrap_or_default();
                self.claims.insert((namespace, claim.to_owned()));
            }
        }
        Ok(())
    }

    /// Whether an object has the labels, or is a claim of a Pod that has them.
    fn keeps(&self, id: &ObjectId) -> bool {
        self.labelled.contains(id) || self.is_mounted(id)
    }

    fn is_mounted(&self, id: &ObjectId) -> bool {
        id.resource.is("", "persistentvolumeclaims")
            && id.namespace.as_ref().is_some_and(|namespace| {
                self.claims.contains(&(namespace.clone(), id.name.clone()))
            })
    }

    /// The volumes of chosen claims, and of claims that chosen Pods mount.
    fn needed_volumes(&self) -> BTreeSet<String> {
        let mounted = self
            .claims
            .iter()
            .filter_map(|claim| self.volume_of.get(claim).cloned());
        self.volumes.iter().cloned().chain(mounted).collect()
    }
}

/// The cluster-scoped objects that chosen ones need and that are not chosen themselves: the
/// namespaces they lie in, the definitions of their kinds, volumes of claims and priority classes of
/// Pods.
async fn needed_entries(
    archive: &Archive<'_>,
    spec: &RestoreSpec,
    requirements: &Requirements,
    chosen: &[Entry],
) -> Result<Vec<Entry>> {
    let namespaces: BTreeSet<&str> = chosen
        .iter()
        .filter_map(|entry| entry.id.namespace.as_deref())
        .collect();
    let definitions: BTreeSet<String> = chosen
        .iter()
        .map(|entry| &entry.id.resource)
        .filter(|kind| kind.group.contains('.'))
        .collect::<BTreeSet<&GroupResource>>()
        .into_iter()
        .map(ToString::to_string)
        .collect();
    let volumes = requirements.needed_volumes();
    let cluster = spec.include_cluster_resources != Some(false);
    let needs = |id: &ObjectId| {
        let kind = &id.resource;
        if kind.is("", "namespaces") {
            // With every kind chosen, empty namespaces are restored too.
            return namespaces.contains(id.name.as_str())
                || spec.label_selectors.is_empty()
                    && spec.wants_namespace(&id.name)
                    && spec.wants(id);
        }
        cluster
            && !spec.excluded_resources.contains(kind)
            && match (kind.group.as_str(), kind.resource.as_str()) {
                ("apiextensions.k8s.io", "customresourcedefinitions") => {
                    definitions.contains(&id.name)
                }
                ("", "persistentvolumes") => spec.wants_kind(kind) && volumes.contains(&id.name),
                ("scheduling.k8s.io", "priorityclasses") => {
                    spec.wants_kind(kind) && requirements.priority_classes.contains(&id.name)
                }
                _ => false,
            }
    };
    let mut filter = EntryFilter {
        resources: [
            GroupResource::core("namespaces"),
            GroupResource::core("persistentvolumes"),
            GroupResource::new("apiextensions.k8s.io", "customresourcedefinitions"),
            GroupResource::new("scheduling.k8s.io", "priorityclasses"),
        ]
        .into(),
        ..EntryFilter::default()
    };
    let any_namespace = spec.included_names.is_empty()
        && spec.label_selectors.is_empty()
        && spec.wants_kind(&GroupResource::core("namespaces"));
    if !any_namespace {
        // All are known by name.
        filter.names = namespaces.iter().map(|name| (*name).to_owned()).collect();
        filter.names.extend(spec.included_names.iter().cloned());
        filter.names.extend(definitions.iter().cloned());
        filter.names.extend(volumes.iter().cloned());
        filter
            .names
            .extend(requirements.priority_classes.iter().cloned());
        if filter.names.is_empty() {
            return Ok(Vec::new());
        }
    }
    let known: HashSet<&ObjectId> = chosen
        .iter()
        .filter(|entry| entry.id.namespace.is_none())
        .map(|entry| &entry.id)
        .collect();
    let mut found = archive.find(&filter).await?;
    found.retain(|entry| needs(&entry.id) && !known.contains(&entry.id));
    Ok(found)
}
