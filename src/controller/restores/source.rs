//! Which backup a restore is of, and where that is.

use chrono::{DateTime, Utc};
use kube::api::ListParams;
use kube::core::DeserializeGuard;
use kube::{Api, ResourceExt as _};
use kube_backup_engine::label_value;

use crate::chain::chain;
use crate::controller::context::Context;
use crate::crds::{
    ApplicationBackup, ApplicationRestore, LOCATION_NOTE, LocationNote, SCHEDULE_LABEL, from_time,
    phase,
};
use crate::schedules::is_own;

/// A backup and the vault that it is in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Source {
    pub(super) backup: String,
    pub(super) vault: String,
}

/// Why there is none.
#[derive(Debug)]
pub(super) enum Missing {
    /// Not yet.
    Wait(String),
    /// And there will be none.
    Never(String),
}

/// Finds it.
pub(super) async fn source(
    context: &Context,
    restore: &ApplicationRestore,
) -> Result<Source, Missing> {
    let spec = &restore.spec;
    if !spec.schedule_name.is_empty() {
        return newest(context, &spec.schedule_name).await;
    }
    let name = &spec.backup_name;
    let found = context.backups().get_opt(name).await;
    let found = found.map_err(|error| {
        Missing::Wait(format!(
            "look for ApplicationBackup `{name}`: {}",
            chain(&error)
        ))
    })?;
    // What the restore says itself counts: a backup of the same name may be in another vault.
    let said = said(restore).map_err(Missing::Never)?;
    let vault = match (said, &found) {
        (Some(vault), _) => vault,
        (None, Some(backup)) => backup.spec.storage_location.clone(),
        (None, None) => {
            return Err(Missing::Never(format!(
                "there is no ApplicationBackup `{name}`, and no annotation `{LOCATION_NOTE}` says which vault it is in: wait until the \
                 backups of the vault are shown, or say it"
            )));
        }
    };
    if let Some(backup) = found.filter(|it| it.spec.storage_location == vault) {
        let phase = backup.status.as_ref().and_then(|it| it.phase.as_deref());
        match phase {
            Some(phase::FAILED) => {
                return Err(Missing::Never(format!(
                    "backup `{name}` failed: there is nothing to restore"
                )));
            }
            None | Some(phase::NEW | phase::IN_PROGRESS) => {
                return Err(Missing::Wait(format!("backup `{name}` is not finished")));
            }
            Some(_) => {}
        }
    }
    Ok(Source {
        backup: name.clone(),
        vault,
    })
}

/// The vault that the restore names.
fn said(restore: &ApplicationRestore) -> Result<Option<String>, String> {
    let Some(text) = restore.annotations().get(LOCATION_NOTE) else {
        return Ok(None);
    };
    let note: LocationNote = serde_json::from_str(text)
        .map_err(|error| format!("annotation `{LOCATION_NOTE}` cannot be read: {error}"))?;
    Ok(Some(note.name).filter(|name| !name.is_empty()))
}

/// The newest completed backup of a plan.
async fn newest(context: &Context, plan: &str) -> Result<Source, Missing> {
    let all = Api::<DeserializeGuard<ApplicationBackup>>::namespaced(
        context.client.clone(),
        &context.namespace,
    );
    let params = ListParams::default().labels(&format!("{SCHEDULE_LABEL}={}", label_value(plan)));
    let all = all.list(&params).await;
    let all = all.map_err(|error| {
        Missing::Wait(format!(
            "list the backups of plan `{plan}`: {}",
            chain(&error)
        ))
    })?;
    let all = all.items.into_iter().filter_map(|it| it.0.ok());
    match newest_of(all) {
        Some(backup) => Ok(Source {
            backup: backup.name_any(),
            vault: backup.spec.storage_location,
        }),
        None => Err(Missing::Never(format!(
            "plan `{plan}` has no completed backup"
        ))),
    }
}

/// The newest of those that this cluster has made, where it has made any; else of those that were found in vaults. What a
/// bucket says of plans and times anybody says who can write to it.
fn newest_of(all: impl Iterator<Item = ApplicationBackup>) -> Option<ApplicationBackup> {
    let complete = all.filter_map(|it| Some(((is_own(&it), completed(&it)?), it)));
    let newest = complete.max_by_key(|(rank, _)| *rank);
    newest.map(|(_, backup)| backup)
}

/// When a backup began that is complete.
fn completed(backup: &ApplicationBackup) -> Option<DateTime<Utc>> {
    let status = backup.status.as_ref()?;
    let complete = status.phase.as_deref() == Some(phase::COMPLETED);
    let at = status.start_timestamp.as_ref()?;
    complete.then(|| from_time(at))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_backup_that_was_found_in_a_vault_is_not_taken_for_a_newer_one_of_the_plan() {
        let of = |name: &str, uid: &str, day: u32| -> ApplicationBackup {
            serde_json::from_value(json!({
                "apiVersion": "csdr.alibabacloud.com/v1beta1", "kind": "ApplicationBackup",
                "metadata": {"name": name, "uid": "u-of-the-object"},
                "spec": {"storageLocation": "a"},
                "status": {"phase": "Completed", "backupUid": uid,
                    "startTimestamp": format!("2026-05-{day:02}T00:00:00Z")},
            }))
            .unwrap()
        };
        let own = |day| of("own", "u-of-the-object", day);
        let found = |name, day| of(name, "u-of-a-record", day);
        let newest = |all: Vec<ApplicationBackup>| newest_of(all.into_iter()).unwrap().name_any();
        assert_eq!(newest(vec![own(1), found("forged", 9)]), "own");
        // In a cluster that has made none, those of the vault are all there is.
        assert_eq!(newest(vec![found("older", 1), found("newer", 2)]), "newer");
        assert!(newest_of(std::iter::empty()).is_none());
    }
}
