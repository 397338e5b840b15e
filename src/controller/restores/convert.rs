//! Claims that become others as they are restored.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::PersistentVolumeClaim;
use kube_backup_engine::ObjectId;
use kube_backup_engine::restore::{Restore, Transformed};
use kube_backup_engine::volumes::BackedUpVolume;
use serde_json::{Value, json};

use crate::controller::conversions::Targets;
use crate::crds::VolumeConversion;

/// What of a claim's specification a conversion is about.
const FIELDS: [&str; 7] = [
    "storageClassName",
    "accessModes",
    "resources",
    "volumeName",
    "selector",
    "dataSource",
    "dataSourceRef",
];

/// What is wanted of claims, and what is known of them.
struct Conversion {
    /// The first that fits counts.
    wanted: Vec<VolumeConversion>,
    targets: Targets,
    /// Bytes of their data, by namespace and name.
    bytes: BTreeMap<(String, String), u64>,
    /// Class in the backup to class in the cluster: a claim is given to us with the latter.
    mapping: BTreeMap<String, String>,
}

/// Has these claims restored as others, as a conversion before the restore would have it.
pub(super) fn converted(
    restore: Restore,
    wanted: Vec<VolumeConversion>,
    targets: Targets,
    kept: &[BackedUpVolume],
    mapping: BTreeMap<String, String>,
) -> Restore {
    let size = |it: &BackedUpVolume| {
        let claim = (it.claim.namespace.clone(), it.claim.name.clone());
        Some((claim, it.record.as_ref()?.restore_size?))
    };
    let conversion = Conversion {
        wanted,
        targets,
        bytes: kept.iter().filter_map(size).collect(),
        mapping,
    };
    restore.with_transform("conversion of claims", move |id, object| {
        match conversion.of(id, &object) {
            Some(wanted) => conversion.convert(id, wanted, object),
            None => Ok(Transformed::Object(object)),
        }
    })
}

impl Conversion {
    /// What is wanted of an object, by its name and namespace in the backup.
    fn of(&self, id: &ObjectId, object: &Value) -> Option<&VolumeConversion> {
        if !id.resource.is("", "persistentvolumeclaims") {
            return None;
        }
        let class = object["spec"]["storageClassName"]
            .as_str()
            .unwrap_or_default();
        let is_of = |wanted: &str| {
            let mapped = self.mapping.get(wanted).map(String::as_str);
            wanted.is_empty() || wanted == class || mapped == Some(class)
        };
        self.wanted.iter().find(|it| {
            Some(it.namespace.as_str()) == id.namespace.as_deref()
                && it.persistent_volume_claim == id.name
                && is_of(&it.storage_class)
        })
    }

    fn convert(
        &self,
        id: &ObjectId,
        wanted: &VolumeConversion,
        mut object: Value,
    ) -> Result<Transformed, String> {
        if wanted.convert_to_storage_class_type.is_empty() {
            resize(&mut object, wanted);
            return Ok(Transformed::Object(object));
        }
        let claim: PersistentVolumeClaim = serde_json::from_value(object.clone())
            .map_err(|error| format!("it cannot be read: {error}"))?;
        let key = (id.namespace.clone().unwrap_or_default(), id.name.clone());
        let bytes = self.bytes.get(&key).copied().unwrap_or_default();
        let adjusted = self.targets.convert(claim, wanted, bytes);
        let adjusted = adjusted.map_err(|refused| refused.to_string())?;
        let spec = serde_json::to_value(&adjusted.claim.spec).map_err(|error| error.to_string())?;
        if let Some(fields) = object["spec"].as_object_mut() {
            fields.retain(|field, _| !FIELDS.contains(&field.as_str()));
            let wanted = FIELDS.into_iter();
            let wanted =
                wanted.filter_map(|field| Some((field.to_owned(), spec.get(field)?.clone())));
            fields.extend(wanted);
        }
        Ok(Transformed::ObjectWith(object, adjusted.warnings))
    }
}

/// Other access modes or another size, of the class that it has.
fn resize(claim: &mut Value, wanted: &VolumeConversion) {
    let Some(spec) = claim["spec"].as_object_mut() else {
        return;
    };
    if !wanted.convert_to_access_modes.is_empty() {
        let modes = json!(wanted.convert_to_access_modes);
        spec.insert("accessModes".to_owned(), modes);
    }
    if let Some(capacity) = &wanted.capacity {
        let resources = spec.entry("resources").or_insert_with(|| json!({}));
        if resources.is_object() {
            resources["requests"]["storage"] = capacity.0.as_str().into();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn conversion(wanted: &Value) -> Conversion {
        Conversion {
            wanted: serde_json::from_value(wanted.clone()).unwrap(),
            targets: Targets::default(),
            bytes: BTreeMap::new(),
            mapping: [("local".to_owned(), "mapped".to_owned())].into(),
        }
    }

    fn id(name: &str) -> ObjectId {
        ObjectId {
            resource: "persistentvolumeclaims".parse().unwrap(),
            namespace: Some("shop".to_owned()),
            name: name.to_owned(),
        }
    }

    #[test]
    fn a_claim_gets_what_was_asked_for_it_and_no_other_does() {
        let conversion = conversion(&json!([
            {"namespace": "shop", "persistentVolumeClaim": "data", "storageClass": "other", "capacity": "1Gi"},
            {"namespace": "shop", "persistentVolumeClaim": "data", "storageClass": "local",
             "convertToAccessModes": ["ReadWriteOnce"], "capacity": "40Gi"},
            {"namespace": "shop", "persistentVolumeClaim": "none", "convertToStorageClassType": "gone"},
        ]));
        for class in ["local", "mapped"] {
            let claim = json!({"spec": {"storageClassName": class, "accessModes": ["ReadWriteMany"],
                "resources": {"requests": {"storage": "5Gi"}}}});
            let wanted = conversion.of(&id("data"), &claim).unwrap();
            let changed = conversion.convert(&id("data"), wanted, claim.clone());
            let expected = json!({"spec": {"storageClassName": class, "accessModes": ["ReadWriteOnce"],
                "resources": {"requests": {"storage": "40Gi"}}}});
            assert_eq!(changed, Ok(Transformed::Object(expected)));
            assert!(conversion.of(&id("logs"), &claim).is_none());
            // E23, in ACK's words.
            let wanted = conversion.of(&id("none"), &claim).unwrap();
            let refused = conversion.convert(&id("none"), wanted, claim).unwrap_err();
            assert!(
                refused.contains("storageclass gone not exists"),
                "{refused}"
            );
        }
    }
}
