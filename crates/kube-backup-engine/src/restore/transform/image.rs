//! Images that are pulled from elsewhere in the target cluster.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::GroupResource;
use crate::kinds::pod_specs::for_each_pod_spec;
use crate::pointer::for_each_value;

/// Replaces the prefix of each image by the longest matching entry of the mapping.
pub(super) fn map_images(
    kind: &GroupResource,
    object: &mut Value,
    mapping: &BTreeMap<String, String>,
) {
    if mapping.is_empty() {
        return;
    }
    for_each_pod_spec(kind, object, &mut |spec| {
        for containers in ["/containers/*/image", "/initContainers/*/image"] {
            for_each_value(spec, containers, &mut |image| {
                if let Value::String(image) = image
                    && let Some(other) = mapped(image, mapping)
                {
                    *image = other;
                }
            });
        }
    });
}

/// A prefix ends where a part of the name ends: `registry/shop` does not match `registry/shopping`.
fn mapped(image: &str, mapping: &BTreeMap<String, String>) -> Option<String> {
    let fits = |prefix: &str| {
        image.strip_prefix(prefix).is_some_and(|rest| {
            rest.is_empty() || prefix.ends_with('/') || rest.starts_with(['/', ':', '@'])
        })
    };
    let (prefix, target) = mapping
        .iter()
        .filter(|(prefix, _)| !prefix.is_empty() && fits(prefix))
        .max_by_key(|(prefix, _)| prefix.len())?;
    Some(format!("{target}{}", &image[prefix.len()..]))
}
