//! Which other objects an object needs, as a table of kinds and fields.
//!
//! The fields are those of the Kubernetes API reference in which an object names another. Left out is
//! what every cluster has by itself (the `default` ServiceAccount, `kube-root-ca.crt`, roles and classes
//! named `system:` or `system-`), and whatever the object itself calls optional.

use serde_json::Value;

use super::report::Severity;
use crate::{GroupResource, ObjectId};

const RBAC: &str = "rbac.authorization.k8s.io";

/// Groups that the API server itself serves (k8s.io/kubernetes, pkg/controlplane/instance.go); kinds of
/// other groups need a definition.
const BUILT_IN_GROUPS: [&str; 25] = [
    "admissionregistration.k8s.io",
    "apiextensions.k8s.io",
    "apiregistration.k8s.io",
    "apps",
    "authentication.k8s.io",
    "authorization.k8s.io",
    "autoscaling",
    "batch",
    "certificates.k8s.io",
    "coordination.k8s.io",
    "discovery.k8s.io",
    "events.k8s.io",
    "extensions",
    "flowcontrol.apiserver.k8s.io",
    "internal.apiserver.k8s.io",
    "metrics.k8s.io",
    "networking.k8s.io",
    "node.k8s.io",
    "policy",
    RBAC,
    "resource.k8s.io",
    "scheduling.k8s.io",
    "storage.k8s.io",
    "storagemigration.k8s.io",
    "",
];

/// An object that another one names.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Reference {
    pub(super) to: ObjectId,
    /// The field that names it.
    pub(super) at: &'static str,
    /// How much it matters when it is missing.
    pub(super) severity: Severity,
}

/// What `object`, whose place is `id`, needs.
pub(super) fn references(id: &ObjectId, object: &Value) -> Vec<Reference> {
    let mut needs = ReferenceCollector {
        namespace: id.namespace.as_deref(),
        found: Vec::new(),
    };
    needs.namespace();
    let spec = &object["spec"];
    match (id.resource.group.as_str(), id.resource.resource.as_str()) {
        ("", "pods") => needs.pod(spec),
        ("apps", "deployments" | "replicasets" | "daemonsets")
        | ("batch", "jobs")
        | ("", "replicationcontrollers") => needs.pod(&spec["template"]["spec"]),
        ("", "podtemplates") => needs.pod(&object["template"]["spec"]),
        ("batch", "cronjobs") => needs.pod(&spec["jobTemplate"]["spec"]["template"]["spec"]),
        ("apps", "statefulsets") => needs.stateful_set(spec),
        ("", "persistentvolumeclaims") => needs.claim(spec),
        ("", "serviceaccounts") => {
            needs.each(&object["imagePullSecrets"], |needs, secret| {
                needs.note("secrets", &secret["name"], "imagePullSecrets");
            });
        }
        (RBAC, "rolebindings" | "clusterrolebindings") => needs.binding(object),
        ("networking.k8s.io", "ingresses") => needs.ingress(spec),
        ("autoscaling", "horizontalpodautoscalers") => needs.autoscaler(spec),
        ("admissionregistration.k8s.io", _) => needs.each(&object["webhooks"], |needs, webhook| {
            needs.backend(
                &webhook["clientConfig"]["service"],
                "webhooks.clientConfig.service",
            );
        }),
        ("apiregistration.k8s.io", "apiservices") => {
            needs.backend(&spec["service"], "spec.service");
        }
        ("apiextensions.k8s.io", "customresourcedefinitions") => needs.backend(
            &spec["conversion"]["webhook"]["clientConfig"]["service"],
            "spec.conversion.webhook.clientConfig.service",
        ),
        (group, _) if !BUILT_IN_GROUPS.contains(&group) => needs.push(
            GroupResource::new("apiextensions.k8s.io", "customresourcedefinitions"),
            None,
            &id.resource.to_string(),
            "kind",
            Severity::Warning,
        ),
        _ => {}
    }
    needs.found
}

