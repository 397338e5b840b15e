//! What is changed in a claim so that it gets its data, and in the volume that is made for it.

use k8s_openapi::api::core::v1::{
    NodeSelector, ObjectReference, PersistentVolume, PersistentVolumeClaim, PersistentVolumeSpec,
    VolumeNodeAffinity,
};
use serde_json::{Map, Value, json};

use super::size::{quantity, requested};
use super::zones;
use crate::format::annotations::FILL;
use crate::volumes::{AdjustedClaim, DataSource, capacity_of};
use crate::{Error, ErrorKind, Result};

/// Of a volume: who made it, and who deletes it with its claim (external-provisioner, pkg/controller).
const PROVISIONED_BY: &str = "pv.kubernetes.io/provisioned-by";

fn spec(claim: &mut Value) -> Option<&mut Map<String, Value>> {
    claim.get_mut("spec").and_then(Value::as_object_mut)
}

/// Takes off what would keep a provisioner from making a volume: one that is named already is taken for the
/// source, and a selector is refused (external-provisioner, pkg/controller/controller.go).
fn free(claim: &mut Value) {
    if let Some(spec) = spec(claim) {
        for field in ["volumeName", "selector", "dataSource", "dataSourceRef"] {
            spec.remove(field);
        }
    }
}

/// Gives the claim this class.
pub(crate) fn set_class(claim: &mut Value, class: Option<&str>) {
    if let (Some(spec), Some(class)) = (spec(claim), class) {
        spec.insert("storageClassName".to_owned(), class.into());
    }
}

/// Makes the claim ask for at least so much, and says so.
pub(crate) fn raise(claim: &mut Value, at_least: Option<u64>) -> Option<String> {
    let at_least = at_least?;
    let asked = requested(claim);
    if asked.is_some_and(|asked| asked >= at_least) {
        return None;
    }
    let size = quantity(at_least);
    let requests = claim.pointer_mut("/spec/resources/requests");
    match requests.and_then(Value::as_object_mut) {
        Some(requests) => {
            requests.insert("storage".to_owned(), size.clone().into());
        }
        None => {
            let requests = json!({"requests": {"storage": size}});
            spec(claim)?.insert("resources".to_owned(), requests);
        }
    }
    let asked = asked.map_or_else(|| "nothing".to_owned(), quantity);
    Some(format!(
        "it asks for {size} instead of {asked}, which its snapshot does not fit into"
    ))
}

/// The claim, as a snapshotter reads it.
///
/// # Errors
/// When it is none.
pub(crate) fn typed(claim: &Value) -> Result<PersistentVolumeClaim> {
    serde_json::from_value(claim.clone())
        .map_err(|error| Error::corrupt("read the claim").with_source(error))
}

/// Takes over what a snapshotter changed in the claim: in its specification and annotations, and nowhere else.
/// Returns what was changed, for people.
///
/// # Errors
/// When it has become another claim.
pub(crate) fn adjust(
    claim: &mut Value,
    asked: &PersistentVolumeClaim,
    adjusted: AdjustedClaim,
) -> Result<Vec<String>> {
    let json = |claim: &PersistentVolumeClaim| {
        serde_json::to_value(claim).map_err(|error| Error::internal("write the claim", error))
    };
    let (before, after) = (json(asked)?, json(&adjusted.claim)?);
    for at in ["/metadata/namespace", "/metadata/name"] {
        if before.pointer(at) != after.pointer(at) {
            let why = "its snapshotter made another claim of it, which it may not";
            return Err(Error::new(ErrorKind::Volume, why));
        }
    }
    for at in ["/spec", "/metadata/annotations"] {
        let fields = |claim: &Value| claim.pointer(at).and_then(Value::as_object).cloned();
        let before = fields(&before).unwrap_or_default();
        let after = fields(&after).unwrap_or_default();
        let (parent, key) = at.rsplit_once('/').unwrap_or_default();
        if before == after {
            continue;
        }
        let Some(parent) = claim.pointer_mut(parent).and_then(Value::as_object_mut) else {
            continue;
        };
        let fields = parent.entry(key).or_insert(Value::Null);
        if fields.is_null() {
            *fields = Value::Object(Map::new());
        }
        let Some(fields) = fields.as_object_mut() else {
            continue;
        };
        for (key, value) in &after {
            if before.get(key) != Some(value) {
                fields.insert(key.clone(), value.clone());
            }
        }
        fields.retain(|key, _| after.contains_key(key) || !before.contains_key(key));
    }
    Ok(adjusted.warnings)
}

/// Has the claim provisioned from this source. One of `dataSource` and `dataSourceRef` is sent: the API server
/// fills in the other.
pub(crate) fn provision_from(claim: &mut Value, source: &DataSource) {
    free(claim);
    if let Some(spec) = spec(claim) {
        let source =
            json!({"apiGroup": source.api_group, "kind": source.kind, "name": source.name});
        spec.insert("dataSource".to_owned(), source);
    }
}

