//! What is to be done about a restore.

use std::sync::Arc;
use std::time::Duration;

use kube::ResourceExt as _;
use kube::runtime::controller::Action;

use super::job;
use crate::controller::context::Context;
use crate::controller::work::JobKey;
use crate::crds::{ApplicationRestore, phase};

/// The kind, as jobs are told apart.
pub(in crate::controller) const KIND: &str = "ApplicationRestore";

/// Sees to it that what is not over is under way. A restore that was interrupted is run again under its uid, and completes what is left.
pub(in crate::controller) async fn reconcile(
    restore: Arc<ApplicationRestore>,
    context: Arc<Context>,
) -> Result<Action, kube::Error> {
    let key = JobKey::new(KIND, restore.name_any());
    if restore.metadata.deletion_timestamp.is_some() {
        context.jobs.cancel(&key).await;
        return Ok(Action::await_change());
    }
    let phase = restore.status.as_ref().and_then(|it| it.phase.as_deref());
    if phase.is_some_and(phase::is_over) {
        return Ok(Action::await_change());
    }
    let uid = restore.uid().unwrap_or_default();
    let work = job::run(context.clone(), restore.clone());
    let again = if context
        .jobs
        .ensure(&key, &uid, work, std::future::ready(()))
    {
        // Only in case that it panicked.
        Duration::from_secs(60)
    } else {
        Duration::from_secs(1)
    };
    Ok(Action::requeue(again))
}
