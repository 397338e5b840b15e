//! What each run does, and what it refuses.

use ack_backup_center::clusters::ClusterKind;
use ack_backup_center::grants::{Buckets, Error, Refusal, Requirements};
use ack_backup_center::ram::ack;
use ack_backup_center::ram::client::{AccessKeyStatus, PolicyType};
use http::Method;
use serde_json::json;

use crate::world::{CREDENTIALS, World, decoded, named};

#[tokio::test]
async fn r23_to_r27_r34_to_r36_a_grant_makes_user_policy_key_and_secret() {
    let world = World::empty().await;
    let grants = world.grants().await;
    let all = world.requirements(Buckets::All);
    let plan = grants.plan_grant(&all).await.unwrap();
    assert!(
        world
            .cloud
            .requests()
            .all()
            .iter()
            .all(|it| !it.operation.starts_with("Create"))
    );
    let report = grants.grant(&all).await.unwrap();
    assert_eq!(report.done, plan.steps);

    let names = grants.names();
    let settled = world.settled().await;
    let user = &settled["users"][0];
    assert_eq!(user["user"], names.user.as_str());
    assert_eq!(user["policies"], json!([names.policy]));
    assert_eq!(user["keys"], json!([{"inUse": true, "status": "Active"}]));
    let document = serde_json::to_value(ack::backup_center()).unwrap();
    assert_eq!(settled["policies"][0]["document"], document);
    let arn = settled["secret"]["works"].as_str().unwrap();
    assert!(arn.ends_with(&format!(":user/{}", names.user)), "{arn}");
    let secret = world.read(CREDENTIALS).await;
    let keys: Vec<_> = secret["data"].as_object().unwrap().keys().collect();
    assert_eq!(keys, ["access-key-id", "access-key-secret"]);

    // Twice is once.
    let again = grants.grant(&all).await.unwrap();
    assert_eq!(again.done, []);
    assert_eq!(world.settled().await, settled);
}

#[tokio::test]
async fn r37_the_secret_value_is_in_the_secret_alone() {
    let world = World::with_component().await;
    let grants = world.grants().await;
    let all = world.requirements(Buckets::All);
    let plan = grants.plan_grant(&all).await.unwrap();
    let report = grants.grant(&all).await.unwrap();
    let value = decoded(&world.read(CREDENTIALS).await, "access-key-secret").unwrap();
    assert!(value.len() > 10);
    let printed = [
        format!("{plan}{plan:?}{}", serde_json::to_string(&plan).unwrap()),
        format!("{report}{report:?}{grants:?}"),
        world
            .read("/apis/apps/v1/namespaces/kube-system/deployments")
            .await
            .to_string(),
    ];
    for text in printed {
        assert!(!text.contains(&value));
    }
}

#[tokio::test]
async fn r38_a_component_that_runs_already_is_restarted_once() {
    let world = World::with_component().await;
    let grants = world.grants().await;
    let all = world.requirements(Buckets::All);
    let report = grants.grant(&all).await.unwrap();
    assert!(
        report
            .to_string()
            .contains("restart `kube-system/migrate-controller`"),
        "{report}"
    );
    assert_eq!(world.settled().await["restarted"], "with a key");
    assert_eq!(grants.grant(&all).await.unwrap().done, []);
}

#[tokio::test]
async fn r43_r44_narrowing_leaves_the_key_and_takes_other_buckets_away() {
    let world = World::empty().await;
    let grants = world.grants().await;
    grants
        .grant(&world.requirements(Buckets::All))
        .await
        .unwrap();
    let key = decoded(&world.read(CREDENTIALS).await, "access-key-id");
    let some = world.requirements(named(&["mybackups"]));
    let report = grants.narrow(&some).await.unwrap();
    assert!(report.to_string().contains("no longer allowed"), "{report}");
    let document = serde_json::to_value(ack::backup_center_in(["mybackups"])).unwrap();
    assert_eq!(world.settled().await["policies"][0]["document"], document);
    assert_eq!(
        decoded(&world.read(CREDENTIALS).await, "access-key-id"),
        key
    );
    assert_eq!(grants.narrow(&some).await.unwrap().done, []);
}

