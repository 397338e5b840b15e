//! The resources that actions are on, with their tags, and which rows of a listing a caller sees.
//!
//! Conditions see the tags of a resource that a call names by its id, and of no others: "if an API request does
//! not include a resource ID, the `acs:ResourceTag` condition cannot be used. Otherwise, authentication fails"
//! (the pages on tag-based authentication of Elastic Container Instance and Auto Scaling). What is not there has
//! no tags.

use alibaba_ram::{Context, Decision, Request, Resource};

use super::place;
use super::store::Store;
use super::tag::Tags;
use super::tags;
use crate::directory::ACCOUNT_ID;
use crate::openapi::call::Call;
use crate::openapi::error::ApiError;

/// For actions that are on nothing in particular.
pub(super) fn everything(_: &Store, _: &Call<'_>) -> Vec<Resource> {
    vec![Resource::new("*")]
}

pub(super) fn disk_and_snapshots(store: &Store, call: &Call<'_>) -> Vec<Resource> {
    let region = place::of(store, call);
    let disk = call.parameters.text("DiskId").unwrap_or("*");
    vec![
        named(store, &region, "disk", disk),
        resource(&region, "snapshot", "*"),
    ]
}

pub(super) fn disk(store: &Store, call: &Call<'_>) -> Vec<Resource> {
    one(store, call, "disk", "DiskId")
}

/// A disk, and the instance that it is attached to or detached from.
pub(super) fn disk_and_instance(store: &Store, call: &Call<'_>) -> Vec<Resource> {
    let mut resources = one(store, call, "disk", "DiskId");
    resources.extend(one(store, call, "instance", "InstanceId"));
    resources
}

pub(super) fn snapshot(store: &Store, call: &Call<'_>) -> Vec<Resource> {
    one(store, call, "snapshot", "SnapshotId")
}

pub(super) fn snapshot_group(store: &Store, call: &Call<'_>) -> Vec<Resource> {
    one(store, call, "snapshotgroup", "SnapshotGroupId")
}

pub(super) fn policy(store: &Store, call: &Call<'_>) -> Vec<Resource> {
    one(store, call, "snapshotpolicy", "AutoSnapshotPolicyId")
}

pub(super) fn all_policies(store: &Store, call: &Call<'_>) -> Vec<Resource> {
    vec![resource(&place::of(store, call), "snapshotpolicy", "*")]
}

/// The instance and the disks of a group, those that are named.
pub(super) fn instance_and_disks(store: &Store, call: &Call<'_>) -> Vec<Resource> {
    let region = place::of(store, call);
    let instance = call.parameters.text("InstanceId");
    let mut resources = listed(call, "DiskId", |id| named(store, &region, "disk", id));
    resources.extend(instance.map(|id| named(store, &region, "instance", id)));
    if resources.is_empty() {
        resources.push(resource(&region, "instance", "*"));
    }
    resources
}

/// Disks that a policy is put on or taken off, and the policy if it is named.
pub(super) fn disks_and_policy(store: &Store, call: &Call<'_>) -> Vec<Resource> {
    let region = place::of(store, call);
    let ids = call.parameters.text("diskIds").unwrap_or("[]");
    let ids: Vec<String> = serde_json::from_str(ids).unwrap_or_default();
    let disks = ids.iter().map(|id| named(store, &region, "disk", id));
    let policy = call.parameters.text("autoSnapshotPolicyId");
    let policy = policy.map(|id| named(store, &region, "snapshotpolicy", id));
    let mut resources: Vec<_> = disks.chain(policy).collect();
    if ids.is_empty() {
        resources.push(resource(&region, "disk", "*"));
    }
    resources
}

/// All disks, and the snapshot that one is made of.
pub(super) fn new_disk(store: &Store, call: &Call<'_>) -> Vec<Resource> {
    let region = place::of(store, call);
    let snapshot = call.parameters.text("SnapshotId");
    let snapshot = snapshot.map(|id| named(store, &region, "snapshot", id));
    let disks = resource(&region, "disk", "*");
    std::iter::once(disks).chain(snapshot).collect()
}

