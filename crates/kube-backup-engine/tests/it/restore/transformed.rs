//! A caller's own step: what it changes, leaves out, and gets wrong.

use std::sync::{Arc, Mutex};

use kube_backup_engine::restore::{Action, Outcome, RestoreSpec, SkipReason, Transformed};
use kube_local::KubeLocal;
use serde_json::{Value, json};

use super::{backed_up, of_shop, outcome, restore_of};
use crate::cluster::{client, get, shop};

#[tokio::test]
async fn a_step_changes_leaves_out_and_fails_objects_by_name() {
    let source = KubeLocal::start().await.unwrap();
    shop(&client(&source), "shop").await;
    let repository = backed_up(&client(&source)).await;
    let target = KubeLocal::start().await.unwrap();
    let client = client(&target);
    let spec = RestoreSpec {
        namespace_mapping: [("shop".to_owned(), "copy".to_owned())].into(),
        ..of_shop("r")
    };
    let seen: Arc<Mutex<Vec<Value>>> = Arc::default();
    let sink = Arc::clone(&seen);
    let restore = restore_of(&client, &repository, spec)
        .await
        .with_transform("house rules", move |id, mut object: Value| {
            match id.to_string().as_str() {
                "deployments.apps shop/web" => object["spec"]["replicas"] = 7.into(),
                "secrets shop/password" => {
                    return Ok(Transformed::Skip("it comes from the vault".into()));
                }
                "services shop/web" => {
                    let cause = std::io::Error::other("port 80 is not allowed");
                    return Err(cause);
                }
                "services shop/db" => panic!("no rule for {id}"),
                "configmaps shop/settings" => object["metadata"]["name"] = "other".into(),
                _ => {}
            }
            Ok(Transformed::Object(object))
        })
        // After the first one, on what that has made.
        .with_transform("second", move |id, object: Value| {
            if id.to_string() == "deployments.apps shop/web" {
                sink.lock().unwrap().push(object.clone());
            }
            Ok::<_, std::convert::Infallible>(Transformed::Object(object))
        });
    let plan = restore.plan().await.unwrap();
    let planned = |name: &str| {
        let item = plan.items.iter().find(|item| item.id.to_string() == name);
        item.unwrap().action
    };
    assert_eq!(planned("secrets shop/password"), Action::Skip);
    assert_eq!(planned("services shop/web"), Action::Fail);
    let report = restore.run().await.unwrap();
    assert_eq!(
        outcome(&report, "secrets shop/password"),
        Outcome::Skipped(SkipReason::NotRestored(
            "transform step `house rules`: it comes from the vault".into()
        ))
    );
    for (name, words) in [
        ("services shop/web", "port 80 is not allowed"),
        (
            "services shop/db",
            "it panicked: no rule for services shop/db",
        ),
        ("configmaps shop/settings", "namespace or name"),
    ] {
        let Outcome::Failed(reason) = outcome(&report, name) else {
            panic!("{name}: {report}");
        };
        assert!(
            reason.contains("`house rules`") && reason.contains(words),
            "{reason}"
        );
    }
    assert_eq!(
        report.failed().count(),
        3,
        "the others are restored: {report}"
    );
    let web = get(&client, "/apis/apps/v1/namespaces/copy/deployments/web").await;
    assert_eq!(web.unwrap()["spec"]["replicas"], 7);
    assert_eq!(
        get(&client, "/api/v1/namespaces/copy/configmaps/other").await,
        None
    );
    // Once in the plan, and once in the restore, as it was about to be created.
    let seen = seen.lock().unwrap();
    assert_eq!(seen.len(), 2);
    for object in seen.iter() {
        assert_eq!(object["metadata"]["namespace"], json!("copy"));
        assert_eq!(object["metadata"]["labels"]["velero.io/restore-name"], "r");
        assert_eq!(object["spec"]["replicas"], 7);
        assert_eq!(object["metadata"]["uid"], Value::Null);
    }
}