/// Five versions are RAM's limit; the oldest goes that is not in force.
#[tokio::test]
async fn policies_can_be_narrowed_any_number_of_times() {
    let world = World::empty().await;
    let grants = world.grants().await;
    grants
        .grant(&world.requirements(Buckets::All))
        .await
        .unwrap();
    for number in 0..8 {
        let name = format!("backups-{number}");
        grants
            .narrow(&world.requirements(named(&[&name])))
            .await
            .unwrap();
    }
    let policy = grants.names().policy.as_str();
    let versions = world
        .ram()
        .list_policy_versions(policy, PolicyType::Custom)
        .send()
        .await;
    let versions = versions.unwrap().policy_versions;
    assert_eq!(versions.len(), 5);
    let last = serde_json::to_value(ack::backup_center_in(["backups-7"])).unwrap();
    assert_eq!(world.settled().await["policies"][0]["document"], last);
}

#[tokio::test]
async fn r39_r41_a_registered_cluster_has_the_names_of_onectl() {
    let mut world = World::empty().await;
    world.kind = ClusterKind::Registered;
    let grants = world.grants().await;
    let all = world.requirements(Buckets::All);
    grants.grant(&all).await.unwrap();
    let user = &grants.names().user;
    assert!(user.starts_with("ack-one-user-") && user.len() == "ack-one-user-ce313528c3".len());
    let policy = "ack-one-registered-cluster-policy-migrate-controller";
    assert_eq!(grants.names().policy, policy);
    // To get the snapshot permissions: revoke, then grant again.
    grants.revoke().await.unwrap();
    let gone = world.settled().await;
    assert_eq!(gone["users"], json!([]));
    assert_eq!(gone["policies"], json!([]));
    assert_eq!(gone["secret"]["exists"], false);
    grants.grant(&all).await.unwrap();
    assert_eq!(
        world.settled().await["users"][0]["policies"],
        json!([policy])
    );
}

#[tokio::test]
async fn r17_r19_nothing_is_made_where_nothing_has_to_be_granted() {
    let mut world = World::with_component().await;
    world.kind = ClusterKind::Managed;
    let before = world.settled().await;
    let grants = world.grants().await;
    let own = Requirements::new(world.kind, named(&["cnfs-oss-backups"])).unwrap();
    let report = grants.grant(&own).await.unwrap();
    assert_eq!(report.done, []);
    assert!(
        report.to_string().contains("nothing has to be granted"),
        "{report}"
    );
    assert_eq!(world.settled().await, before);
    let error = grants.narrow(&own).await.unwrap_err();
    assert!(
        matches!(error, Error::Refused(Refusal::NothingToGrant { .. })),
        "{error}"
    );
}

#[tokio::test]
async fn two_keys_are_said_with_what_to_do_and_left_alone() {
    let world = World::empty().await;
    let grants = world.grants().await;
    let user = grants.names().user.clone();
    let ram = world.ram();
    ram.create_user(user.as_str()).send().await.unwrap();
    for _ in 0..2 {
        ram.create_access_key()
            .user_name(user.as_str())
            .send()
            .await
            .unwrap();
    }
    let error = grants
        .grant(&world.requirements(Buckets::All))
        .await
        .unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains("has two AccessKeys already") && text.contains("last use"),
        "{text}"
    );
    let keys = ram
        .list_access_keys()
        .user_name(user.as_str())
        .send()
        .await
        .unwrap();
    assert_eq!(keys.access_keys.len(), 2);
    assert!(world.read(CREDENTIALS).await.is_null());
}

#[tokio::test]
async fn a_secret_made_by_hand_is_left_alone_and_can_be_taken_over_by_rotating() {
    let world = World::empty().await;
    let grants = world.grants().await;
    let all = world.requirements(Buckets::All);
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "csdr"}});
    world
        .send(Method::POST, "/api/v1/namespaces", &namespace)
        .await;
    let secret = json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "alibaba-addon-secret"},
        "stringData": {"access-key-id": "LTAI-by-hand", "access-key-secret": "by-hand"},
    });
    let (list, _) = CREDENTIALS.rsplit_once('/').unwrap();
    world.send(Method::POST, list, &secret).await;
    let error = grants.grant(&all).await.unwrap_err();
    assert!(
        matches!(error, Error::Refused(Refusal::ForeignKey { .. })),
        "{error}"
    );
    assert_eq!(
        decoded(&world.read(CREDENTIALS).await, "access-key-id").unwrap(),
        "LTAI-by-hand"
    );
    world
        .ram()
        .create_user(grants.names().user.as_str())
        .send()
        .await
        .unwrap();
    let report = grants.rotate().await.unwrap();
    assert!(report.to_string().contains("left alone in RAM"), "{report}");
    assert!(world.settled().await["secret"]["works"].is_string());
    grants.grant(&all).await.unwrap();
}

