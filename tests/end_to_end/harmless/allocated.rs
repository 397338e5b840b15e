//! What a cluster handed out, and what somebody asked for.

use ack_backup_center::engine::restore::{Outcome, RestoreSpec};
use serde_json::json;

use super::{apply, back_up_namespaces, delete_namespace, outcome, restore, says};
use crate::cluster::{create, get};

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_was_asked_for_is_asked_for_again() {
    let Some(plane) = control_plane::shared() else {
        return;
    };
    let client = plane.client();
    apply(&client, include_str!("cases/requested-cluster-ip.yaml")).await;
    let repository = back_up_namespaces(plane, &["dns"]).await;
    delete_namespace(&client, "dns").await;
    let report = restore(plane, &repository, RestoreSpec::named("r")).await;
    assert!(report.is_complete(), "{report}");
    let path = "/api/v1/namespaces/dns/services/cluster-dns";
    let service = get(&client, path).await.unwrap();
    assert_eq!(service["spec"]["clusterIP"], "10.0.0.10", "{report}");

    // Beside the original it is not free: the copy works all the same, and this is said.
    let spec = RestoreSpec {
        namespace_mapping: [("dns".to_owned(), "dns-copy".to_owned())].into(),
        ..RestoreSpec::named("beside")
    };
    let report = restore(plane, &repository, spec).await;
    assert_eq!(
        outcome(&report, "services dns/cluster-dns"),
        Outcome::Created
    );
    let copy = "/api/v1/namespaces/dns-copy/services/cluster-dns";
    let copy = get(&client, copy).await.unwrap();
    assert_ne!(copy["spec"]["clusterIP"], "10.0.0.10");
    assert!(
        says(&report, "services dns/cluster-dns", "10.0.0.10"),
        "{report}"
    );
}

/// Asked for by whoever made them, without `kubectl apply`: the managers say so.
#[tokio::test(flavor = "multi_thread")]
async fn what_managers_own_was_asked_for_and_the_rest_was_not() {
    let Some(plane) = control_plane::shared() else {
        return;
    };
    let client = plane.client();
    super::make_namespace(&client, "asked").await;
    let list = "/api/v1/namespaces/asked/services";
    let ports = json!([{"name": "http", "port": 80}]);
    for (name, spec) in [
        ("address", json!({"clusterIP": "10.0.77.7", "ports": ports})),
        ("none", json!({"clusterIP": "None", "ports": ports})),
        (
            "port",
            json!({"type": "NodePort", "ports": [{"name": "http", "port": 80, "nodePort": 31777}]}),
        ),
        (
            "family",
            json!({"ipFamilyPolicy": "PreferDualStack", "ports": ports}),
        ),
        ("nothing", json!({"type": "NodePort", "ports": ports})),
    ] {
        create(
            &client,
            list,
            &json!({"metadata": {"name": name}, "spec": spec}),
        )
        .await;
    }
    let before = |name: &'static str| {
        let client = client.clone();
        async move { get(&client, &format!("{list}/{name}")).await.unwrap()["spec"].clone() }
    };
    let nothing = before("nothing").await;
    let repository = back_up_namespaces(plane, &["asked"]).await;
    delete_namespace(&client, "asked").await;
    // Its address and port go to others meanwhile.
    super::make_namespace(&client, "other-asked").await;
    let taken = json!({"metadata": {"name": "taken"}, "spec": {"type": "NodePort",
        "clusterIP": nothing["clusterIP"],
        "ports": [{"port": 80, "nodePort": nothing["ports"][0]["nodePort"]}]}});
    create(&client, "/api/v1/namespaces/other-asked/services", &taken).await;
    let report = restore(plane, &repository, RestoreSpec::named("r")).await;
    assert!(report.is_complete(), "{report}");
    for name in ["address", "none", "port", "family", "nothing"] {
        let name = format!("services asked/{name}");
        assert!(!says(&report, &name, "cannot be had"), "{report}");
    }
    assert_eq!(before("address").await["clusterIP"], "10.0.77.7");
    assert_eq!(before("none").await["clusterIP"], "None");
    assert_eq!(before("port").await["ports"][0]["nodePort"], 31777);
    assert_eq!(before("family").await["ipFamilyPolicy"], "PreferDualStack");
    assert_ne!(before("nothing").await["clusterIP"], nothing["clusterIP"]);
    delete_namespace(&client, "other-asked").await;
}

/// From a cluster with other families, nothing that it chose stands in the way.
#[tokio::test(flavor = "multi_thread")]
async fn services_of_a_dual_stack_cluster_come_up_on_a_single_stack_one() {
    let Some(plane) = control_plane::shared() else {
        return;
    };
    let binaries = control_plane::Binaries::find().unwrap();
    let dual = tokio::task::spawn_blocking(move || {
        let flags = ["--service-cluster-ip-range=fd00:10::/112,10.0.0.0/16"];
        control_plane::ControlPlane::start_with_flags(&binaries, &flags).unwrap()
    })
    .await
    .unwrap();
    let (source, target) = (dual.client(), plane.client());
    super::make_namespace(&source, "families").await;
    let list = "/api/v1/namespaces/families/services";
    let ports = json!([{"port": 80}]);
    for (name, spec) in [
        ("default", json!({"ports": ports})),
        (
            "headless",
            json!({"clusterIP": "None", "selector": {"app": "x"}, "ports": ports}),
        ),
        (
            "prefers",
            json!({"ipFamilyPolicy": "PreferDualStack", "ports": ports}),
        ),
        (
            "both",
            json!({"ipFamilyPolicy": "PreferDualStack", "ipFamilies": ["IPv6", "IPv4"], "ports": ports}),
        ),
    ] {
        create(
            &source,
            list,
            &json!({"metadata": {"name": name}, "spec": spec}),
        )
        .await;
    }
    let repository = back_up_namespaces(&dual, &["families"]).await;
    let report = restore(plane, &repository, RestoreSpec::named("r")).await;
    assert!(report.is_complete(), "{report}");
    for name in ["default", "headless", "prefers", "both"] {
        let service = get(&target, &format!("{list}/{name}")).await.unwrap();
        assert_eq!(service["spec"]["ipFamilies"], json!(["IPv4"]), "{name}");
    }
    // What was asked for and is not to be had is said.
    assert!(
        says(&report, "services families/both", "ipFamilies"),
        "{report}"
    );
}
