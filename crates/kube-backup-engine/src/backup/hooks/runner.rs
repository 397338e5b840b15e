//! Running hooks, and the promise to run those that thaw.

use std::sync::Arc;

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
use crate::{Error, Result};

/// Pods whose hooks are run at once.
const PODS: usize = 16;

/// Runs the hooks of one backup.
#[derive(Clone)]
pub(crate) struct HookRunner {
    api: ClusterWriter,
    spec: BackupHooks,
    note: FrozenNote,
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
        }
    }

    /// The hooks of a Pod, by its annotations or the specification; `None` where it has none.
    pub(crate) fn hooks_of(&self, pod: &Pod) -> Option<PodHooks> {
        hooks_of(pod, &self.spec)
    }

    /// Runs the pre-hooks of these Pods; what failed is in the result, which thaws them.
    ///
    /// # Errors
    /// When it cannot be noted what is to be thawed; then nothing was run.
    pub(crate) async fn freeze(&self, hooks: Vec<PodHooks>) -> Result<Frozen> {
        let thawed: Vec<ObjectRef> = hooks
            .iter()
            .filter(|hooks| !hooks.post.is_empty())
            .map(|hooks| hooks.pod.clone())
            .collect();
        let is_noted = !thawed.is_empty();
        if is_noted {
            self.note.write(thawed).await?;
        }
        let mut frozen = Frozen {
            runner: self.clone(),
            hooks,
            is_noted,
            is_last_try: false,
            results: HookResults::default(),
        };
        frozen.results = self.run(&frozen.hooks, HookPhase::Pre).await;
        Ok(frozen)
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
        self.note.remove().await?;
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

/// Applications that are frozen. They are thawed when this is [told to](Self::thaw), or dropped.
pub(crate) struct Frozen {
    runner: HookRunner,
    /// Of the Pods that are not thawed yet.
    hooks: Vec<PodHooks>,
    is_noted: bool,
    /// Whether it is thawed by nobody else if this is dropped: a runtime that shuts down drops what it is given.
    is_last_try: bool,
    results: HookResults,
}

impl Frozen {
    /// The pre-hooks that failed and were to have consequences.
    pub(crate) fn failures(&self) -> impl Iterator<Item = &HookFailure> {
        let failures = self.results.failures.iter();
        failures.filter(|failure| failure.mode == HookErrorMode::Fail)
    }

    /// These in two: the Pods that `is_later` is not true of, which are to be thawed first, and those that it is true
    /// of. The note of all of them goes with the latter.
    pub(crate) fn split(mut self, is_later: impl Fn(&ObjectRef) -> bool) -> (Self, Self) {
        let hooks = std::mem::take(&mut self.hooks);
        let (later, first) = hooks.into_iter().partition(|it| is_later(&it.pod));
        let first = Self {
            runner: self.runner.clone(),
            hooks: first,
            is_noted: false,
            is_last_try: self.is_last_try,
            results: std::mem::take(&mut self.results),
        };
        self.hooks = later;
        (first, self)
    }

    /// Whether there is no Pod to thaw.
    pub(crate) fn is_empty(&self) -> bool {
        self.hooks.is_empty()
    }

    /// Runs the post-hooks of all Pods, those too whose pre-hooks failed. Returns what came of pre-hooks and
    /// post-hooks.
    ///
    /// # Errors
    /// When the note of it stays: the applications are thawed then, and are thawed once more by the next run.
    pub(crate) async fn thaw(mut self) -> (HookResults, Result<()>) {
        let thawed = self.runner.run(&self.hooks, HookPhase::Post).await;
        self.hooks.clear();
        let mut results = std::mem::take(&mut self.results);
        results.extend(thawed);
        let removed = match std::mem::take(&mut self.is_noted) {
            true => self.runner.note.remove().await,
            false => Ok(()),
        };
        (results, removed)
    }
}

impl Drop for Frozen {
    fn drop(&mut self) {
        if self.is_last_try || self.hooks.iter().all(|hooks| hooks.post.is_empty()) {
            return;
        }
        // Without a runtime there is nobody to thaw, and the note stays for the next run.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let own = Self {
                runner: self.runner.clone(),
                hooks: std::mem::take(&mut self.hooks),
                is_noted: self.is_noted,
                is_last_try: true,
                results: HookResults::default(),
            };
            runtime.spawn(async move {
                let (results, removed) = own.thaw().await;
                for failure in results.failures {
                    tracing::error!(%failure, "a frozen application may not have been thawed");
                }
                if let Err(error) = removed {
                    tracing::warn!(
                        error = error.chain(),
                        "the note of frozen applications stays"
                    );
                }
            });
        }
    }
}