#[tokio::test]
async fn a_key_that_was_deleted_by_hand_is_replaced_and_an_inactive_one_is_said() {
    let world = World::empty().await;
    let grants = world.grants().await;
    let all = world.requirements(Buckets::All);
    grants.grant(&all).await.unwrap();
    let user = grants.names().user.clone();
    let id = || async { decoded(&world.read(CREDENTIALS).await, "access-key-id").unwrap() };
    let first = id().await;
    let ram = world.ram();
    ram.update_access_key(first.as_str(), AccessKeyStatus::Inactive)
        .user_name(user.as_str())
        .send()
        .await
        .unwrap();
    let error = grants.grant(&all).await.unwrap_err();
    assert!(
        error
            .to_string()
            .contains("is inactive: activate it, or rotate"),
        "{error}"
    );
    ram.delete_access_key(first.as_str())
        .user_name(user.as_str())
        .send()
        .await
        .unwrap();
    grants.grant(&all).await.unwrap();
    assert_ne!(id().await, first);
    assert!(world.settled().await["secret"]["works"].is_string());
}

/// A rotation that does not see the component come up leaves both keys, and goes on later.
#[tokio::test]
async fn the_old_key_goes_only_after_the_new_one_was_seen_to_work() {
    let world = World::with_component().await;
    let grants = world.grants().await;
    grants
        .grant(&world.requirements(Buckets::All))
        .await
        .unwrap();
    let old = decoded(&world.read(CREDENTIALS).await, "access-key-id").unwrap();
    let impatient = world
        .grants()
        .await
        .with_see_timeout(std::time::Duration::ZERO);
    let error = impatient.rotate().await.unwrap_err();
    assert!(
        error
            .to_string()
            .contains("the key before it is still valid"),
        "{error}"
    );
    let user = grants.names().user.as_str();
    let ram = world.ram();
    let keys = || async {
        let list = ram.list_access_keys().user_name(user).send().await.unwrap();
        list.access_keys
            .into_iter()
            .map(|key| key.id.to_string())
            .collect::<Vec<_>>()
    };
    assert_eq!(keys().await.len(), 2);
    assert!(keys().await.contains(&old));
    let report = tokio::select! {
        report = grants.rotate() => report.unwrap(),
        () = async { world.roll_out().await } => unreachable!(),
    };
    assert!(
        !report.to_string().contains("create an AccessKey"),
        "{report}"
    );
    let left = keys().await;
    assert_eq!(left.len(), 1);
    assert_ne!(left[0], old);
}

/// What a grant did not make stays when it is revoked, and is named.
#[tokio::test]
async fn revoking_leaves_what_others_made() {
    let world = World::empty().await;
    let grants = world.grants().await;
    let ram = world.ram();
    let user = grants.names().user.clone();
    let policy = grants.names().policy.clone();
    ram.create_user(user.as_str())
        .comments("by hand")
        .send()
        .await
        .unwrap();
    ram.create_policy(policy.as_str(), ack::backup_center())
        .send()
        .await
        .unwrap();
    let foreign = ram
        .create_access_key()
        .user_name(user.as_str())
        .send()
        .await
        .unwrap();
    grants
        .grant(&world.requirements(Buckets::All))
        .await
        .unwrap();
    let report = grants.revoke().await.unwrap();
    for stays in ["policy", "RAM user"] {
        assert!(
            report.notes.iter().any(|note| note.starts_with(stays)),
            "{report}"
        );
    }
    let keys = ram
        .list_access_keys()
        .user_name(user.as_str())
        .send()
        .await
        .unwrap();
    let ids: Vec<_> = keys.access_keys.iter().map(|key| &key.id).collect();
    assert_eq!(ids, [&foreign.access_key.id]);
    assert_eq!(grants.revoke().await.unwrap().done, []);
}
