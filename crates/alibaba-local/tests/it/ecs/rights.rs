//! Who may do what to which resource.

use alibaba_local::{PolicyDocument, Statement, User};
use alibaba_ram::{KNOWN_ACTIONS, KnownAction, ResourceForm};
use alibaba_sign::Credentials;
use serde_json::Value;

use super::calls::{
    DISK, INSTANCE, OTHER, REGION, call, each, finished_snapshot, here, list, start,
};
use crate::raw::{Raw, SECRET};

const CALLER: &str = "LTAI-caller";

/// Gives the caller the right to an action on these resources, and to nothing else.
fn grant(raw: &Raw, action: &str, resources: &[String]) {
    let statement = |resource: &String| {
        Statement::allow()
            .action(action)
            .resource(resource.as_str())
    };
    let policy = resources
        .iter()
        .map(statement)
        .fold(PolicyDocument::new(), PolicyDocument::statement);
    let caller = User::new(CALLER, SECRET)
        .named("caller")
        .policy("Granted", policy);
    raw.cloud.directory().add_user(caller);
}

fn keys() -> Credentials {
    Credentials::new(CALLER, SECRET)
}

/// Whether the caller has the right to a call, whatever else comes of it.
async fn may(raw: &Raw, action: &str, parameters: &[(&str, &str)]) -> bool {
    let reply = here(raw, action, parameters).by(&keys()).send().await;
    let body: Value = serde_json::from_slice(&reply.body).unwrap();
    if body["Code"] == "Forbidden.RAM" {
        assert_eq!(reply.status, 403);
        let detail = &body["AccessDeniedDetail"];
        assert_eq!(detail["AuthAction"], format!("ecs:{action}"));
        assert_eq!(detail["AuthPrincipalType"], "SubUser");
        assert_eq!(detail["NoPermissionType"], "ImplicitDeny");
        return false;
    }
    true
}

/// The id of each kind of resource in the calls of this test.
const IDS: [(&str, &str); 6] = [
    ("disk", DISK),
    ("snapshot", "s-bp1fake0000000000001"),
    ("snapshotgroup", "ssg-bp1fake000000000001"),
    ("snapshotpolicy", "sp-bp1fake0000000000001"),
    ("instance", INSTANCE),
    ("image", "m-bp1fake0000000000001"),
];

