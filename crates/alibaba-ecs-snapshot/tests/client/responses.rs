//! Responses: all that is documented is read, and nothing else is expected.

use std::collections::BTreeSet;
use std::time::Duration;

use alibaba_ecs_snapshot::{
    ResourceType, Retention, SnapshotCategory, SnapshotStatus, SnapshotType, SnapshotUsage, Tag,
};
use chrono::Weekday;
use futures::{StreamExt as _, TryStreamExt as _};
use openapi_stage::{Reading, sample};
use serde_json::{Value, json};

use crate::operations::{every_call, facts};
use crate::stage::{Clients as _, Scene, Stage};

/// A value of a kind for the member of this name, and how `Debug` shows it once it is read.
fn leaf(name: &str, kind: &str, n: u32) -> (Value, String) {
    match (name, kind) {
        (_, "boolean") => (json!(true), "true".to_owned()),
        (_, "number") => (json!(f64::from(n) + 0.5), format!("{n}.5")),
        ("Progress", _) => (json!(format!("{n}%")), n.to_string()),
        ("SourceDiskSize", "string") => (json!(n.to_string()), n.to_string()),
        ("RemainTime", _) => (json!(n), format!("{n}s")),
        ("RepeatWeekdays", _) => (json!(r#"["1","7"]"#), "[Mon, Sun]".to_owned()),
        ("TimePoints", _) => (json!(r#"["0","23"]"#), "[0, 23]".to_owned()),
        ("TargetCopyRegions", _) => (
            json!(format!("[\"region-{n}\"]")),
            format!("\"region-{n}\""),
        ),
        (_, "string") if name.ends_with("Time") => {
            let time = format!("2026-01-15T08:{:02}:{:02}Z", n / 60, n % 60);
            (json!(time), time)
        }
        (_, "string") => (json!(format!("text{n}")), format!("\"text{n}\"")),
        _ => (json!(n), n.to_string()),
    }
}

#[tokio::test]
async fn every_documented_field_is_read_and_no_other_is_there() {
    let mut reading = Reading::default();
    for (action, facts) in &facts().actions {
        let (body, expected) = sample(&facts.response, leaf);
        let stage = Stage::responding(body.to_string());
        let ecs = stage.client();
        let (_, call) = every_call(&ecs)
            .into_iter()
            .find(|(name, _)| name == action)
            .unwrap();
        reading.note(action, &call.await.unwrap(), &expected);
    }
    assert_eq!(reading.never_filled(), BTreeSet::new());
}

#[tokio::test]
async fn a_snapshot_is_read_as_the_reference_shows_it() {
    let body = json!({
        "RequestId": "R", "NextToken": "", "TotalCount": 1, "PageNumber": 1, "PageSize": 10,
        "Snapshots": {"Snapshot": [{
            "SnapshotId": "s-bp67acfmxazb4p****", "SnapshotName": "testSnapshotName", "Description": "",
            "Progress": "100%", "RemainTime": 38, "Status": "accomplished", "Available": true,
            "CreationTime": "2020-08-20T14:52:28Z", "LastModifiedTime": "2019-12-10T16:00Z",
            "SourceDiskId": "d-bp67acfmxazb4ph****", "SourceDiskSize": 40, "SourceDiskType": "system",
            "SnapshotType": "timer", "Category": "standard", "Usage": "image_disk", "KMSKeyId": null,
            "Encrypted": false, "RetentionDays": 30, "SourceStorageType": "disk", "SomethingNew": {"A": [1]},
            "Tags": {"Tag": [{"TagKey": "k", "TagValue": "v"}]},
        }]},
    });
    let stage = Stage::responding(body.to_string());
    let page = stage.client().describe_snapshots().send().await.unwrap();
    assert_eq!(page.next_token, None);
    let [snapshot] = &page.snapshots[..] else {
        panic!("{page:?}")
    };
    assert_eq!(snapshot.status, Some(SnapshotStatus::Accomplished));
    assert_eq!(snapshot.percent, Some(100));
    assert_eq!(snapshot.remaining, Some(Duration::from_secs(38)));
    let times = (snapshot.created_at, snapshot.modified_at);
    let time = |text: &str| Some(text.parse().unwrap());
    assert_eq!(
        times,
        (time("2020-08-20T14:52:28Z"), time("2019-12-10T16:00:00Z"))
    );
    assert_eq!(snapshot.source_disk_size_gib, Some(40));
    assert_eq!(snapshot.snapshot_type, Some(SnapshotType::Timer));
    assert_eq!(snapshot.category, Some(SnapshotCategory::Standard));
    assert_eq!(snapshot.usage, Some(SnapshotUsage::ImageAndDisk));
    assert_eq!(
        (&snapshot.description, &snapshot.kms_key_id),
        (&None, &None)
    );
    assert_eq!(snapshot.tags[0].value, "v");

    for (from, to) in [
        (r#""SourceDiskSize":40"#, r#""SourceDiskSize":"40""#),
        (r#""Category":"standard""#, r#""Category":"Standard""#),
        (r#""Progress":"100%""#, r#""Progress":"100""#),
        (r#""TagKey":"k","TagValue":"v""#, r#""Key":"k","Value":"v""#),
    ] {
        let body = body.to_string();
        assert!(body.contains(from), "{from} in {body}");
        let stage = Stage::responding(body.replace(from, to));
        let other = stage.client().describe_snapshots().send().await.unwrap();
        assert_eq!(
            format!("{:?}", other.snapshots),
            format!("{:?}", page.snapshots)
        );
    }
    for (from, to) in [
        (r#""Progress":"100%""#, r#""Progress":"much""#),
        (r#""SourceDiskSize":40"#, r#""SourceDiskSize":"large""#),
        (r#""SnapshotId":"s-bp67acfmxazb4p****","#, ""),
    ] {
        let stage = Stage::responding(body.to_string().replace(from, to));
        let error = stage
            .client()
            .describe_snapshots()
            .send()
            .await
            .unwrap_err();
        assert_eq!(error.kind(), alibaba_core::ErrorKind::Response);
    }
}

#[tokio::test]
async fn numbers_come_as_numbers_or_as_texts() {
    for body in [
        r#"{"RequestId":"R","SnapshotCount":5,"SnapshotSize":4294967296}"#,
        r#"{"RequestId":"R","SnapshotCount":"5","SnapshotSize":"4294967296"}"#,
    ] {
        let stage = Stage::responding(body);
        let usage = stage
            .client()
            .describe_snapshots_usage()
            .send()
            .await
            .unwrap();
        assert_eq!(
            (usage.snapshots, usage.size_bytes),
            (Some(5), Some(4_294_967_296))
        );
    }
    let stage = Stage::responding(r#"{"RequestId":"R","SnapshotCount":"","SnapshotSize":null}"#);
    let usage = stage
        .client()
        .describe_snapshots_usage()
        .send()
        .await
        .unwrap();
    assert_eq!((usage.snapshots, usage.size_bytes), (None, None));
    for bad in ["-1", "\"five\"", "0.5"] {
        let stage = Stage::responding(format!(r#"{{"RequestId":"R","SnapshotCount":{bad}}}"#));
        let error = stage
            .client()
            .describe_snapshots_usage()
            .send()
            .await
            .unwrap_err();
        assert_eq!(error.kind(), alibaba_core::ErrorKind::Response, "{bad}");
    }
}

#[tokio::test]
async fn policies_are_read_from_texts_and_from_lists() {
    let policy = |weekdays: Value, hours: Value, regions: Value| {
        json!({"RequestId": "R", "AutoSnapshotPolicies": {"AutoSnapshotPolicy": [{
            "AutoSnapshotPolicyId": "sp-1", "RetentionDays": -1, "CopiedSnapshotsRetentionDays": 7,
            "RepeatWeekdays": weekdays, "TimePoints": hours, "TargetCopyRegions": regions,
        }]}})
    };
    for body in [
        policy(
            json!(r#"["1","7"]"#),
            json!(r#"["0","23"]"#),
            json!(r#"["cn-beijing"]"#),
        ),
        policy(json!(["1", "7"]), json!(["0", "23"]), json!(["cn-beijing"])),
    ] {
        let stage = Stage::responding(body.to_string());
        let call = stage.client().describe_auto_snapshot_policies();
        let page = call.send().await.unwrap();
        let policy = &page.auto_snapshot_policies[0];
        assert_eq!(policy.repeat_weekdays, [Weekday::Mon, Weekday::Sun]);
        assert_eq!(policy.time_points, [0, 23]);
        assert_eq!(policy.target_copy_regions[0].as_str(), "cn-beijing");
        assert_eq!(policy.retention, Some(Retention::Forever));
        assert_eq!(policy.copied_snapshots_retention, Some(Retention::Days(7)));
    }
    let stage = Stage::responding(policy(json!(""), json!(null), json!("")).to_string());
    let call = stage.client().describe_auto_snapshot_policies();
    let page = call.send().await.unwrap();
    assert!(page.auto_snapshot_policies[0].time_points.is_empty());
    for bad in [json!(r#"["0"]"#), json!(r#"["8"]"#), json!("1,2")] {
        let stage = Stage::responding(policy(bad, json!(""), json!("")).to_string());
        let call = stage.client().describe_auto_snapshot_policies();
        let error = call.send().await.unwrap_err();
        assert_eq!(error.kind(), alibaba_core::ErrorKind::Response);
    }
}

fn page(snapshots: &[&str], token: &str) -> Scene {
    let snapshots: Vec<_> = snapshots
        .iter()
        .map(|id| json!({"SnapshotId": id}))
        .collect();
    let body = json!({
        // The total is not valid beside tokens.
        "RequestId": "R", "Snapshots": {"Snapshot": snapshots}, "NextToken": token, "TotalCount": 0,
    });
    Scene::Respond(200, body.to_string())
}

/// What was sent under these names, request after request.
fn sent<const N: usize>(stage: &Stage, names: [&str; N]) -> Vec<[Option<String>; N]> {
    let requests = stage.sent();
    let values = requests
        .iter()
        .map(|sent| names.map(|name| sent.query.get(name).cloned()));
    values.collect()
}

#[tokio::test]
async fn listings_go_on_by_token_until_it_is_empty() {
    let some = |text: &str| Some(text.to_owned());
    for size in [None, Some(20_u32)] {
        let stage = Stage::playing([
            page(&["s-1", "s-2"], "t1"),
            page(&[], "t2"),
            page(&["s-3"], ""),
        ]);
        let mut call = stage.client().describe_snapshots().disk_id("d-1");
        if let Some(size) = size {
            call = call.max_results(size);
        }
        let ids: Vec<String> = call
            .items()
            .map_ok(|snapshot| snapshot.id.to_string())
            .try_collect()
            .await
            .unwrap();
        assert_eq!(ids, ["s-1", "s-2", "s-3"]);
        // Without a size, pages would be numbered and have no token.
        let size = some(if size.is_some() { "20" } else { "100" });
        let expected =
            [None, some("t1"), some("t2")].map(|token| [token, size.clone(), some("d-1")]);
        assert_eq!(
            sent(&stage, ["NextToken", "MaxResults", "DiskId"]),
            expected
        );
    }
}

#[tokio::test]
async fn every_listing_ends_with_its_last_page() {
    // Each has one item on each of two pages.
    macro_rules! two_pages {
        ($($method:ident() $list:literal: $item:literal { $($member:literal: $value:literal),* };)*) => {$(
            let page = |token: &str| {
                let item = json!({$($member: $value),*});
                let list = match $item { "" => json!([item]), name => json!({name: [item]}) };
                let body = json!({"RequestId": "R", $list: list, "NextToken": token, "TotalCount": 2});
                Scene::Respond(200, body.to_string())
            };
            let stage = Stage::playing([page("more"), page("")]);
            let items: Vec<_> = stage.client().$method().items().collect().await;
            assert!(items.iter().all(Result::is_ok), "{items:?}");
            assert_eq!(items.len(), 2, $list);
            let second = &stage.sent()[1].query;
            let by_token = second.get("NextToken").is_some_and(|token| token == "more");
            let by_number = second.get("PageNumber").is_some_and(|number| number == "2");
            assert!(by_token || by_number, "{second:?}");
            assert_eq!(stage.sent().len(), 2, $list);
        )*};
    }
    two_pages! {
        describe_snapshots() "Snapshots": "Snapshot" {"SnapshotId": "s-1"};
        describe_snapshot_groups() "SnapshotGroups": "SnapshotGroup" {"SnapshotGroupId": "ssg-1"};
        describe_disks() "Disks": "Disk" {"DiskId": "d-1"};
        describe_instances() "Instances": "Instance" {"InstanceId": "i-1"};
        describe_auto_snapshot_policies() "AutoSnapshotPolicies": "AutoSnapshotPolicy" {"AutoSnapshotPolicyId": "sp-1"};
        describe_auto_snapshot_policy_associations() "AutoSnapshotPolicyAssociations": "AutoSnapshotPolicyAssociation"
            {"AutoSnapshotPolicyId": "sp-1", "DiskId": "d-1"};
        describe_locked_snapshots() "LockedSnapshotsInfo": "" {"SnapshotId": "s-1"};
        describe_snapshot_links() "SnapshotLinks": "SnapshotLink" {"SnapshotLinkId": "sl-1"};
        describe_snapshot_packages() "SnapshotPackages": "SnapshotPackage" {"DisplayName": "p"};
    }

    let page = |token: &str| {
        let tags = json!({"TagResource": [{"ResourceId": "d-1", "TagKey": "k", "TagValue": ""}]});
        let body = json!({"RequestId": "R", "TagResources": tags, "NextToken": token});
        Scene::Respond(200, body.to_string())
    };
    let stage = Stage::playing([page("more"), page("")]);
    let call = stage.client().list_tag_resources(ResourceType::Disk);
    let tags: Vec<_> = call
        .tags([Tag::new("k", "")])
        .items()
        .try_collect()
        .await
        .unwrap();
    assert_eq!((tags.len(), tags[1].value.as_deref()), (2, None));
    assert_eq!(stage.last().query["NextToken"], "more");
}
