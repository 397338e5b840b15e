//! What chosen objects need of the cluster: their definitions, volumes, priority classes and roles.

use std::collections::HashSet;

use serde::Deserialize;

use crate::GroupResource;
use crate::scan::{Head, text_at};

/// Names of cluster-scoped objects that chosen objects refer to.
#[derive(Debug, Default)]
pub(crate) struct RelatedNames {
    definitions: HashSet<String>,
    volumes: HashSet<String>,
    priority_classes: HashSet<String>,
    cluster_roles: HashSet<String>,
    /// `namespace/name`.
    service_accounts: HashSet<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Binding {
    #[serde(default)]
    subjects: Vec<Subject>,
    role_ref: RoleRef,
}

#[derive(Deserialize)]
struct Subject {
    kind: String,
    name: String,
    #[serde(default)]
    namespace: String,
}

#[derive(Deserialize)]
struct RoleRef {
    kind: String,
    name: String,
}

impl RelatedNames {
    /// Notes what a chosen object refers to.
    pub(crate) fn note(&mut self, kind: &GroupResource, head: &Head, raw: &[u8]) {
        let name = |path: &[&str]| text_at(raw, path).filter(|name| !name.is_empty());
        match (kind.group.as_str(), kind.resource.as_str()) {
            ("", "persistentvolumeclaims") => self.volumes.extend(name(&["spec", "volumeName"])),
            ("", "pods") => self
                .priority_classes
                .extend(name(&["spec", "priorityClassName"])),
            ("", "serviceaccounts") => {
                let namespace = head.namespace.as_deref().unwrap_or_default();
                self.service_accounts
                    .insert(format!("{namespace}/{}", head.name));
            }
            (group, _) if group.contains('.') => {
                // The name of a definition is that of its kind; built-in groups have none by it.
                let definition = kind.to_string();
                if !self.definitions.contains(&definition) {
                    self.definitions.insert(definition);
                }
            }
            _ => {}
        }
    }

    /// Whether a cluster-scoped object is needed. Bindings are seen before the roles they bind.
    pub(crate) fn wants(&mut self, kind: &GroupResource, head: &Head, raw: &[u8]) -> bool {
        match kind.resource.as_str() {
            "customresourcedefinitions" => self.definitions.contains(&head.name),
            "persistentvolumes" => self.volumes.contains(&head.name),
            "priorityclasses" => self.priority_classes.contains(&head.name),
            "clusterroles" => self.cluster_roles.contains(&head.name),
            "clusterrolebindings" => {
                let Ok(binding) = serde_json::from_slice::<Binding>(raw) else {
                    return false;
                };
                let needed = binding.subjects.iter().any(|subject| {
                    subject.kind == "ServiceAccount"
                        && self
                            .service_accounts
                            .contains(&format!("{}/{}", subject.namespace, subject.name))
                });
                if needed && binding.role_ref.kind == "ClusterRole" {
                    self.cluster_roles.insert(binding.role_ref.name);
                }
                needed
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_are_found_through_bindings_and_accounts() {
        let mut needs = RelatedNames::default();
        let mut see = |kind: &str, json: &str, wanted: bool| {
            let head = Head::of(json.as_bytes()).unwrap();
            let kind: GroupResource = kind.parse().unwrap();
            if head.namespace.is_some() {
                needs.note(&kind, &head, json.as_bytes());
            } else {
                assert_eq!(needs.wants(&kind, &head, json.as_bytes()), wanted, "{json}");
            }
        };
        see(
            "serviceaccounts",
            r#"{"metadata":{"name":"bot","namespace":"shop"}}"#,
            true,
        );
        see(
            "persistentvolumeclaims",
            r#"{"metadata":{"name":"c","namespace":"shop"},"spec":{"volumeName":"pv-1"}}"#,
            true,
        );
        see(
            "pods",
            r#"{"metadata":{"name":"p","namespace":"shop"},"spec":{"priorityClassName":"high"}}"#,
            true,
        );
        see(
            "carts.example.com",
            r#"{"metadata":{"name":"p","namespace":"shop"}}"#,
            true,
        );
        let binding = |namespace: &str, role: &str| {
            format!(
                r#"{{"metadata":{{"name":"b"}},"roleRef":{{"kind":"ClusterRole","name":"{role}"}},
                "subjects":[{{"kind":"ServiceAccount","name":"bot","namespace":"{namespace}"}}]}}"#
            )
        };
        see(
            "clusterrolebindings.rbac.authorization.k8s.io",
            &binding("shop", "reader"),
            true,
        );
        see(
            "clusterrolebindings.rbac.authorization.k8s.io",
            &binding("other", "writer"),
            false,
        );
        for (kind, name, wanted) in [
            ("clusterroles.rbac.authorization.k8s.io", "reader", true),
            ("clusterroles.rbac.authorization.k8s.io", "writer", false),
            ("persistentvolumes", "pv-1", true),
            ("persistentvolumes", "pv-2", false),
            ("priorityclasses.scheduling.k8s.io", "high", true),
            (
                "customresourcedefinitions.apiextensions.k8s.io",
                "carts.example.com",
                true,
            ),
            (
                "customresourcedefinitions.apiextensions.k8s.io",
                "shops.example.com",
                false,
            ),
        ] {
            see(
                kind,
                &format!(r#"{{"metadata":{{"name":"{name}"}}}}"#),
                wanted,
            );
        }
    }
}
