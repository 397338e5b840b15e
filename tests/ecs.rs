//! The client of ECS against the local cloud: disks that survive, and calls that go wrong.
#![allow(clippy::unwrap_used, reason = "a setup that fails is a failed test")]

use std::sync::Arc;
use std::time::Duration;

use ack_backup_center::core::clock::Clock;
use ack_backup_center::core::credentials::{SharedCredentials, StaticProvider};
use ack_backup_center::core::retry::RetryPolicy;
use ack_backup_center::core::{Context, Credentials, Error, ErrorKind, Region};
use ack_backup_center::ecs_snapshot::{
    Client, DiskCategory, LockMode, Retention, SnapshotStatus, Tag, derived_token, remedy,
};
use ack_backup_center::ram::{Condition, Operator, PolicyDocument, Statement};
use alibaba_local::{EcsDisk, EcsInstance, Fault, LocalClock, LocalCloud, Rule, User};
use chrono::{DateTime, TimeDelta, Utc, Weekday};
use futures::TryStreamExt;
use futures::future::BoxFuture;

const ID: &str = "LTAI-administrator";
const SECRET: &str = "example-secret";
const INSTANCE: &str = "i-bp1fake0000000000001";
const DISKS: [&str; 2] = ["d-bp1fake0000000000001", "d-bp1fake0000000000002"];

fn keys() -> SharedCredentials {
    Arc::new(StaticProvider::new(Credentials::new(ID, SECRET)).unwrap())
}

async fn cloud() -> LocalCloud {
    DISKS
        .iter()
        .fold(
            LocalCloud::builder()
                .user(User::new(ID, SECRET).named("administrator"))
                .snapshot_time(Duration::ZERO)
                .disk_time(Duration::ZERO)
                .ecs_instance(EcsInstance::new(INSTANCE)),
            |builder, disk| builder.ecs_disk(EcsDisk::new(*disk).attached_to(INSTANCE)),
        )
        .start()
        .await
        .unwrap()
}

/// The time of the cloud, on the machine of a client.
#[derive(Debug)]
struct CloudTime(LocalClock);

