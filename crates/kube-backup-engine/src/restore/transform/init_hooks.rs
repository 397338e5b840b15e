//! Init containers that a restore puts into Pods, as Velero does (item_hook_handler.go): those that a Pod's
//! annotations name, or else those of the specification.

use base16ct::lower::encode_string;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::text;
use crate::restore::spec::RestoreSpec;
use crate::spec::hooks::command_of;

const IMAGE: &str = "/metadata/annotations/init.hook.restore.velero.io~1container-image";
const NAME: &str = "/metadata/annotations/init.hook.restore.velero.io~1container-name";
const COMMAND: &str = "/metadata/annotations/init.hook.restore.velero.io~1command";

/// Puts the one that the Pod's annotations name before its own.
pub(super) fn add_annotated(pod: &mut Value) {
    let image = text(pod, IMAGE).to_owned();
    if image.is_empty() {
        return;
    }
    let command = text(pod, COMMAND);
    let name = match text(pod, NAME) {
        // Velero takes a random one; a restore that is run again would add another.
        "" => {
            let digest = Sha256::digest(format!("{image}\n{command}"));
            format!("velero-restore-init-{}", &encode_string(&digest)[..8])
        }
        name => name.to_owned(),
    };
    let mut container = json!({"name": name, "image": image});
    if !command.is_empty() {
        container["command"] = json!(command_of(command));
    }
    put_first(pod, vec![container]);
}

/// Puts those of the specification before the Pod's own.
pub(super) fn add_specified(pod: &mut Value, spec: &RestoreSpec) {
    if spec.hooks.is_empty() || !text(pod, IMAGE).is_empty() {
        return;
    }
    let Ok(metadata) = serde_json::from_value(pod["metadata"].clone()) else {
        return;
    };
    let namespace = text(pod, "/metadata/namespace");
    let hooks = spec.hooks.resources.iter();
    let selected = hooks.filter(|hook| hook.selector.selects(namespace, &metadata));
    let containers = selected
        .flat_map(|hook| &hook.post_hooks)
        .filter_map(|hook| hook.init.as_ref())
        .flat_map(|init| &init.init_containers)
        .filter_map(|container| serde_json::to_value(container).ok());
    put_first(pod, containers.collect());
}

/// Of a Pod that was restored before and backed up again, the containers take the places of those of the same
/// names.
fn put_first(pod: &mut Value, mut containers: Vec<Value>) {
    let own = pod["spec"]["initContainers"].as_array().cloned();
    let own = own.into_iter().flatten();
    let is_new = |own: &Value| {
        containers
            .iter()
            .all(|container| container["name"] != own["name"])
    };
    let kept: Vec<Value> = own.filter(is_new).collect();
    containers.extend(kept);
    if let (Some(spec), false) = (pod["spec"].as_object_mut(), containers.is_empty()) {
        spec.insert("initContainers".to_owned(), Value::Array(containers));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pod(annotations: &Value) -> Value {
        json!({"metadata": {"namespace": "copy", "name": "db-0", "labels": {"app": "db"},
            "annotations": annotations},
            "spec": {"containers": [{"name": "db"}], "initContainers": [{"name": "own"}]}})
    }

    fn names(pod: &Value) -> Vec<&str> {
        let containers = pod["spec"]["initContainers"].as_array().unwrap();
        let names = containers.iter().map(|it| it["name"].as_str().unwrap());
        names.collect()
    }

    fn specified() -> RestoreSpec {
        let hooks = json!({"resources": [
            {"name": "r", "includedNamespaces": ["copy"], "postHooks": [{"init": {"initContainers": [
                {"name": "first", "image": "a:1", "command": ["prepare"]}, {"name": "second", "image": "b:1"}]}}]},
            {"name": "elsewhere", "includedNamespaces": ["shop"], "postHooks": [{"init": {"initContainers": [
                {"name": "never", "image": "a:1"}]}}]}]});
        RestoreSpec {
            hooks: serde_json::from_value(hooks).unwrap(),
            ..RestoreSpec::named("r")
        }
    }

    #[test]
    fn annotations_displace_the_specification_and_nothing_is_added_twice() {
        let mut plain = pod(&json!({}));
        add_annotated(&mut plain);
        add_specified(&mut plain, &specified());
        assert_eq!(names(&plain), ["first", "second", "own"]);
        assert_eq!(
            plain["spec"]["initContainers"][0]["command"],
            json!(["prepare"])
        );
        let again = plain.clone();
        add_specified(&mut plain, &specified());
        assert_eq!(plain, again);
        let mut annotated = pod(&json!({
            "init.hook.restore.velero.io/container-image": "alpine:3",
            "init.hook.restore.velero.io/command": "[\"/bin/ash\", \"-c\", \"date\"]"}));
        add_annotated(&mut annotated);
        add_specified(&mut annotated, &specified());
        let first = &annotated["spec"]["initContainers"][0];
        assert!(
            first["name"]
                .as_str()
                .unwrap()
                .starts_with("velero-restore-init-")
        );
        assert_eq!(first["command"], json!(["/bin/ash", "-c", "date"]));
        assert_eq!(names(&annotated).len(), 2);
        let again = annotated.clone();
        add_annotated(&mut annotated);
        assert_eq!(annotated, again);
    }
}
