//! Running hooks, and the promise to run those that thaw.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::StreamExt as _;
use k8s_openapi::List;
use k8s_openapi::api::core::v1::Pod;
use object_store::ObjectStore;

use super::note::FrozenNote;
use super::planned::{HookPhase, HookStep, PodHooks, hooks_of, pod_ref};
use super::results::{HookFailure, HookResults};
use crate::cluster::exec::ExecFailure;
use crate::cluster::failure::Failure;
use crate::cluster::path::path;
use crate::cluster::query::with_query;
use crate::cluster::writer::ClusterWriter;
use crate::format::keys::Keys;
use crate::spec::hooks::{BackupHooks, HookErrorMode};
use crate::volumes::ObjectRef;
use crate::{Error, HookStatus, Result};

/// Pods whose hooks are run at once.
const PODS: usize = 16;

/// Runs the hooks of one backup, and knows what is frozen until it was thawed. Its clones know the same.
#[derive(Clone)]
pub(crate) struct HookRunner {
    api: ClusterWriter,
    spec: BackupHooks,
    note: FrozenNote,
    frozen: Arc<Mutex<Frozen>>,
}

/// What is frozen, and what was done.
#[derive(Default)]
struct Frozen {
    /// Of the Pods that are not thawed yet.
    hooks: Vec<PodHooks>,
    is_noted: bool,
    counts: HookStatus,
}

impl HookRunner {
    pub(crate) fn new(
        api: ClusterWriter,
        spec: BackupHooks,
        store: &Arc<dyn ObjectStore>,
        keys: &Keys,
    ) -> Self {
        Self {
            api,
            spec,
            note: FrozenNote::new(store, keys),
            frozen: Arc::default(),
        }
    }

    fn frozen(&self) -> MutexGuard<'_, Frozen> {
        self.frozen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The hooks of a Pod, by its annotations or the specification; `None` where it has none.
    pub(crate) fn hooks_of(&self, pod: &Pod) -> Option<PodHooks> {
        hooks_of(pod, &self.spec)
    }

    /// How many commands of this backup were to be run, and have failed.
    pub(crate) fn counts(&self) -> HookStatus {
        self.frozen().counts
    }

    /// Runs the pre-hooks of these Pods. They are frozen from then on, whatever came of it, until they are
    /// [thawed](Self::thaw).
    ///
    /// # Errors
    /// When it cannot be noted what is to be thawed; then nothing was run.
    pub(crate) async fn freeze(&self, hooks: Vec<PodHooks>) -> Result<HookResults> {
        let thawed: Vec<ObjectRef> = hooks
            .iter()
            .filter(|hooks| !hooks.post.is_empty())
            .map(|hooks| hooks.pod.clone())
            .collect();
        if !thawed.is_empty() {
            self.frozen().is_noted = true;
            self.note.write(thawed).await?;
        }
        self.frozen().hooks.clone_from(&hooks);
        Ok(self.run_counted(&hooks, HookPhase::Pre).await)
    }

    /// Runs the post-hooks of the frozen Pods that are meant, those too whose pre-hooks failed.
    ///
    /// # Errors
    /// When the note of it stays: the applications are thawed then, and are thawed once more by the next run.
    pub(crate) async fn thaw(
        &self,
        is_meant: impl Fn(&ObjectRef) -> bool,
    ) -> (HookResults, Result<()>) {
        let mut hooks = self.frozen().hooks.clone();
        hooks.retain(|it| is_meant(&it.pod));
        let results = self.run_counted(&hooks, HookPhase::Post).await;
        let is_last = {
            let mut frozen = self.frozen();
            // Not before it was done: whoever is dropped meanwhile has not thawed them.
            frozen.hooks.retain(|it| !is_meant(&it.pod));
            frozen.hooks.is_empty() && std::mem::take(&mut frozen.is_noted)
        };
        let removed = match is_last {
            true => self.note.remove().await,
            false => Ok(()),
        };
        (results, removed)
    }

