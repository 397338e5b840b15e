//! Responses: all that is documented is read, and nothing else is expected.

use std::collections::BTreeSet;

use alibaba_core::Secret;
use alibaba_hbr::{
    AgentStatus, JobStatus, Progress, SnapshotQuery, SnapshotStatus, SourceType, VaultStatus,
};
use futures::TryStreamExt as _;
use openapi_stage::{Reading, sample};
use serde_json::{Value, json};

use crate::operations::{every_call, facts};
use crate::stage::{Clients as _, Scene, Stage};

/// A value of a kind for the member of this name, and how `Debug` shows it once it is read.
fn leaf(name: &str, kind: &str, n: u32) -> (Value, String) {
    let is_time = name.ends_with("Time") || name == "NewReplicationProgress";
    match kind {
        "boolean" => (json!(true), "true".to_owned()),
        "string" if name == "Token" => (json!("secret"), "Secret(***)".to_owned()),
        "string" | "any" => (json!(format!("text{n}")), format!("\"text{n}\"")),
        _ if is_time => {
            let (minutes, seconds) = (n / 60, n % 60);
            let time = format!("2026-01-01T00:{minutes:02}:{seconds:02}Z");
            (json!(1_767_225_600 + i64::from(n)), time)
        }
        _ => (json!(n), n.to_string()),
    }
}

#[tokio::test]
async fn every_documented_field_is_read_and_no_other_is_there() {
    let mut reading = Reading::default();
    for (action, facts) in &facts().actions {
        // What says whether the call succeeded is read by the core.
        let mut form = facts.response.clone();
        let verdict = json!({"Code": 200, "Message": "successful", "Success": true});
        let verdict = verdict.as_object().unwrap();
        let members = form.as_object_mut().unwrap();
        members.retain(|name, _| !verdict.contains_key(name));
        let (mut body, expected) = sample(&form, leaf);
        body.as_object_mut().unwrap().extend(verdict.clone());
        let stage = Stage::responding(body.to_string());
        let hbr = stage.client();
        let (_, call) = every_call(&hbr)
            .into_iter()
            .find(|(name, _)| name == action)
            .unwrap();
        reading.note(action, &call.await.unwrap(), &expected);
    }
    assert_eq!(reading.never_filled(), BTreeSet::new());
}

#[tokio::test]
async fn numbers_times_words_and_lists_have_their_types() {
    let body = json!({
        "RequestId": "R", "Success": true, "Code": 200, "TotalCount": 1,
        "BackupJobs": {"BackupJob": [{
            "JobId": "job-1", "Status": "PARTIAL_COMPLETE", "Progress": 10000, "Speed": 2048,
            "ErrorMessage": "", "SourceType": "CONTAINER", "CompleteTime": 1_767_225_600, "StartTime": 0,
            "Exclude": "[\"/tmp\"]", "Paths": null, "OtsDetail": null, "Include": null,
        }]},
    });
    let stage = Stage::responding(body.to_string());
    let page = stage.client().describe_backup_jobs().send().await.unwrap();
    let job = &page.backup_jobs[0];
    assert_eq!(job.status, JobStatus::PartialComplete);
    assert_eq!(job.source_type, Some(SourceType::Container));
    assert_eq!(job.progress, Some(Progress::from_hundredths(10_000)));
    assert_eq!(job.progress.unwrap().percent(), 100);
    assert_eq!(job.speed_kb_per_second, Some(2048));
    assert_eq!(
        job.completed_at,
        Some("2026-01-01T00:00:00Z".parse().unwrap())
    );
    assert_eq!((job.started_at, job.error_message.as_deref()), (None, None));
    assert_eq!(job.exclude, ["/tmp"]);
    assert!(job.paths.is_empty() && job.include.is_empty());
    assert_eq!(page.total_count, Some(1));
}

#[tokio::test]
async fn words_not_known_yet_are_kept() {
    let body = json!({"RequestId": "R", "Vaults": {"Vault": [
        {"VaultId": "v-1", "Status": "UNKNOWN"}, {"VaultId": "v-2", "Status": "CREATED"},
    ]}});
    let vaults = Stage::responding(body.to_string())
        .client()
        .describe_vaults()
        .send()
        .await
        .unwrap()
        .vaults;
    assert_eq!(vaults[0].status, VaultStatus::Unknown("UNKNOWN".to_owned()));
    assert_eq!(vaults[1].status, VaultStatus::Created);
}

