//! What a backup says of the volumes of chosen claims, read before anything is created.

use std::collections::{BTreeSet, HashMap};

use bytes::Bytes;
use futures::TryStreamExt as _;
use k8s_openapi::api::core::v1::PersistentVolume;
use serde_json::Value;

use super::machine::Placement;
use super::users::Mounted;
use crate::archive::{Entries, EntryRef, Found};
use crate::kinds::names::{CLAIMS, STORAGE_CLASSES, VOLUMES};
use crate::kinds::pod_specs::POD_SPECS;
use crate::volumes::{BackedUpVolume, VolumeRecord};
use crate::{Entry, EntryFilter, ObjectId, OpenBackup, Result};

/// What uses a claim.
#[derive(Debug, Default)]
pub(crate) struct Users {
    /// Their names, for people.
    pub(crate) names: Vec<String>,
    /// Where the first of them can run.
    pub(crate) placement: Option<Placement>,
}

/// What a backup says of the volumes of chosen claims.
#[derive(Debug, Default)]
pub(crate) struct Loaded {
    /// What became of the data, of each chosen claim.
    pub(crate) kept: Vec<(ObjectId, BackedUpVolume)>,
    /// The claims, as they stand in the archive.
    pub(crate) claims: HashMap<ObjectId, Bytes>,
    /// Their volumes, where they are in the archive, whether or not they are chosen.
    pub(crate) volumes: HashMap<String, PersistentVolume>,
    pub(crate) users: HashMap<ObjectId, Users>,
    /// Storage classes that are restored, too.
    pub(crate) classes: BTreeSet<String>,
}

impl Loaded {
    /// # Errors
    /// When the backup says something of its volumes, and it cannot be read: without it, claims would come back
    /// empty and nobody would know.
    pub(crate) async fn of(
        backup: &OpenBackup,
        entries: &Entries,
        records: &[VolumeRecord],
    ) -> Result<Self> {
        let is_claim = |listed: &EntryRef<'_>| CLAIMS.is(listed.resource());
        let chosen: Vec<Entry> = entries
            .iter()
            .filter(is_claim)
            .map(EntryRef::entry)
            .collect();
        let mut loaded = Self::default();
        if chosen.is_empty() {
            return Ok(loaded);
        }
        let mut kept: HashMap<ObjectId, BackedUpVolume> = backup
            .volumes()
            .await?
            .into_iter()
            .map(|volume| (id_of(&volume), made_since(volume, records)))
            .collect();
        for Entry { id, .. } in &chosen {
            loaded.kept.extend(kept.remove_entry(id));
        }
        if loaded.kept.is_empty() {
            return Ok(loaded);
        }
        loaded.kept.sort_by(|a, b| a.0.cmp(&b.0));
        loaded.read_claims(backup, &chosen).await?;
        loaded.read_volumes(backup).await?;
        loaded.read_users(backup, entries).await?;
        let classes = entries
            .iter()
            .filter(|listed| STORAGE_CLASSES.is(listed.resource()));
        loaded.classes = classes.map(|listed| listed.name().to_owned()).collect();
        Ok(loaded)
    }

    async fn read_claims(&mut self, backup: &OpenBackup, chosen: &[Entry]) -> Result<()> {
        let wanted: BTreeSet<&ObjectId> = self.kept.iter().map(|(id, _)| id).collect();
        let wanted: Entries = chosen
            .iter()
            .filter(|entry| wanted.contains(&entry.id))
            .cloned()
            .collect();
        let mut found = backup.read_found(&wanted);
        while let Some(next) = found.try_next().await? {
            if let Found::Object(entry, bytes) = next {
                self.claims.insert(entry.id, bytes);
            }
        }
        drop(found);
        // One that cannot be read is reported where it is restored.
        self.kept.retain(|(id, _)| self.claims.contains_key(id));
        Ok(())
    }

    async fn read_volumes(&mut self, backup: &OpenBackup) -> Result<()> {
        let names = self.kept.iter().map(|(_, kept)| kept.volume.name.clone());
        let filter = EntryFilter {
            resources: [VOLUMES.group_resource()].into(),
            names: names.filter(|name| !name.is_empty()).collect(),
            ..EntryFilter::default()
        };
        if filter.names.is_empty() {
            return Ok(());
        }
        let entries: Entries = backup.listing(&filter).await?.entries.into_iter().collect();
        let mut found = backup.read_found(&entries);
        while let Some(next) = found.try_next().await? {
            if let Found::Object(entry, bytes) = next
                && let Ok(volume) = serde_json::from_slice(&bytes)
            {
                self.volumes.insert(entry.id.name, volume);
            }
        }
        Ok(())
    }

    /// Reads what may use the claims: Pods and what makes them, in their namespaces.
    async fn read_users(&mut self, backup: &OpenBackup, entries: &Entries) -> Result<()> {
        let mut by_namespace: HashMap<&str, Vec<&ObjectId>> = HashMap::new();
        for (id, _) in &self.kept {
            let namespace = id.namespace.as_deref().unwrap_or_default();
            by_namespace.entry(namespace).or_default().push(id);
        }
        let may_use = |listed: &EntryRef<'_>| {
            by_namespace.contains_key(listed.namespace().unwrap_or_default())
                && POD_SPECS.iter().any(|(kind, _)| kind.is(listed.resource()))
        };
        let workloads: Entries = entries
            .iter()
            .filter(may_use)
            .map(EntryRef::entry)
            .collect();
        let mut found = backup.read_found(&workloads);
        while let Some(next) = found.try_next().await? {
            let Found::Object(Entry { id, .. }, bytes) = next else {
                continue;
            };
            let object: Value = serde_json::from_slice(&bytes).unwrap_or_default();
            let Some(mounted) = Mounted::by(&id.resource, &object) else {
                continue;
            };
            let namespace = id.namespace.as_deref().unwrap_or_default();
            let claims = by_namespace.get(namespace).map(Vec::as_slice);
            for claim in claims.unwrap_or_default() {
                if mounted.has(&claim.name) {
                    let users = self.users.entry((*claim).clone()).or_default();
                    users.names.push(id.to_string());
                    users
                        .placement
                        .get_or_insert_with(|| mounted.placement.clone());
                }
            }
        }
        for users in self.users.values_mut() {
            users.names.sort();
        }
        Ok(())
    }
}

/// A volume, with what its data comes back from by now.
fn made_since(mut volume: BackedUpVolume, records: &[VolumeRecord]) -> BackedUpVolume {
    let is_its = |it: &&VolumeRecord| {
        (&it.claim.namespace, &it.claim.name) == (&volume.claim.namespace, &volume.claim.name)
    };
    if let Some(record) = records.iter().find(is_its) {
        volume.record = Some(record.clone());
    }
    volume
}

/// The claim in the backup.
fn id_of(volume: &BackedUpVolume) -> ObjectId {
    ObjectId {
        resource: CLAIMS.group_resource(),
        namespace: Some(volume.claim.namespace.clone()),
        name: volume.claim.name.clone(),
    }
}
