//! Plans, step by step.

use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;
use futures::Stream;
use kube::ResourceExt as _;
use kube::runtime::controller::Action;
use kube_backup_engine::label_value;
use tokio::sync::Notify;
use tokio::time::sleep;

use super::context::Context;
use super::metrics::PlanFacts;
use super::present::Present;
use super::report::fields_known;
use super::shown::Shown;
use crate::crds::{ApplicationBackup, BackupSchedule, BackupScheduleSpec, from_time};
use crate::schedules::{Notice, Scheduler};

/// Even where nothing is due, a plan is looked at so often: what its backups came to shows in its status. And its backups so long after it
/// is gone.
const SELDOM: Duration = Duration::from_secs(60 * 60);

/// The kind, as objects that are there are told apart.
pub(super) const KIND: &str = "BackupSchedule";

/// What metrics say of a plan that is gone: nothing, so that nobody is told that its next backup is late.
/// And what it looked after is looked after by nobody.
pub(super) fn is_gone(context: &Context, name: &str) {
    context.metrics.plan_is_gone(&label_value(name));
    context.plan_is_gone.notify_one();
}

/// Something each time that plans have been gone for a while: one that is deleted and made anew looks after its backups as before.
pub(super) fn are_gone(gone: Arc<Notify>) -> impl Stream<Item = ()> + Send + 'static {
    futures::stream::unfold(gone, async |gone| {
        gone.notified().await;
        sleep(SELDOM).await;
        Some(((), gone))
    })
}

/// What acts on plans, and knows what is watched.
pub(super) fn scheduler(
    client: kube::Client,
    (namespace, cluster): (&str, &str),
    shown: Shown,
    present: Present,
) -> Scheduler {
    Scheduler::new(client, namespace, cluster)
        .with_backups(move |plan| shown.of_plan(plan))
        .with_plans(move |label| present.any_named(KIND, |name| label_value(name) == label))
}

/// Makes the backup that is due, and has those deleted that the plan does not keep.
pub(super) async fn reconcile(
    plan: Arc<BackupSchedule>,
    context: Arc<Context>,
) -> Result<Action, kube::Error> {
    if plan.metadata.deletion_timestamp.is_some() {
        return Ok(Action::await_change());
    }
    // What backups there are is known in a moment. Where they cannot be watched, they are asked for.
    let _ = context.shown.listed().await;
    let step = {
        let _place = context.queues.plans.place("").await;
        context.scheduler.step(&plan, Utc::now()).await?
    };
    let mut status = step.status;
    let template = &plan.spec.template;
    let unknown = [("", &plan.spec.unknown), ("template.", &template.unknown)];
    let unknown = fields_known(&mut status.conditions, plan.metadata.generation, unknown);
    if let (Some(unknown), None) = (unknown, &plan.status) {
        let reporter = &context.reporter;
        reporter
            .warning(plan.as_ref(), "UnknownFields", &unknown)
            .await;
    }
    tell(&context, plan.as_ref(), &step.notices).await;
    let facts = PlanFacts {
        interval: step.expected_interval,
        since: plan.metadata.creation_timestamp.as_ref().map(from_time),
        verifies: verifies(&plan.spec, &context),
    };
    let (name, uid) = (plan.name_any(), plan.uid().unwrap_or_default());
    if context.present.has(KIND, &name, &uid) {
        context.metrics.plan(&label_value(&name), facts);
    }
    if plan.status.as_ref() != Some(&status) {
        let _ = context.reporter.status_once(plan.as_ref(), &status).await?;
    }
    Ok(Action::requeue(
        step.wake_in.map_or(SELDOM, |it| it.min(SELDOM)),
    ))
}

/// Whether its backups are to be proved, by its own word or by that of their vault.
fn verifies(plan: &BackupScheduleSpec, context: &Context) -> bool {
    let vault = context.vaults.get(&plan.template.storage_location);
    let of_vault = vault.and_then(|known| known.location.spec.verification);
    of_vault
        .or(plan.verification)
        .or(plan.template.verification)
        .is_some()
}

/// Has a backup deleted that no plan looks after, once it has expired; when to look again.
pub(super) async fn expire(
    context: &Context,
    backup: &ApplicationBackup,
) -> Result<Option<Duration>, kube::Error> {
    let (notices, again) = context.scheduler.expire(backup, Utc::now()).await?;
    tell(context, backup, &notices).await;
    Ok(again)
}

async fn tell<K: kube::Resource<DynamicType = ()>>(
    context: &Context,
    about: &K,
    notices: &[Notice],
) {
    for notice in notices {
        let reporter = &context.reporter;
        if notice.is_warning {
            reporter
                .warning(about, notice.reason, &notice.message)
                .await;
        } else {
            reporter.normal(about, notice.reason, &notice.message).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::{FutureExt as _, StreamExt as _};
    use tokio::time::advance;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn backups_are_looked_at_again_an_hour_after_their_plan_is_gone_and_once_for_many() {
        let gone = Arc::new(Notify::new());
        let mut all = Box::pin(are_gone(gone.clone()));
        gone.notify_one();
        gone.notify_one();
        assert!(all.next().now_or_never().is_none());
        advance(SELDOM / 2).await;
        assert!(all.next().now_or_never().is_none());
        advance(SELDOM / 2).await;
        assert_eq!(all.next().await, Some(()));
        advance(SELDOM * 2).await;
        assert!(all.next().now_or_never().is_none());
        gone.notify_one();
        assert_eq!(all.next().await, Some(()));
    }
}