/// Resources with tags, of the type that is named.
pub(super) fn tagged(store: &Store, call: &Call<'_>) -> Vec<Resource> {
    let region = place::of(store, call);
    let kind = call.parameters.text("ResourceType").unwrap_or("*");
    let kind = kind.to_ascii_lowercase();
    let mut resources = listed(call, "ResourceId", |id| named(store, &region, &kind, id));
    if resources.is_empty() {
        resources.push(resource(&region, &kind, "*"));
    }
    resources
}

fn one(store: &Store, call: &Call<'_>, kind: &str, parameter: &str) -> Vec<Resource> {
    let id = call.parameters.text(parameter).unwrap_or("*");
    vec![named(store, &place::of(store, call), kind, id)]
}

fn listed(call: &Call<'_>, parameter: &str, of: impl Fn(&str) -> Resource) -> Vec<Resource> {
    let ids = call.parameters.texts(parameter);
    ids.into_iter().map(of).collect()
}

/// A resource that a call names, with the tags that it has now.
fn named(store: &Store, region: &str, kind: &str, id: &str) -> Resource {
    let tags = store.with(|state, _| tags::tags_of(&state.records, kind, region, id).cloned());
    let tags = tags.ok().flatten().unwrap_or_default();
    with_tags(resource(region, kind, id), &tags)
}

fn with_tags(resource: Resource, tags: &Tags) -> Resource {
    let tags = tags.iter();
    tags.fold(resource, |resource, (key, value)| resource.tag(key, value))
}

fn resource(region: &str, kind: &str, id: &str) -> Resource {
    Resource::new(format!("acs:ecs:{region}:{ACCOUNT_ID}:{kind}/{id}"))
}

/// Which rows of a listing a caller sees: "a caller with rights on some ids only" gets those.
#[derive(Debug)]
pub(super) struct Sight<'c> {
    call: &'c Call<'c>,
    action: &'static str,
    /// What conditions can ask for of the call.
    known: Context,
    region: String,
    kind: &'static str,
    /// Whether the call names the ids that it asks for.
    names_ids: bool,
    /// On all of the kind.
    whole: Decision,
}

impl<'c> Sight<'c> {
    /// For the rows of one kind in one region, of which the call may name some in a parameter.
    pub(super) fn new(
        call: &'c Call<'c>,
        action: &'static str,
        region: &str,
        (kind, ids): (&'static str, &str),
    ) -> Result<Self, ApiError> {
        let known = call.known();
        let whole = decide(call, action, &known, resource(region, kind, "*"))?;
        Ok(Self {
            call,
            action,
            known,
            region: region.to_owned(),
            kind,
            names_ids: call.parameters.has(ids),
            whole,
        })
    }

    pub(super) fn sees(&self, id: &str, tags: &Tags) -> bool {
        let mut resource = resource(&self.region, self.kind, id);
        if self.names_ids {
            resource = with_tags(resource, tags);
        }
        let decision = decide(self.call, self.action, &self.known, resource);
        decision.is_ok_and(|decision| decision.is_allowed())
    }

    /// Notes the decision. A caller with no right to anything that was asked for is refused; that this
    /// is so for all listings but that of instances is inferred.
    pub(super) fn heed(&self, saw_something: bool) -> Result<(), ApiError> {
        if saw_something && !self.whole.is_allowed() {
            return Ok(());
        }
        self.call.heed(&self.whole)
    }

    /// What a call asks for, once it is read. What is wrong with it is told to callers with a right to all of
    /// the kind; to others, the denial comes first.
    pub(super) fn unless_denied<T>(&self, read: Result<T, ApiError>) -> Result<T, ApiError> {
        read.or_else(|error| {
            self.call.heed(&self.whole)?;
            Err(error)
        })
    }

    /// Notes the decision only: DescribeInstances lists nothing to those who may see nothing, and a
    /// dry run tells the two apart.
    pub(super) fn note(&self) {
        self.call.exchange.decided(&self.whole);
    }
}

fn decide(
    call: &Call<'_>,
    action: &'static str,
    known: &Context,
    on: Resource,
) -> Result<Decision, ApiError> {
    let caller = call.caller()?;
    let request = Request::new(action, on).context(known.clone());
    Ok(call.directory.authorize(caller, request))
}
