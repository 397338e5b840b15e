use serde_json::json;

use super::*;

fn kind(text: &str) -> GroupResource {
    text.parse().unwrap()
}

fn differences(of: &str, before: &Value, after: &Value) -> Vec<String> {
    Comparison::default().differences(&kind(of), before, after)
}

#[test]
fn what_the_server_owns_may_differ_and_nothing_else() {
    let before = json!({"metadata": {"name": "a", "uid": "1", "resourceVersion": "1",
        "creationTimestamp": "t", "generation": 3, "managedFields": [], "labels": {"app": "x"},
        "ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "r", "uid": "1", "controller": true},
            {"apiVersion": "example.com/v1", "kind": "Cart", "name": "c", "uid": "2"}]},
        "spec": {"nodeName": "n", "containers": [{"name": "c", "image": "i:1"}]}, "status": {"phase": "Running"}});
    let mut after = json!({"metadata": {"name": "a", "uid": "9", "labels": {"app": "x",
        "velero.io/backup-name": "b", "velero.io/restore-name": "r"},
        "ownerReferences": [{"apiVersion": "example.com/v1", "kind": "Cart", "name": "c", "uid": "7"}]},
        "spec": {"containers": [{"name": "c", "image": "i:1"}]}});
    assert_eq!(differences("pods", &before, &after), Vec::<String>::new());
    after["spec"]["containers"][0]["image"] = json!("i:2");
    after["metadata"]["labels"]["b/c"] = json!("new");
    after["metadata"]["ownerReferences"][0]["name"] = json!("d");
    assert_eq!(
        differences("pods", &before, &after),
        [
            "/metadata/labels/b~1c",
            "/metadata/ownerReferences/0/name",
            "/spec/containers/0/image"
        ]
    );
    assert_eq!(
        differences(
            "replicasets.apps",
            &before,
            &json!({"metadata": {"name": "a"}})
        )
        .len(),
        3
    );
}

#[test]
fn addresses_may_differ_unless_somebody_chose_them() {
    let service = |ip: &str, port: i64, applied: &str| {
        json!({"metadata": {"name": "s", "annotations":
            {"kubectl.kubernetes.io/last-applied-configuration": applied}},
            "spec": {"clusterIP": ip, "clusterIPs": [ip], "ports": [{"port": 80, "nodePort": port}]}})
    };
    let handed_out = r#"{"spec":{"ports":[{"port":80}]}}"#;
    let chosen = r#"{"spec":{"ports":[{"port":80,"nodePort":30000}]}}"#;
    let of = |before: &Value, after: &Value| differences("services", before, after);
    assert!(
        of(
            &service("10.0.0.1", 30000, handed_out),
            &service("10.0.0.2", 30001, handed_out)
        )
        .is_empty()
    );
    assert_eq!(
        of(
            &service("None", 30000, chosen),
            &service("10.0.0.2", 30001, chosen)
        ),
        [
            "/spec/clusterIP",
            "/spec/clusterIPs/0",
            "/spec/ports/0/nodePort"
        ]
    );
}

#[test]
fn references_follow_a_namespace_mapping() {
    let mapping = [("a".to_owned(), "b".to_owned())].into();
    let comparison = Comparison::default().with_namespace_mapping(&mapping);
    let binding = |namespace: &str, subject: &str| {
        json!({"metadata": {"name": "x", "namespace": namespace},
            "subjects": [{"kind": "ServiceAccount", "name": "s", "namespace": subject}]})
    };
    let kind = kind("rolebindings.rbac.authorization.k8s.io");
    assert!(
        comparison
            .differences(&kind, &binding("a", "a"), &binding("b", "b"))
            .is_empty()
    );
    assert_eq!(
        comparison.differences(&kind, &binding("a", "a"), &binding("b", "a")),
        ["/subjects/0/namespace"]
    );
    assert_eq!(
        comparison.differences(&kind, &binding("a", "c"), &binding("b", "c")),
        Vec::<String>::new()
    );
}

#[test]
fn a_patch_takes_one_to_the_other_and_leaves_what_may_differ() {
    let before = json!({"metadata": {"name": "a", "uid": "1", "labels": {"keep": "1"}}, "data": {"x": "1", "y": "2"}});
    let after = json!({"metadata": {"name": "a", "uid": "2", "labels": {"keep": "1", "new": "1"}}, "data": {"x": "1", "z": "3"}});
    let diff = Comparison::default().diff(&kind("configmaps"), &before, &after);
    assert_eq!(
        diff.merge_patch,
        json!({"metadata": {"labels": {"new": null}}, "data": {"y": "2", "z": null}})
    );
    assert_eq!(
        diff.pointers,
        ["/data/y", "/data/z", "/metadata/labels/new"]
    );
    let same = Comparison::default().diff(&kind("configmaps"), &before, &before);
    assert!(same.is_empty());
    assert_eq!(same.merge_patch, json!({}));
}

#[test]
fn every_tolerance_says_why() {
    for tolerance in TOLERATED {
        assert!(
            tolerance.pointer.starts_with('/') && !tolerance.reason.is_empty(),
            "{tolerance:?}"
        );
    }
}

#[test]
fn numbers_are_the_same_by_their_value_and_no_others_are() {
    let of = |text: &str| json!({"spec": {"n": [serde_json::from_str::<Value>(text).unwrap()]}});
    for (a, b, same) in [
        ("1.0", "1", true),
        ("1e300", "1e300", true),
        ("1", "1.0000000000000002", false),
        ("9007199254740993", "9007199254740992", false),
        ("0", "-0.0", true),
    ] {
        let diff = Comparison::default().diff(&kind("models.example.com"), &of(a), &of(b));
        assert_eq!(diff.is_empty(), same, "{a} {b}");
        assert_eq!(diff.merge_patch == json!({}), same, "{a} {b}");
    }
}