/// Has the claim provisioned empty, to be filled.
pub(crate) fn provision_empty(claim: &mut Value) {
    free(claim);
    annotate(claim, FILL, "pending");
}

fn annotate(object: &mut Value, key: &str, value: &str) {
    let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) else {
        return;
    };
    let annotations = metadata.entry("annotations").or_insert(Value::Null);
    if annotations.is_null() {
        *annotations = Value::Object(Map::new());
    }
    if let Some(annotations) = annotations.as_object_mut() {
        annotations.insert(key.to_owned(), value.into());
    }
}

/// What is known of the place that a volume was made for.
#[derive(Debug)]
pub(crate) struct Place<'a> {
    /// The snapshotter's topology keys.
    pub(crate) keys: &'a [String],
    pub(crate) zones: &'a [String],
    pub(crate) region: Option<&'a str>,
}

/// Binds a volume that was made and its claim to each other, both ways, so that nothing else gets either of
/// them. `original` is the volume in the backup. Returns what is not as it was.
///
/// # Errors
/// Why they cannot be bound, for people.
pub(crate) fn bind(
    volume: &mut PersistentVolume,
    claim: &mut Value,
    original: Option<&PersistentVolume>,
    place: &Place<'_>,
) -> Result<Vec<String>, String> {
    let mut warnings = Vec::new();
    let name = volume.metadata.name.clone().unwrap_or_default();
    if name.is_empty() {
        return Err("the volume that was made for it has no name".to_owned());
    }
    free(claim);
    let text = |claim: &Value, at: &str| claim.pointer(at)?.as_str().map(str::to_owned);
    let wanted = text(claim, "/metadata/namespace").zip(text(claim, "/metadata/name"));
    let class = text(claim, "/spec/storageClassName");
    let capacity = capacity_of(volume).unwrap_or_default();
    let own = volume
        .spec
        .get_or_insert_with(PersistentVolumeSpec::default);
    if let Some((namespace, claim_name)) = &wanted {
        let bound = own.claim_ref.take();
        let of = |field: &Option<String>| field.clone().unwrap_or_default();
        let other =
            bound.filter(|it| of(&it.namespace) != *namespace || of(&it.name) != *claim_name);
        if let Some(other) = other {
            return Err(format!(
                "volume `{name}`, which was made for it, is for claim `{}/{}`",
                of(&other.namespace),
                of(&other.name)
            ));
        }
        // Without its uid: one that is not there yet would leave the volume Released.
        own.claim_ref = Some(ObjectReference {
            api_version: Some("v1".to_owned()),
            kind: Some("PersistentVolumeClaim".to_owned()),
            namespace: Some(namespace.clone()),
            name: Some(claim_name.clone()),
            ..ObjectReference::default()
        });
    }
    // Both name one class, or they are not bound. Without one, a claim gets the cluster's default.
    let class = class.or(own.storage_class_name.take()).unwrap_or_default();
    own.storage_class_name = Some(class.clone());
    set_class(claim, Some(&class));
    let asked: Vec<String> = claim["spec"]["accessModes"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|mode| mode.as_str().map(str::to_owned))
        .collect();
    let modes = own.access_modes.get_or_insert_with(|| asked.clone());
    if modes.is_empty() {
        modes.clone_from(&asked);
    }
    if asked.iter().any(|mode| !modes.contains(mode)) {
        warnings.push(format!(
            "its access modes are `{}` instead of `{}`, which the volume that was made for it does not have",
            modes.join(", "),
            asked.join(", ")
        ));
        if let Some(spec) = spec(claim) {
            spec.insert("accessModes".to_owned(), modes.clone().into());
        }
    }
    if let Some(asked) = requested(claim).filter(|asked| *asked > capacity) {
        return Err(format!(
            "it asks for {}, and volume `{name}`, which was made for it, holds {}",
            quantity(asked),
            quantity(capacity)
        ));
    }
    if let Some(mode) = text(claim, "/spec/volumeMode") {
        own.volume_mode.get_or_insert(mode);
    }
    if let Some(original) = original {
        keep(volume, original);
    }
    warnings.extend(settle_zone(volume, original, place));
    if let Some(spec) = spec(claim) {
        spec.insert("volumeName".to_owned(), name.into());
    }
    Ok(warnings)
}

