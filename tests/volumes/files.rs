//! Files: what comes back, on which nodes they are read, and what is refused.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

use ack_backup_center::clusters::ClusterKind;
use ack_backup_center::engine::volumes::{
    Eligibility, FillState, FillTarget, RestoreSource, RestoreTarget, SnapshotState, Volume,
    VolumeRecord, VolumeSnapshotter,
};
use ack_backup_center::hbr::{self, JobStatus, SnapshotQuery};
use ack_backup_center::volumes::files::{FileBackups, NodePolicy, Nodes};
use alibaba_local::{Fault, Rule};
use futures::TryStreamExt;
use serde_json::json;

use crate::world::{ID, World, claim, mount, nas_volume, planned, reason};

const UID: &str = "0b5ce1f0-7b7e-4c52-a9ae-6e1c1b7c9d01";

async fn taken(
    world: &World,
    files: &FileBackups,
    uid: &str,
    volumes: &[Volume],
) -> Vec<VolumeRecord> {
    let mut records = Vec::new();
    for group in planned(files, uid, volumes) {
        records.extend(files.snapshot(&group).await.unwrap());
    }
    world.ended(files, records).await
}

/// Everything below a folder, by its path.
fn tree(root: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut waiting = vec![root.to_owned()];
    while let Some(folder) = waiting.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path
                .strip_prefix(root)
                .unwrap()
                .to_str()
                .unwrap()
                .to_owned();
            if path.is_dir() {
                found.insert(format!("{name}/"), Vec::new());
                waiting.push(path);
            } else {
                found.insert(name, fs::read(&path).unwrap());
            }
        }
    }
    found
}

async fn filled(
    world: &World,
    files: &FileBackups,
    record: &VolumeRecord,
    target: &FillTarget,
) -> FillState {
    let mut counts = 0;
    for _ in 0..100 {
        match files.fill(record, target).await.unwrap() {
            FillState::Running { bytes_done, .. } => counts += usize::from(bytes_done.is_some()),
            state => {
                assert!(
                    counts > 0 || state != FillState::Done,
                    "how much is done was told"
                );
                return state;
            }
        }
        world.pass();
    }
    panic!("it is never filled");
}

async fn jobs(world: &World) -> Vec<hbr::BackupJob> {
    let jobs = world.hbr_of(ID).describe_backup_jobs().items();
    jobs.try_collect().await.unwrap()
}

#[tokio::test]
async fn files_come_back_one_by_one() {
    let world = World::new().await;
    let files = world.files();
    let volume = world.nas("data", "node-1");
    let from = world.folder(&volume.mounts[0], &volume.volume);
    fs::create_dir_all(from.join("deep/er/est")).unwrap();
    fs::create_dir_all(from.join("empty folder")).unwrap();
    for (name, contents) in [
        ("deep/er/est/file", &b"deep"[..]),
        ("empty", b""),
        ("with a space, and \u{e9}", b"\0\xff\x01"),
        ("large", &vec![7; 3 << 20]),
    ] {
        fs::write(from.join(name), contents).unwrap();
    }
    let before = tree(&from);
    let records = taken(&world, &files, UID, &[volume]).await;
    assert_eq!(records[0].state, SnapshotState::Complete);
    assert_eq!(records[0].bytes_done, records[0].bytes_total);
    assert!(records[0].bytes_done > Some(3 << 20), "{records:?}");
    assert!(
        jobs(&world).await[0]
            .name
            .as_ref()
            .unwrap()
            .starts_with(&format!("nightly-hbr-{UID}-"))
    );
    // The original goes; what comes back is held against what it was.
    fs::remove_dir_all(&from).unwrap();
    let mut target = RestoreTarget::new("restore-1", claim("data"));
    target.region = Some("cn-hangzhou".to_owned());
    let source = files.restore_source(&records[0], &target).await.unwrap();
    assert_eq!(
        source,
        RestoreSource::Fill {
            at_least: records[0].restore_size
        }
    );
    let volume = nas_volume("pv-new").volume;
    let mount = mount("pv-new", "node-2");
    let into = world.folder(&mount, &volume);
    let target = FillTarget::new("restore-1", claim("data"), volume, mount);
    assert_eq!(
        filled(&world, &files, &records[0], &target).await,
        FillState::Done
    );
    assert_eq!(tree(&into), before);
    // Asked again, it is done, and not done again.
    fs::remove_file(into.join("empty")).unwrap();
    assert_eq!(
        world.files().fill(&records[0], &target).await.unwrap(),
        FillState::Done
    );
    assert!(!into.join("empty").exists());
}

