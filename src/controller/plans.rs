//! Plans, step by step.

use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;
use kube::ResourceExt as _;
use kube::runtime::controller::Action;
use kube_backup_engine::label_value;

use super::context::Context;
use super::metrics::PlanFacts;
use super::report::fields_known;
use crate::crds::{ApplicationBackup, BackupSchedule, BackupScheduleSpec, from_time};
use crate::schedules::{Notice, Scheduler};

/// Even where nothing is due, a plan is looked at so often: what its backups came to shows in its status.
const SELDOM: Duration = Duration::from_secs(60 * 60);

/// The kind, as objects that are there are told apart.
pub(super) const KIND: &str = "BackupSchedule";

/// What metrics say of a plan that is gone: nothing, so that nobody is told that its next backup is late.
pub(super) fn is_gone(context: &Context, name: &str) {
    context.metrics.plan_is_gone(&label_value(name));
}

fn scheduler(context: &Context) -> Scheduler {
    let shown = context.shown.clone();
    Scheduler::new(context.client.clone(), &context.namespace, &context.cluster)
        .with_backups(move |plan| shown.of_plan(plan))
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
        scheduler(&context).step(&plan, Utc::now()).await?
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
    let (notices, again) = scheduler(context).expire(backup, Utc::now()).await?;
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
