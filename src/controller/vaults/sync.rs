//! Showing the backups of a vault in this cluster.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use kube::ResourceExt as _;
use kube::api::{DeleteParams, PostParams, Preconditions};
use kube::core::DeserializeGuard;
use kube_backup_engine::{BackupList, Phase, Record, label_value};
use serde_json::{Value, json};

use super::open::OpenLocation;
use super::source::is_marked;
use crate::chain::chain;
use crate::controller::context::Context;
use crate::controller::report::cut;
use crate::controller::work::JobKey;
use crate::crds::{
    ApplicationBackup, BackupLocation, GROUP, LOCATION_NOTE, LocationNote, SCHEDULE_LABEL,
    SYNCED_FROM, VERSION, phase,
};

/// Names of a vault's backups that are told in its status.
const NAMED: usize = 10;

/// What a look at a vault's backups came to.
#[derive(Debug, Default)]
pub(super) struct Synced {
    /// How many backups are in the vault.
    pub(super) backups: usize,
    /// What could not be shown, the first few, each with the reason.
    pub(super) not_shown: Vec<String>,
    /// Objects made for backups that others wrote.
    pub(super) added: usize,
    /// Objects of backups that are gone.
    pub(super) removed: usize,
}

/// Makes an ApplicationBackup for each backup in the vault that has none, and removes those whose backup is gone.
///
/// # Errors
///
/// When the vault cannot be listed, or the cluster cannot be asked. Nothing is removed then.
pub(super) async fn sync(
    context: &Context,
    location: &BackupLocation,
    open: &OpenLocation,
    listing_is_proved: bool,
) -> Result<Synced, String> {
    // Objects first, records second: a backup that is deleted in between loses its object, and is not made one anew.
    // One that cannot be read takes its name all the same.
    let names: BTreeMap<String, Arc<DeserializeGuard<ApplicationBackup>>> = context
        .shown
        .all()
        .await?
        .into_iter()
        .map(|it| (it.name_any(), it))
        .collect();
    let list = open
        .repository
        .list()
        .await
        .map_err(|error| error.chain())?;
    let mut synced = Synced {
        backups: list.records.len(),
        ..Synced::default()
    };
    for unreadable in &list.unreadable {
        synced.cannot_show(&unreadable.to_string());
    }
    let vault = location.name_any();
    // Records say what whoever writes to the bucket likes, and so many of them as they like.
    let most = context.settings.read().shown_backups;
    let shown = names.values().filter_map(|it| it.0.as_ref().ok());
    let mut room = most.saturating_sub(shown.filter(|it| was_found(it, &vault)).count());
    let mut without_room = 0_usize;
    let mut records: Vec<&Record> = list.records.iter().collect();
    records.sort_by_key(|record| std::cmp::Reverse(record.status.start_timestamp));
    for record in records {
        match names.get(record.name()).map(|it| it.0.as_ref().ok()) {
            Some(Some(backup)) if is_of(backup, &vault, record) => {}
            Some(_) => synced.cannot_show(&format!(
                "`{}`: another ApplicationBackup has its name",
                record.name()
            )),
            None if room == 0 => without_room += 1,
            None => match add(context, location, open, record).await {
                Ok(true) => {
                    synced.added += 1;
                    room -= 1;
                }
                Ok(false) => {}
                Err(why) => synced.cannot_show(&format!("`{}`: {why}", record.name())),
            },
        }
    }
    if without_room > 0 {
        synced.cannot_show(&format!(
            "{without_room} of its backups are not shown, as they would be more than {most}: ConfigMap `csdr-config` says with \
             sync_max_backup_num how many may be"
        ));
    }
    let listed = names_in(&list);
    // Where nothing was written to see it listed, what is in the list shows that it is one.
    let listing_is_proved = listing_is_proved || !list.records.is_empty();
    let gone = names
        .values()
        .filter_map(|it| it.0.as_ref().ok())
        .filter(|backup| may_be_gone(backup, &vault, &listed));
    for backup in gone {
        match remove(context, open, backup, listing_is_proved).await {
            Ok(removed) => synced.removed += usize::from(removed),
            Err(why) => synced.cannot_show(&format!("`{}`: {why}", backup.name_any())),
        }
    }
    Ok(synced)
}

impl Synced {
    fn cannot_show(&mut self, why: &str) {
        if self.not_shown.len() < NAMED {
            self.not_shown.push(cut(why, 300));
        }
    }
}

/// Whether an object stands for this backup: names alone may be taken in several vaults.
fn is_of(backup: &ApplicationBackup, vault: &str, record: &Record) -> bool {
    backup.spec.storage_location == vault && stands_for(backup, record.uid())
}

/// Whether an object stands for the backup of this uid, in whichever vault.
pub(in crate::controller) fn stands_for(backup: &ApplicationBackup, uid: &str) -> bool {
    let uids = [
        backup.metadata.uid.as_deref(),
        backup.annotations().get(SYNCED_FROM).map(String::as_str),
        backup
            .status
            .as_ref()
            .and_then(|it| it.backup_uid.as_deref()),
    ];
    uids.contains(&Some(uid))
}

