//! Listings: pages of both kinds, filters, tags, regions.

use chrono::TimeDelta;

use super::calls::{
    DISK, ELSEWHERE, INSTANCE, OLD, OTHER, REGION, SYSTEM, TAKES, UNUSED, call, copy, each,
    finished_snapshot, here, list, snapshots, start, text,
};

#[tokio::test]
async fn both_kinds_of_pages_show_everything_once_newest_first() {
    let raw = start().await;
    let mut ids = Vec::new();
    for _ in 0..23 {
        ids.insert(0, finished_snapshot(&raw, DISK).await);
    }
    let (mut found, mut token) = (Vec::new(), String::new());
    for expected in [10, 10, 3] {
        let page = here(
            &raw,
            "DescribeSnapshots",
            &[("MaxResults", "3"), ("NextToken", &token)],
        );
        let page = page.ok().await;
        let items = list(&page, "Snapshots", "Snapshot");
        assert_eq!(items.len(), expected, "fewer than ten count as ten");
        found.extend(each(&items, "SnapshotId"));
        token = text(&page["NextToken"]);
        // What is new does not move the pages.
        finished_snapshot(&raw, OTHER).await;
    }
    assert_eq!((&found, token.as_str()), (&ids, ""));
    let mut found = Vec::new();
    for (number, expected) in [("1", 9), ("2", 9), ("3", 5), ("4", 0)] {
        let page = [("PageNumber", number), ("PageSize", "9"), ("DiskId", DISK)];
        let page = here(&raw, "DescribeSnapshots", &page).ok().await;
        assert_eq!(page["TotalCount"], 23);
        let items = list(&page, "Snapshots", "Snapshot");
        assert_eq!(items.len(), expected);
        found.extend(each(&items, "SnapshotId"));
    }
    assert_eq!(found, ids);
    // A token is of one listing.
    let first = here(&raw, "DescribeSnapshots", &[("MaxResults", "10")])
        .ok()
        .await;
    let token = text(&first["NextToken"]);
    for token in [token.as_str(), "nonsense", "MTIz"] {
        let other = [("MaxResults", "10"), ("NextToken", token), ("DiskId", DISK)];
        here(&raw, "DescribeSnapshots", &other)
            .fails(400, "InvalidParameter.NextToken")
            .await;
    }
    let more = [("MaxResults", "20"), ("NextToken", token.as_str())];
    assert_eq!(
        list(
            &here(&raw, "DescribeSnapshots", &more).ok().await,
            "Snapshots",
            "Snapshot"
        )
        .len(),
        16
    );
}

#[tokio::test]
async fn every_filter_of_snapshots_lets_through_what_it_names() {
    let raw = start().await;
    let create = [
        ("DiskId", SYSTEM),
        ("SnapshotName", "first"),
        ("ResourceGroupId", "rg-1"),
        ("Tag.1.Key", "k"),
        ("Tag.1.Value", "v"),
        ("Tag.2.Key", "empty"),
    ];
    let first = text(&call(&raw, "CreateSnapshot", &create).ok().await["SnapshotId"]);
    raw.pass(TimeDelta::hours(2));
    let second = finished_snapshot(&raw, DISK).await;
    super::calls::disk_of(&raw, REGION, super::calls::ZONE, &second).await;
    let third = text(&call(&raw, "CreateSnapshot", &[("DiskId", OLD)]).ok().await["SnapshotId"]);
    let (hour_ago, ids, others) = (
        (raw.now() - TimeDelta::hours(1))
            .format("%Y-%m-%dT%H:%MZ")
            .to_string(),
        format!("[\"{first}\",\"{third}\",\"s-none\"]"),
        format!("[\"{second}\"]"),
    );
    let link =
        text(&super::calls::described_snapshot(&raw, REGION, &second).await["SnapshotLinkId"]);
    let links = format!("[\"{link}\"]");
    let (ids, others, link, links, hour_ago) = (
        ids.as_str(),
        others.as_str(),
        link.as_str(),
        links.as_str(),
        hour_ago.as_str(),
    );
    let (all, one) = ([&*third, &second, &first], |id: &String| vec![id.clone()]);
    let owned = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>();
    for (filter, expected) in [
        (
            vec![("Status", "all"), ("SnapshotType", "all")],
            owned(&all),
        ),
        (vec![("Status", "progressing")], one(&third)),
        (vec![("Status", "accomplished")], owned(&[&second, &first])),
        (vec![("DiskId", DISK)], one(&second)),
        (vec![("SnapshotIds", ids)], owned(&[&third, &first])),
        (
            vec![("SnapshotIds", ids), ("Status", "accomplished")],
            one(&first),
        ),
        (vec![("SnapshotIds", "[]")], vec![]),
        (vec![("SnapshotIds", others)], one(&second)),
        (vec![("SnapshotLinkId", link)], one(&second)),
        (vec![("SnapshotLinkId", links)], one(&second)),
        (vec![("SnapshotName", "first")], one(&first)),
        (vec![("SnapshotType", "user")], owned(&all)),
        (vec![("SnapshotType", "auto")], vec![]),
        (vec![("SourceDiskType", "System")], one(&first)),
        (vec![("Usage", "disk")], one(&second)),
        (vec![("Usage", "none")], owned(&[&third, &first])),
        (vec![("Category", "archive")], vec![]),
        (vec![("Category", "Standard")], owned(&all)),
        (vec![("Encrypted", "true")], vec![]),
        (vec![("Encrypted", "False")], owned(&all)),
        (vec![("KMSKeyId", "key")], vec![]),
        (vec![("ResourceGroupId", "rg-1")], one(&first)),
        (vec![("InstanceId", INSTANCE)], owned(&all)),
        (vec![("InstanceId", "i-none")], vec![]),
        (vec![("Tag.1.Key", "k"), ("Tag.1.Value", "v")], one(&first)),
        (
            vec![("Tag.1.Key", "k"), ("Tag.2.Key", "empty")],
            one(&first),
        ),
        (vec![("Tag.1.Key", "k"), ("Tag.1.Value", "w")], vec![]),
        (
            vec![
                ("Filter.1.Key", "CreationStartTime"),
                ("Filter.1.Value", hour_ago),
            ],
            owned(&[&third, &second]),
        ),
        (
            vec![
                ("Filter.1.Key", "CreationEndTime"),
                ("Filter.1.Value", hour_ago),
            ],
            one(&first),
        ),
    ] {
        let found = each(&snapshots(&raw, REGION, &filter).await, "SnapshotId");
        assert_eq!(found, expected, "{filter:?}");
    }
    assert!(snapshots(&raw, ELSEWHERE, &[]).await.is_empty());
}

