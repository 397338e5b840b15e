//! What is to be done about a conversion.

use std::sync::Arc;
use std::time::Duration;

use kube::ResourceExt as _;
use kube::runtime::controller::Action;

use super::done::is_over;
use super::job;
use crate::controller::context::Context;
use crate::controller::work::JobKey;
use crate::crds::ConvertToSnapshot;

/// The kind, as jobs are told apart.
pub(in crate::controller) const KIND: &str = "ConvertToSnapshot";

/// Sees to it that what is not over is under way.
pub(in crate::controller) async fn reconcile(
    conversion: Arc<ConvertToSnapshot>,
    context: Arc<Context>,
) -> Result<Action, kube::Error> {
    let key = JobKey::new(KIND, conversion.name_any());
    if conversion.metadata.deletion_timestamp.is_some() {
        context.jobs.cancel(&key).await;
        return Ok(Action::await_change());
    }
    if is_over(&conversion) {
        return Ok(Action::await_change());
    }
    let uid = conversion.uid().unwrap_or_default();
    let work = job::run(context.clone(), conversion.clone());
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
