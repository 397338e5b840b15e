//! The manifests in `deploy/`, made those of one installation.

use serde_json::{Value, json};

use super::spec::InstallSpec;
use crate::clusters::{EDGE_LABEL, NodeChoice};
use crate::component::ADDON;
use crate::grants::STARTED_FOR;

/// In the order in which they are applied: what others need first.
const BASE: [&str; 6] = [
    include_str!("../../deploy/manifests/namespace.yaml"),
    include_str!("../../deploy/manifests/service-account.yaml"),
    include_str!("../../deploy/manifests/rbac.yaml"),
    include_str!("../../deploy/manifests/backup-rights.yaml"),
    include_str!("../../deploy/manifests/restore-rights.yaml"),
    include_str!("../../deploy/manifests/operators.yaml"),
];
const DEFINITIONS: [&str; 6] = [
    include_str!("../../deploy/crds/applicationbackups.yaml"),
    include_str!("../../deploy/crds/applicationrestores.yaml"),
    include_str!("../../deploy/crds/backuplocations.yaml"),
    include_str!("../../deploy/crds/backupschedules.yaml"),
    include_str!("../../deploy/crds/converttosnapshots.yaml"),
    include_str!("../../deploy/crds/deleterequests.yaml"),
];
const DEPLOYMENT: &str = include_str!("../../deploy/manifests/deployment.yaml");

/// The variable that says the region of the cluster.
const REGION: &str = "REGION_ID";

/// Namespace and rights.
pub(super) fn base() -> Vec<Value> {
    BASE.into_iter().flat_map(documents).collect()
}

/// The definitions of the custom resources.
pub(super) fn definitions() -> Vec<Value> {
    DEFINITIONS.into_iter().flat_map(documents).collect()
}

/// The component. `mark` tells the credentials that its Pods are started for.
pub(super) fn deployment(spec: &InstallSpec, mark: &str) -> Value {
    let mut deployment = documents(DEPLOYMENT)
        .pop()
        .expect("the manifest of the component has a document");
    let wanted = &mut deployment["spec"];
    wanted["replicas"] = spec.replicas.into();
    let template = &mut wanted["template"];
    template["metadata"]["annotations"] = json!({STARTED_FOR: mark});
    let container = &mut template["spec"]["containers"][0];
    container["image"] = spec.image.as_str().into();
    if let Some(variables) = container["env"].as_array_mut() {
        // Where nobody says it here, it is left to whoever sets it in the cluster.
        variables.retain(|it| it["name"] != REGION);
        let region = spec.region.iter().map(alibaba_core::Region::as_str);
        variables.extend(region.map(|region| json!({"name": REGION, "value": region})));
    }
    if spec.kind.profile().nodes == NodeChoice::Cloud {
        template["spec"]["nodeSelector"] = json!({EDGE_LABEL: "false"});
    }
    deployment
}

/// What an uninstallation removes, in order: the component, then its rights. Namespace, custom resources
/// and the role of the people who work with them stay.
pub(super) fn removed() -> Vec<Value> {
    let rights = base().into_iter().rev();
    documents(DEPLOYMENT)
        .into_iter()
        .chain(rights)
        .filter(|object| {
            let name = object["metadata"]["name"].as_str().unwrap_or_default();
            object["kind"] != "Namespace" && name.starts_with(ADDON)
        })
        .collect()
}

fn documents(text: &'static str) -> Vec<Value> {
    use serde::Deserialize as _;
    serde_norway::Deserializer::from_str(text)
        .map(|document| Value::deserialize(document).expect("the manifests of this crate are YAML"))
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use alibaba_core::Region;
    use kube_backup_engine::rbac;

    use super::*;
    use crate::clusters::ClusterKind;
    use crate::component::{FEATURES, FEATURES_OF};

    fn rules(documents: Vec<Value>) -> BTreeSet<String> {
        let roles = documents
            .into_iter()
            .filter(|it| it["kind"] == "ClusterRole");
        roles
            .map(|role| {
                json!([
                    role.get("rules").unwrap_or(&json!([])),
                    role["aggregationRule"]
                ])
                .to_string()
            })
            .collect()
    }

    #[test]
    fn the_rights_are_those_of_the_engine() {
        let restores = [documents(rbac::RESTORE), documents(rbac::RESTORE_VOLUMES)].concat();
        let backups = [documents(rbac::BACKUP), documents(rbac::SNAPSHOTS)].concat();
        for (copy, roles) in [(BASE[3], backups), (BASE[4], restores)] {
            assert_eq!(rules(documents(copy)), rules(roles));
        }
    }

    #[test]
    fn the_kustomization_lists_every_manifest() {
        let listed = documents(include_str!("../../deploy/kustomization.yaml"));
        let listed: BTreeSet<_> = listed[0]["resources"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| it.as_str().unwrap().to_owned())
            .collect();
        let mut there = BTreeSet::new();
        for folder in ["manifests", "crds"] {
            let path = format!("{}/deploy/{folder}", env!("CARGO_MANIFEST_DIR"));
            for entry in std::fs::read_dir(path).unwrap() {
                let name = entry.unwrap().file_name().into_string().unwrap();
                there.insert(format!("{folder}/{name}"));
            }
        }
        assert_eq!(listed, there);
        assert_eq!(listed.len(), BASE.len() + DEFINITIONS.len() + 1);
    }

    #[test]
    fn the_component_is_that_of_this_package_in_the_region_that_is_known() {
        let manifest = &documents(DEPLOYMENT)[0];
        let pod = &manifest["spec"]["template"]["spec"];
        assert_eq!(pod["containers"][0]["image"], crate::install::IMAGE);
        assert_eq!(manifest["metadata"]["annotations"][FEATURES_OF], FEATURES);
        let spec = InstallSpec::new(ClusterKind::Managed).unwrap();
        for (spec, region) in [
            (spec.clone(), None),
            (spec.in_region(Region::CN_BEIJING), Some("cn-beijing")),
        ] {
            let made = deployment(&spec, "none");
            let container = &made["spec"]["template"]["spec"]["containers"][0];
            let variables = container["env"].as_array().unwrap();
            let said = variables.iter().find(|it| it["name"] == REGION);
            assert_eq!(said.and_then(|it| it["value"].as_str()), region);
        }
    }

    #[test]
    fn r10_edge_clusters_run_it_on_cloud_nodes() {
        for kind in ClusterKind::ALL {
            let Ok(spec) = InstallSpec::new(kind) else {
                continue;
            };
            let pod = &deployment(&spec, "none")["spec"]["template"]["spec"];
            let selector = pod["nodeSelector"].get(EDGE_LABEL);
            assert_eq!(
                selector,
                (kind == ClusterKind::Edge).then_some(&json!("false")),
                "{kind}"
            );
        }
    }

    #[test]
    fn r15_an_uninstallation_leaves_namespace_and_resources() {
        let names: Vec<_> = removed()
            .iter()
            .map(|it| format!("{} {}", it["kind"], it["metadata"]["name"]).replace('"', ""))
            .collect();
        assert_eq!(names[0], "Deployment migrate-controller");
        assert!(
            names
                .iter()
                .all(|it| !it.starts_with("Namespace")
                    && !it.starts_with("CustomResourceDefinition")),
            "{names:?}"
        );
        assert!(names.contains(&"ClusterRoleBinding migrate-controller-restore".to_owned()));
    }
}