impl Clock for CloudTime {
    fn now(&self) -> DateTime<Utc> {
        self.0.now()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()> {
        Box::pin(tokio::time::sleep(duration))
    }
}

/// A machine whose clock goes with the cloud's, however far that is moved.
fn machine(cloud: &LocalCloud) -> Context {
    let clock = Arc::new(CloudTime(cloud.clock().clone()));
    Context::system().unwrap().with_clock(clock)
}

/// A client that tries as often as this, and hardly waits.
fn client(cloud: &LocalCloud, attempts: u32) -> Client {
    let retry = RetryPolicy::default()
        .with_max_attempts(attempts)
        .with_base_delay(Duration::from_millis(1))
        .with_max_delay(Duration::from_millis(2));
    Client::builder(&machine(cloud), Region::CN_HANGZHOU, keys())
        .with_endpoint(cloud.endpoint().parse().unwrap())
        .with_retry(retry)
        .build()
        .unwrap()
}

/// All is there at once here, and a look that fails for good ends a run.
const ONE_LOOK: Duration = Duration::ZERO;

/// What a flow leaves behind: names and numbers, in both regions.
#[derive(Debug, Default, PartialEq, Eq)]
struct Left {
    snapshots: usize,
    groups: usize,
    copies: usize,
    disks: usize,
    locks: usize,
    policies: usize,
}

async fn left(cloud: &LocalCloud) -> Left {
    let ecs = client(cloud, 1);
    let there = ecs.in_region(Region::CN_BEIJING);
    let policies = ecs.describe_auto_snapshot_policies().items();
    Left {
        snapshots: ecs
            .describe_snapshots()
            .items()
            .try_collect::<Vec<_>>()
            .await
            .unwrap()
            .len(),
        groups: ecs
            .describe_snapshot_groups()
            .items()
            .try_collect::<Vec<_>>()
            .await
            .unwrap()
            .len(),
        copies: there
            .describe_snapshots()
            .items()
            .try_collect::<Vec<_>>()
            .await
            .unwrap()
            .len(),
        disks: there
            .describe_disks()
            .items()
            .try_collect::<Vec<_>>()
            .await
            .unwrap()
            .len(),
        locks: ecs
            .describe_locked_snapshots()
            .items()
            .try_collect::<Vec<_>>()
            .await
            .unwrap()
            .len(),
        policies: policies.try_collect::<Vec<_>>().await.unwrap().len(),
    }
}

/// What a whole run leaves.
const WHOLE: Left = Left {
    snapshots: 3,
    groups: 1,
    copies: 1,
    disks: 1,
    locks: 1,
    policies: 1,
};

/// Snapshots of the disks, alone and as a group, a copy with a disk made of it, a lock and a policy: every
/// operation that makes something. Tokens come of a uid, so that a second run makes nothing again.
async fn run(ecs: &Client, uid: &str) -> Result<(), Error> {
    let token = |name: &str| derived_token(name, uid);
    let snapshot = ecs
        .create_snapshot(DISKS[0])
        .snapshot_name("nightly")
        .client_token(token("snapshot"))
        .send()
        .await?
        .snapshot_id;
    ecs.snapshot_poller(&snapshot)
        .with_timeout(ONE_LOOK)
        .until_accomplished()
        .await?;
    let group = ecs
        .create_snapshot_group()
        .instance_id(INSTANCE)
        .client_token(token("group"))
        .send()
        .await?
        .snapshot_group_id;
    ecs.snapshot_group_poller(&group)
        .with_timeout(ONE_LOOK)
        .until_accomplished()
        .await?;
    let there = Region::CN_BEIJING;
    let copy = ecs
        .copy_snapshot(&snapshot, &there, "copied", "of the nightly one")
        .client_token(token("copy"))
        .send()
        .await?
        .snapshot_id;
    ecs.copy_poller(there.clone(), &copy)
        .with_timeout(ONE_LOOK)
        .until_accomplished()
        .await?;
    let disk = ecs
        .in_region(there.clone())
        .create_disk()
        .zone_id("cn-beijing-h")
        .snapshot_id(&copy)
        .disk_category(DiskCategory::Essd)
        .client_token(token("disk"))
        .send()
        .await?
        .disk_id;
    ecs.in_region(there)
        .disk_poller(&disk)
        .with_timeout(ONE_LOOK)
        .until_available()
        .await?;
    ecs.lock_snapshot(&snapshot, LockMode::Compliance, 3_u32, 5_u32)
        .client_token(token("lock"))
        .send()
        .await?;
    // Policies have no token: one looks by its name first.
    let named = ecs.describe_auto_snapshot_policies().name("nightly");
    if named.items().try_collect::<Vec<_>>().await?.is_empty() {
        ecs.create_auto_snapshot_policy([Weekday::Mon], [1_u8], Retention::Forever)
            .name("nightly")
            .send()
            .await?;
    }
    Ok(())
}

fn faults() -> Vec<Fault> {
    let throttle = Fault::Throttle {
        status: 400,
        code: "Throttling.User",
        wait: Duration::from_millis(1),
    };
    vec![
        Fault::LoseReply,
        Fault::Refuse,
        Fault::ResetBody(5),
        Fault::Status(500, "InternalError"),
        Fault::Status(503, "ServiceUnavailable"),
        throttle,
    ]
}

#[tokio::test]
async fn a_run_leaves_what_it_should_and_a_second_one_no_more() {
    let cloud = cloud().await;
    for _ in 0..2 {
        run(&client(&cloud, 1), "uid").await.unwrap();
        assert_eq!(left(&cloud).await, WHOLE);
    }
}

#[tokio::test]
async fn whichever_call_goes_wrong_nothing_is_there_twice() {
    let calls = {
        let cloud = cloud().await;
        run(&client(&cloud, 1), "uid").await.unwrap();
        cloud.requests().len()
    };
    for fault in faults() {
        for call in 0..calls {
            let what = format!("{fault:?} at call {call}");
            // Once: it is overcome, but for a lost reply to the one call without a token.
            let once = cloud().await;
            once.faults()
                .add(Rule::new(fault.clone()).service("ecs").skip(call).times(1));
            let ecs = client(&once, 3);
            if let Err(error) = run(&ecs, "uid").await {
                let last = once.requests().all().pop().unwrap();
                assert_eq!(
                    last.operation, "CreateAutoSnapshotPolicy",
                    "{what}: {error}"
                );
                run(&ecs, "uid").await.unwrap();
            }
            once.faults().clear();
            assert_eq!(left(&once).await, WHOLE, "{what}");

            // For good: the run fails, and a second one finds what the first has made.
            let ever = cloud().await;
            ever.faults()
                .add(Rule::new(fault.clone()).service("ecs").skip(call));
            let ecs = client(&ever, 2);
            run(&ecs, "uid").await.unwrap_err();
            ever.faults().clear();
            run(&ecs, "uid").await.unwrap();
            assert_eq!(left(&ever).await, WHOLE, "{what}, for good");
        }
    }
}

#[tokio::test]
async fn a_disks_bytes_come_back_in_another_region_when_all_else_is_gone() {
    let cloud = cloud().await;
    let ecs = client(&cloud, 1);
    for (disk, text) in DISKS.iter().zip([b"one", b"two"]) {
        cloud.ecs().disk(*disk).write(1 << 30, text).unwrap();
    }
    let group = ecs
        .create_snapshot_group()
        .instance_id(INSTANCE)
        .send()
        .await
        .unwrap();
    let group = ecs.snapshot_group_poller(&group.snapshot_group_id);
    let group = group.until_accomplished().await.unwrap();
    let there = ecs.in_region(Region::CN_BEIJING);
    let mut disks = Vec::new();
    for member in &group.snapshots {
        let copy = ecs.copy_snapshot(&member.id, &Region::CN_BEIJING, "copied", "by a test");
        let copy = copy.send().await.unwrap().snapshot_id;
        there
            .snapshot_poller(&copy)
            .until_accomplished()
            .await
            .unwrap();
        let source = member.source_disk_id.clone().unwrap();
        disks.push((source, copy));
    }
    ecs.delete_snapshot_group(group.id.clone())
        .send()
        .await
        .unwrap();
    for disk in DISKS {
        cloud.ecs().disk(disk).delete().unwrap();
    }
    for (source, copy) in disks {
        let disk = there
            .create_disk()
            .zone_id("cn-beijing-h")
            .snapshot_id(&copy);
        let disk = disk
            .disk_category(DiskCategory::Essd)
            .send()
            .await
            .unwrap()
            .disk_id;
        let found = there.disk_poller(&disk).until_available().await.unwrap();
        assert_eq!(found.source_snapshot_id, Some(copy));
        let expected = if source.as_str() == DISKS[0] {
            b"one"
        } else {
            b"two"
        };
        assert_eq!(
            cloud.ecs().disk(disk.as_str()).read(1 << 30, 3).unwrap(),
            expected
        );
    }
}

#[tokio::test]
async fn the_client_reads_what_the_service_says() {
    let cloud = cloud().await;
    let ecs = client(&cloud, 1);
    let create = ecs.create_snapshot(DISKS[0]).retention_days(7_u32);
    let id = create
        .tags([Tag::new("k", "v")])
        .send()
        .await
        .unwrap()
        .snapshot_id;
    let found = ecs
        .describe_snapshots()
        .items()
        .try_collect::<Vec<_>>()
        .await
        .unwrap();
    assert_eq!(found[0].status, Some(SnapshotStatus::Accomplished));
    assert_eq!(
        (found[0].percent, found[0].source_disk_size_gib),
        (Some(100), Some(20))
    );
    assert_eq!((found[0].retention_days, &found[0].id), (Some(7), &id));
    cloud.clock().advance(TimeDelta::days(7));
    let gone = ecs.delete_snapshot(id).send_if_exists().await.unwrap();
    assert!(gone.is_none());
    let error = ecs.create_snapshot("d-none").send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
    cloud.ecs().disk(DISKS[0]).set_in_arrears(true).unwrap();
    let error = ecs.create_snapshot(DISKS[0]).send().await.unwrap_err();
    assert_eq!(error.service_code(), Some("DiskInArrears"));
    assert!(remedy(&error).is_some());
    // Nobody in particular has no right.
    let nobody = User::new("LTAI-nobody", SECRET)
        .named("nobody")
        .allow_only(["oss:GetObject"]);
    let nobody = client_of(&cloud, nobody, "LTAI-nobody");
    let error = nobody.create_snapshot(DISKS[1]).send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Denied, "{error}");
    let detail = error.service().unwrap().access_denied.clone().unwrap();
    assert_eq!(detail.auth_action.as_deref(), Some("ecs:CreateSnapshot"));
    let instances = nobody.describe_instances().items();
    assert!(instances.try_collect::<Vec<_>>().await.unwrap().is_empty());
}

