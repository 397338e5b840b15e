//! Which hooks a Pod has.

use k8s_openapi::api::core::v1::Pod;

use crate::cluster::exec::ContainerCommand;
use crate::spec::go_duration;
use crate::spec::hooks::{
    BackupHook, BackupHooks, ExecHook, FROM_ANNOTATION, HookErrorMode, command_of, error_mode_of,
};
use crate::volumes::ObjectRef;

/// When a hook is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HookPhase {
    /// Before the snapshots.
    Pre,
    /// After them.
    Post,
}

impl HookPhase {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Pre => "pre",
            Self::Post => "post",
        }
    }
}

/// One command of a Pod.
#[derive(Clone)]
pub(crate) struct HookStep {
    /// The hook's name.
    pub(crate) name: String,
    /// What is run; or why nothing can be.
    pub(crate) command: Result<ContainerCommand, String>,
    pub(crate) on_error: HookErrorMode,
}

/// The hooks of one Pod.
#[derive(Clone)]
pub(crate) struct PodHooks {
    pub(crate) pod: ObjectRef,
    pub(crate) pre: Vec<HookStep>,
    pub(crate) post: Vec<HookStep>,
}

/// The hooks of a Pod, by its annotations or else by the specification (item_hook_handler.go); `None` where it
/// has none, and for Pods that do not run: there is nothing in them to be frozen.
pub(crate) fn hooks_of(pod: &Pod, spec: &BackupHooks) -> Option<PodHooks> {
    let phase = pod
        .status
        .as_ref()
        .and_then(|status| status.phase.as_deref());
    if phase != Some("Running") {
        return None;
    }
    let hooks = PodHooks {
        pod: pod_ref(pod),
        pre: steps(pod, spec, HookPhase::Pre),
        post: steps(pod, spec, HookPhase::Post),
    };
    (!hooks.pre.is_empty() || !hooks.post.is_empty()).then_some(hooks)
}

pub(super) fn pod_ref(pod: &Pod) -> ObjectRef {
    let metadata = pod.metadata.clone();
    ObjectRef {
        namespace: metadata.namespace.unwrap_or_default(),
        name: metadata.name.unwrap_or_default(),
        uid: metadata.uid.unwrap_or_default(),
    }
}

fn steps(pod: &Pod, spec: &BackupHooks, phase: HookPhase) -> Vec<HookStep> {
    let annotated = match phase {
        // What it was called before there were two.
        HookPhase::Pre => annotated(pod, "pre.").or_else(|| annotated(pod, "")),
        HookPhase::Post => annotated(pod, "post."),
    };
    if let Some(hook) = annotated {
        return vec![step(pod, FROM_ANNOTATION, &hook)];
    }
    let namespace = pod.metadata.namespace.as_deref().unwrap_or_default();
    let selected = spec
        .resources
        .iter()
        .filter(|hook| hook.selector.selects(namespace, &pod.metadata));
    let steps = selected.flat_map(|resource| {
        let hooks = match phase {
            HookPhase::Pre => &resource.pre,
            HookPhase::Post => &resource.post,
        };
        let named = |BackupHook { exec }: &BackupHook| step(pod, &resource.name, exec);
        hooks.iter().map(named).collect::<Vec<_>>()
    });
    steps.collect()
}

/// `<prefix>hook.backup.velero.io/*`; what cannot be read of it is as if it was not there.
fn annotated(pod: &Pod, prefix: &str) -> Option<ExecHook> {
    let annotations = pod.metadata.annotations.as_ref()?;
    let value = |name: &str| {
        let key = format!("{prefix}hook.backup.velero.io/{name}");
        annotations.get(&key).map(String::as_str)
    };
    let command = value("command").filter(|text| !text.is_empty())?;
    Some(ExecHook {
        container: value("container").unwrap_or_default().to_owned(),
        command: command_of(command),
        on_error: value("on-error").and_then(error_mode_of),
        timeout: value("timeout").and_then(go_duration::parse),
    })
}

