//! Under enforcement: what ACK's page grants suffices for volumes, each action that is used is needed, and so
//! is each one that a feature asks for beyond the page.

use std::collections::BTreeSet;

use ack_backup_center::cloud::Cloud;
use ack_backup_center::core::Region;
use ack_backup_center::engine::Error;
use ack_backup_center::engine::volumes::{
    FillState, FillTarget, RestoreSource, RestoreTarget, SnapshotState, VolumeRecord,
    VolumeSnapshotter,
};
use ack_backup_center::grants::Feature;
use ack_backup_center::ram::client::PolicyType;
use ack_backup_center::ram::{PolicyDocument, Statement, ack};
use ack_backup_center::volumes::disks::DiskSnapshots;
use ack_backup_center::volumes::files::FileBackups;

use crate::world::{ID, World, claim, keys, machine, mount, nas_volume, planned};

const BUCKET: &str = "mybackups";
const UID: &str = "0b5ce1f0-7b7e-4c52-a9ae-6e1c1b7c9d01";

/// Of the page's actions, those that the volumes of a backup and its restore use.
const USED: [&str; 16] = [
    "ecs:CreateSnapshot",
    "ecs:DeleteSnapshot",
    "ecs:DescribeSnapshotGroups",
    "ecs:DescribeSnapshots",
    "ecs:CopySnapshot",
    "ecs:CreateSnapshotGroup",
    "ecs:DeleteSnapshotGroup",
    "hbr:CreateVault",
    "hbr:CreateBackupJob",
    "hbr:DescribeVaults",
    "hbr:DescribeBackupJobs2",
    "hbr:SearchHistoricalSnapshots",
    "hbr:CreateRestoreJob",
    "hbr:AddContainerCluster",
    "hbr:DescribeContainerCluster",
    "hbr:DescribeRestoreJobs2",
];

/// Adapters that sign as a RAM user whose one policy is the document.
struct User {
    world: World,
    disks: DiskSnapshots,
    files: FileBackups,
}

impl User {
    async fn with(document: &PolicyDocument) -> Self {
        let world = World::new().await;
        let account = |keys| {
            let cloud = Cloud::new(&machine(&world.cloud), Region::CN_HANGZHOU, keys);
            cloud.with_endpoint(world.cloud.endpoint().parse().unwrap())
        };
        let administrator = account(keys(ID));
        let ram = administrator.ram().unwrap();
        ram.create_user("backup").send().await.unwrap();
        ram.create_policy("volumes", document).send().await.unwrap();
        let attach = ram.attach_policy_to_user("volumes", PolicyType::Custom, "backup");
        attach.send().await.unwrap();
        let key = ram.create_access_key().user_name("backup").send().await;
        let key = key.unwrap().access_key;
        let credentials =
            ack_backup_center::core::Credentials::new(key.id.as_str(), key.secret.expose());
        let user = administrator.acting_as(credentials).unwrap();
        let cluster = crate::world::CLUSTER;
        let disks = DiskSnapshots::new(&user, cluster).unwrap();
        let files = FileBackups::new(&user, cluster).unwrap();
        Self {
            world,
            disks,
            files,
        }
    }
}

/// The action that a step was denied for.
#[derive(Debug, PartialEq, Eq)]
struct Denied {
    step: &'static str,
    action: String,
}

fn denied(step: &'static str, text: &str) -> Denied {
    let action = text
        .split('`')
        .find(|it| it.starts_with("ecs:") || it.starts_with("hbr:"));
    let action = action.unwrap_or_else(|| panic!("{step}: {text}"));
    let action = action.to_owned();
    Denied { step, action }
}

fn done<T>(step: &'static str, result: Result<T, Error>) -> Result<T, Denied> {
    result.map_err(|error| denied(step, &error.chain()))
}

/// Polls until all are complete.
async fn complete(
    user: &User,
    step: &'static str,
    snapshotter: &dyn VolumeSnapshotter,
    mut records: Vec<VolumeRecord>,
) -> Result<Vec<VolumeRecord>, Denied> {
    for _ in 0..100 {
        for record in &records {
            if let SnapshotState::Failed { reason } = &record.state {
                return Err(denied(step, reason));
            }
        }
        if records
            .iter()
            .all(|record| record.state == SnapshotState::Complete)
        {
            return Ok(records);
        }
        user.world.pass();
        records = done(step, snapshotter.poll(&records).await)?;
    }
    panic!("{step}: {records:?}");
}

async fn deleted(
    user: &User,
    step: &'static str,
    snapshotter: &dyn VolumeSnapshotter,
    records: &[VolumeRecord],
) -> Result<(), Denied> {
    while !done(step, snapshotter.delete(records).await)? {
        user.world.pass();
    }
    Ok(())
}

async fn source(
    user: &User,
    step: &'static str,
    snapshotter: &dyn VolumeSnapshotter,
    record: &VolumeRecord,
    target: &RestoreTarget,
) -> Result<RestoreSource, Denied> {
    loop {
        match done(step, snapshotter.restore_source(record, target).await)? {
            RestoreSource::Pending { .. } => user.world.pass(),
            source => return Ok(source),
        }
    }
}

fn target(region: &str, serves_snapshots: bool) -> RestoreTarget {
    let mut target = RestoreTarget::new("restore-1", claim("data"));
    target.region = Some(region.to_owned());
    target.zones = vec![format!("{region}-h")];
    target.serves_snapshots = serves_snapshots;
    target
}

