//! Client tokens.

use chrono::TimeDelta;

use super::calls::{
    DISK, ELSEWHERE, OTHER, Parameters, REGION, ZONE, call, finished_snapshot, here, list,
    snapshots, start, text,
};

#[tokio::test]
async fn a_call_that_is_repeated_with_its_token_is_carried_out_once() {
    let raw = start().await;
    let id = finished_snapshot(&raw, DISK).await;
    let actions: [(&str, &str, Parameters<'_>); 4] = [
        ("CreateSnapshot", "SnapshotId", &[("DiskId", DISK)]),
        (
            "CreateSnapshotGroup",
            "SnapshotGroupId",
            &[("DiskId.1", DISK), ("DiskId.2", OTHER)],
        ),
        (
            "CopySnapshot",
            "SnapshotId",
            &[
                ("SnapshotId", id.as_str()),
                ("DestinationRegionId", ELSEWHERE),
                ("DestinationSnapshotName", "copied"),
                ("DestinationSnapshotDescription", "by a test"),
            ],
        ),
        (
            "CreateDisk",
            "DiskId",
            &[
                ("ZoneId", ZONE),
                ("Size", "20"),
                ("DiskCategory", "cloud_ssd"),
            ],
        ),
    ];
    for (action, name, parameters) in actions {
        let repeat = |more: &[(&str, &str)]| {
            let all = [parameters, more].concat();
            here(&raw, action, &all)
        };
        let token = ("ClientToken", "token-1");
        let first = text(&repeat(&[token]).ok().await[name]);
        assert_eq!(text(&repeat(&[token]).ok().await[name]), first, "{action}");
        // Signed another way, it is the same call.
        let again = repeat(&[token]).generation(crate::raw::openapi::Generation::RpcV1);
        assert_eq!(text(&again.ok().await[name]), first, "{action}");
        let status = if action == "CreateSnapshot" { 403 } else { 400 };
        repeat(&[token, ("Description", "another")])
            .fails(status, "IdempotentParameterMismatch")
            .await;
        // Tokens are of one action, in either case of letters, and end.
        raw.pass(TimeDelta::seconds(200));
        let other = text(&repeat(&[("ClientToken", "Token-1")]).ok().await[name]);
        assert_ne!(other, first, "{action}");
        raw.pass(TimeDelta::hours(25));
        assert_ne!(text(&repeat(&[token]).ok().await[name]), first, "{action}");
        for bad in ["x".repeat(65), "日".to_owned()] {
            repeat(&[("ClientToken", &bad)])
                .fails(403, "InvalidClientToken.Malformed")
                .await;
        }
    }
}

#[tokio::test]
async fn a_token_outlives_what_it_made_and_a_refusal_uses_none_up() {
    let raw = start().await;
    let create = |disk| [("DiskId", disk), ("ClientToken", "t")];
    call(&raw, "CreateSnapshot", &create("d-none"))
        .fails(404, "InvalidDiskId.NotFound")
        .await;
    let first = call(&raw, "CreateSnapshot", &create(DISK)).ok().await;
    let id = text(&first["SnapshotId"]);
    call(&raw, "DeleteSnapshot", &[("SnapshotId", &id)])
        .ok()
        .await;
    let again = call(&raw, "CreateSnapshot", &create(DISK)).ok().await;
    assert_eq!(again["SnapshotId"], first["SnapshotId"]);
    assert!(snapshots(&raw, REGION, &[]).await.is_empty());
}

#[tokio::test]
async fn a_subscription_disk_ignores_its_token() {
    let raw = start().await;
    let parameters = [
        ("InstanceId", super::calls::INSTANCE),
        ("Size", "20"),
        ("DiskCategory", "cloud_essd"),
        ("ClientToken", "t"),
        ("Tag.1.Key", "ignored"),
    ];
    let create = || here(&raw, "CreateDisk", &parameters);
    let (one, two) = (create().ok().await, create().ok().await);
    assert_ne!(one["DiskId"], two["DiskId"]);
    assert!(one["OrderId"].is_string());
    let found = here(&raw, "DescribeDisks", &[("DiskChargeType", "PrePaid")])
        .ok()
        .await;
    let found = list(&found, "Disks", "Disk");
    assert_eq!(found.len(), 2);
    assert_eq!(
        (&found[0]["Status"], &found[0]["Tags"]["Tag"]),
        (&"Creating".into(), &serde_json::json!([]))
    );
}