fn step(pod: &Pod, name: &str, hook: &ExecHook) -> HookStep {
    let own = pod_ref(pod);
    let place = [own.namespace.as_str(), own.name.as_str()];
    HookStep {
        name: name.to_owned(),
        command: ContainerCommand::of_hook(
            pod,
            place,
            &hook.container,
            &hook.command,
            hook.timeout,
        ),
        on_error: hook.on_error.unwrap_or(HookErrorMode::Fail),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn pod(annotations: &Value) -> Pod {
        let pod = json!({"metadata": {"namespace": "shop", "name": "db-0", "uid": "u1",
            "labels": {"app": "db"}, "annotations": annotations},
            "spec": {"containers": [{"name": "db"}, {"name": "proxy"}]}, "status": {"phase": "Running"}});
        serde_json::from_value(pod).unwrap()
    }

    fn spec(resources: &Value) -> BackupHooks {
        serde_json::from_value(json!({"resources": resources})).unwrap()
    }

    /// Container, words, seconds and mode of each step.
    fn shown(steps: &[HookStep]) -> Vec<String> {
        let show = |step: &HookStep| match &step.command {
            Ok(command) => format!(
                "{}: {} {:?} {} {:?}",
                step.name,
                command.container,
                command.words,
                command.timeout.as_secs(),
                step.on_error
            ),
            Err(why) => format!("{}: {why}", step.name),
        };
        steps.iter().map(show).collect()
    }

    #[test]
    fn annotations_are_read_as_velero_reads_them() {
        let none = BackupHooks::default();
        let read = |annotations: Value| {
            let hooks = hooks_of(&pod(&annotations), &none)?;
            Some((shown(&hooks.pre), shown(&hooks.post)))
        };
        assert_eq!(read(json!({})), None);
        // No shell: it is one word, unless it is an array.
        let all = json!({
            "pre.hook.backup.velero.io/command": "fsfreeze --freeze /data",
            "post.hook.backup.velero.io/command": r#"["/sbin/fsfreeze", "--unfreeze", "/data"]"#,
            "post.hook.backup.velero.io/container": "proxy",
            "post.hook.backup.velero.io/on-error": "Continue",
            "post.hook.backup.velero.io/timeout": "1m30s"});
        let pre = r#"<from-annotation>: db ["fsfreeze --freeze /data"] 30 Fail"#.to_owned();
        let post =
            r#"<from-annotation>: proxy ["/sbin/fsfreeze", "--unfreeze", "/data"] 90 Continue"#;
        assert_eq!(read(all), Some((vec![pre], vec![post.to_owned()])));
        // What is no mode, no time and no array.
        let odd = json!({"hook.backup.velero.io/command": "[sync",
            "hook.backup.velero.io/on-error": "continue", "hook.backup.velero.io/timeout": "soon"});
        let pre = r#"<from-annotation>: db ["[sync"] 30 Fail"#.to_owned();
        assert_eq!(read(odd), Some((vec![pre], vec![])));
        let elsewhere = json!({"pre.hook.backup.velero.io/command": "sync",
            "pre.hook.backup.velero.io/container": "gone"});
        let pre = "<from-annotation>: the Pod has no container `gone`".to_owned();
        assert_eq!(read(elsewhere), Some((vec![pre], vec![])));
    }

    #[test]
    fn a_specification_names_hooks_of_several_containers_and_annotations_displace_them() {
        let resources = json!([
            {"name": "quiesce", "includedNamespaces": ["shop"], "excludedNamespaces": [],
             "labelSelector": {"matchLabels": {"app": "db"}},
             "pre": [{"exec": {"container": "db", "command": ["sync"], "timeout": "20s"}},
                     {"exec": {"container": "proxy", "command": ["drain"], "onError": "Continue"}}],
             "post": [{"exec": {"command": ["go"]}}]},
            {"name": "others", "includedNamespaces": ["bank"], "pre": [{"exec": {"command": ["x"]}}]},
            {"name": "none", "excludedResources": ["pods"], "pre": [{"exec": {"command": ["x"]}}]},
            {"name": "all", "includedResources": ["pods"], "post": [{"exec": {"command": []}}]}]);
        let spec = spec(&resources);
        let hooks = hooks_of(&pod(&json!({})), &spec).unwrap();
        assert_eq!(
            shown(&hooks.pre),
            [
                r#"quiesce: db ["sync"] 20 Fail"#,
                r#"quiesce: proxy ["drain"] 30 Continue"#
            ]
        );
        assert_eq!(
            shown(&hooks.post),
            [r#"quiesce: db ["go"] 30 Fail"#, "all: it names no command"]
        );
        let own = pod(&json!({"pre.hook.backup.velero.io/command": "mine"}));
        let hooks = hooks_of(&own, &spec).unwrap();
        // Each phase by itself.
        assert_eq!(
            shown(&hooks.pre),
            [r#"<from-annotation>: db ["mine"] 30 Fail"#]
        );
        assert_eq!(hooks.post.len(), 2);
    }

    #[test]
    fn a_pod_that_does_not_run_has_nothing_to_freeze() {
        let mut pod = pod(&json!({"pre.hook.backup.velero.io/command": "sync"}));
        for phase in ["Pending", "Succeeded", "Failed"] {
            pod.status.as_mut().unwrap().phase = Some(phase.to_owned());
            assert!(hooks_of(&pod, &BackupHooks::default()).is_none(), "{phase}");
        }
    }
}