#[tokio::test]
async fn a_node_reads_one_volume_at_a_time_in_as_few_jobs_as_that_allows() {
    let world = World::new().await;
    let files = world.files();
    let volumes = [
        world.nas("a", "node-1"),
        world.nas("b", "node-1"),
        world.nas("c", "node-2"),
    ];
    let records = taken(&world, &files, UID, &volumes).await;
    assert!(
        records.iter().all(|it| it.state == SnapshotState::Complete),
        "{records:?}"
    );
    let mut jobs = jobs(&world).await;
    jobs.sort_by_key(|job| job.created_at);
    let sizes: Vec<_> = jobs.iter().map(|job| job.paths.len()).collect();
    assert_eq!(sizes, [2, 1]);
    assert!(
        jobs[0].completed_at <= jobs[1].created_at,
        "one after the other"
    );
    for job in &jobs {
        let mut nodes: Vec<_> = records
            .iter()
            .filter(|it| it.attributes["job"] == job.id.as_str())
            .map(|it| it.attributes["node"].clone())
            .collect();
        nodes.sort();
        let count = nodes.len();
        nodes.dedup();
        assert_eq!(nodes.len(), count);
    }
}

#[tokio::test]
async fn a_volume_that_is_not_mounted_where_it_should_be_fails_alone() {
    let world = World::new().await.with_vault().await;
    let files = world.files();
    let volumes = [world.nas("good", "node-1"), world.nas("gone", "node-2")];
    fs::remove_dir_all(world.folder(&volumes[1].mounts[0], &volumes[1].volume)).unwrap();
    let records = taken(&world, &files, UID, &volumes).await;
    let state = |name: &str| records.iter().find(|it| it.volume.name == name).unwrap();
    assert_eq!(state("good").state, SnapshotState::Complete);
    let text = reason(state("gone"));
    for words in [
        "PROCESS hbr partially completed",
        "hbr task finished with unexpected status: PARTIAL_COMPLETE, errMsg SOURCE_NOT_EXIST",
        "KUBELET_ROOT_PATH",
    ] {
        assert!(text.contains(words), "{text}");
    }
    // Alone in its job, that has failed.
    let records = taken(&world, &files, "uid-2", &volumes[1..]).await;
    let text = reason(&records[0]);
    assert!(
        text.contains("hbr task finished with unexpected status: FAILED, errMsg SOURCE_NOT_EXIST"),
        "{text}"
    );
    // What was kept of the good one goes with the backup.
    let found = files.find(UID).await.unwrap();
    assert_eq!(found.len(), 1);
    while !files.delete(&found).await.unwrap() {
        world.pass();
    }
    assert_eq!(world.file_backups().await, 0);
}

#[tokio::test]
async fn a_moved_kubelet_is_found_by_its_root() {
    let world = World::new().await.with_vault().await;
    let files = world.files();
    let volume = nas_volume("data").mounted_by(vec![mount("data", "node-1")]);
    let moved = "/data/kubelet/pods";
    let folder = |uid: &str, pv: &str| {
        let path = format!("{moved}/{uid}/volumes/kubernetes.io~csi/{pv}/mount");
        let folder = world.on_node("node-1", &path);
        fs::create_dir_all(&folder).unwrap();
        folder
    };
    fs::write(folder("uid-of-pod-data", "data").join("file"), "moved").unwrap();
    let records = taken(&world, &files, UID, std::slice::from_ref(&volume)).await;
    assert!(
        reason(&records[0]).contains("SOURCE_NOT_EXIST"),
        "{records:?}"
    );
    // The backup client is deployed with the root, and so are we.
    world
        .cloud
        .backup_clients()
        .set_pods_folder("node-1", moved);
    let files = files.with_kubelet_root(moved);
    let records = taken(&world, &files, "uid-2", &[volume]).await;
    assert_eq!(records[0].state, SnapshotState::Complete);
    let into = folder("uid-of-pod-new", "new");
    let target = FillTarget::new(
        "r",
        claim("data"),
        nas_volume("new").volume,
        mount("new", "node-1"),
    );
    assert_eq!(
        filled(&world, &files, &records[0], &target).await,
        FillState::Done
    );
    assert_eq!(fs::read_to_string(into.join("file")).unwrap(), "moved");
}