/// What a volume has of the one in the backup, where the snapshotter says nothing else.
fn keep(volume: &mut PersistentVolume, original: &PersistentVolume) {
    let Some(spec) = volume.spec.as_mut() else {
        return;
    };
    let Some(former) = original.spec.as_ref() else {
        return;
    };
    if spec.persistent_volume_reclaim_policy.is_none() {
        spec.persistent_volume_reclaim_policy
            .clone_from(&former.persistent_volume_reclaim_policy);
    }
    if spec.mount_options.is_none() {
        spec.mount_options.clone_from(&former.mount_options);
    }
    let drivers = [&*spec, former].map(|spec| spec.csi.as_ref().map(|csi| csi.driver.as_str()));
    let former = original.metadata.annotations.as_ref();
    let made_by = former.and_then(|annotations| annotations.get(PROVISIONED_BY));
    // Else nobody deletes its disk with it.
    if let Some(made_by) = made_by.filter(|_| drivers[0].is_some() && drivers[0] == drivers[1]) {
        let annotations = volume.metadata.annotations.get_or_insert_default();
        annotations
            .entry(PROVISIONED_BY.to_owned())
            .or_insert_with(|| made_by.clone());
    }
}

/// Binds a volume to its zone, where its snapshotter did not: the first that it was asked to be made in.
fn settle_zone(
    volume: &mut PersistentVolume,
    original: Option<&PersistentVolume>,
    place: &Place<'_>,
) -> Option<String> {
    let first = place.zones.first()?;
    if zones::terms(volume).is_empty() {
        let former = original.map(zones::terms).unwrap_or_default();
        let term = zones::moved(former, place.keys, first, place.region)?;
        let spec = volume.spec.as_mut()?;
        spec.node_affinity = Some(VolumeNodeAffinity {
            required: Some(NodeSelector {
                node_selector_terms: vec![term],
            }),
        });
        return None;
    }
    let zone = zones::bound_to(volume, place.keys)?;
    if place.zones.contains(&zone) {
        return None;
    }
    Some(format!(
        "its volume is in zone `{zone}`, where no node is for what uses it: add one there"
    ))
}

/// Takes over what an existing claim got when it was created, so that it is found to be the same.
pub(crate) fn take_over(claim: &mut Value, live: &Value) {
    let Some(spec) = spec(claim) else {
        return;
    };
    for field in [
        "volumeName",
        "selector",
        "dataSource",
        "dataSourceRef",
        "storageClassName",
        "accessModes",
        "resources",
    ] {
        match live["spec"].get(field) {
            Some(value) => spec.insert(field.to_owned(), value.clone()),
            None => spec.remove(field),
        };
    }
    if let Some(fill) = fill_of(live) {
        let fill = fill.to_owned();
        annotate(claim, FILL, &fill);
    }
}

