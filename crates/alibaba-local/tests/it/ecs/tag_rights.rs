//! Rights that hang on tags: `acs:ResourceTag/<key>` is what a resource has that the call names, and
//! `acs:RequestTag/<key>` what the call itself says (ECS's pages on access control by tags).

use alibaba_local::{Condition, Operator, PolicyDocument, Statement, User};
use alibaba_ram::KNOWN_ACTIONS;
use alibaba_sign::Credentials;
use serde_json::Value;

use super::calls::{
    DISK, INSTANCE, REGION, ZONE, call, each, finished_snapshot, here, list, start, text,
};
use crate::raw::{Raw, SECRET};

const CALLER: &str = "LTAI-caller";
const TEAM: &str = "acs:ResourceTag/team";

/// The caller has the rights of these statements, and no others.
fn grant(raw: &Raw, statements: impl IntoIterator<Item = Statement>) {
    let statements = statements.into_iter();
    let policy = statements.fold(PolicyDocument::new(), PolicyDocument::statement);
    let caller = User::new(CALLER, SECRET)
        .named("caller")
        .policy("Granted", policy);
    raw.cloud.directory().add_user(caller);
}

fn allow(action: &str) -> Statement {
    Statement::allow().action(action).resource("*")
}

fn if_equals(key: &str, value: &str) -> Condition {
    Condition::new().and(Operator::StringEquals, key, value)
}

fn unless_equals(key: &str, value: &str) -> Condition {
    Condition::new().and(Operator::StringNotEquals, key, value)
}

/// What the caller gets: the body, and whether it is a denial.
async fn by_caller(raw: &Raw, action: &str, parameters: &[(&str, &str)]) -> (Value, bool) {
    let keys = Credentials::new(CALLER, SECRET);
    let reply = here(raw, action, parameters).by(&keys).send().await;
    let body: Value = serde_json::from_slice(&reply.body).unwrap();
    let is_denied = body["Code"] == "Forbidden.RAM";
    (body, is_denied)
}

async fn tag(raw: &Raw, kind: &str, id: &str, value: &str) {
    let parameters = [
        ("ResourceType", kind),
        ("ResourceId.1", id),
        ("Tag.1.Key", "team"),
        ("Tag.1.Value", value),
    ];
    here(raw, "TagResources", &parameters).ok().await;
}

/// One resource of each kind, and how calls name it.
struct Things {
    snapshot: String,
    group: String,
    policy: String,
}

