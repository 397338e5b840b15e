//! What cannot be changed is named, and nobody is told to destroy data for it.

use ack_backup_center::engine::restore::{ExistingResourcePolicy, Outcome, RestoreSpec};
use serde_json::json;

use super::{back_up_namespaces, make_namespace, outcome, restore};
use crate::cluster::{create, delete, get};

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_that_cannot_be_changed_is_named_and_keeps_its_data() {
    let Some(plane) = control_plane::shared() else {
        return;
    };
    let client = plane.client();
    make_namespace(&client, "adv").await;
    let list = "/api/v1/namespaces/adv/persistentvolumeclaims";
    let path = format!("{list}/data");
    let claim = |class: &str| {
        json!({"metadata": {"name": "data"}, "spec": {"storageClassName": class,
            "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}})
    };
    create(&client, list, &claim("a")).await;
    let repository = back_up_namespaces(plane, &["adv"]).await;
    delete(&client, &path).await;
    create(&client, list, &claim("b")).await;
    let before = get(&client, &path).await.unwrap();
    let spec = RestoreSpec {
        existing_resource_policy: ExistingResourcePolicy::Update,
        ..RestoreSpec::named("r")
    };
    let report = restore(plane, &repository, spec).await;
    let Outcome::Failed(reason) = outcome(&report, "persistentvolumeclaims adv/data") else {
        panic!("{report}");
    };
    assert!(reason.contains("/spec/storageClassName"), "{reason}");
    for word in ["delete", "remove", "recreate"] {
        assert!(!reason.contains(word), "{reason}");
    }
    assert_eq!(get(&client, &path).await.unwrap(), before);
}
