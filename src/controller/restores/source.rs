//! Which backup a restore is of, and where that is.

use chrono::{DateTime, Utc};
use kube::api::ListParams;
use kube::core::DeserializeGuard;
use kube::{Api, ResourceExt as _};

use crate::chain::chain;
use crate::controller::context::Context;
use crate::crds::{
    ApplicationBackup, ApplicationRestore, LOCATION_NOTE, LocationNote, from_time, phase,
};

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
    let params = ListParams::default().labels(&format!("csdr/schedule-name={plan}"));
    let all = all.list(&params).await;
    let all = all.map_err(|error| {
        Missing::Wait(format!(
            "list the backups of plan `{plan}`: {}",
            chain(&error)
        ))
    })?;
    let all = all.items.into_iter().filter_map(|it| it.0.ok());
    let newest = all
        .filter_map(|it| Some((completed(&it)?, it)))
        .max_by_key(|(at, _)| *at);
    match newest {
        Some((_, backup)) => Ok(Source {
            backup: backup.name_any(),
            vault: backup.spec.storage_location,
        }),
        None => Err(Missing::Never(format!(
            "plan `{plan}` has no completed backup"
        ))),
    }
}

/// When a backup began that is complete.
fn completed(backup: &ApplicationBackup) -> Option<DateTime<Utc>> {
    let status = backup.status.as_ref()?;
    let complete = status.phase.as_deref() == Some(phase::COMPLETED);
    let at = status.start_timestamp.as_ref()?;
    complete.then(|| from_time(at))
}
