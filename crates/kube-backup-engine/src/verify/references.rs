//! Which other objects an object needs, and how much it matters.
//!
//! Left out is what every cluster has by itself, and whatever the object itself calls optional.

use serde_json::Value;

use super::report::Severity;
use crate::ObjectId;
use crate::kinds::Strength;
use crate::kinds::follow::{Named, named};
use crate::kinds::provided::is_provided;

/// What `object`, whose place is `id`, needs.
pub(super) fn references(id: &ObjectId, object: &Value) -> Vec<Named> {
    let mut found = named(&id.resource, id.namespace.as_deref(), object);
    found.retain(|named| !is_provided(&named.to.resource, &named.to.name));
    found
}

/// How much it matters that an object is not in the backup.
pub(super) fn severity(strength: Strength) -> Severity {
    match strength {
        // It may be in the cluster that the backup is restored to.
        Strength::Admitted | Strength::Granted | Strength::Needed => Severity::Warning,
        Strength::Useful | Strength::Matched => Severity::Note,
    }
}

/// How much it matters that an object is neither in the backup nor in the cluster to restore to.
pub(super) fn severity_in_cluster(strength: Strength) -> Severity {
    match strength {
        Strength::Admitted => Severity::Error,
        other => severity(other),
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
            .map(|named| format!("{} {} {}", severity(named.strength), named.to, named.field))
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
            "warning secrets a/s2 volumes.projected.sources.secret",
            "warning secrets a/s3 initContainers.envFrom.secretRef",
            "warning configmaps a/c2 containers.env.valueFrom.configMapKeyRef",
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
                    "warning storageclasses.storage.k8s.io fast spec.volumeClaimTemplates.spec.storageClassName".into(),
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
                    "warning services default/a spec.defaultBackend.service".into(),
                    "warning services default/b spec.rules.http.paths.backend.service".into(),
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
