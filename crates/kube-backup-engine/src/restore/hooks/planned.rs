//! Which commands are run in a Pod.

use std::time::Duration;

use k8s_openapi::api::core::v1::Pod;

use crate::ObjectId;
use crate::cluster::exec::ContainerCommand;
use crate::kinds::names::PODS;
use crate::restore::apply::Applied;
use crate::restore::outcome::Outcome;
use crate::restore::request::Request;
use crate::spec::go_duration;
use crate::spec::hooks::{FROM_ANNOTATION, HookErrorMode, command_of, error_mode_of};
use crate::spec::restore_hooks::{ExecRestoreHook, RestoreHooks};

/// One command of a Pod.
pub(crate) struct HookStep {
    /// The hook's name.
    pub(crate) name: String,
    /// What is run; or why nothing can be.
    pub(crate) command: Result<ContainerCommand, String>,
    pub(crate) on_error: HookErrorMode,
    /// How long its container is waited for.
    pub(crate) wait: Option<Duration>,
    /// Whether the container has to be ready, and not only to run.
    pub(crate) for_ready: bool,
}

/// The commands of one Pod.
pub(crate) struct PodHooks {
    /// Its name in the backup.
    pub(crate) id: ObjectId,
    /// Where it is.
    pub(crate) path: String,
    pub(crate) steps: Vec<HookStep>,
}

/// The commands for an object that was just created; `None` for those that are no Pods, were there before, or have
/// none.
pub(crate) fn of_created(
    spec: &RestoreHooks,
    request: &Request,
    applied: &Applied,
) -> Option<PodHooks> {
    if !PODS.is(&request.id.resource) || applied.outcome != Outcome::Created {
        return None;
    }
    let is_annotated = !request.object["metadata"]["annotations"][annotation("command")].is_null();
    if spec.is_empty() && !is_annotated {
        return None;
    }
    let pod: Pod = serde_json::from_value(request.object.clone()).ok()?;
    let namespace = request.namespace.as_deref().unwrap_or_default();
    let steps = steps(&pod, namespace, &request.name, spec);
    (!steps.is_empty()).then(|| PodHooks {
        id: request.id.clone(),
        path: request.path.clone(),
        steps,
    })
}

fn steps(pod: &Pod, namespace: &str, name: &str, spec: &RestoreHooks) -> Vec<HookStep> {
    let step = |hook: &str, exec: &ExecRestoreHook| step(pod, [namespace, name], hook, exec);
    if let Some(hook) = annotated(pod) {
        return vec![step(FROM_ANNOTATION, &hook)];
    }
    let hooks = spec.resources.iter();
    let selected = hooks.filter(|hook| hook.selector.selects(namespace, &pod.metadata));
    let named = selected.flat_map(|resource| {
        let execs = resource
            .post_hooks
            .iter()
            .filter_map(|hook| hook.exec.as_ref());
        execs.map(|exec| step(&resource.name, exec))
    });
    named.collect()
}

fn annotation(name: &str) -> String {
    format!("post.hook.restore.velero.io/{name}")
}

/// What cannot be read of annotations is as if it was not there (wait_exec_hook_handler.go).
fn annotated(pod: &Pod) -> Option<ExecRestoreHook> {
    let annotations = pod.metadata.annotations.as_ref()?;
    let value = |name: &str| annotations.get(&annotation(name)).map(String::as_str);
    let command = value("command").filter(|text| !text.is_empty())?;
    Some(ExecRestoreHook {
        container: value("container").unwrap_or_default().to_owned(),
        command: command_of(command),
        on_error: value("on-error").and_then(error_mode_of),
        exec_timeout: value("exec-timeout").and_then(go_duration::parse),
        wait_timeout: value("wait-timeout").and_then(go_duration::parse),
        wait_for_ready: value("wait-for-ready").map(|text| text == "true"),
    })
}

fn step(pod: &Pod, place: [&str; 2], hook: &str, exec: &ExecRestoreHook) -> HookStep {
    HookStep {
        name: hook.to_owned(),
        command: ContainerCommand::of_hook(
            pod,
            place,
            &exec.container,
            &exec.command,
            exec.exec_timeout,
        ),
        on_error: exec.on_error.unwrap_or(HookErrorMode::Continue),
        // Velero's zero is nothing that was asked for.
        wait: exec.wait_timeout.filter(|time| !time.is_zero()),
        for_ready: exec.wait_for_ready.unwrap_or(false),
    }
}