/// Whether an object was made for a backup that was found in this vault.
fn was_found(backup: &ApplicationBackup, vault: &str) -> bool {
    backup.spec.storage_location == vault && backup.annotations().contains_key(SYNCED_FROM)
}

/// Whether an object stands for a backup that was in this vault and is in its list no more.
fn may_be_gone(backup: &ApplicationBackup, vault: &str, listed: &BTreeSet<&str>) -> bool {
    let status = backup.status.as_ref();
    let phase = status
        .and_then(|it| it.phase.as_deref())
        .unwrap_or_default();
    // What was made for a backup that was found stands for nothing else, whatever became of it.
    let was_there = matches!(phase, phase::COMPLETED | phase::PARTIALLY_FAILED)
        || backup.annotations().contains_key(SYNCED_FROM);
    let name = backup.name_any();
    was_there && backup.spec.storage_location == vault && !listed.contains(name.as_str())
}

/// The names of all backups in a vault, also of those whose record cannot be read.
fn names_in(list: &BackupList) -> BTreeSet<&str> {
    let unreadable = list.unreadable.iter().map(|it| it.name.as_str());
    list.records
        .iter()
        .map(Record::name)
        .chain(unreadable)
        .collect()
}

/// Makes the object of a backup; whether it did.
async fn add(
    context: &Context,
    location: &BackupLocation,
    open: &OpenLocation,
    record: &Record,
) -> Result<bool, String> {
    let finished = matches!(
        record.status.phase,
        Phase::Completed | Phase::PartiallyFailed | Phase::Failed
    );
    if !finished {
        return Ok(false);
    }
    let marked = is_marked(&open.repository, &open.prefix, record.name()).await;
    if marked.map_err(|error| chain(&error))? {
        return Ok(false);
    }
    let object = object_for(location, record)?;
    match context
        .backups()
        .create(&PostParams::default(), &object)
        .await
    {
        Ok(_) => Ok(true),
        // Somebody was faster; the next look says whose it is.
        Err(kube::Error::Api(status)) if status.code == 409 => Ok(false),
        Err(error) => Err(chain(&error)),
    }
}

/// What stands for a backup that was found.
fn object_for(location: &BackupLocation, record: &Record) -> Result<ApplicationBackup, String> {
    let spec = &location.spec;
    let vault = location.name_any();
    let note = LocationNote {
        name: vault.clone(),
        region: spec.config.region.clone(),
        bucket: spec.object_storage.bucket.clone(),
        prefix: spec.object_storage.prefix.clone(),
        provider: spec.provider.clone(),
    };
    let note = serde_json::to_string(&note).map_err(|error| error.to_string())?;
    let mut asked = json!({"storageLocation": vault});
    let known = [
        "includedNamespaces",
        "excludedNamespaces",
        "includedResources",
        "excludedResources",
        "labelSelector",
        "orLabelSelectors",
        "includeClusterResources",
    ];
    for field in known {
        if let Some(value) = record.spec.get(field).filter(|it| !it.is_null()) {
            asked[field] = value.clone();
        }
    }
    let labels = &record.metadata.labels;
    let plan = labels
        .get(SCHEDULE_LABEL)
        .or_else(|| labels.get("velero.io/schedule-name"));
    let mut own = BTreeMap::from([(
        "velero.io/storage-location".to_owned(),
        Value::String(label_value(&vault)),
    )]);
    if let Some(plan) = plan {
        own.insert(SCHEDULE_LABEL.to_owned(), Value::String(plan.clone()));
    }
    let object = json!({
        "apiVersion": format!("{GROUP}/{VERSION}"),
        "kind": "ApplicationBackup",
        "metadata": {
            "name": record.name(),
            "labels": own,
            "annotations": {LOCATION_NOTE: note, SYNCED_FROM: record.uid()},
        },
        "spec": asked,
    });
    serde_json::from_value(object).map_err(|error| format!("read what it is of: {error}"))
}

/// Removes the object of a backup that is gone; whether it did. That a list lacks it is not enough: it is asked for by its name, and
/// the list must have shown that it lists what is there.
async fn remove(
    context: &Context,
    open: &OpenLocation,
    backup: &ApplicationBackup,
    listing_is_proved: bool,
) -> Result<bool, String> {
    if !listing_is_proved {
        return Ok(false);
    }
    let name = backup.name_any();
    if context.jobs.has(&JobKey::new("ApplicationBackup", &name)) {
        return Ok(false);
    }
    let record = open
        .repository
        .record(&name)
        .await
        .map_err(|error| error.chain())?;
    if record.is_some() {
        return Ok(false);
    }
    let params = DeleteParams::default().preconditions(Preconditions {
        uid: backup.metadata.uid.clone(),
        resource_version: backup.metadata.resource_version.clone(),
    });
    match context.backups().delete(&name, &params).await {
        Ok(_) => Ok(true),
        Err(kube::Error::Api(status)) if status.code == 404 || status.code == 409 => Ok(false),
        Err(error) => Err(chain(&error)),
    }
}