#[tokio::test]
async fn refused_requests_and_other_regions_say_so_in_the_backup_centers_words() {
    let world = World::new().await.with_vault().await;
    let files = world.files();
    let volume = world.nas("data", "node-1");
    let rule = Rule::new(Fault::Status(400, "InvalidParameter")).service("hbr");
    world
        .cloud
        .faults()
        .add(rule.operation("CreateBackupJob").times(1));
    let records = taken(&world, &files, UID, std::slice::from_ref(&volume)).await;
    assert!(
        reason(&records[0]).contains("HBR backup request failed"),
        "{records:?}"
    );
    let records = taken(&world, &files, "uid-2", &[volume]).await;
    let mut target = RestoreTarget::new("restore-1", claim("data"));
    target.region = Some("cn-beijing".to_owned());
    let error = files
        .restore_source(&records[0], &target)
        .await
        .unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains("only disk type PVs support cross-region restore in current version"),
        "{text}"
    );
}

#[tokio::test]
async fn retention_is_that_of_the_backup() {
    let world = World::new().await.with_vault().await;
    let files = world.files();
    let group = planned(&files, UID, &[world.nas("data", "node-1")]).remove(0);
    let group = group.retained_for(Some(Duration::from_secs(7 * 86_400)));
    let records = files.snapshot(&group).await.unwrap();
    world.ended(&files, records).await;
    let vaults: Vec<hbr::Vault> = world
        .hbr_of(ID)
        .describe_vaults()
        .items()
        .try_collect()
        .await
        .unwrap();
    let query = SnapshotQuery::in_vault(&vaults[0].id);
    let found = world.hbr_of(ID).search_historical_snapshots(query).items();
    let found: Vec<hbr::Snapshot> = found.try_collect().await.unwrap();
    assert_eq!(found[0].retention_days, Some(7));
}

#[tokio::test]
async fn a_running_job_is_cancelled_only_where_nothing_else_of_it_is_wanted() {
    let world = World::new().await.with_vault().await;
    let files = world.files();
    let volumes = [world.nas("a", "node-1"), world.nas("b", "node-2")];
    let group = planned(&files, UID, &volumes).remove(0);
    let records = files.snapshot(&group).await.unwrap();
    assert!(!files.delete(&records[..1]).await.unwrap());
    let running = jobs(&world).await.remove(0);
    assert!(!running.status.is_final() && running.status != JobStatus::Canceling);
    assert!(!files.delete(&records).await.unwrap());
    assert_eq!(jobs(&world).await[0].status, JobStatus::Canceling);
    while !files.delete(&records).await.unwrap() {
        world.pass();
    }
    assert_eq!(jobs(&world).await[0].status, JobStatus::Canceled);
    assert_eq!(world.file_backups().await, 0);
}

#[tokio::test]
async fn a_job_that_was_begun_twice_goes_twice() {
    let world = World::new().await.with_vault().await;
    let files = world.files();
    let volume = world.nas("data", "node-1");
    let records = taken(&world, &files, UID, &[volume]).await;
    // As it is when the first was not listed yet.
    let attribute = |name: &str| records[0].attributes[name].as_str();
    let place = hbr::HostPrefix::new(attribute("hostPrefix"));
    let again = hbr::ContainerVolume::new("id", hbr::VolumeInfo::default(), "node-1", place);
    let client = world.hbr_of(ID);
    let clusters = client.describe_container_cluster().send().await.unwrap();
    let cluster = &clusters.clusters[0].id;
    let job = client.create_container_backup_job(attribute("vault"), cluster, [again], 30);
    job.job_name(attribute("jobName")).send().await.unwrap();
    for _ in 0..3 {
        world.pass();
    }
    assert_eq!(world.file_backups().await, 2);
    while !files.delete(&records).await.unwrap() {
        world.pass();
    }
    assert_eq!(world.file_backups().await, 0);
}

