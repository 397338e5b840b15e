//! Nobody becomes somebody else by a restore, and what waits for somebody is named.

use ack_backup_center::engine::Selection;
use ack_backup_center::engine::backup::BackupSpec;
use ack_backup_center::engine::restore::{
    ExistingResourcePolicy, Outcome, RestoreSpec, SkipReason,
};
use serde_json::json;

use super::{back_up, back_up_namespaces, make_namespace, outcome, restore, restore_of, says};
use crate::cluster::{create, delete, get, patch, send};

const ROLE: &str = "pod-identity.alibabacloud.com/role-name";

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_exists_gains_no_identity() {
    let Some(plane) = control_plane::shared() else {
        return;
    };
    let client = plane.client();
    make_namespace(&client, "who").await;
    let list = "/api/v1/namespaces/who/serviceaccounts";
    let path = format!("{list}/bot");
    let account = json!({"metadata": {"name": "bot", "labels": {"app": "x"}, "annotations": {ROLE: "admin", "note": "a"}},
        "imagePullSecrets": [{"name": "theirs"}]});
    create(&client, list, &account).await;
    let repository = back_up_namespaces(plane, &["who"]).await;
    delete(&client, &path).await;
    create(&client, list, &json!({"metadata": {"name": "bot"}})).await;
    let before = get(&client, &path).await.unwrap();

    let report = restore(plane, &repository, RestoreSpec::named("none")).await;
    assert_eq!(get(&client, &path).await.unwrap(), before, "{report}");
    assert!(
        matches!(
            outcome(&report, "serviceaccounts who/bot"),
            Outcome::Skipped(SkipReason::Exists(_))
        ),
        "{report}"
    );
    let spec = RestoreSpec {
        existing_resource_policy: ExistingResourcePolicy::Update,
        ..RestoreSpec::named("update")
    };
    let report = restore(plane, &repository, spec).await;
    let after = get(&client, &path).await.unwrap();
    assert_eq!(
        after["imagePullSecrets"], account["imagePullSecrets"],
        "{report}"
    );
    assert_eq!(after["metadata"]["annotations"]["note"], "a");
    assert!(after["metadata"]["annotations"][ROLE].is_null(), "{after}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_asks_for_a_certificate_in_the_name_of_the_restore() {
    let Some(plane) = control_plane::shared() else {
        return;
    };
    let client = plane.client();
    let list = "/apis/certificates.k8s.io/v1/certificatesigningrequests";
    let name = rcgen::KeyPair::generate().unwrap();
    let request = rcgen::CertificateParams::new(vec!["a.example.com".to_owned()])
        .unwrap()
        .serialize_request(&name)
        .unwrap();
    let text: String = request.pem().unwrap().replace('\r', "");
    let encoded = encode(text.as_bytes());
    let request = json!({"metadata": {"name": "of-a-tenant"}, "spec": {"request": encoded,
        "signerName": "example.com/signer", "usages": ["digital signature"]}});
    create(&client, list, &request).await;
    let spec = BackupSpec {
        selection: Selection::of_kinds(["certificatesigningrequests"]),
        ..BackupSpec::named("a")
    };
    let repository = back_up(plane, spec).await;
    delete(&client, &format!("{list}/of-a-tenant")).await;
    let spec = RestoreSpec {
        selection: Selection::of_kinds(["certificatesigningrequests"]),
        ..RestoreSpec::named("r")
    };
    let report = restore(plane, &repository, spec).await;
    assert_eq!(get(&client, &format!("{list}/of-a-tenant")).await, None);
    let said = report
        .warnings
        .iter()
        .any(|warning| warning.contains("for whoever made it"));
    assert!(said, "{report}");
}

fn encode(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let mut word = [0; 3];
        word[..chunk.len()].copy_from_slice(chunk);
        let number = u32::from_be_bytes([0, word[0], word[1], word[2]]);
        for n in 0..4 {
            let letter = LETTERS[(number >> (18 - 6 * n)) as usize & 63];
            text.push(if n <= chunk.len() {
                char::from(letter)
            } else {
                '='
            });
        }
    }
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn a_finalizer_that_waits_for_its_controller_is_named() {
    let Some(plane) = control_plane::shared() else {
        return;
    };
    let client = plane.client();
    make_namespace(&client, "waits").await;
    let list = "/api/v1/namespaces/waits/configmaps";
    let map = |name: &str, finalizer: &str| json!({"metadata": {"name": name, "finalizers": [finalizer]}});
    for name in ["one", "two"] {
        create(&client, list, &map(name, "carts.example.com/cleanup")).await;
    }
    create(&client, list, &map("three", "kubernetes.io/pvc-protection")).await;
    let repository = back_up_namespaces(plane, &["waits"]).await;
    let spec = RestoreSpec {
        namespace_mapping: [("waits".to_owned(), "waits-copy".to_owned())].into(),
        ..RestoreSpec::named("r")
    };
    let plan = restore_of(plane, &repository, spec.clone()).await;
    let plan = plan.plan().await.unwrap();
    let report = restore(plane, &repository, spec).await;
    for warnings in [&plan.warnings, &report.warnings] {
        let about: Vec<_> = warnings
            .iter()
            .filter(|text| text.contains("finalizer"))
            .collect();
        assert_eq!(about.len(), 1, "{warnings:?}");
        for word in [
            "configmaps waits/",
            " and 1 more",
            "`carts.example.com/cleanup`",
        ] {
            assert!(about[0].contains(word), "{about:?}");
        }
    }
    for namespace in ["waits", "waits-copy"] {
        for name in ["one", "two", "three"] {
            let path = format!("/api/v1/namespaces/{namespace}/configmaps/{name}");
            patch(&client, &path, &json!({"metadata": {"finalizers": null}})).await;
        }
    }
}

/// Where a Pod was bound by the scheduler nobody asked for that node; who named it gets it again.
#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_somebody_named_is_told_from_the_schedulers_choice() {
    let Some(plane) = control_plane::shared() else {
        return;
    };
    let client = plane.client();
    create(
        &client,
        "/api/v1/nodes",
        &json!({"metadata": {"name": "evidence-1"}}),
    )
    .await;
    make_namespace(&client, "placed").await;
    let list = "/api/v1/namespaces/placed/pods";
    let pod = |name: &str, node: Option<&str>| {
        json!({"metadata": {"name": name}, "spec": {"nodeName": node,
            "containers": [{"name": "c", "image": "registry.test/web:1"}]}})
    };
    create(&client, list, &pod("named", Some("evidence-1"))).await;
    create(&client, list, &pod("elsewhere", Some("evidence-gone"))).await;
    create(&client, list, &pod("bound", None)).await;
    let binding = json!({"apiVersion": "v1", "kind": "Binding", "metadata": {"name": "bound"},
        "target": {"apiVersion": "v1", "kind": "Node", "name": "evidence-1"}});
    let path = format!("{list}/bound/binding");
    send(&client, http::Method::POST, &path, &binding)
        .await
        .unwrap();
    assert_eq!(
        get(&client, &format!("{list}/bound")).await.unwrap()["spec"]["nodeName"],
        "evidence-1"
    );
    let repository = back_up_namespaces(plane, &["placed"]).await;
    let spec = RestoreSpec {
        namespace_mapping: [("placed".to_owned(), "placed-copy".to_owned())].into(),
        ..RestoreSpec::named("r")
    };
    let report = restore(plane, &repository, spec).await;
    let node = async |name: &str| {
        let path = format!("/api/v1/namespaces/placed-copy/pods/{name}");
        get(&client, &path).await.unwrap()["spec"]["nodeName"].clone()
    };
    assert_eq!(node("named").await, "evidence-1");
    assert_eq!(node("bound").await, json!(null));
    assert_eq!(node("elsewhere").await, json!(null));
    for (name, said) in [("elsewhere", true), ("bound", false), ("named", false)] {
        let found = says(
            &report,
            &format!("pods placed/{name}"),
            "it was to run on node",
        );
        assert_eq!(found, said, "{name}: {report}");
    }
    delete(&client, "/api/v1/nodes/evidence-1").await;
}
