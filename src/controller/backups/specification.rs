//! From what a user asks for to what the engine is to do.

use std::collections::BTreeSet;

use kube::ResourceExt as _;
use kube_backup_engine::backup::BackupSpec;
use kube_backup_engine::{Selection, UnmatchedFilters};
use serde_json::Value;

use crate::chain::chain;
use crate::controller::vaults::SOURCE_CLUSTER;
use crate::crds::{ApplicationBackup, SCHEDULE_LABEL};
use crate::schedules::{all_namespaces, gone_namespaces};

/// Namespaces that are in no backup unless they are named: those of the cluster and of the backup center ("FAQ about the backup
/// center").
const OF_THE_SYSTEM: [&str; 5] = [
    "csdr",
    "ack-csi-fuse",
    "kube-system",
    "kube-public",
    "kube-node-lease",
];

/// Why there is nothing for the engine to do.
#[derive(Debug)]
pub(super) enum Refused {
    /// What is asked for cannot be meant.
    Invalid(String),
    /// None of the namespaces that are asked for is there.
    NoNamespaces(String),
    /// The cluster cannot be asked now.
    Cluster(String),
}

/// What the engine is to back up.
pub(super) async fn specification(
    client: &kube::Client,
    backup: &ApplicationBackup,
    (cluster, namespace): (&str, &str),
) -> Result<BackupSpec, Refused> {
    let mut spec = read(backup).map_err(Refused::Invalid)?;
    let there = all_namespaces(client).await;
    let there =
        there.map_err(|error| Refused::Cluster(format!("list namespaces: {}", chain(&error))))?;
    leave_out_the_system(&mut spec.selection, namespace, &there);
    any_left(&spec.selection, &there).map_err(Refused::NoNamespaces)?;
    let labels = &mut spec.labels;
    for name in [SCHEDULE_LABEL, "velero.io/schedule-name"] {
        if let Some(plan) = backup.labels().get(SCHEDULE_LABEL) {
            labels.insert(name.to_owned(), plan.clone());
        }
    }
    labels.insert(SOURCE_CLUSTER.to_owned(), cluster.to_owned());
    Ok(spec)
}

/// Has the engine read its own fields, which bear the same names.
fn read(backup: &ApplicationBackup) -> Result<BackupSpec, String> {
    let asked = &backup.spec;
    let mut value = serde_json::to_value(asked).map_err(|error| error.to_string())?;
    let Value::Object(fields) = &mut value else {
        return Err("its specification is no object".to_owned());
    };
    for ours in asked
        .unknown
        .keys()
        .map(String::as_str)
        .chain(["pvBackup", "verification"])
    {
        fields.remove(ours);
    }
    let mut spec: BackupSpec = serde_json::from_value(value).map_err(|error| error.to_string())?;
    spec.name = backup.name_any();
    // As ACK and Velero: what names nothing is told, and stops nothing. Manifests exclude kinds that not every cluster has.
    spec.selection.unmatched_filters = UnmatchedFilters::Warn;
    Ok(spec)
}

fn leave_out_the_system(selection: &mut Selection, own: &str, there: &BTreeSet<String>) {
    let all =
        selection.included_namespaces.is_empty() || selection.included_namespaces.contains("*");
    if !all {
        return;
    }
    for name in OF_THE_SYSTEM.into_iter().chain([own]) {
        if there.contains(name) && !selection.included_namespaces.contains(name) {
            selection.excluded_namespaces.insert(name.to_owned());
        }
    }
}

/// Whether a namespace is left of those that are asked for. Single ones that are gone are the engine's to tell.
fn any_left(selection: &Selection, there: &BTreeSet<String>) -> Result<(), String> {
    let is_excluded = |name: &String| selection.excluded_namespaces.contains(name);
    gone_namespaces(&selection.included_namespaces, is_excluded, there).map(drop)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn backup(spec: &Value) -> ApplicationBackup {
        serde_json::from_value(json!({
            "apiVersion": "csdr.alibabacloud.com/v1beta1", "kind": "ApplicationBackup",
            "metadata": {"name": "nightly"}, "spec": spec,
        }))
        .unwrap()
    }

    fn there() -> BTreeSet<String> {
        ["default", "shop", "csdr", "kube-system", "kube-public"]
            .map(str::to_owned)
            .into()
    }

    #[test]
    fn every_field_reaches_the_engine() {
        let spec = json!({
            "storageLocation": "vault-a",
            "includedNamespaces": ["shop"],
            "excludedNamespaces": ["shop-old"],
            "includedResources": ["deployments"],
            "excludedResources": ["replicasets.apps", "pvc,pv"],
            "orLabelSelectors": [{"matchLabels": {"a": "b"}}, {"matchExpressions": [{"key": "tier", "operator": "Exists"}]}],
            "includeClusterResources": false,
            "ttl": "168h0m0s",
            "pvBackup": {"defaultPvBackup": true},
            "fromTheFuture": {"a": 1},
        });
        let read = read(&backup(&spec)).unwrap();
        assert_eq!(read.name, "nightly");
        assert_eq!(read.ttl.unwrap().as_secs(), 168 * 3600);
        let again = serde_json::to_value(&read).unwrap();
        for field in [
            "storageLocation",
            "includedNamespaces",
            "excludedNamespaces",
            "includedResources",
            "excludedResources",
            "orLabelSelectors",
            "includeClusterResources",
        ] {
            assert_eq!(again[field], spec[field], "{field}");
        }
        assert!(
            read.other.keys().eq(["storageLocation"]),
            "{:?}",
            read.other
        );
    }

    #[test]
    fn t8_the_systems_namespaces_stay_out_unless_they_are_named() {
        let of = |included: Value| {
            let mut spec = read(&backup(&json!({"includedNamespaces": included}))).unwrap();
            leave_out_the_system(&mut spec.selection, "csdr", &there());
            spec.selection
                .excluded_namespaces
                .into_iter()
                .collect::<Vec<_>>()
        };
        // Only those that are there: what is excluded and matches nothing would be told of.
        let system = ["csdr", "kube-public", "kube-system"];
        assert_eq!(of(json!([])), system);
        assert_eq!(of(json!(["*"])), system);
        assert_eq!(of(json!(["kube-system"])), [] as [&str; 0]);
    }

    #[test]
    fn e16_is_told_from_a_namespace_that_is_gone_beside_others() {
        let of = |spec: Value| any_left(&read(&backup(&spec)).unwrap().selection, &there());
        assert!(of(json!({"includedNamespaces": ["shop", "gone"]})).is_ok());
        assert!(of(json!({"includedNamespaces": ["gone-*"]})).is_ok());
        assert!(of(json!({})).is_ok());
        assert!(
            of(json!({"includedNamespaces": ["gone", "too"]}))
                .unwrap_err()
                .contains("`gone`, `too`")
        );
        let all = there();
        assert!(of(json!({"excludedNamespaces": all})).is_err());
    }

    #[test]
    fn what_cannot_be_meant_is_an_error_and_no_panic() {
        for spec in [
            json!({"ttl": "99999999999h"}),
            json!({"labelSelector": {"matchExpressions": [{"key": "a", "operator": "Likes"}]}}),
        ] {
            assert!(read(&backup(&spec)).is_err(), "{spec}");
        }
    }
}
