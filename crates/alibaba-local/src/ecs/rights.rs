//! The resources that actions are on, and which rows of a listing a caller sees.

use alibaba_ram::{Decision, Request, Resource};

use super::place;
use super::store::Store;
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
        resource(&region, "disk", disk),
        resource(&region, "snapshot", "*"),
    ]
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
    let mut resources = listed(call, "DiskId", |id| resource(&region, "disk", id));
    resources.extend(instance.map(|id| resource(&region, "instance", id)));
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
    let disks = ids.iter().map(|id| resource(&region, "disk", id));
    let policy = call.parameters.text("autoSnapshotPolicyId");
    let policy = policy.map(|id| resource(&region, "snapshotpolicy", id));
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
    let snapshot = snapshot.map(|id| resource(&region, "snapshot", id));
    let disks = resource(&region, "disk", "*");
    std::iter::once(disks).chain(snapshot).collect()
}

/// Resources with tags, of the type that is named.
pub(super) fn tagged(store: &Store, call: &Call<'_>) -> Vec<Resource> {
    let region = place::of(store, call);
    let kind = call.parameters.text("ResourceType").unwrap_or("*");
    let kind = kind.to_ascii_lowercase();
    let mut resources = listed(call, "ResourceId", |id| resource(&region, &kind, id));
    if resources.is_empty() {
        resources.push(resource(&region, &kind, "*"));
    }
    resources
}

fn one(store: &Store, call: &Call<'_>, kind: &str, parameter: &str) -> Vec<Resource> {
    let id = call.parameters.text(parameter).unwrap_or("*");
    vec![resource(&place::of(store, call), kind, id)]
}

fn listed(call: &Call<'_>, parameter: &str, of: impl Fn(&str) -> Resource) -> Vec<Resource> {
    let ids = call.parameters.texts(parameter);
    ids.into_iter().map(of).collect()
}

fn resource(region: &str, kind: &str, id: &str) -> Resource {
    Resource::new(format!("acs:ecs:{region}:{ACCOUNT_ID}:{kind}/{id}"))
}

/// Which rows of a listing a caller sees: "a caller with rights on some ids only" gets those.
#[derive(Debug)]
pub(super) struct Sight<'c> {
    call: &'c Call<'c>,
    action: &'static str,
    region: String,
    kind: &'static str,
    /// On all of the kind.
    whole: Decision,
}

impl<'c> Sight<'c> {
    /// For the rows of one kind in one region.
    pub(super) fn new(
        call: &'c Call<'c>,
        action: &'static str,
        region: &str,
        kind: &'static str,
    ) -> Result<Self, ApiError> {
        let whole = decide(call, action, resource(region, kind, "*"))?;
        Ok(Self {
            call,
            action,
            region: region.to_owned(),
            kind,
            whole,
        })
    }

    pub(super) fn sees(&self, id: &str) -> bool {
        let resource = resource(&self.region, self.kind, id);
        let decision = decide(self.call, self.action, resource);
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

fn decide(call: &Call<'_>, action: &'static str, on: Resource) -> Result<Decision, ApiError> {
    let caller = call.caller()?;
    let request = Request::new(action, on).context(call.known());
    Ok(call.directory.authorize(caller, request))
}