struct ReferenceCollector<'a> {
    namespace: Option<&'a str>,
    found: Vec<Reference>,
}

impl ReferenceCollector<'_> {
    fn push(
        &mut self,
        resource: GroupResource,
        namespace: Option<&str>,
        name: &str,
        at: &'static str,
        severity: Severity,
    ) {
        if !name.is_empty() {
            self.found.push(Reference {
                to: ObjectId {
                    resource,
                    namespace: namespace.map(str::to_owned),
                    name: name.to_owned(),
                },
                at,
                severity,
            });
        }
    }

    /// A kind of the core group in the object's own namespace.
    fn core(&mut self, resource: &str, name: &Value, at: &'static str, severity: Severity) {
        let namespace = self.namespace;
        let name = name.as_str().unwrap_or_default();
        self.push(GroupResource::core(resource), namespace, name, at, severity);
    }

    /// One without which it does not start.
    fn need(&mut self, resource: &str, name: &Value, at: &'static str) {
        self.core(resource, name, at, Severity::Warning);
    }

    /// One without which it starts.
    fn note(&mut self, resource: &str, name: &Value, at: &'static str) {
        self.core(resource, name, at, Severity::Note);
    }

    /// One that the object may call optional.
    fn source(&mut self, resource: &str, source: &Value, key: &str, at: &'static str) {
        if source["optional"] != true && source[key] != "kube-root-ca.crt" {
            self.need(resource, &source[key], at);
        }
    }

    fn class(&mut self, group: &str, resource: &str, name: &Value, at: &'static str) {
        let name = name.as_str().unwrap_or_default();
        self.push(
            GroupResource::new(group, resource),
            None,
            name,
            at,
            Severity::Warning,
        );
    }

    fn each(&mut self, list: &Value, note: impl Fn(&mut Self, &Value)) {
        for item in list.as_array().into_iter().flatten() {
            note(self, item);
        }
    }

    /// A namespace that is not in the backup is made anew, without its labels.
    fn namespace(&mut self) {
        let own = ["default", "kube-system", "kube-public", "kube-node-lease"];
        if let Some(name) = self.namespace.filter(|name| !own.contains(name)) {
            let kind = GroupResource::core("namespaces");
            self.push(kind, None, name, "metadata.namespace", Severity::Note);
        }
    }

    fn pod(&mut self, spec: &Value) {
        if spec["serviceAccountName"] != "default" {
            self.need(
                "serviceaccounts",
                &spec["serviceAccountName"],
                "serviceAccountName",
            );
        }
        let system = |name: &Value| {
            name.as_str()
                .is_some_and(|name| name.starts_with("system-"))
        };
        if !system(&spec["priorityClassName"]) {
            let name = &spec["priorityClassName"];
            self.class(
                "scheduling.k8s.io",
                "priorityclasses",
                name,
                "priorityClassName",
            );
        }
        self.class(
            "node.k8s.io",
            "runtimeclasses",
            &spec["runtimeClassName"],
            "runtimeClassName",
        );
        self.each(&spec["imagePullSecrets"], |needs, secret| {
            needs.note("secrets", &secret["name"], "imagePullSecrets");
        });
        self.each(&spec["volumes"], |needs, volume| {
            needs.source(
                "configmaps",
                &volume["configMap"],
                "name",
                "volumes.configMap",
            );
            needs.source("secrets", &volume["secret"], "secretName", "volumes.secret");
            let claim = &volume["persistentVolumeClaim"]["claimName"];
            needs.need(
                "persistentvolumeclaims",
                claim,
                "volumes.persistentVolumeClaim",
            );
            needs.each(&volume["projected"]["sources"], |needs, source| {
                needs.source(
                    "configmaps",
                    &source["configMap"],
                    "name",
                    "volumes.projected",
                );
                needs.source("secrets", &source["secret"], "name", "volumes.projected");
            });
            let class = &volume["ephemeral"]["volumeClaimTemplate"]["spec"]["storageClassName"];
            needs.class(
                "storage.k8s.io",
                "storageclasses",
                class,
                "volumes.ephemeral",
            );
        });
        for containers in ["initContainers", "containers"] {
            self.each(&spec[containers], |needs, container| {
                needs.each(&container["env"], |needs, variable| {
                    let from = &variable["valueFrom"];
                    needs.source(
                        "configmaps",
                        &from["configMapKeyRef"],
                        "name",
                        "env.configMapKeyRef",
                    );
                    needs.source("secrets", &from["secretKeyRef"], "name", "env.secretKeyRef");
                });
                needs.each(&container["envFrom"], |needs, from| {
                    needs.source(
                        "configmaps",
                        &from["configMapRef"],
                        "name",
                        "envFrom.configMapRef",
                    );
                    needs.source("secrets", &from["secretRef"], "name", "envFrom.secretRef");
                });
            });
        }
    }

    fn stateful_set(&mut self, spec: &Value) {
        self.pod(&spec["template"]["spec"]);
        self.note("services", &spec["serviceName"], "spec.serviceName");
        self.each(&spec["volumeClaimTemplates"], |needs, template| {
            let class = &template["spec"]["storageClassName"];
            needs.class(
                "storage.k8s.io",
                "storageclasses",
                class,
                "volumeClaimTemplates",
            );
        });
    }

    fn claim(&mut self, spec: &Value) {
        let volume = spec["volumeName"].as_str().unwrap_or_default();
        let kind = GroupResource::core("persistentvolumes");
        // The restore lets a claim without its volume be provisioned anew.
        self.push(kind, None, volume, "spec.volumeName", Severity::Note);
        let class = &spec["storageClassName"];
        self.class(
            "storage.k8s.io",
            "storageclasses",
            class,
            "spec.storageClassName",
        );
    }

    fn binding(&mut self, object: &Value) {
        let role = object["roleRef"]["name"].as_str().unwrap_or_default();
        if object["roleRef"]["kind"] == "Role" {
            let namespace = self.namespace;
            let kind = GroupResource::new(RBAC, "roles");
            self.push(kind, namespace, role, "roleRef", Severity::Warning);
        } else if !role.starts_with("system:")
            && !["cluster-admin", "admin", "edit", "view"].contains(&role)
        {
            let kind = GroupResource::new(RBAC, "clusterroles");
            self.push(kind, None, role, "roleRef", Severity::Warning);
        }
        let own = self.namespace.map(str::to_owned);
        self.each(&object["subjects"], |needs, subject| {
            if subject["kind"] == "ServiceAccount" && subject["name"] != "default" {
                let namespace = subject["namespace"].as_str().or(own.as_deref());
                let kind = GroupResource::core("serviceaccounts");
                let name = subject["name"].as_str().unwrap_or_default();
                needs.push(kind, namespace, name, "subjects", Severity::Note);
            }
        });
    }

    fn ingress(&mut self, spec: &Value) {
        let class = &spec["ingressClassName"];
        self.class(
            "networking.k8s.io",
            "ingressclasses",
            class,
            "spec.ingressClassName",
        );
        let service = |needs: &mut Self, backend: &Value| {
            needs.need("services", &backend["service"]["name"], "backend.service");
        };
        service(self, &spec["defaultBackend"]);
        self.each(&spec["rules"], |needs, rule| {
            needs.each(&rule["http"]["paths"], |needs, path| {
                service(needs, &path["backend"]);
            });
        });
        self.each(&spec["tls"], |needs, tls| {
            needs.need("secrets", &tls["secretName"], "spec.tls");
        });
    }

    fn autoscaler(&mut self, spec: &Value) {
        let target = &spec["scaleTargetRef"];
        let plural = match target["kind"].as_str() {
            Some("Deployment") => "deployments",
            Some("StatefulSet") => "statefulsets",
            Some("ReplicaSet") => "replicasets",
            _ => return,
        };
        let namespace = self.namespace;
        let name = target["name"].as_str().unwrap_or_default();
        let kind = GroupResource::new("apps", plural);
        self.push(
            kind,
            namespace,
            name,
            "spec.scaleTargetRef",
            Severity::Warning,
        );
    }

    /// A Service that an API server calls.
    fn backend(&mut self, service: &Value, at: &'static str) {
        let namespace = service["namespace"].as_str();
        let name = service["name"].as_str().unwrap_or_default();
        self.push(
            GroupResource::core("services"),
            namespace,
            name,
            at,
            Severity::Warning,
        );
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn found(resource: &str, namespace: Option<&str>, object: &Value) -> Vec<String> {
        let id = ObjectId {
            resource: resource.parse().unwrap(),
            namespace: namespace.map(Into::into),
            name: "x".into(),
        };
        references(&id, object)
            .iter()
            .map(|reference| format!("{} {} {}", reference.severity, reference.to, reference.at))
            .collect()
    }

    #[test]
    fn a_pod_needs_what_it_mounts_reads_and_runs_as() {
        let spec = json!({
            "serviceAccountName": "bot", "priorityClassName": "high", "runtimeClassName": "gvisor",
            "imagePullSecrets": [{"name": "pull"}],
            "volumes": [
                {"configMap": {"name": "c1"}}, {"configMap": {"name": "maybe", "optional": true}},
                {"secret": {"secretName": "s1"}}, {"persistentVolumeClaim": {"claimName": "data"}},
                {"projected": {"sources": [{"configMap": {"name": "kube-root-ca.crt"}}, {"secret": {"name": "s2"}}]}}],
            "initContainers": [{"envFrom": [{"secretRef": {"name": "s3"}}]}],
            "containers": [{"env": [{"valueFrom": {"configMapKeyRef": {"name": "c2", "key": "k"}}},
                {"valueFrom": {"secretKeyRef": {"name": "s4", "key": "k", "optional": true}}}]}]});
        let expected = [
            "note namespaces a metadata.namespace",
            "warning serviceaccounts a/bot serviceAccountName",
            "warning priorityclasses.scheduling.k8s.io high priorityClassName",
            "warning runtimeclasses.node.k8s.io gvisor runtimeClassName",
            "note secrets a/pull imagePullSecrets",
            "warning configmaps a/c1 volumes.configMap",
            "warning secrets a/s1 volumes.secret",
            "warning persistentvolumeclaims a/data volumes.persistentVolumeClaim",
            "warning secrets a/s2 volumes.projected",
            "warning secrets a/s3 envFrom.secretRef",
            "warning configmaps a/c2 env.configMapKeyRef",
        ];
        assert_eq!(found("pods", Some("a"), &json!({"spec": spec})), expected);
        let template = json!({"spec": {"template": {"spec": spec}}});
        for kind in [
            "deployments.apps",
            "daemonsets.apps",
            "replicasets.apps",
            "jobs.batch",
        ] {
            assert_eq!(found(kind, Some("a"), &template), expected, "{kind}");
        }
        let job = json!({"spec": {"jobTemplate": template}});
        assert_eq!(found("cronjobs.batch", Some("a"), &job), expected);
        assert_eq!(
            found("podtemplates", Some("a"), &template["spec"]),
            expected
        );
    }

    #[test]
    fn what_every_cluster_has_is_not_missed() {
        let pod = json!({"spec": {"serviceAccountName": "default", "priorityClassName": "system-node-critical"}});
        assert_eq!(found("pods", Some("default"), &pod), [""; 0]);
        let binding = json!({"roleRef": {"kind": "ClusterRole", "name": "system:auth-delegator"},
            "subjects": [{"kind": "User", "name": "u"}, {"kind": "ServiceAccount", "name": "default"}]});
        assert_eq!(
            found(
                "clusterrolebindings.rbac.authorization.k8s.io",
                None,
                &binding
            ),
            [""; 0]
        );
    }

    #[test]
    fn every_other_kind_of_the_table_names_what_it_needs() {
        let service = json!({"namespace": "b", "name": "hook"});
        let hook = "warning services b/hook";
        for (kind, namespace, object, expected) in [
            (
                "statefulsets.apps",
                None,
                json!({"spec": {"serviceName": "db",
                "volumeClaimTemplates": [{"spec": {"storageClassName": "fast"}}]}}),
                vec![
                    "note services db spec.serviceName".into(),
                    "warning storageclasses.storage.k8s.io fast volumeClaimTemplates".into(),
                ],
            ),
            (
                "persistentvolumeclaims",
                None,
                json!({"spec": {"volumeName": "pv", "storageClassName": "fast"}}),
                vec![
                    "note persistentvolumes pv spec.volumeName".to_owned(),
                    "warning storageclasses.storage.k8s.io fast spec.storageClassName".into(),
                ],
            ),
            (
                "persistentvolumeclaims",
                None,
                json!({"spec": {"storageClassName": ""}}),
                vec![],
            ),
            (
                "serviceaccounts",
                None,
                json!({"imagePullSecrets": [{"name": "pull"}]}),
                vec!["note secrets pull imagePullSecrets".into()],
            ),
            (
                "rolebindings.rbac.authorization.k8s.io",
                Some("default"),
                json!({
                "roleRef": {"kind": "Role", "name": "r"},
                "subjects": [{"kind": "ServiceAccount", "name": "s"}, {"kind": "ServiceAccount", "namespace": "b", "name": "t"}]}),
                vec![
                    "warning roles.rbac.authorization.k8s.io default/r roleRef".into(),
                    "note serviceaccounts default/s subjects".into(),
                    "note serviceaccounts b/t subjects".into(),
                ],
            ),
            (
                "clusterrolebindings.rbac.authorization.k8s.io",
                None,
                json!({"roleRef": {"kind": "ClusterRole", "name": "r"}}),
                vec!["warning clusterroles.rbac.authorization.k8s.io r roleRef".into()],
            ),
            (
                "ingresses.networking.k8s.io",
                Some("default"),
                json!({"spec": {"ingressClassName": "nginx",
                "defaultBackend": {"service": {"name": "a"}}, "tls": [{"secretName": "tls"}, {}],
                "rules": [{"http": {"paths": [{"backend": {"service": {"name": "b"}}}]}}]}}),
                vec![
                    "warning ingressclasses.networking.k8s.io nginx spec.ingressClassName".into(),
                    "warning services default/a backend.service".into(),
                    "warning services default/b backend.service".into(),
                    "warning secrets default/tls spec.tls".into(),
                ],
            ),
            (
                "horizontalpodautoscalers.autoscaling",
                Some("default"),
                json!({"spec": {"scaleTargetRef": {"kind": "Deployment", "name": "web"}}}),
                vec!["warning deployments.apps default/web spec.scaleTargetRef".into()],
            ),
            (
                "validatingwebhookconfigurations.admissionregistration.k8s.io",
                None,
                json!({"webhooks": [{"clientConfig": {"service": service}}, {"clientConfig": {"url": "https://x"}}]}),
                vec![format!("{hook} webhooks.clientConfig.service")],
            ),
            (
                "apiservices.apiregistration.k8s.io",
                None,
                json!({"spec": {"service": service}}),
                vec![format!("{hook} spec.service")],
            ),
            (
                "customresourcedefinitions.apiextensions.k8s.io",
                None,
                json!({"spec": {"conversion": {"webhook": {"clientConfig": {"service": service}}}}}),
                vec![format!(
                    "{hook} spec.conversion.webhook.clientConfig.service"
                )],
            ),
            (
                "carts.example.com",
                None,
                json!({}),
                vec![
                    "warning customresourcedefinitions.apiextensions.k8s.io carts.example.com kind"
                        .into(),
                ],
            ),
            ("leases.coordination.k8s.io", None, json!({}), vec![]),
        ] {
            assert_eq!(found(kind, namespace, &object), expected, "{kind}");
        }
    }
}
