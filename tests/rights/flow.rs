//! What a backup and a restore do with the cloud, call by call. Each step is named by its right.

use ack_backup_center::core::Region;
use ack_backup_center::ecs_snapshot::{AutoSnapshotPolicyId, Retention};
use ack_backup_center::hbr::{
    BackupJobId, ClusterType, ContainerClusterId, ContainerVolume, Filter, FilterKey, HostPath,
    HostPrefix, JobStatus, NetworkType, Snapshot, SnapshotQuery, TargetContainer, VaultId,
    VolumeInfo,
};
use chrono::Weekday;
use futures::TryStreamExt;

use crate::world::{BUCKET, DISK, Denied, INSTANCE, KEY, NODE, PLUGIN, POD, World, step};

/// All of it, up to the first step that is denied.
pub(crate) async fn run(world: &World) -> Result<(), Denied> {
    objects(world).await?;
    disks(world).await?;
    policies(world).await?;
    volumes(world).await
}

/// The objects of an application: written, looked at, read, and deleted once they have expired.
async fn objects(world: &World) -> Result<(), Denied> {
    let oss = &world.oss;
    let stat = oss.bucket_stat(BUCKET);
    assert_eq!(step("oss:GetBucketStat", stat).await?.objects, 0);
    let put = oss.put_object(BUCKET, KEY, "an archive").send();
    step("oss:PutObject", put).await?;
    let list = oss.list_objects(BUCKET);
    let page = step("oss:ListObjects", list.send()).await?;
    assert_eq!(page.objects[0].key, KEY);
    let get = oss.get_object(BUCKET, KEY).send();
    let object = step("oss:GetObject", get)
        .await?
        .body
        .collect()
        .await
        .unwrap();
    assert_eq!(object, "an archive");
    let delete = oss.delete_object(BUCKET, KEY).send();
    step("oss:DeleteObject", delete).await?;
    Ok(())
}

/// Snapshots of disks: one, one that is copied to another region, and a group.
async fn disks(world: &World) -> Result<(), Denied> {
    let ecs = &world.ecs;
    // Who may not see instances is shown none. A dry run says so.
    let look = async || match ecs.describe_instances().dry_run(true).send().await {
        Err(error) if error.service_code() == Some("DryRunOperation") => Ok(()),
        other => other.map(drop),
    };
    step("ecs:DescribeInstances", look()).await?;
    let instances = ecs.describe_instances().items().try_collect::<Vec<_>>();
    let instances = step("ecs:DescribeInstances", instances).await?;
    assert_eq!(instances[0].id.as_str(), INSTANCE);

    let create = ecs.create_snapshot(DISK).snapshot_name("nightly").send();
    let snapshot = step("ecs:CreateSnapshot", create).await?.snapshot_id;
    let found = ecs.describe_snapshots().snapshot_ids([snapshot.clone()]);
    let found = step(
        "ecs:DescribeSnapshots",
        found.items().try_collect::<Vec<_>>(),
    )
    .await?;
    assert_eq!(found.len(), 1);
    let elsewhere = Region::CN_BEIJING;
    let copy = ecs.copy_snapshot(&snapshot, &elsewhere, "copied", "for a restore there");
    let copy = step("ecs:CopySnapshot", copy.send()).await?.snapshot_id;
    for (ecs, id) in [(ecs.clone(), snapshot), (ecs.in_region(elsewhere), copy)] {
        step("ecs:DeleteSnapshot", ecs.delete_snapshot(id).send()).await?;
    }

    let create = ecs.create_snapshot_group().instance_id(INSTANCE).send();
    let group = step("ecs:CreateSnapshotGroup", create)
        .await?
        .snapshot_group_id;
    let groups = ecs.describe_snapshot_groups().items();
    let groups = step("ecs:DescribeSnapshotGroups", groups.try_collect::<Vec<_>>()).await?;
    assert_eq!((groups.len(), &groups[0].id), (1, &group));
    let delete = ecs.delete_snapshot_group(group).send();
    step("ecs:DeleteSnapshotGroup", delete).await?;
    Ok(())
}