#[tokio::test]
async fn a_token_is_read_and_never_shown() {
    let body = r#"{"RequestId":"R","Clusters":[{"ClusterId":"cc-1","AgentStatus":"MISS","Token":"eyJhY2NvdW"},{"ClusterId":"cc-2","Token":""}]}"#;
    let stage = Stage::responding(body);
    let page = stage
        .client()
        .describe_container_cluster()
        .send()
        .await
        .unwrap();
    let clusters = &page.clusters;
    assert_eq!(clusters[0].agent_status, Some(AgentStatus::Missing));
    assert_eq!(
        clusters[0].token.as_ref().map(Secret::expose),
        Some("eyJhY2NvdW")
    );
    assert!(clusters[1].token.is_none());
    assert!(!format!("{page:?}").contains("eyJhY2NvdW"));
}

#[tokio::test]
async fn what_a_volume_is_comes_as_json() {
    let info = r#"{"pv_name":"pv-1","pv_size":"8Gi","storage_class":"nas","pvc_name":"data","namespace":"demo"}"#;
    let body = json!({"RequestId": "R", "Resources": [
        {"ResourceId": "u-1", "ResourceType": "PV", "ResourceInfo": info},
        {"ResourceId": "u-2", "ResourceType": "PV", "ResourceInfo": "?"},
    ]});
    let stage = Stage::responding(body.to_string());
    let call = stage.client().describe_container_resource();
    let resources = call.send().await.unwrap().resources;
    assert_eq!(resources[0].volume().unwrap().pvc_name, "data");
    assert_eq!(resources[1].volume(), None);
}

fn vaults(ids: &[&str], total: u32) -> Scene {
    let vaults: Vec<_> = ids
        .iter()
        .map(|id| json!({"VaultId": id, "Status": "CREATED"}))
        .collect();
    let body = json!({"RequestId": "R", "Vaults": {"Vault": vaults}, "TotalCount": total});
    Scene::Respond(200, body.to_string())
}

#[tokio::test]
async fn listings_go_on_by_number_up_to_the_total() {
    let stage = Stage::playing([vaults(&["v-1", "v-2"], 3), vaults(&["v-3"], 3)]);
    let vaults = stage.client().describe_vaults().page_size(2_u32).items();
    let ids: Vec<_> = vaults
        .map_ok(|vault| vault.id.to_string())
        .try_collect()
        .await
        .unwrap();
    assert_eq!(ids, ["v-1", "v-2", "v-3"]);
    let numbers: Vec<_> = stage
        .sent()
        .iter()
        .map(|sent| {
            (
                sent.query["PageNumber"].clone(),
                sent.query["PageSize"].clone(),
            )
        })
        .collect();
    let numbered = |number: &str| (number.to_owned(), "2".to_owned());
    assert_eq!(numbers, [numbered("1"), numbered("2")]);
}

fn snapshots(ids: &[&str], token: &str) -> Scene {
    let snapshots: Vec<_> = ids
        .iter()
        .map(|id| json!({"SnapshotId": id, "Status": "COMPLETE"}))
        .collect();
    let body = json!({"RequestId": "R", "Snapshots": {"Snapshot": snapshots}, "NextToken": token});
    Scene::Respond(200, body.to_string())
}

#[tokio::test]
async fn searches_go_on_by_token() {
    let stage = Stage::playing([snapshots(&["s-1"], "t1"), snapshots(&["s-2"], "")]);
    let query = SnapshotQuery::in_vault("v-1");
    let found: Vec<_> = stage
        .client()
        .search_historical_snapshots(query)
        .items()
        .try_collect()
        .await
        .unwrap();
    assert_eq!(found.len(), 2);
    assert_eq!(found[1].status, SnapshotStatus::Complete);
    let tokens: Vec<_> = stage
        .sent()
        .iter()
        .map(|sent| sent.query.get("NextToken").cloned())
        .collect();
    assert_eq!(tokens, [None, Some("t1".to_owned())]);
}

#[tokio::test]
async fn policies_go_on_by_a_token_in_the_form() {
    let page = |token: &str| {
        let body =
            json!({"RequestId": "R", "Policies": [{"PolicyId": "po-1"}], "NextToken": token});
        Scene::Respond(200, body.to_string())
    };
    let stage = Stage::playing([page("t1"), page("")]);
    let policies: Vec<_> = stage
        .client()
        .describe_policies()
        .items()
        .try_collect()
        .await
        .unwrap();
    assert_eq!(policies.len(), 2);
    assert_eq!(stage.last().form()["NextToken"], "t1");
    assert!(stage.last().query.is_empty());
}
