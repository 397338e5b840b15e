//! Looking at a vault.

use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;
use kube::ResourceExt as _;
use kube::runtime::controller::Action;
use tokio::time::{Instant, timeout};

use super::open::OpenLocation;
use super::registry::Known;
use super::sync::{Synced, sync};
use crate::chain::chain;
use crate::controller::context::Context;
use crate::controller::report::{Note, fields_known, set};
use crate::crds::{BackupLocation, BackupLocationStatus, GoDuration, condition, phase, to_time};
use crate::location::{Probed, probe};

/// The kind, as objects that are there are told apart.
pub(in crate::controller) const KIND: &str = "BackupLocation";
/// How often a vault is looked at, and its backups are, unless it says otherwise.
const OFTEN: Duration = Duration::from_secs(5 * 60);
/// No more often than this, whatever it says.
const AT_MOST: Duration = Duration::from_secs(10);
/// How long one look may take.
const PATIENCE: Duration = Duration::from_secs(120);
/// How long reading its backups may take.
const LONG: Duration = Duration::from_secs(30 * 60);

/// A look at a vault, if it is time for one. What is under way for a specification ends where it is when there is another.
pub(in crate::controller) async fn reconcile(
    location: Arc<BackupLocation>,
    context: Arc<Context>,
) -> Result<Action, kube::Error> {
    tokio::select! {
        biased;
        next = look_at(&location, &context) => next,
        // The change has it looked at anew.
        () = context.vaults.asks_for_another(&location.metadata) => Ok(Action::await_change()),
    }
}

async fn look_at(location: &Arc<BackupLocation>, context: &Context) -> Result<Action, kube::Error> {
    let name = location.name_any();
    if location.metadata.deletion_timestamp.is_some() {
        context.vaults.forget(&name);
        return Ok(Action::await_change());
    }
    let validation = period(location.spec.validation_frequency.as_ref());
    let syncing = period(location.spec.backup_sync_period.as_ref());
    let before = context.vaults.get(&name).filter(|known| {
        known.location.metadata.uid == location.metadata.uid
            && known.location.metadata.generation == location.metadata.generation
    });
    if let Some(left) = before
        .as_ref()
        .and_then(|known| known.rests(validation, syncing))
    {
        return Ok(Action::requeue(left));
    }
    let mut status = location.status.clone().unwrap_or_default();
    if status.phase.is_none() {
        status.phase = Some(phase::IN_PROGRESS.to_owned());
        status.message = Some("it is being looked at for the first time".to_owned());
        if context
            .reporter
            .status_once(location.as_ref(), &status)
            .await?
            .is_err()
        {
            return Ok(Action::await_change());
        }
    }
    let looked = match timeout(PATIENCE, look(context, location)).await {
        Ok(looked) => looked,
        Err(_) => Err(format!(
            "VaultError: backup vault is unavailable: no response within {} seconds; check `network` and the endpoint",
            PATIENCE.as_secs()
        )),
    };
    let synced_before = before.and_then(|known| known.synced);
    let due = synced_before.is_none_or(|at| at.elapsed() >= syncing);
    let mut synced_at = synced_before;
    // Those who wait may begin, while its backups are being read.
    let mut validated = know(context, location, &looked, synced_before);
    let mut found = None;
    if let (Ok((open, probed)), true) = (&looked, due) {
        // They are to see it, too: the backups of a big bucket are read for long.
        let is_told = status.phase.as_deref() == Some(phase::AVAILABLE)
            && status.observed_generation == location.metadata.generation;
        if !is_told {
            tell(context, location, &mut status, &looked, None).await?;
        }
        // A vault that is only read proves its list by what is in it.
        let proved = probed.is_some();
        let syncing = timeout(LONG, sync(context, location, open, proved)).await;
        let outcome =
            syncing.unwrap_or_else(|_| Err("its backups could not be read in time".to_owned()));
        synced_at = Some(Instant::now());
        found = Some(outcome);
        validated = know(context, location, &looked, synced_at);
    }
    // What is not told now is looked at again, and told then.
    tell(context, location, &mut status, &looked, found.as_ref()).await?;
    context.vaults.told(&name, validated);
    let next = match synced_at {
        Some(_) => validation.min(syncing),
        None => validation,
    };
    Ok(Action::requeue(next))
}

