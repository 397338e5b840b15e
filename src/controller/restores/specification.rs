//! From what a user asks for to what the engine is to do.

use kube::ResourceExt as _;
use kube_backup_engine::UnmatchedFilters;
use kube_backup_engine::restore::RestoreSpec;
use serde_json::Value;

use crate::component::NAMESPACE;
use crate::crds::ApplicationRestore;

/// Fields that the engine does not have, or has under another name.
const OURS: [&str; 7] = [
    "convertedarg",
    "imageRegistryMapping",
    "serviceAnnotations",
    "ingressAnnotations",
    "resourceModifier",
    "appRestoreOnly",
    "scheduleName",
];

/// Has the engine read its own fields, which bear the same names.
///
/// # Errors
///
/// What cannot be meant.
pub(super) fn specification(
    restore: &ApplicationRestore,
    namespace: &str,
) -> Result<RestoreSpec, String> {
    let asked = &restore.spec;
    let mut value = serde_json::to_value(asked).map_err(|error| error.to_string())?;
    let Value::Object(fields) = &mut value else {
        return Err("its specification is no object".to_owned());
    };
    for ours in asked.unknown.keys().map(String::as_str).chain(OURS) {
        fields.remove(ours);
    }
    if asked.app_restore_only {
        fields.insert("restorePVs".to_owned(), false.into());
    }
    let mut spec: RestoreSpec = serde_json::from_value(value).map_err(|error| error.to_string())?;
    spec.name = restore.name_any();
    spec.image_mapping.clone_from(&asked.image_registry_mapping);
    // As ACK and Velero: what names nothing is told, and stops nothing.
    spec.selection.unmatched_filters = UnmatchedFilters::Warn;
    // What runs the restores is not restored over.
    let own = [NAMESPACE, namespace].map(str::to_owned);
    spec.powers.system_namespaces.extend(own);
    Ok(spec)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_field_reaches_the_engine() {
        let asked = json!({
            "backupName": "nightly",
            "includedNamespaces": ["shop"],
            "excludedResources": ["secrets"],
            "labelSelector": {"matchLabels": {"a": "b"}},
            "namespaceMapping": {"shop": "shop-dr"},
            "storageClassMapping": {"local": "alicloud-disk"},
            "imageRegistryMapping": {"old.example/lib/": "new.example/team/"},
            "serviceAnnotations": {"a": "b"},
            "appRestoreOnly": true,
            "preserveNodePorts": true,
            "existingResourcePolicy": "update",
            "convertedarg": [{"namespace": "shop"}],
            "resourceModifier": {"kind": "ConfigMap", "name": "rules"},
            "restorePVs": true,
        });
        let restore: ApplicationRestore = serde_json::from_value(json!({
            "apiVersion": "csdr.alibabacloud.com/v1beta1", "kind": "ApplicationRestore",
            "metadata": {"name": "try-out"}, "spec": asked,
        }))
        .unwrap();
        let spec = specification(&restore, "csdr").unwrap();
        assert_eq!(spec.name, "try-out");
        let again = serde_json::to_value(&spec).unwrap();
        for field in [
            "includedNamespaces",
            "excludedResources",
            "labelSelector",
            "namespaceMapping",
            "storageClassMapping",
            "preserveNodePorts",
            "existingResourcePolicy",
        ] {
            assert_eq!(again[field], asked[field], "{field}");
        }
        assert_eq!(again["imageMapping"], asked["imageRegistryMapping"]);
        assert!(spec.powers.system_namespaces.contains("csdr"));
        assert_eq!(spec.restore_pvs, Some(false));
        assert!(spec.other.keys().eq(["backupName"]), "{:?}", spec.other);
    }
}