/// A policy by which ECS makes snapshots by itself, from its making to its end.
async fn policies(world: &World) -> Result<(), Denied> {
    let ecs = &world.ecs;
    let create = ecs
        .create_auto_snapshot_policy([Weekday::Mon], [1_u8], Retention::Days(7))
        .name("weekly");
    let policy: AutoSnapshotPolicyId = step("ecs:CreateAutoSnapshotPolicy", create.send())
        .await?
        .auto_snapshot_policy_id;
    let modify = ecs.modify_auto_snapshot_policy(&policy).time_points([2_u8]);
    step("ecs:ModifyAutoSnapshotPolicyEx", modify.send()).await?;
    let apply = ecs.apply_auto_snapshot_policy(&policy, [DISK.into()]);
    step("ecs:ApplyAutoSnapshotPolicy", apply.send()).await?;
    let found = ecs.describe_auto_snapshot_policies().items();
    let found = step(
        "ecs:DescribeAutoSnapshotPolicyEX",
        found.try_collect::<Vec<_>>(),
    )
    .await?;
    assert_eq!((&found[0].id, found[0].disks), (&policy, Some(1)));
    let cancel = ecs.cancel_auto_snapshot_policy([DISK.into()]);
    step("ecs:CancelAutoSnapshotPolicy", cancel.send()).await?;
    let delete = ecs.delete_auto_snapshot_policy(policy).send();
    step("ecs:DeleteAutoSnapshotPolicy", delete).await?;
    Ok(())
}

/// A volume of files, there and back by Cloud Backup.
async fn volumes(world: &World) -> Result<(), Denied> {
    let hbr = &world.hbr;
    let create = hbr.create_vault("ack-backup").send();
    let vault: VaultId = step("hbr:CreateVault", create).await?.vault_id;
    let add = hbr.add_container_cluster(
        ClusterType::Ack,
        "c0000000000000000000000000000fake",
        NetworkType::Vpc,
    );
    let cluster: ContainerClusterId = step("hbr:AddContainerCluster", add.send())
        .await?
        .cluster_id;
    world.pass();
    let vaults = hbr.describe_vaults().items().try_collect::<Vec<_>>();
    assert_eq!(step("hbr:DescribeVaults", vaults).await?[0].id, vault);
    let clusters = hbr.describe_container_cluster().send();
    let clusters = step("hbr:DescribeContainerCluster", clusters).await?;
    assert_eq!(clusters.clusters[0].id, cluster);

    world.write("data", "of a Pod");
    let info = VolumeInfo {
        pv_name: "data".to_owned(),
        ..VolumeInfo::default()
    };
    let prefix = HostPrefix::of_pod(POD, PLUGIN, "data");
    let volume = ContainerVolume::new("id-data", info, NODE, prefix);
    let job = hbr.create_container_backup_job(&vault, &cluster, [volume], 30);
    let job: BackupJobId = step("hbr:CreateBackupJob", job.send()).await?.job_id;
    world.pass();
    let of_vault = || [Filter::equal(FilterKey::VaultId, &vault)];
    let jobs = hbr.describe_backup_jobs().filters(of_vault()).send();
    let jobs = step("hbr:DescribeBackupJobs2", jobs).await?.backup_jobs;
    assert_eq!((&jobs[0].id, &jobs[0].status), (&job, &JobStatus::Complete));
    let search = hbr.search_historical_snapshots(SnapshotQuery::in_vault(&vault));
    let found: Vec<Snapshot> = step(
        "hbr:SearchHistoricalSnapshots",
        search.items().try_collect(),
    )
    .await?;

    world.write("target", "");
    let hash = found[0].hash.clone().unwrap();
    let mount = HostPath::of_pod(POD, PLUGIN, "target");
    let target = TargetContainer::new(NODE, mount);
    let restore = hbr.create_container_restore_job(&vault, &found[0].id, hash, &cluster, target);
    step("hbr:CreateRestoreJob", restore.send()).await?;
    world.pass();
    let jobs = hbr.describe_restore_jobs().filters(of_vault()).send();
    let jobs = step("hbr:DescribeRestoreJobs2", jobs).await?.restore_jobs;
    assert_eq!(jobs[0].status, JobStatus::Complete);
    assert_eq!(world.read("target"), "of a Pod");
    Ok(())
}