/// What a backup and a restore do with volumes, by the page's rights alone.
async fn flow(user: &User) -> Result<(), Denied> {
    let (world, disks, files) = (&user.world, &user.disks, &user.files);
    let group = planned(disks, UID, &[world.disk("a"), world.disk("b")]).remove(0);
    let records = done("a group", disks.snapshot(&group).await)?;
    let group = complete(user, "a group", disks, records).await?;
    let single = planned(disks, "uid-2", &[world.disk("c")]).remove(0);
    let records = done("a snapshot", disks.snapshot(&single).await)?;
    let single = complete(user, "a snapshot", disks, records).await?;
    let here = target("cn-hangzhou", true);
    source(user, "a restore", disks, &single[0], &here).await?;
    // In another region, by a copy: of a member of a group, too.
    let there = target("cn-beijing", true);
    source(user, "a restore elsewhere", disks, &group[0], &there).await?;
    let found = done("a deletion", disks.find(UID).await)?;
    deleted(user, "a deletion", disks, &found).await?;
    deleted(user, "a deletion", disks, &single).await?;

    let batch = planned(files, UID, &[world.nas("nas", "node-1")]).remove(0);
    let records = done("files", files.snapshot(&batch).await)?;
    let records = complete(user, "files", files, records).await?;
    source(user, "a restore of files", files, &records[0], &here).await?;
    let (volume, mount) = (nas_volume("new").volume, mount("new", "node-1"));
    world.folder(&mount, &volume);
    let filled = FillTarget::new("restore-1", claim("data"), volume, mount);
    loop {
        match done("filling", files.fill(&records[0], &filled).await)? {
            FillState::Running { .. } => world.pass(),
            FillState::Done => break,
            FillState::Failed { reason } => return Err(denied("filling", &reason)),
            other => panic!("{other:?}"),
        }
    }
    // Without the right to delete, what is kept of files stays until its retention is over.
    deleted(user, "a deletion of files", files, &records).await
}

fn page() -> PolicyDocument {
    ack::backup_center_in([BUCKET])
}

/// The page's document, and what these features need beyond it.
fn with(features: &[Feature]) -> PolicyDocument {
    features.iter().fold(page(), |document, feature| {
        document.statement(Statement::allow().action(feature.actions()).resource("*"))
    })
}

fn without(document: &PolicyDocument, action: &str) -> PolicyDocument {
    document
        .clone()
        .statement(Statement::deny().action(action).resource("*"))
}

#[tokio::test]
async fn the_pages_policy_suffices_and_uses_these_actions() {
    let user = User::with(&page()).await;
    user.world.cloud.requests().clear();
    flow(&user).await.unwrap();
    let mut used = BTreeSet::new();
    for record in user.world.cloud.requests().all() {
        for decision in &record.decisions {
            assert!(decision.is_allowed(), "{decision}");
            used.insert(decision.action().to_ascii_lowercase());
        }
    }
    // The administrator's own are not among them.
    assert_eq!(used, USED.map(str::to_ascii_lowercase).into());
}

#[tokio::test]
async fn each_used_action_that_is_taken_away_is_named_by_a_step() {
    for action in USED {
        let user = User::with(&without(&page(), action)).await;
        let denied = flow(&user).await.expect_err(action);
        assert!(
            denied.action.eq_ignore_ascii_case(action),
            "{action}: {denied:?}"
        );
    }
}

/// What is done with rights beyond the page's.
async fn extra(user: &User, feature: Feature) -> Result<(), Denied> {
    let (world, disks) = (&user.world, &user.disks);
    match feature {
        Feature::GroupMembers | Feature::RestoreDisks => {
            let group = planned(disks, UID, &[world.disk("a"), world.disk("b")]).remove(0);
            let records = done("a group", disks.snapshot(&group).await)?;
            let records = complete(user, "a group", disks, records).await?;
            let target = target("cn-hangzhou", feature == Feature::GroupMembers);
            source(user, "a restore of a member", disks, &records[0], &target).await?;
        }
        Feature::DiskDetails => {
            let disks = disks.clone().look_at_disks();
            let group = planned(&disks, UID, &[world.disk("a")]).remove(0);
            done("a snapshot", disks.snapshot(&group).await)?;
        }
        Feature::CancelFileJobs | Feature::DeleteFileBackups => {
            let files = match feature {
                Feature::CancelFileJobs => user.files.clone().cancelling_jobs(),
                _ => user.files.clone().deleting_backups(),
            };
            let batch = planned(&files, UID, &[world.nas("nas", "node-1")]).remove(0);
            let mut records = done("files", files.snapshot(&batch).await)?;
            while !records[0].attributes.contains_key("job") {
                world.pass();
                records = done("files", files.poll(&records).await)?;
            }
            if feature == Feature::DeleteFileBackups {
                records = complete(user, "files", &files, records).await?;
            }
            deleted(user, "a deletion of files", &files, &records).await?;
            assert_eq!(world.file_backups().await, 0);
        }
        other => panic!("`{other}` is not about volumes"),
    }
    Ok(())
}

#[tokio::test]
async fn each_extra_right_is_needed_by_its_feature_alone() {
    for feature in [
        Feature::GroupMembers,
        Feature::RestoreDisks,
        Feature::DiskDetails,
        Feature::CancelFileJobs,
        Feature::DeleteFileBackups,
    ] {
        let granted = with(&[feature]);
        extra(&User::with(&granted).await, feature).await.unwrap();
        // Each one that is asked for, so that none is which nothing uses.
        for action in feature.actions() {
            let user = User::with(&without(&granted, action)).await;
            let denied = extra(&user, feature).await.expect_err(action);
            assert_eq!(denied.action, *action, "{feature}");
        }
    }
}
