//! Responses: all that is documented is read, and nothing else is expected.

use std::collections::BTreeSet;

use alibaba_ram::client::{AccessKeyStatus, PolicyType};
use futures::{StreamExt as _, TryStreamExt as _};
use openapi_stage::{Reading, sample};
use serde_json::{Value, json};

use crate::operations::{every_call, facts};
use crate::stage::{Clients as _, Scene, Stage};

/// A value of a kind for the member of this name, and how `Debug` shows it once it is read.
fn leaf(name: &str, kind: &str, n: u32) -> (Value, String) {
    match kind {
        "boolean" => (json!(true), "true".to_owned()),
        "string" if name.ends_with("Date") => {
            let time = format!("2026-01-15T08:30:{n}Z");
            (json!(time), time)
        }
        "string" if name == "AccessKeySecret" => (json!("secret"), "Secret(***)".to_owned()),
        "string" => (json!(format!("text{n}")), format!("\"text{n}\"")),
        _ => (json!(n), n.to_string()),
    }
}

#[tokio::test]
async fn every_documented_field_is_read_and_no_other_is_there() {
    let mut reading = Reading::default();
    for (action, facts) in &facts().actions {
        let (body, expected) = sample(&facts.response, leaf);
        let stage = Stage::responding(body.to_string());
        let ram = stage.client();
        let (_, call) = every_call(&ram)
            .into_iter()
            .find(|(name, _)| name == action)
            .unwrap();
        reading.note(action, &call.await.unwrap(), &expected);
    }
    assert_eq!(reading.never_filled(), BTreeSet::new());
}

#[tokio::test]
async fn words_times_and_texts_have_their_types() {
    let body = json!({
        "RequestId": "R",
        "Policy": {"PolicyName": "p", "PolicyType": "Custom", "AttachmentCount": 2,
                   "CreateDate": "2026-01-15T08:30:00Z", "UpdateDate": ""},
        "DefaultPolicyVersion": {"VersionId": "v2", "IsDefaultVersion": true,
                                 "PolicyDocument": "{\"Version\": \"1\", \"Statement\": []}"},
    });
    let stage = Stage::responding(body.to_string());
    let response = stage
        .client()
        .get_policy("p", PolicyType::Custom)
        .send()
        .await
        .unwrap();
    assert_eq!(response.policy.policy_type, PolicyType::Custom);
    assert_eq!(response.policy.attachment_count, Some(2));
    assert_eq!(
        response.policy.created_at,
        Some("2026-01-15T08:30:00Z".parse().unwrap())
    );
    assert_eq!(response.policy.updated_at, None);
    let version = response.default_policy_version;
    assert_eq!(version.id.as_str(), "v2");
    assert!(
        version
            .policy_document
            .parse()
            .unwrap()
            .statements()
            .is_empty()
    );

    let body = json!({"RequestId": "R", "AccessKeys": {"AccessKey": [
        {"AccessKeyId": "a", "Status": "Inactive"}, {"AccessKeyId": "b", "Status": "Resting"},
    ]}});
    let stage = Stage::responding(body.to_string());
    let keys = stage
        .client()
        .list_access_keys()
        .send()
        .await
        .unwrap()
        .access_keys;
    assert_eq!(keys[0].status, AccessKeyStatus::Inactive);
    assert_eq!(
        keys[1].status,
        AccessKeyStatus::Unknown("Resting".to_owned())
    );
}

#[tokio::test]
async fn a_new_secret_is_read_and_never_shown() {
    let body = r#"{"RequestId":"R","AccessKey":{"AccessKeyId":"LTAI-new","AccessKeySecret":"s3cr3t","Status":"Active"}}"#;
    let stage = Stage::responding(body);
    let response = stage.client().create_access_key().send().await.unwrap();
    assert_eq!(response.access_key.secret.expose(), "s3cr3t");
    assert!(!format!("{response:?}").contains("s3cr3t"));
    let broken = Stage::responding(body.replace("\"LTAI-new\"", "7"));
    let error = broken
        .client()
        .create_access_key()
        .send()
        .await
        .unwrap_err();
    assert!(!format!("{error:?}").contains("s3cr3t"));
}

fn page(users: &[&str], marker: Option<&str>) -> Scene {
    let users: Vec<_> = users
        .iter()
        .map(|name| json!({"UserName": name, "UserId": "1"}))
        .collect();
    let body = json!({
        "RequestId": "R", "Users": {"User": users},
        "IsTruncated": marker.is_some(), "Marker": marker.unwrap_or("left over"),
    });
    Scene::Respond(200, body.to_string())
}

#[tokio::test]
async fn listings_go_on_by_marker_while_they_are_truncated() {
    let stage = Stage::playing([
        page(&["a", "b"], Some("m1")),
        page(&[], Some("m2")),
        page(&["c"], None),
    ]);
    let users = stage.client().list_users().max_items(2_u32).items();
    let names: Vec<String> = users
        .map_ok(|user| user.name.to_string())
        .try_collect()
        .await
        .unwrap();
    assert_eq!(names, ["a", "b", "c"]);
    let markers: Vec<_> = stage
        .sent()
        .iter()
        .map(|sent| sent.query.get("Marker").cloned())
        .collect();
    assert_eq!(
        markers,
        [None, Some("m1".to_owned()), Some("m2".to_owned())]
    );
    assert!(
        stage
            .sent()
            .iter()
            .all(|sent| sent.query["MaxItems"] == "2")
    );
}

#[tokio::test]
async fn a_listing_begins_at_its_own_marker() {
    let stage = Stage::playing([page(&["a"], Some("m2")), page(&["b"], None)]);
    let users: Vec<_> = stage
        .client()
        .list_users()
        .marker("m1")
        .items()
        .collect()
        .await;
    assert_eq!(users.len(), 2);
    let markers: Vec<_> = stage
        .sent()
        .iter()
        .map(|sent| sent.query["Marker"].clone())
        .collect();
    assert_eq!(markers, ["m1", "m2"]);
}