/// The client of somebody whom the account has from now on.
fn client_of(cloud: &LocalCloud, user: User, key_id: &str) -> Client {
    cloud.directory().add_user(user);
    let keys: SharedCredentials =
        Arc::new(StaticProvider::new(Credentials::new(key_id, SECRET)).unwrap());
    Client::builder(&machine(cloud), Region::CN_HANGZHOU, keys)
        .with_endpoint(cloud.endpoint().parse().unwrap())
        .build()
        .unwrap()
}

#[tokio::test]
async fn rights_that_hang_on_a_tag_are_to_what_has_it() {
    const TAG: &str = "ack-backup-center.io/backup-uid";
    let cloud = cloud().await;
    let admin = client(&cloud, 1);
    let by_tag = |action: &str, key: &str| {
        let condition = Condition::new().and(Operator::StringLike, format!("{key}/{TAG}"), "*");
        let statement = Statement::allow().action(action).resource("*");
        statement.condition(condition)
    };
    let policy = PolicyDocument::new()
        .statement(by_tag("ecs:CreateSnapshotGroup", "acs:RequestTag"))
        .statement(by_tag("ecs:DeleteSnapshot", "acs:ResourceTag"))
        .statement(by_tag("ecs:DeleteSnapshotGroup", "acs:ResourceTag"));
    let user = User::new("LTAI-by-tag", SECRET)
        .named("by-tag")
        .policy("ByTag", policy);
    let ecs = client_of(&cloud, user, "LTAI-by-tag");
    let tag = || [Tag::new(TAG, "u-1")];

    let create = || ecs.create_snapshot_group().disk_ids(DISKS.map(Into::into));
    let error = create().send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Denied, "{error}");
    let ours = create().tags(tag()).send().await.unwrap().snapshot_group_id;
    let theirs = admin
        .create_snapshot_group()
        .disk_ids(DISKS.map(Into::into))
        .send();
    let theirs = theirs.await.unwrap().snapshot_group_id;
    let error = ecs.delete_snapshot_group(&theirs).send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Denied, "{error}");
    ecs.delete_snapshot_group(&ours).send().await.unwrap();

    let plain = admin.create_snapshot(DISKS[0]).send().await.unwrap();
    let tagged = admin.create_snapshot(DISKS[0]).tags(tag()).send();
    let tagged = tagged.await.unwrap().snapshot_id;
    let error = ecs.delete_snapshot(&plain.snapshot_id).send().await;
    let error = error.unwrap_err();
    let detail = error.service().unwrap().access_denied.clone().unwrap();
    assert_eq!(detail.auth_action.as_deref(), Some("ecs:DeleteSnapshot"));
    ecs.delete_snapshot(&tagged).send().await.unwrap();
    let left = admin.describe_snapshots().items();
    let left: Vec<_> = left.try_collect().await.unwrap();
    // The other group's two, and the plain one.
    assert_eq!(left.len(), 3);
}
