//! What is refused because of what there is, and how far listings go.

use serde_json::json;

use super::calls::{Stage, call};
use crate::raw::start;

#[tokio::test]
async fn a_vault_that_is_being_made_takes_no_jobs() {
    let stage = Stage::new().await;
    let fresh = super::calls::create_vault(&stage.raw, "fresh").await;
    let parameters = [
        ("SourceType", "CONTAINER"),
        ("VaultId", fresh.as_str()),
        ("Retention", "1"),
        ("ContainerClusterId", stage.cluster.as_str()),
    ];
    stage
        .call("CreateBackupJob", &parameters)
        .fails(400, "VaultNotReady")
        .await;
}

#[tokio::test]
async fn searches_go_on_by_token_and_may_only_count() {
    let stage = Stage::new().await;
    super::calls::write(&stage.volume("data"), "file", "x");
    for _ in 0..5 {
        stage.backed_up(&["data"]).await;
    }
    let query =
        json!([{"field": "VaultId", "operation": "MATCH_TERM", "value": stage.vault}]).to_string();
    let search = |more: &[(&str, &str)]| {
        let call = stage.call("SearchHistoricalSnapshots", &[("Query", &query)]);
        more.iter()
            .fold(call, |call, (name, value)| call.query(name, value))
    };
    let counted = search(&[("Limit", "0")]).ok().await;
    assert_eq!(
        (
            &counted["TotalCount"],
            counted["Snapshots"]["Snapshot"].as_array().unwrap().len()
        ),
        (&5.into(), 0)
    );
    let mut found = Vec::new();
    let mut token = String::new();
    loop {
        let page = search(&[
            ("Limit", "2"),
            ("Order", "DESC"),
            ("SortBy", "CreatedTime"),
            ("NextToken", &token),
        ])
        .ok()
        .await;
        found.extend(
            page["Snapshots"]["Snapshot"]
                .as_array()
                .unwrap()
                .iter()
                .map(|it| it["CreatedTime"].as_i64().unwrap()),
        );
        match page["NextToken"].as_str() {
            Some(next) => token = next.to_owned(),
            None => break,
        }
    }
    assert!(
        found.len() == 5 && found.is_sorted_by(|a, b| a > b),
        "{found:?}"
    );
    // A token is good for its search alone.
    search(&[("Limit", "2"), ("Order", "ASC"), ("NextToken", &token)])
        .fails(400, "InvalidParameter.NextToken")
        .await;
}

#[tokio::test]
async fn an_empty_cloud_lists_nothing() {
    let raw = start().await;
    for action in [
        "DescribeVaults",
        "DescribeContainerCluster",
        "DescribeContainerResource",
        "DescribeBackupJobs2",
        "DescribeRestoreJobs2",
        "DescribeBackupPlans",
        "DescribePoliciesV2",
    ] {
        let found = call(&raw, action, &[]).ok().await;
        assert_eq!(found["TotalCount"], 0, "{action}");
    }
}
