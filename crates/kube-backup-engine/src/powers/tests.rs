use proptest::prelude::*;
use serde_json::json;

use super::*;

fn of(kind: &str, object: &Value) -> Powers {
    powers(&kind.parse().unwrap(), object)
}

fn pod(spec: &Value) -> Value {
    json!({"metadata": {"name": "a", "namespace": "shop"}, "spec": spec})
}

fn named(kind: &str, mut fields: Value) -> (String, Value) {
    let is_of_cluster = fields.get("namespace").is_none();
    let metadata = fields["metadata"].take();
    fields["metadata"] = match metadata {
        Value::Null => json!({"name": "a"}),
        metadata => metadata,
    };
    if !is_of_cluster {
        fields["metadata"]["namespace"] = fields["namespace"].take();
    }
    (kind.to_owned(), fields)
}

/// Kind, object without a name, the power and how much of it.
#[test]
fn every_power_is_seen_for_what_it_is() {
    use Danger::{Critical, High, Low, Medium};
    use Power::{Admission, ApiServing, Certificates, Identity, Network, Node, Rbac, System};
    let rbac = |kind: &str| format!("{kind}.rbac.authorization.k8s.io");
    let admission = |kind: &str| format!("{kind}.admissionregistration.k8s.io");
    let rule = |groups: &str, resources: &str, verbs: &str| json!({"rules": [{"apiGroups": [groups], "resources": [resources], "verbs": [verbs]}], "namespace": "shop"});
    let container = |context: Value| json!({"namespace": "shop", "spec": {"template": {"spec": {"containers": [{"name": "c", "securityContext": context}]}}}});
    let volume = |volume: Value| json!({"namespace": "shop", "spec": {"volumes": [volume]}});
    let bound = |role: &str, subject: Value| json!({"roleRef": {"kind": "ClusterRole", "name": role}, "subjects": [subject]});
    let bot = json!({"kind": "ServiceAccount", "namespace": "shop", "name": "bot"});
    let cases: Vec<(String, Value, Power, Danger)> = vec![
        // Roles, graded.
        (rbac("roles"), rule("", "configmaps", "get"), Rbac, Low),
        (
            rbac("roles"),
            rule("apps", "deployments", "create"),
            Rbac,
            Medium,
        ),
        (rbac("roles"), rule("", "secrets", "list"), Rbac, High),
        (rbac("roles"), rule("", "pods/exec", "create"), Rbac, High),
        (rbac("roles"), rule("", "pods/exec", "get"), Rbac, High),
        (rbac("roles"), rule("", "pods/*", "get"), Rbac, High),
        (rbac("roles"), rule("", "services/proxy", "get"), Rbac, High),
        (rbac("roles"), rule("", "*/proxy", "create"), Rbac, High),
        (
            rbac("roles"),
            rule("", "serviceaccounts/token", "create"),
            Rbac,
            High,
        ),
        (rbac("roles"), rule("", "*", "get"), Rbac, High),
        (rbac("roles"), rule("*", "*", "*"), Rbac, Critical),
        (
            rbac("clusterroles"),
            json!({"rules": [{"nonResourceURLs": ["/healthz"], "verbs": ["get"]}]}),
            Rbac,
            Medium,
        ),
        (
            rbac("clusterroles"),
            rule("", "users", "impersonate"),
            Rbac,
            Critical,
        ),
        (
            rbac("clusterroles"),
            rule("rbac.authorization.k8s.io", "clusterroles", "bind"),
            Rbac,
            Critical,
        ),
        (
            rbac("clusterroles"),
            rule("rbac.authorization.k8s.io", "roles", "escalate"),
            Rbac,
            Critical,
        ),
        (
            rbac("clusterroles"),
            rule("certificates.k8s.io", "signers", "approve"),
            Rbac,
            High,
        ),
        (
            rbac("clusterroles"),
            json!({"aggregationRule": {"clusterRoleSelectors": []}}),
            Rbac,
            High,
        ),
        (
            rbac("clusterroles"),
            json!({"metadata": {"name": "a", "labels": {"rbac.authorization.k8s.io/aggregate-to-view": "true"}}}),
            Rbac,
            High,
        ),
        (
            rbac("clusterrolebindings"),
            bound("reader", bot.clone()),
            Rbac,
            Medium,
        ),
        (
            rbac("clusterrolebindings"),
            bound("edit", bot.clone()),
            Rbac,
            High,
        ),
        (
            rbac("clusterrolebindings"),
            bound("cluster-admin", bot),
            Rbac,
            Critical,
        ),
        (
            rbac("rolebindings"),
            bound(
                "reader",
                json!({"kind": "Group", "name": "system:authenticated"}),
            ),
            Rbac,
            High,
        ),
        // What decides on requests.
        (
            admission("mutatingwebhookconfigurations"),
            json!({}),
            Admission,
            High,
        ),
        (
            admission("validatingadmissionpolicies"),
            json!({}),
            Admission,
            High,
        ),
        (
            admission("validatingwebhookconfigurations"),
            json!({"webhooks": [{"clientConfig": {"url": "https://evil.example.com/see"}}]}),
            Admission,
            Critical,
        ),
        (
            "namespaces".into(),
            json!({"metadata": {"name": "a", "labels": {"pod-security.kubernetes.io/enforce": "privileged"}}}),
            Admission,
            High,
        ),
        // What answers for the API server.
        (
            "apiservices.apiregistration.k8s.io".into(),
            json!({"spec": {"group": "x.io", "service": {"name": "s", "namespace": "shop"}}}),
            ApiServing,
            High,
        ),
        (
            "apiservices.apiregistration.k8s.io".into(),
            json!({"spec": {"service": {"name": "s"}, "insecureSkipTLSVerify": true}}),
            ApiServing,
            Critical,
        ),
        (
            "customresourcedefinitions.apiextensions.k8s.io".into(),
            json!({"spec": {"conversion": {"strategy": "Webhook", "webhook": {"clientConfig": {"service": {}}}}}}),
            ApiServing,
            High,
        ),
        (
            "certificatesigningrequests.certificates.k8s.io".into(),
            json!({}),
            Certificates,
            High,
        ),
        (
            "clustertrustbundles.certificates.k8s.io".into(),
            json!({}),
            Certificates,
            High,
        ),
        (
            "certificaterequests.cert-manager.io".into(),
            json!({"namespace": "shop"}),
            Certificates,
            Medium,
        ),
        // What reaches the machine.
        (
            "daemonsets.apps".into(),
            container(json!({"privileged": true})),
            Node,
            High,
        ),
        (
            "deployments.apps".into(),
            container(json!({"capabilities": {"add": ["SYS_ADMIN"]}})),
            Node,
            High,
        ),
        (
            "deployments.apps".into(),
            container(json!({"capabilities": {"add": ["CHOWN"]}})),
            Node,
            Medium,
        ),
        (
            "deployments.apps".into(),
            container(json!({"procMount": "Unmasked"})),
            Node,
            Medium,
        ),
        (
            "pods".into(),
            json!({"namespace": "shop", "spec": {"hostNetwork": true}}),
            Node,
            High,
        ),
        (
            "pods".into(),
            json!({"namespace": "shop", "spec": {"hostPID": true}}),
            Node,
            High,
        ),
        (
            "pods".into(),
            volume(json!({"name": "v", "hostPath": {"path": "/"}})),
            Node,
            High,
        ),
        (
            "persistentvolumes".into(),
            json!({"spec": {"hostPath": {"path": "/"}}}),
            Node,
            High,
        ),
        (
            "persistentvolumes".into(),
            json!({"spec": {"local": {"path": "/disk"}}}),
            Node,
            High,
        ),
        (
            "runtimeclasses.node.k8s.io".into(),
            json!({"handler": "runc"}),
            Node,
            Medium,
        ),
        // Who somebody is.
        (
            "serviceaccounts".into(),
            json!({"metadata": {"name": "a", "namespace": "shop",
                "annotations": {"pod-identity.alibabacloud.com/role-name": "admin"}}}),
            Identity,
            High,
        ),
        (
            "secrets".into(),
            json!({"type": "kubernetes.io/service-account-token", "namespace": "shop"}),
            Identity,
            High,
        ),
        (
            "secrets".into(),
            json!({"type": "bootstrap.kubernetes.io/token", "namespace": "kube-system"}),
            Identity,
            Critical,
        ),
        // Traffic.
        (
            "services".into(),
            json!({"namespace": "shop", "spec": {"externalIPs": ["10.0.0.1"]}}),
            Network,
            High,
        ),
        (
            "services".into(),
            json!({"namespace": "shop", "spec": {"type": "ExternalName"}}),
            Network,
            Medium,
        ),
        (
            "endpointslices.discovery.k8s.io".into(),
            json!({"namespace": "shop"}),
            Network,
            Medium,
        ),
        (
            "endpoints".into(),
            json!({"namespace": "shop"}),
            Network,
            Medium,
        ),
        // The cluster itself.
        (
            "configmaps".into(),
            json!({"namespace": "kube-system"}),
            System,
            High,
        ),
        (
            "namespaces".into(),
            json!({"metadata": {"name": "kube-public"}}),
            System,
            High,
        ),
        (
            rbac("clusterroles"),
            json!({"metadata": {"name": "system:node"}}),
            System,
            High,
        ),
        (
            "flowschemas.flowcontrol.apiserver.k8s.io".into(),
            json!({}),
            System,
            Medium,
        ),
        (
            "configmaps".into(),
            json!({"metadata": {"name": "a", "namespace": "shop", "annotations": {"velero.io/restore-status": "true"}}}),
            Power::Status,
            Medium,
        ),
        (
            "storageclasses.storage.k8s.io".into(),
            json!({}),
            Power::Scope,
            Low,
        ),
        // By shape, in kinds that nobody knows.
        (
            "apps.example.com".into(),
            json!({"namespace": "shop", "spec": {"parts": [{"pod": {"hostNetwork": true, "volumes": [{"hostPath": {"path": "/etc"}}]}}]}}),
            Node,
            High,
        ),
        (
            "bundles.example.com".into(),
            json!({"namespace": "shop", "spec": {"clusterPermissions": [{"rules": [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]}]}}),
            Rbac,
            Critical,
        ),
        (
            "hooks.example.com".into(),
            json!({"namespace": "shop", "spec": {"clientConfig": {"url": "https://user:word@evil.example.com/see"}}}),
            Admission,
            Critical,
        ),
    ];
    for (kind, object, power, danger) in cases {
        let (kind, object) = named(&kind, object);
        let powers = of(&kind, &object);
        assert_eq!(
            powers.danger_of(power),
            Some(danger),
            "{kind} {object}\n{powers}"
        );
        assert!(!powers.to_string().contains("word@"), "{powers}");
    }
    for power in Power::ALL {
        assert_eq!(power.name().parse::<Power>().unwrap(), power);
        assert_eq!(serde_json::to_value(power).unwrap(), power.name());
    }
    assert!("all".parse::<Power>().is_err());
}

