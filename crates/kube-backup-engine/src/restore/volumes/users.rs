//! Which Pods have which claims mounted.

use std::collections::HashSet;

use serde_json::Value;

use super::machine::Placement;
use crate::GroupResource;
use crate::kinds::names::STATEFUL_SETS;
use crate::kinds::pod_specs::POD_SPECS;

/// The claims that the Pods of a workload have mounted.
#[derive(Debug, Default)]
pub(crate) struct Mounted {
    claims: HashSet<String>,
    /// What the names of claims begin with that a StatefulSet makes, up to the number of the Pod.
    beginnings: Vec<String>,
    pub(crate) placement: Placement,
}

impl Mounted {
    /// `None` for what has no Pods, or mounts nothing.
    pub(crate) fn by(kind: &GroupResource, object: &Value) -> Option<Self> {
        let (_, pointer) = POD_SPECS.iter().find(|(of, _)| of.is(kind))?;
        let spec = object.pointer(pointer)?;
        let mut mounted = Self::default();
        let volumes = spec["volumes"].as_array();
        for volume in volumes.into_iter().flatten() {
            let claim = volume["persistentVolumeClaim"]["claimName"].as_str();
            mounted.claims.extend(claim.map(str::to_owned));
        }
        if STATEFUL_SETS.is(kind) {
            let name = object["metadata"]["name"].as_str().unwrap_or_default();
            let templates = object["spec"]["volumeClaimTemplates"].as_array();
            for template in templates.into_iter().flatten() {
                let template = template["metadata"]["name"].as_str().unwrap_or_default();
                mounted.beginnings.push(format!("{template}-{name}-"));
            }
        }
        if mounted.claims.is_empty() && mounted.beginnings.is_empty() {
            return None;
        }
        mounted.placement = Placement::of(spec);
        Some(mounted)
    }

    /// Whether the claim of this name is among them.
    pub(crate) fn has(&self, claim: &str) -> bool {
        let is_numbered = |beginning: &String| {
            let number = claim.strip_prefix(beginning.as_str());
            number.is_some_and(|n| !n.is_empty() && n.bytes().all(|byte| byte.is_ascii_digit()))
        };
        self.claims.contains(claim) || self.beginnings.iter().any(is_numbered)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn pods_and_templates_mount_claims() {
        let pods = GroupResource::core("pods");
        let pod = json!({"spec": {"nodeSelector": {"a": "b"}, "volumes": [
            {"name": "x", "persistentVolumeClaim": {"claimName": "data"}}, {"name": "y", "emptyDir": {}}]}});
        let mounted = Mounted::by(&pods, &pod).unwrap();
        assert!(mounted.has("data") && !mounted.has("x"));
        assert_eq!(mounted.placement.node_selector, json!({"a": "b"}));
        assert!(Mounted::by(&pods, &json!({"spec": {"volumes": [{"emptyDir": {}}]}})).is_none());
        assert!(Mounted::by(&GroupResource::core("secrets"), &pod).is_none());
        let set = json!({"metadata": {"name": "db"}, "spec": {"template": {"spec": {}},
            "volumeClaimTemplates": [{"metadata": {"name": "data"}}]}});
        let mounted = Mounted::by(&GroupResource::new("apps", "statefulsets"), &set).unwrap();
        for (claim, has) in [
            ("data-db-0", true),
            ("data-db-12", true),
            ("data-db-", false),
            ("data-db-x", false),
            ("data-db2-0", false),
        ] {
            assert_eq!(mounted.has(claim), has, "{claim}");
        }
    }
}