    /// Thaws whatever a run that failed or was dropped has left frozen, unless another one that has its name has done so:
    /// the applications may be frozen for that one by now. Returns what remains, for people.
    pub(crate) async fn thaw_left(&self) -> Vec<String> {
        let (is_frozen, is_noted) = {
            let frozen = self.frozen();
            (!frozen.hooks.is_empty(), frozen.is_noted)
        };
        if is_frozen && is_noted && matches!(self.note.is_there().await, Ok(false)) {
            self.frozen().hooks.clear();
        }
        let (results, removed) = self.thaw(|_| true).await;
        let failures = results.failures.iter();
        let mut left: Vec<String> = failures
            .map(|failure| format!("an application that may be frozen: {failure}"))
            .collect();
        if let Err(error) = removed {
            left.push(error.chain());
        }
        left
    }

    /// Thaws what a run that was killed has left frozen. `None` when there was no such run.
    ///
    /// Pods that are gone took their freeze with them, and so did those replaced by others of the same name.
    ///
    /// # Errors
    /// When the note of it cannot be read, or the API server does not show the Pods.
    pub(crate) async fn thaw_noted(&self) -> Result<Option<HookResults>> {
        let Some(noted) = self.note.read().await? else {
            return Ok(None);
        };
        let mut hooks = Vec::new();
        for pod in noted {
            let found = self.pod(&pod).await?;
            hooks.extend(found.and_then(|found| hooks_of(&found, &self.spec)));
        }
        let results = self.run(&hooks, HookPhase::Post).await;
        self.note.forget().await?;
        Ok(Some(results))
    }

    /// The very Pod that was noted. Asked for by a list, which a backup may make.
    async fn pod(&self, noted: &ObjectRef) -> Result<Option<Pod>> {
        let list = path(["api", "v1", "namespaces", &noted.namespace, "pods"]);
        let named = format!("metadata.name={}", noted.name);
        let response = self
            .api
            .get(&with_query(&list, &[("fieldSelector", &named)]))
            .await?;
        let step = || format!("look for Pod `{noted}`, which an earlier run has frozen");
        if let Some(failure) = Failure::of(&response) {
            return Err(Error::cluster(step(), failure));
        }
        let list: List<Pod> = serde_json::from_slice(&response.body)
            .map_err(|error| Error::cluster(step(), error))?;
        Ok(list.items.into_iter().find(|pod| pod_ref(pod) == *noted))
    }

    async fn run_counted(&self, hooks: &[PodHooks], phase: HookPhase) -> HookResults {
        let results = self.run(hooks, phase).await;
        self.frozen().counts += results.counts();
        results
    }

    async fn run(&self, hooks: &[PodHooks], phase: HookPhase) -> HookResults {
        let pods = hooks.iter().cloned().map(|hooks| {
            let runner = self.clone();
            async move { runner.run_of_pod(&hooks, phase).await }
        });
        let mut running = futures::stream::iter(pods).buffered(PODS);
        let mut results = HookResults::default();
        while let Some(of_pod) = running.next().await {
            results.extend(of_pod);
        }
        results
    }

    /// The commands of one Pod, one after the other. A pre-hook that fails with `Fail` is the last that is run;
    /// of post-hooks all are: one of the others may be what thaws.
    async fn run_of_pod(&self, hooks: &PodHooks, phase: HookPhase) -> HookResults {
        let mut results = HookResults::default();
        let steps = match phase {
            HookPhase::Pre => &hooks.pre,
            HookPhase::Post => &hooks.post,
        };
        for step in steps {
            results.attempted += 1;
            let Err(why) = self.run_step(step, phase).await else {
                continue;
            };
            results.failures.push(HookFailure {
                pod: hooks.pod.clone(),
                phase,
                hook: step.name.clone(),
                mode: step.on_error,
                why,
            });
            if phase == HookPhase::Pre && step.on_error == HookErrorMode::Fail {
                break;
            }
        }
        results
    }

    async fn run_step(&self, step: &HookStep, phase: HookPhase) -> Result<(), String> {
        let command = step.command.as_ref().map_err(Clone::clone)?;
        let what = format!(
            "the {}-hook `{}` of Pod `{}/{}`",
            phase.word(),
            step.name,
            command.namespace,
            command.pod
        );
        // To thaw twice does no harm, and not to thaw does.
        let again = |failure: &ExecFailure| {
            let is_unknown = matches!(failure, ExecFailure::Unknown { .. });
            failure.passes() || is_unknown && phase == HookPhase::Post
        };
        let ran = self.api.exec_patiently(what, command, again).await;
        ran.map_err(|failure| format!("in container `{}`, {failure}", command.container))
    }
}