#[test]
fn what_an_application_has_is_no_power() {
    for (kind, object) in [
        (
            "configmaps",
            json!({"data": {"hostNetwork": "true", "rules": "verbs: *"}}),
        ),
        ("secrets", json!({"type": "Opaque", "data": {"a": "Yg=="}})),
        (
            "deployments.apps",
            json!({"spec": {"template": {"spec": {"hostNetwork": false, "containers": [{"name": "c", "image": "i",
                "securityContext": {"privileged": false, "capabilities": {"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]},
                    "seccompProfile": {"type": "RuntimeDefault"}}}],
                "volumes": [{"name": "v", "configMap": {"name": "m"}}]}}}}),
        ),
        (
            "services",
            json!({"spec": {"type": "NodePort", "selector": {"a": "b"}}}),
        ),
        (
            "serviceaccounts",
            json!({"imagePullSecrets": [{"name": "a"}]}),
        ),
        (
            "networkpolicies.networking.k8s.io",
            json!({"spec": {"podSelector": {}}}),
        ),
        (
            "carts.example.com",
            json!({"spec": {"items": ["apple"], "rules": [{"price": 1}]}}),
        ),
    ] {
        let (kind, mut object) = named(kind, object);
        object["metadata"]["namespace"] = "shop".into();
        let powers = of(&kind, &object);
        assert!(powers.is_empty(), "{kind}: {powers}");
    }
    // A definition whose schema has fields of these names is a definition, and not a Pod.
    let schema = json!({"type": "object", "properties": {"privileged": {"type": "boolean"},
        "hostPath": {"type": "object", "properties": {"path": {"type": "string"}}}, "roleRef": {"type": "object"},
        "rules": {"type": "array"}, "clientConfig": {"type": "object", "properties": {"url": {"type": "string"}}}}});
    let definition = json!({"metadata": {"name": "a"}, "spec": {"conversion": {"strategy": "None"},
        "versions": [{"schema": {"openAPIV3Schema": schema}}]}});
    let powers = of(
        "customresourcedefinitions.apiextensions.k8s.io",
        &definition,
    );
    let named: Vec<Power> = powers.iter().map(|it| it.power).collect();
    assert_eq!(named, [Power::Scope], "{powers}");
}

#[test]
fn the_most_dangerous_comes_first_with_its_place_and_reason() {
    let object = pod(
        &json!({"hostNetwork": true, "containers": [{"ports": [{"hostPort": 80}]},
        {"securityContext": {"privileged": true}}]}),
    );
    let lines: Vec<String> = of("pods", &object)
        .to_string()
        .lines()
        .map(str::to_owned)
        .collect();
    assert_eq!(
        lines,
        [
            "high     node         `spec.containers[1].securityContext.privileged` is as good as the machine",
            "high     node         `spec.hostNetwork` shares it with the machine",
            "medium   node         `spec.containers[0].ports[0].hostPort` is port 80 of the machine",
        ]
    );
}

/// Fields that grant something wherever they stand.
fn privileged() -> impl Strategy<Value = (&'static str, Value)> {
    prop::sample::select(vec![
        ("privileged", json!(true)),
        ("hostNetwork", json!(true)),
        ("hostPath", json!({"path": "/"})),
        ("capabilities", json!({"add": ["SYS_ADMIN"]})),
        ("externalIPs", json!(["1.2.3.4"])),
        (
            "roleRef",
            json!({"kind": "ClusterRole", "name": "cluster-admin"}),
        ),
        ("clientConfig", json!({"url": "https://a.example.com"})),
        (
            "policy",
            json!({"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}),
        ),
    ])
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        "[a-z]{0,4}".prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 40, 5, |inner| {
        let key = prop_oneof![
            "[a-z]{1,3}",
            prop::sample::select(vec![
                "spec",
                "template",
                "containers",
                "securityContext",
                "rules",
                "verbs",
                "resources",
                "subjects",
                "volumes",
                "service",
                "webhooks",
                "add",
                "path",
                "name",
            ])
            .prop_map(str::to_owned),
        ];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            prop::collection::btree_map(key, inner, 0..5)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

/// All places of an object that a field can be added to, that of the object itself left out.
fn places(value: &Value, at: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            found.push(at.to_owned());
            for (name, value) in fields {
                places(value, &format!("{at}/{name}"), found);
            }
        }
        Value::Array(elements) => {
            for (n, value) in elements.iter().enumerate() {
                places(value, &format!("{at}/{n}"), found);
            }
        }
        _ => {}
    }
}

proptest! {
    #[test]
    fn a_privileged_field_added_anywhere_is_seen_and_lowers_nothing(
        kind in prop::sample::select(vec![
            "pods", "deployments.apps", "things.example.com", "services", "secrets", "configmaps",
            "roles.rbac.authorization.k8s.io", "persistentvolumes",
            "validatingwebhookconfigurations.admissionregistration.k8s.io",
        ]),
        spec in any_json(),
        (name, value) in privileged(),
        at in any::<prop::sample::Index>(),
    ) {
        let object = json!({"metadata": {"name": "a", "namespace": "shop"}, "spec": {"of": spec}});
        let before = of(kind, &object);
        let mut found = Vec::new();
        places(&object["spec"], "/spec", &mut found);
        let mut after = object.clone();
        let fields = after.pointer_mut(at.get::<String>(&found)).unwrap().as_object_mut().unwrap();
        if !fields.contains_key(name) {
            fields.insert(name.to_owned(), value);
            let powers = of(kind, &after);
            prop_assert!(powers.cover(&before), "{before}\n{powers}");
            let highest = powers.iter().map(|it| it.danger).max();
            prop_assert!(highest >= Some(Danger::High), "{name} in {after}: {powers}");
        }
    }
}