/// What every action finds in what it takes.
const PARAMETERS: &[(&str, &str)] = &[
    ("DiskId", DISK),
    ("SnapshotId", "s-bp1fake0000000000001"),
    ("SnapshotGroupId", "ssg-bp1fake000000000001"),
    ("AutoSnapshotPolicyId", "sp-bp1fake0000000000001"),
    ("DiskIds", r#"["d-bp1fake0000000000001"]"#),
    ("InstanceId", INSTANCE),
];

/// A resource of a form, of the ids above.
fn resource(form: &ResourceForm) -> String {
    let template = form.template();
    let id = IDS
        .iter()
        .find(|(kind, _)| template.contains(&format!(":{kind}/")));
    template
        .replace("{region}", REGION)
        .replace("{account}", "1000000000000000")
        .replace("{id}", id.map_or("*", |(_, id)| id))
}

fn known() -> impl Iterator<Item = (&'static str, &'static KnownAction)> {
    let known = KNOWN_ACTIONS
        .iter()
        .filter(|action| action.service() == "ecs");
    known.map(|action| (action.name().split_once(':').unwrap().1, action))
}

#[tokio::test]
async fn every_action_needs_the_right_to_the_resources_that_the_policy_library_knows() {
    let raw = start().await;
    let mut checked = 0;
    for (action, known) in known() {
        checked += 1;
        let right = known.name();
        grant(&raw, "ecs:Nothing", &["*".to_owned()]);
        if action == "DescribeInstances" {
            // It lists nothing then, and a dry run tells.
            let found = here(&raw, action, &[]).by(&keys()).ok().await;
            assert!(list(&found, "Instances", "Instance").is_empty());
            assert!(!may(&raw, action, &[("DryRun", "true")]).await);
            continue;
        }
        assert!(!may(&raw, action, PARAMETERS).await, "{right}");
        // Those with tags, of which a call names one type, are below.
        if action.ends_with("agResources") {
            continue;
        }
        let resources: Vec<String> = match known.resources() {
            [] => vec!["*".to_owned()],
            forms => forms.iter().map(resource).collect(),
        };
        grant(&raw, right, &resources);
        if !action.starts_with("Describe") {
            assert!(
                may(&raw, action, PARAMETERS).await,
                "{right} on {resources:?}"
            );
        }
        grant(&raw, right, &["*".to_owned()]);
        assert!(may(&raw, action, PARAMETERS).await, "{right} on everything");
        let mandatory = known.resources().iter().filter(|form| form.is_mandatory());
        for form in mandatory {
            let missing = resource(form);
            let others: Vec<_> = resources
                .iter()
                .filter(|it| **it != missing)
                .cloned()
                .collect();
            grant(&raw, right, &others);
            assert!(
                !may(&raw, action, PARAMETERS).await,
                "{right} without {missing}"
            );
        }
        // Those of another region will not do.
        if resources != ["*"] {
            let elsewhere = resources.iter().map(|it| it.replace(REGION, "cn-beijing"));
            grant(&raw, right, &elsewhere.collect::<Vec<_>>());
            assert!(!may(&raw, action, PARAMETERS).await, "{right} elsewhere");
        }
    }
    assert_eq!(checked, 35);
}

#[tokio::test]
async fn tags_need_the_right_to_each_resource_of_their_type() {
    let raw = start().await;
    for (kind, id) in IDS {
        let resources = [format!("acs:ecs:{REGION}:1000000000000000:{kind}/{id}")];
        for action in ["TagResources", "UntagResources", "ListTagResources"] {
            let named = [
                ("ResourceType", kind),
                ("ResourceId.1", id),
                ("Tag.1.Key", "k"),
            ];
            grant(&raw, &format!("ecs:{action}"), &resources);
            assert!(may(&raw, action, &named).await, "{action} {kind}");
            let two = [&named[..], &[("ResourceId.2", "x-other")]].concat();
            assert!(!may(&raw, action, &two).await, "{action} {kind}");
            let another = [
                ("ResourceType", "volume"),
                ("ResourceId.1", id),
                ("Tag.1.Key", "k"),
            ];
            assert!(!may(&raw, action, &another).await, "{action} {kind}");
        }
    }
}

#[tokio::test]
async fn a_listing_shows_what_its_caller_has_the_right_to_see() {
    let raw = start().await;
    let ids = [
        finished_snapshot(&raw, DISK).await,
        finished_snapshot(&raw, DISK).await,
    ];
    let arn = |kind: &str, id: &str| format!("acs:ecs:*:*:{kind}/{id}");
    let seen = async |action: &str, (items, item, id): (&str, &str, &str)| {
        let found = here(&raw, action, &[]).by(&keys()).ok().await;
        each(&list(&found, items, item), id)
    };
    grant(&raw, "ecs:DescribeSnapshots", &[arn("snapshot", &ids[0])]);
    let snapshots = ("Snapshots", "Snapshot", "SnapshotId");
    assert_eq!(seen("DescribeSnapshots", snapshots).await, [ids[0].clone()]);
    // Of what is asked for it may see nothing.
    let other = format!("[\"{}\"]", ids[1]);
    assert!(!may(&raw, "DescribeSnapshots", &[("SnapshotIds", &other)]).await);
    grant(
        &raw,
        "ecs:DescribeDisks",
        &[arn("disk", OTHER), arn("disk", DISK)],
    );
    let disks = ("Disks", "Disk", "DiskId");
    assert_eq!(seen("DescribeDisks", disks).await, [OTHER, DISK]);
    grant(&raw, "ecs:DescribeInstances", &[arn("instance", INSTANCE)]);
    let instances = ("Instances", "Instance", "InstanceId");
    assert_eq!(seen("DescribeInstances", instances).await, [INSTANCE]);
    // Denied by name, the rest is seen.
    let policy = PolicyDocument::new()
        .statement(Statement::allow().action("ecs:*").resource("*"))
        .statement(
            Statement::deny()
                .action("ecs:*")
                .resource(arn("snapshot", &ids[1]).as_str()),
        );
    raw.cloud.directory().add_user(
        User::new(CALLER, SECRET)
            .named("caller")
            .policy("Denied", policy),
    );
    assert_eq!(seen("DescribeSnapshots", snapshots).await, [ids[0].clone()]);
    // A dry run says whether there is the right, by its code.
    for action in [
        "DescribeSnapshots",
        "DescribeDisks",
        "DescribeInstances",
        "DescribeLockedSnapshots",
    ] {
        let dry = here(&raw, action, &[("DryRun", "true")]).by(&keys());
        dry.fails(400, "DryRunOperation").await;
    }
}

#[tokio::test]
async fn rights_come_before_what_is_wrong_with_a_call() {
    let raw = start().await;
    grant(&raw, "ecs:Nothing", &["*".to_owned()]);
    for action in known()
        .map(|(action, _)| action)
        .filter(|it| *it != "DescribeInstances")
    {
        let bad = [
            ("MaxResults", "many"),
            ("PageNumber", "none"),
            ("RetentionDays", "-7"),
            ("SnapshotId", "nonsense"),
            ("Size", "x"),
        ];
        assert!(!may(&raw, action, &bad).await, "{action}");
    }
    let log = raw.cloud.requests().all();
    let denied = log.iter().filter(|it| it.service == "ecs");
    assert!(denied.clone().count() >= 34);
    assert!(
        denied
            .clone()
            .all(|it| it.decisions.iter().any(|it| !it.is_allowed()))
    );
    call(&raw, "CreateSnapshot", &[])
        .fails(400, "MissingParameter.DiskId")
        .await;
}