/// Notes what was seen of a vault, unless it is gone by now; when that was.
fn know(
    context: &Context,
    location: &Arc<BackupLocation>,
    looked: &Looked,
    synced: Option<Instant>,
) -> Instant {
    let (name, uid) = (location.name_any(), location.uid().unwrap_or_default());
    let state = looked.as_ref().map(drop).map_err(Clone::clone);
    let known = Known::now(location.clone(), state, synced);
    let validated = known.validated;
    context.vaults.put(&name, known);
    // Asked after it was noted: whoever sees it go forgets it after that, or is seen here to have done so before.
    if !context.present.has(KIND, &name, &uid) {
        context.vaults.forget(&name);
        context.metrics.vault_is_gone(&name);
    }
    validated
}

type Looked = Result<(OpenLocation, Option<Probed>), String>;

async fn look(context: &Context, location: &BackupLocation) -> Looked {
    let open = OpenLocation::of(context, location).await?;
    if !open.is_writable {
        return Ok((open, None));
    }
    let store = open.repository.store().clone();
    let probed = probe(store.as_ref(), &open.prefix, &context.cluster).await;
    let probed = probed
        .map_err(|error| format!("VaultError: backup vault is unavailable: {}", chain(&error)))?;
    Ok((open, Some(probed)))
}

async fn tell(
    context: &Context,
    location: &BackupLocation,
    status: &mut BackupLocationStatus,
    looked: &Looked,
    synced: Option<&Result<Synced, String>>,
) -> Result<(), kube::Error> {
    let generation = location.metadata.generation;
    let before = status.phase.clone();
    let spec = &location.spec;
    let now = Some(to_time(Utc::now()));
    status.observed_generation = generation;
    status.last_validation_time = now.clone();
    let conditions = &mut status.conditions;
    let unknown = fields_known(conditions, generation, [("", &spec.unknown)]);
    let mut note = |type_, holds, reason, message: &str| {
        let note = Note {
            holds,
            reason,
            message,
        };
        set(conditions, type_, generation, &note);
    };
    match looked {
        Ok((open, probed)) => {
            status.phase = Some(phase::AVAILABLE.to_owned());
            status.message = None;
            status.endpoint = Some(open.endpoint.clone());
            status.credentials = Some(open.credentials.clone());
            note(condition::READY, true, "Available", "it can be used");
            match probed {
                Some(Probed::Whole) => note(
                    condition::WRITABLE,
                    true,
                    "Probed",
                    "it was written to, read, listed and deleted from",
                ),
                Some(Probed::Kept(said)) => note(
                    condition::WRITABLE,
                    true,
                    "KeepsEverything",
                    &format!(
                        "what was written to it could not be deleted, as under a retention policy of the bucket or without the right to delete; \
                         nothing more is written to find out: {said}"
                    ),
                ),
                None => note(
                    condition::WRITABLE,
                    false,
                    "ReadOnly",
                    "backups in it can be restored, and not made or deleted, since accessMode is ReadOnly",
                ),
            }
        }
        Err(why) => {
            status.phase = Some(phase::UNAVAILABLE.to_owned());
            status.message = Some(crate::controller::report::cut(why, 2000));
            note(condition::READY, false, "VaultError", why);
        }
    }
    match synced {
        Some(Ok(synced)) => {
            status.last_synced_time = now;
            status.backups = i64::try_from(synced.backups).ok();
            status.not_shown.clone_from(&synced.not_shown);
            if synced.not_shown.is_empty() {
                note(
                    condition::SYNCED,
                    true,
                    "Synced",
                    "every backup in it has an ApplicationBackup, but for those that were asked to be deleted",
                );
            } else {
                note(
                    condition::SYNCED,
                    false,
                    "NotShown",
                    "some backups in it have no ApplicationBackup: see status.notShown",
                );
            }
        }
        Some(Err(why)) => note(condition::SYNCED, false, "NotRead", why),
        None => {}
    }
    let (name, uid) = (location.name_any(), location.uid().unwrap_or_default());
    if context.present.has(KIND, &name, &uid) {
        context.metrics.vault(&name, looked.is_ok());
    }
    if before != status.phase {
        match looked {
            Ok(_) => {
                context
                    .reporter
                    .normal(location, "Available", "the vault can be used")
                    .await;
            }
            Err(why) => context.reporter.warning(location, "VaultError", why).await,
        }
        if let Some(unknown) = unknown {
            context
                .reporter
                .warning(location, "UnknownFields", &unknown)
                .await;
        }
    }
    let _ = context.reporter.status_once(location, status).await?;
    Ok(())
}

/// How often; what is not said, zero or unreadable is the default.
fn period(said: Option<&GoDuration>) -> Duration {
    let said = said.and_then(|it| it.parse().ok());
    said.filter(|it| !it.is_zero())
        .map_or(OFTEN, |it| it.max(AT_MOST))
}