#[tokio::test]
async fn a_job_of_another_backup_is_left_alone() {
    let world = World::new().await.with_vault().await;
    let files = world.files();
    let volume = world.nas("data", "node-1");
    let records = taken(&world, &files, UID, &[volume]).await;
    let mut foreign = records[0].clone();
    foreign.backup_uid = "another".to_owned();
    let error = files.delete(&[foreign]).await.unwrap_err();
    assert!(error.to_string().contains("it stays"), "{error}");
    assert_eq!(world.file_backups().await, 1);
}

#[tokio::test]
async fn volumes_are_taken_by_what_they_are_and_where_they_are_mounted() {
    let world = World::new().await;
    let node = |name: &str, labels: serde_json::Value| {
        serde_json::from_value(json!({"metadata": {"name": name, "labels": labels}})).unwrap()
    };
    let nodes = [
        node("plain", json!({})),
        node("virtual", json!({"type": "virtual-kubelet"})),
        node(
            "excluded",
            json!({"csdr.alibabacloud.com/agent-excluded": "true"}),
        ),
    ];
    let files = world
        .files()
        .on_nodes(Nodes::new(NodePolicy::Exclude, &nodes));
    let volume = |spec: serde_json::Value, node: Option<&str>| {
        let volume = json!({"metadata": {"name": "v"}, "spec": spec});
        let volume = Volume::new(serde_json::from_value(volume).unwrap(), claim("v"));
        volume.mounted_by(node.map(|node| mount("v", node)).into_iter().collect())
    };
    let csi = |driver: &str| json!({"csi": {"driver": driver, "volumeHandle": "x"}});
    for spec in [
        csi("nasplugin.csi.alibabacloud.com"),
        csi("ossplugin.csi.alibabacloud.com"),
        csi("bmcpfsplugin.csi.alibabacloud.com"),
        csi("localplugin.csi.alibabacloud.com"),
        csi("rbd.csi.ceph.com"),
        csi("ebs.csi.aws.com"),
        json!({"nfs": {"server": "a", "path": "/"}}),
        json!({"local": {"path": "/mnt"}}),
    ] {
        let taken = files.eligibility(&volume(spec.clone(), Some("plain")));
        assert_eq!(taken, Eligibility::Eligible { group: None }, "{spec}");
    }
    let nas = csi("nasplugin.csi.alibabacloud.com");
    let mut block = nas.clone();
    block["volumeMode"] = json!("Block");
    let flex = json!({"flexVolume": {"driver": "alicloud/nas"}});
    for (spec, node, words) in [
        (nas.clone(), None, "no running Pod"),
        (nas.clone(), Some("virtual"), "is a virtual node"),
        (nas.clone(), Some("excluded"), "agent-excluded=true"),
        (block, Some("plain"), "HBR backup request failed"),
        (flex, Some("plain"), "FlexVolume"),
        (
            json!({"hostPath": {"path": "/data"}}),
            Some("plain"),
            "SOURCE_NOT_EXIST",
        ),
    ] {
        match files.eligibility(&volume(spec, node)) {
            Eligibility::Refused(reason) => assert!(reason.contains(words), "{reason}"),
            other => panic!("{words}: {other:?}"),
        }
    }
    for kind in [ClusterKind::ServerlessPro, ClusterKind::Edge] {
        match files
            .clone()
            .of_kind(kind)
            .eligibility(&volume(nas.clone(), Some("plain")))
        {
            Eligibility::Refused(reason) => {
                assert!(reason.contains("cannot be backed up"), "{reason}");
            }
            other => panic!("{kind}: {other:?}"),
        }
    }
}
