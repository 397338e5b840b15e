//! What is to be done about a backup.

use std::sync::Arc;
use std::time::Duration;

use kube::ResourceExt as _;
use kube::runtime::controller::Action;

use super::clear::clear_leftovers;
use super::job;
use crate::controller::context::Context;
use crate::controller::plans;
use crate::controller::vaults::OpenLocation;
use crate::controller::verification;
use crate::controller::work::JobKey;
use crate::crds::{ApplicationBackup, phase};

/// The kind, as jobs are told apart.
pub(in crate::controller) const KIND: &str = "ApplicationBackup";

/// Sees to it that what is not over is under way. What was under way when a controller stopped goes on under the same uid: the engine
/// finds what it has done.
pub(in crate::controller) async fn reconcile(
    backup: Arc<ApplicationBackup>,
    context: Arc<Context>,
) -> Result<Action, kube::Error> {
    if backup.metadata.deletion_timestamp.is_some() {
        context
            .jobs
            .cancel(&JobKey::new(KIND, backup.name_any()))
            .await;
        return Ok(Action::await_change());
    }
    let status = backup.status.as_ref();
    if let Some(status) = status.filter(|it| it.phase.as_deref().is_some_and(phase::is_over)) {
        context.metrics.backup_is(status);
        let again = verification::see_to(&context, &backup);
        let expires = plans::expire(&context, &backup).await?;
        let again = again.into_iter().chain(expires).min();
        return Ok(again.map_or_else(Action::await_change, Action::requeue));
    }
    let key = JobKey::new(KIND, backup.name_any());
    let uid = backup.uid().unwrap_or_default();
    let work = job::run(context.clone(), backup.clone());
    let clear = clear(context.clone(), backup.clone());
    let again = if context.jobs.ensure(&key, &uid, work, clear) {
        // Only in case that it panicked.
        Duration::from_secs(60)
    } else {
        Duration::from_secs(1)
    };
    Ok(Action::requeue(again))
}

/// Clears away what a backup that was cancelled left.
async fn clear(context: Arc<Context>, backup: Arc<ApplicationBackup>) {
    let Some(known) = context.vaults.get(&backup.spec.storage_location) else {
        return;
    };
    let (name, uid) = (backup.name_any(), backup.uid().unwrap_or_default());
    let cleared = async {
        let open = OpenLocation::of(&context, &known.location).await?;
        clear_leftovers(&context, &open, &name, &uid)
            .await
            .map_err(|error| error.chain())
    };
    if let Err(error) = cleared.await {
        tracing::warn!(
            name,
            error,
            "clear away what a cancelled backup left; the next backup of this name does"
        );
    }
}