/// Whether a claim is `pending` to be filled, or was: `done`.
pub(crate) fn fill_of(claim: &Value) -> Option<&str> {
    claim["metadata"]["annotations"][FILL].as_str()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claim() -> Value {
        json!({"metadata": {"namespace": "shop", "name": "data"}, "spec": {"accessModes": ["ReadWriteMany"],
            "storageClassName": "ssd", "volumeName": "old", "selector": {"matchLabels": {"a": "b"}},
            "resources": {"requests": {"storage": "5Gi"}}}})
    }

    fn volume(spec: &Value) -> PersistentVolume {
        let mut volume = json!({"metadata": {"name": "made"}, "spec": {"capacity": {"storage": "20Gi"},
            "csi": {"driver": "d", "volumeHandle": "h"}}});
        for (key, value) in spec.as_object().unwrap() {
            volume["spec"][key] = value.clone();
        }
        serde_json::from_value(volume).unwrap()
    }

    const NOWHERE: Place<'static> = Place {
        keys: &[],
        zones: &[],
        region: None,
    };

    #[test]
    fn a_claim_is_raised_to_what_its_snapshot_needs_and_never_lowered() {
        let mut claim = claim();
        assert_eq!(raise(&mut claim, None), None);
        assert_eq!(raise(&mut claim, Some(1 << 30)), None);
        let said = raise(&mut claim, Some(20 << 30)).unwrap();
        assert!(said.contains("20Gi instead of 5Gi"), "{said}");
        assert_eq!(claim["spec"]["resources"]["requests"]["storage"], "20Gi");
        let mut bare = json!({"spec": {}});
        raise(&mut bare, Some(1 << 30)).unwrap();
        assert_eq!(requested(&bare), Some(1 << 30));
    }

    #[test]
    fn what_a_snapshotter_changes_is_taken_over_and_nothing_else() {
        let mut claim = claim();
        claim["spec"]["unknown"] = "kept".into();
        let asked = typed(&claim).unwrap();
        let mut changed = asked.clone();
        let spec = changed.spec.as_mut().unwrap();
        spec.access_modes = Some(vec!["ReadWriteOnce".into()]);
        spec.selector = None;
        changed.metadata.annotations = Some([("a".to_owned(), "b".to_owned())].into());
        changed.metadata.labels = Some([("a".to_owned(), "b".to_owned())].into());
        let adjusted = AdjustedClaim::changed(changed.clone(), vec!["one node at a time".into()]);
        assert_eq!(
            adjust(&mut claim, &asked, adjusted).unwrap(),
            ["one node at a time"]
        );
        let spec = &claim["spec"];
        assert_eq!(spec["accessModes"], json!(["ReadWriteOnce"]));
        assert_eq!(
            (&spec["unknown"], spec.get("selector")),
            (&json!("kept"), None)
        );
        assert_eq!(spec["resources"]["requests"]["storage"], "5Gi");
        assert_eq!(claim["metadata"]["annotations"], json!({"a": "b"}));
        assert!(claim["metadata"].get("labels").is_none());
        changed.metadata.name = Some("other".into());
        let other = AdjustedClaim::changed(changed, Vec::new());
        assert!(adjust(&mut claim, &asked, other).is_err());
    }

    #[test]
    fn a_claim_with_a_source_names_no_volume_and_selects_none() {
        let mut claim = claim();
        let source = DataSource {
            api_group: "snapshot.storage.k8s.io".into(),
            kind: "VolumeSnapshot".into(),
            name: "s".into(),
        };
        provision_from(&mut claim, &source);
        let spec = &claim["spec"];
        assert_eq!(
            spec["dataSource"],
            json!({"apiGroup": "snapshot.storage.k8s.io", "kind": "VolumeSnapshot", "name": "s"})
        );
        for field in ["volumeName", "selector", "dataSourceRef"] {
            assert!(spec.get(field).is_none(), "{field}");
        }
    }

    #[test]
    fn a_made_volume_and_its_claim_name_each_other() {
        let (mut claim, mut made) = (claim(), volume(&json!({"accessModes": ["ReadWriteOnce"]})));
        let mut original = volume(&json!({"persistentVolumeReclaimPolicy": "Delete"}));
        original.metadata.annotations = Some([(PROVISIONED_BY.to_owned(), "d".to_owned())].into());
        let warnings = bind(&mut made, &mut claim, Some(&original), &NOWHERE).unwrap();
        assert_eq!(warnings.len(), 1, "{warnings:?}");
        assert!(warnings[0].contains("`ReadWriteOnce` instead of `ReadWriteMany`"));
        let made = serde_json::to_value(&made).unwrap();
        assert_eq!(claim["spec"]["volumeName"], "made");
        assert_eq!(claim["spec"]["accessModes"], json!(["ReadWriteOnce"]));
        assert_eq!(
            made["spec"]["claimRef"],
            json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "namespace": "shop", "name": "data"})
        );
        assert_eq!(made["spec"]["storageClassName"], "ssd");
        assert_eq!(made["spec"]["persistentVolumeReclaimPolicy"], "Delete");
        assert_eq!(made["metadata"]["annotations"][PROVISIONED_BY], "d");
    }

    #[test]
    fn what_cannot_be_bound_is_said() {
        let small = volume(&json!({"capacity": {"storage": "1Gi"}}));
        let foreign = volume(&json!({"claimRef": {"namespace": "shop", "name": "other"}}));
        let mut nameless = volume(&json!({}));
        nameless.metadata.name = None;
        for (mut volume, words) in [
            (small, "asks for 5Gi"),
            (foreign, "is for claim `shop/other`"),
            (nameless, "has no name"),
        ] {
            let why = bind(&mut volume, &mut claim(), None, &NOWHERE).unwrap_err();
            assert!(why.contains(words), "{why}");
        }
    }

    #[test]
    fn without_a_class_none_is_chosen_by_the_cluster() {
        let mut claim = claim();
        claim["spec"]
            .as_object_mut()
            .unwrap()
            .remove("storageClassName");
        let mut made = volume(&json!({}));
        bind(&mut made, &mut claim, None, &NOWHERE).unwrap();
        assert_eq!(claim["spec"]["storageClassName"], "");
        assert_eq!(made.spec.unwrap().storage_class_name.as_deref(), Some(""));
    }

    #[test]
    fn a_made_volume_is_bound_to_its_new_zone() {
        let key = "topology.fake.example.com/zone";
        let in_zone = |zone: &str| {
            volume(
                &json!({"nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions":
                [{"key": key, "operator": "In", "values": [zone]}]}]}}}),
            )
        };
        let (keys, zones) = ([key.to_owned()], ["b".to_owned(), "c".to_owned()]);
        let place = Place {
            keys: &keys,
            zones: &zones,
            region: None,
        };
        let original = in_zone("a");
        for (mut made, zone, warns) in [
            (volume(&json!({})), "b", false),
            (in_zone("c"), "c", false),
            (in_zone("x"), "x", true),
        ] {
            let said = settle_zone(&mut made, Some(&original), &place);
            assert_eq!(said.is_some(), warns, "{said:?}");
            assert_eq!(zones::bound_to(&made, &keys).as_deref(), Some(zone));
        }
    }
}