impl Things {
    async fn of(raw: &Raw) -> Self {
        let snapshot = finished_snapshot(raw, DISK).await;
        let group = here(raw, "CreateSnapshotGroup", &[("DiskId.1", DISK)]);
        let group = text(&group.ok().await["SnapshotGroupId"]);
        raw.pass(super::calls::TAKES);
        let policy = [
            ("timePoints", r#"["1"]"#),
            ("repeatWeekdays", r#"["1"]"#),
            ("retentionDays", "7"),
        ];
        let policy = call(raw, "CreateAutoSnapshotPolicy", &policy).query("regionId", REGION);
        let policy = text(&policy.ok().await["AutoSnapshotPolicyId"]);
        Self {
            snapshot,
            group,
            policy,
        }
    }

    fn id(&self, kind: &str) -> Option<&str> {
        Some(match kind {
            "disk" => DISK,
            "instance" => INSTANCE,
            "snapshot" => &self.snapshot,
            "snapshotgroup" => &self.group,
            "snapshotpolicy" => &self.policy,
            _ => return None,
        })
    }

    /// What every action finds what it takes in.
    fn parameters<'t>(&'t self, action: &str, kind: &'t str) -> Vec<(&'t str, &'t str)> {
        let id = self.id(kind).unwrap();
        match action {
            "TagResources" | "UntagResources" | "ListTagResources" => vec![
                ("ResourceType", kind),
                ("ResourceId.1", id),
                ("Tag.1.Key", "k"),
            ],
            "CreateSnapshotGroup" if kind == "disk" => vec![("DiskId.1", DISK)],
            _ => vec![
                ("DiskId", DISK),
                ("SnapshotId", &self.snapshot),
                ("SnapshotGroupId", &self.group),
                ("AutoSnapshotPolicyId", &self.policy),
                ("DiskIds", r#"["d-bp1fake0000000000001"]"#),
                ("InstanceId", INSTANCE),
            ],
        }
    }
}

#[tokio::test]
async fn every_action_on_a_named_resource_is_decided_by_the_tags_of_that_resource() {
    let mut checked = 0;
    for known in KNOWN_ACTIONS.iter().filter(|it| it.service() == "ecs") {
        let action = known.name().split_once(':').unwrap().1;
        for form in known.resources() {
            let template = form.template();
            let kind = template.rsplit(':').next().unwrap();
            let Some(kind) = kind.strip_suffix("/{id}") else {
                continue;
            };
            // Listings are below, of images there are none, and the disk to be has no tags yet.
            if action.starts_with("Describe")
                || kind == "image"
                || (action, kind) == ("CreateDisk", "disk")
            {
                continue;
            }
            checked += 1;
            // One of its own, since some actions leave nothing for the next.
            let raw = start().await;
            let things = Things::of(&raw).await;
            let id = things.id(kind).unwrap();
            let arn = format!("acs:ecs:{REGION}:*:{kind}/{id}");
            let only_of_the_team = Statement::deny()
                .action(known.name())
                .resource(arn.as_str())
                .condition(unless_equals(TEAM, "a"));
            grant(&raw, [allow(known.name()), only_of_the_team]);
            let parameters = things.parameters(action, kind);
            for other in ["", "b"] {
                let (body, is_denied) = by_caller(&raw, action, &parameters).await;
                assert!(is_denied, "{action} on {kind} tagged `{other}`: {body}");
                assert_eq!(
                    body["AccessDeniedDetail"]["NoPermissionType"],
                    "ExplicitDeny"
                );
                tag(&raw, kind, id, "b").await;
            }
            tag(&raw, kind, id, "a").await;
            let (body, is_denied) = by_caller(&raw, action, &parameters).await;
            assert!(!is_denied, "{action} on {kind}: {body}");
            let none = [
                ("ResourceType", kind),
                ("ResourceId.1", id),
                ("TagKey.1", "team"),
            ];
            // Some of them are gone now.
            here(&raw, "UntagResources", &none).send().await;
        }
    }
    assert!(checked >= 30, "{checked}");
}

#[tokio::test]
async fn only_snapshots_with_the_tag_of_the_backup_center_are_deleted() {
    let raw = start().await;
    let ours = [
        ("DiskId", DISK),
        ("Tag.1.Key", "ack-backup-center.io/backup-uid"),
        ("Tag.1.Value", "u-1"),
    ];
    let ours = text(&call(&raw, "CreateSnapshot", &ours).ok().await["SnapshotId"]);
    let theirs = finished_snapshot(&raw, DISK).await;
    let condition = Condition::new().and(
        Operator::StringLike,
        "acs:ResourceTag/ack-backup-center.io/backup-uid",
        "*",
    );
    let delete = allow("ecs:DeleteSnapshot").condition(condition);
    grant(&raw, [delete]);
    for id in [theirs.as_str(), "s-bp1fake0000000000009"] {
        let (body, is_denied) = by_caller(&raw, "DeleteSnapshot", &[("SnapshotId", id)]).await;
        assert!(is_denied, "{id}: {body}");
        assert_eq!(
            body["AccessDeniedDetail"]["NoPermissionType"],
            "ImplicitDeny"
        );
    }
    let (body, is_denied) = by_caller(&raw, "DeleteSnapshot", &[("SnapshotId", &ours)]).await;
    assert!(!is_denied && body["Code"].is_null(), "{body}");
    let left = list(
        &here(&raw, "DescribeSnapshots", &[]).ok().await,
        "Snapshots",
        "Snapshot",
    );
    assert_eq!(each(&left, "SnapshotId"), [theirs]);
}

#[tokio::test]
async fn what_a_call_tags_decides_whether_it_may() {
    let raw = start().await;
    let things = Things::of(&raw).await;
    let calls: [(&str, Vec<(&str, &str)>); 8] = [
        ("CreateSnapshot", vec![("DiskId", DISK)]),
        ("CreateSnapshotGroup", vec![("DiskId.1", DISK)]),
        (
            "CopySnapshot",
            vec![
                ("SnapshotId", &things.snapshot),
                ("DestinationRegionId", super::calls::ELSEWHERE),
                ("DestinationSnapshotName", "copied"),
                ("DestinationSnapshotDescription", "by a test"),
            ],
        ),
        ("CreateDisk", vec![("ZoneId", ZONE), ("Size", "20")]),
        (
            "CreateAutoSnapshotPolicy",
            vec![
                ("timePoints", r#"["1"]"#),
                ("repeatWeekdays", r#"["1"]"#),
                ("retentionDays", "7"),
            ],
        ),
        (
            "TagResources",
            vec![("ResourceType", "disk"), ("ResourceId.1", DISK)],
        ),
        ("DescribeSnapshots", vec![]),
        ("DescribeSnapshotGroups", vec![]),
    ];
    for (action, parameters) in calls {
        let right = format!("ecs:{action}");
        let with = |value| {
            [
                &parameters[..],
                &[
                    ("Tag.2.Key", "env"),
                    ("Tag.2.Value", value),
                    ("Tag.1.Key", "other"),
                ],
            ]
            .concat()
        };
        let demanded = allow(&right).condition(if_equals("acs:RequestTag/env", "prod"));
        let refused = Statement::deny()
            .action(right.as_str())
            .resource("*")
            .condition(unless_equals("acs:RequestTag/env", "prod"));
        for statements in [vec![demanded], vec![allow(&right), refused]] {
            grant(&raw, statements);
            for wrong in [parameters.clone(), with("test")] {
                let (body, is_denied) = by_caller(&raw, action, &wrong).await;
                assert!(is_denied, "{action} {wrong:?}: {body}");
            }
            let (body, is_denied) = by_caller(&raw, action, &with("prod")).await;
            assert!(!is_denied, "{action}: {body}");
        }
    }
}

#[tokio::test]
async fn a_listing_by_ids_shows_what_has_the_tag_and_one_without_ids_is_denied() {
    let raw = start().await;
    let (ours, theirs) = (Things::of(&raw).await, Things::of(&raw).await);
    let listings = [
        (
            "DescribeSnapshots",
            "snapshot",
            "SnapshotIds",
            ("Snapshots", "Snapshot", "SnapshotId"),
        ),
        (
            "DescribeSnapshotGroups",
            "snapshotgroup",
            "SnapshotGroupId.",
            ("SnapshotGroups", "SnapshotGroup", "SnapshotGroupId"),
        ),
    ];
    for (action, kind, parameter, (items, item, id)) in listings {
        let ids = [ours.id(kind).unwrap(), theirs.id(kind).unwrap()];
        tag(&raw, kind, ids[0], "a").await;
        tag(&raw, kind, ids[1], "b").await;
        grant(
            &raw,
            [allow(&format!("ecs:{action}")).condition(if_equals(TEAM, "a"))],
        );
        let json = serde_json::to_string(&ids).unwrap();
        let numbered = [format!("{parameter}1"), format!("{parameter}2")];
        let by_ids = match parameter.ends_with('.') {
            false => vec![(parameter, json.as_str())],
            true => vec![
                (numbered[0].as_str(), ids[0]),
                (numbered[1].as_str(), ids[1]),
            ],
        };
        let (body, is_denied) = by_caller(&raw, action, &by_ids).await;
        assert!(!is_denied, "{action}: {body}");
        assert_eq!(each(&list(&body, items, item), id), [ids[0]], "{action}");
        let (body, is_denied) = by_caller(&raw, action, &[]).await;
        assert!(is_denied, "{action}: {body}");
    }
}