#[tokio::test]
async fn disks_and_instances_are_found_by_what_they_are() {
    let raw = start().await;
    for (filter, expected) in [
        (vec![], vec![UNUSED, OLD, OTHER, DISK, SYSTEM]),
        (vec![("DiskIds", "[]")], vec![]),
        (vec![("DiskType", "system")], vec![SYSTEM]),
        (
            vec![("Category", "cloud_ssd"), ("DiskType", "all")],
            vec![OLD],
        ),
        (vec![("Status", "In_use")], vec![OLD, OTHER, DISK, SYSTEM]),
        (vec![("Status", "Available")], vec![UNUSED]),
        (
            vec![("InstanceId", INSTANCE), ("PerformanceLevel", "PL1")],
            vec![OTHER, DISK, SYSTEM],
        ),
        (vec![("DiskName", "data-1")], vec![DISK]),
        (vec![("Portable", "false")], vec![SYSTEM]),
        (vec![("DeleteWithInstance", "true")], vec![SYSTEM]),
        (vec![("ZoneId", "cn-hangzhou-b")], vec![]),
        (vec![("MultiAttach", "Enabled")], vec![]),
        (
            vec![("Tag.1.Key", "app"), ("Tag.1.Value", "db")],
            vec![DISK],
        ),
        (vec![("LockReason", "financial")], vec![]),
    ] {
        let found = here(&raw, "DescribeDisks", &filter).ok().await;
        assert_eq!(
            each(&list(&found, "Disks", "Disk"), "DiskId"),
            expected,
            "{filter:?}"
        );
    }
    for (filter, expected) in [
        (vec![], 1),
        (vec![("InstanceName", "node*")], 1),
        (vec![("InstanceName", "pod*")], 0),
        (vec![("Status", "Running"), ("IoOptimized", "true")], 1),
        (vec![("Status", "Stopped")], 0),
        (vec![("Tag.1.Key", "pool")], 1),
        (vec![("EipAddresses", r#"["1.2.3.4"]"#)], 0),
        (vec![("InstanceIds", r#"["i-bp1fake0000000000001"]"#)], 1),
        (vec![("InstanceIds", "[]")], 0),
        (vec![("LockReason", "security")], 0),
    ] {
        let found = here(&raw, "DescribeInstances", &filter).ok().await;
        assert_eq!(
            list(&found, "Instances", "Instance").len(),
            expected,
            "{filter:?}"
        );
        assert_eq!(found["TotalCount"], expected);
    }
}

#[tokio::test]
async fn tags_are_put_on_listed_and_taken_off() {
    let raw = start().await;
    let id = finished_snapshot(&raw, DISK).await;
    let of = [("ResourceType", "snapshot"), ("ResourceId.1", id.as_str())];
    let with = |more: &[(&'static str, &'static str)]| [&of[..], more].concat();
    let tags = [("Tag.1.Key", "a"), ("Tag.1.Value", "1"), ("Tag.2.Key", "b")];
    here(&raw, "TagResources", &with(&tags)).ok().await;
    here(
        &raw,
        "TagResources",
        &with(&[("Tag.1.Key", "a"), ("Tag.1.Value", "2")]),
    )
    .ok()
    .await;
    let listed = async |filter: &[(&str, &str)]| {
        let found = here(&raw, "ListTagResources", filter).ok().await;
        let mut found: Vec<_> = list(&found, "TagResources", "TagResource")
            .iter()
            .map(|it| format!("{}={}", text(&it["TagKey"]), text(&it["TagValue"])))
            .collect();
        found.sort();
        found
    };
    assert_eq!(listed(&with(&[])).await, ["a=2", "b="]);
    let by_tag = [("ResourceType", "snapshot"), ("Tag.1.Key", "b")];
    assert_eq!(listed(&by_tag).await, ["a=2", "b="]);
    assert!(
        listed(&[("ResourceType", "disk"), ("Tag.1.Key", "b")])
            .await
            .is_empty()
    );
    here(
        &raw,
        "UntagResources",
        &with(&[("TagKey.1", "b"), ("All", "true")]),
    )
    .ok()
    .await;
    assert_eq!(listed(&with(&[])).await, ["a=2"]);
    here(&raw, "UntagResources", &with(&[])).ok().await;
    assert_eq!(listed(&with(&[])).await, ["a=2"]);
    here(&raw, "UntagResources", &with(&[("All", "true")]))
        .ok()
        .await;
    assert!(listed(&with(&[])).await.is_empty());
    // A resource of another region is none.
    let elsewhere = copy(&raw, &id).await;
    let tag = [
        ("ResourceType", "snapshot"),
        ("ResourceId.1", elsewhere.as_str()),
        ("Tag.1.Key", "a"),
    ];
    here(&raw, "TagResources", &tag)
        .fails(404, "InvalidResourceId.NotFound")
        .await;
}

#[tokio::test]
async fn a_call_without_a_region_is_for_that_of_its_endpoint_or_of_its_snapshot() {
    let raw = start().await;
    let id = finished_snapshot(&raw, DISK).await;
    let copied = copy(&raw, &id).await;
    raw.pass(TAKES);
    let rename = |id: &str| {
        call(
            &raw,
            "ModifySnapshotAttribute",
            &[("SnapshotId", id), ("SnapshotName", "renamed")],
        )
    };
    rename(&copied).ok().await;
    assert_eq!(
        each(&snapshots(&raw, ELSEWHERE, &[]).await, "SnapshotName"),
        ["renamed"]
    );
    // Sent to a region's endpoint, it is for that region only.
    let at = |host: &str| rename(&copied).host(host);
    at("ecs.cn-beijing.aliyuncs.com").ok().await;
    at("ecs-vpc.cn-shanghai.aliyuncs.com")
        .fails(404, "InvalidSnapshotId.NotFound")
        .await;
    at("ecs.aliyuncs.com").ok().await;
}

#[tokio::test]
async fn regions_zones_chains_and_use_are_told() {
    let raw = start().await;
    let regions = call(&raw, "DescribeRegions", &[("AcceptLanguage", "en-US")])
        .ok()
        .await;
    let regions = list(&regions, "Regions", "Region");
    let hangzhou = regions.iter().find(|it| it["RegionId"] == REGION).unwrap();
    assert_eq!(hangzhou["RegionEndpoint"], "ecs-cn-hangzhou.aliyuncs.com");
    for region in &regions {
        let id = text(&region["RegionId"]);
        let zones = call(
            &raw,
            "DescribeZones",
            &[("RegionId", &id), ("Verbose", "false")],
        )
        .ok()
        .await;
        let zones = list(&zones, "Zones", "Zone");
        assert!(!zones.is_empty());
        assert!(
            zones
                .iter()
                .all(|zone| text(&zone["ZoneId"]).starts_with(&id))
        );
    }
    raw.cloud.ecs().disk(DISK).write(0, b"something").unwrap();
    for _ in 0..2 {
        finished_snapshot(&raw, DISK).await;
    }
    finished_snapshot(&raw, OTHER).await;
    let usage = here(&raw, "DescribeSnapshotsUsage", &[]).ok().await;
    assert_eq!(usage["SnapshotCount"], 3);
    let links = here(&raw, "DescribeSnapshotLinks", &[("InstanceId", INSTANCE)])
        .ok()
        .await;
    let links = list(&links, "SnapshotLinks", "SnapshotLink");
    assert_eq!(each(&links, "SourceDiskId"), [OTHER, DISK]);
    assert_eq!(links[1]["TotalCount"], 2);
    assert_eq!(links[1]["TotalSize"], usage["SnapshotSize"]);
    let none = here(&raw, "DescribeSnapshotLinks", &[("DiskIds", "[]")])
        .ok()
        .await;
    assert!(list(&none, "SnapshotLinks", "SnapshotLink").is_empty());
    let packages = here(&raw, "DescribeSnapshotPackage", &[]).ok().await;
    assert_eq!(packages["TotalCount"], 0);
}
