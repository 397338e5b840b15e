//! When the applications of a backup are frozen, and when they go on.

use k8s_openapi::api::core::v1::Pod;

use super::backup::Backup;
use super::hooks::{HookRunner, PodHooks};
use super::scope::Scope;
use super::volumes::planned::VolumePlan;
use crate::cluster::list::ListReader;
use crate::cluster::reader::ClusterReader;
use crate::kinds::names::PODS;
use crate::volumes::ObjectRef;
use crate::{Error, Result, Results};

impl Backup {
    /// Runs the pre-hooks of all Pods that are chosen, and takes the volumes of those whose pre-hooks failed out of
    /// `plan`. None are run where there is nothing to freeze for: hooks of annotations are for snapshots, those of the
    /// specification are run whatever it backs up.
    pub(super) async fn freeze(
        &self,
        api: &ClusterReader,
        scope: &Scope<'_>,
        hooks: &HookRunner,
        plan: &mut VolumePlan,
    ) -> Result<()> {
        if self.spec.hooks.is_empty() && plan.groups.is_empty() {
            return Ok(());
        }
        let hooked = match self.hooked_pods(api, scope, hooks).await {
            // Nobody asked for hooks but Pods, of which nothing is known: the objects are worth keeping all the same.
            Err(error) if self.spec.hooks.is_empty() => {
                let message = format!("no hooks were run: {}", error.chain());
                plan.results.errors.cluster.push(message);
                return Ok(());
            }
            hooked => hooked?,
        };
        if hooked.is_empty() {
            return Ok(());
        }
        let ran = hooks.freeze(hooked).await?;
        for failure in ran.consequences() {
            plan.fail_volumes_of(&failure.pod, &failure.to_string());
        }
        ran.note(&mut plan.results);
        Ok(())
    }

    /// The hooks of all Pods that are chosen.
    async fn hooked_pods(
        &self,
        api: &ClusterReader,
        scope: &Scope<'_>,
        hooks: &HookRunner,
    ) -> Result<Vec<PodHooks>> {
        let mut hooked = Vec::new();
        let mut jobs = scope.kinds.jobs(&scope.chosen, scope.namespaces.len());
        jobs.retain(|job| PODS.is(&job.resource.group_resource()));
        for job in jobs {
            let namespace = job.namespace.as_deref();
            let mut list = ListReader::new(api, &job.resource, namespace, None, None);
            let step = "list the Pods that have hooks";
            let refused = |failure| Error::cluster(step, failure);
            while let Some(items) = list.next().await.map_err(refused)? {
                for item in items {
                    let head = &item.head;
                    let namespace = head.namespace.as_deref().unwrap_or_default();
                    let is_chosen = !head.terminating
                        && scope.chosen.contains(namespace)
                        && scope.filter.wants_object(&head.name, &head.labels);
                    if is_chosen {
                        let pod = serde_json::from_slice(item.raw());
                        let pod: Pod = pod.map_err(|error| Error::cluster(step, error))?;
                        hooked.extend(hooks.hooks_of(&pod));
                    }
                }
            }
        }
        Ok(hooked)
    }

    /// Thaws applications, and notes what came of it.
    pub(super) async fn thaw(
        hooks: &HookRunner,
        is_meant: impl Fn(&ObjectRef) -> bool,
        results: &mut Results,
    ) {
        let (ran, note_removed) = hooks.thaw(is_meant).await;
        ran.note(results);
        if let Err(error) = note_removed {
            results.warnings.velero.push(error.chain());
        }
    }
}
