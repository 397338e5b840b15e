//! What the cluster has that objects of the backup ask for, or that there is once: asked before their turn.

use std::collections::{HashMap, HashSet};

use http::StatusCode;
use serde_json::Value;

use super::environment::Environment;
use super::served::Served;
use super::volumes::machine::Machine;
use super::volumes::snapshots;
use super::volumes::target::Target;
use crate::cluster::query::with_query;
use crate::kinds::defaults::{DEFAULT_CLAIMS, DefaultClaim};
use crate::{GroupResource, Result};

/// What there is around the restored objects.
#[derive(Debug, Default)]
pub(crate) struct Surroundings {
    /// Of the kinds of which one object is the default: what is there.
    classes: HashMap<GroupResource, Vec<Value>>,
    /// The names of the machines.
    pub(crate) nodes: HashSet<String>,
    /// What there is for volumes.
    pub(crate) for_volumes: Target,
    has_seen_nodes: bool,
}

impl Surroundings {
    /// Lists the classes that are there, of the kinds that are to be restored. Returns what could not be
    /// listed, too.
    pub(crate) async fn look_for_defaults(
        &mut self,
        environment: &Environment<'_>,
        served: &Served,
        kinds: &HashSet<GroupResource>,
    ) -> Vec<String> {
        let mut warnings = Vec::new();
        for claim in &DEFAULT_CLAIMS {
            let kind = claim.kind.group_resource();
            let Some(resource) = served
                .versions(&kind)
                .first()
                .filter(|_| kinds.contains(&kind))
            else {
                continue;
            };
            let step = format!("look which of {kind} is the default");
            match list(environment, &step, &resource.list_path(None)).await {
                Ok(classes) => {
                    self.classes.insert(kind, classes);
                }
                Err(error) => warnings.push(error.chain()),
            }
        }
        warnings
    }

    /// Lists the names of the machines. Without the right to see them, none is known.
    pub(crate) async fn look_for_nodes(&mut self, environment: &Environment<'_>) -> Vec<String> {
        if self.has_seen_nodes {
            return Vec::new();
        }
        match list(environment, "look which nodes there are", "/api/v1/nodes").await {
            Ok(nodes) => {
                self.has_seen_nodes = true;
                self.for_volumes.machines = nodes.iter().map(Machine::of).collect();
                let name = |node: &Value| node["metadata"]["name"].as_str().map(str::to_owned);
                self.nodes.extend(nodes.iter().filter_map(name));
                Vec::new()
            }
            Err(error) => vec![error.chain()],
        }
    }

    /// Lists what there is for volumes: storage classes, among them those that a plan would have restored, and
    /// the machines.
    pub(crate) async fn look_for_volumes(
        &mut self,
        environment: &Environment<'_>,
        served: &Served,
    ) -> Vec<String> {
        let mut warnings = self.look_for_nodes(environment).await;
        let step = "look which storage classes there are";
        let path = "/apis/storage.k8s.io/v1/storageclasses";
        match list(environment, step, path).await {
            Ok(classes) => self.for_volumes.note_classes(&classes),
            Err(error) => warnings.push(error.chain()),
        }
        if environment.is_plan() {
            let planned = environment.loaded.classes.iter().cloned();
            self.for_volumes.note_planned_classes(planned);
        }
        let serves = |plural: &str| {
            let kind = GroupResource::new(snapshots::GROUP, plural);
            let mut versions = served.versions(&kind).iter();
            versions.any(|resource| resource.version == "v1")
        };
        self.for_volumes.serves_snapshots =
            serves("volumesnapshots") && serves("volumesnapshotcontents");
        warnings
    }

    /// Takes back an object's claim to be the default of its kind where another has it, and says so. One that
    /// exists keeps what it claims.
    pub(crate) fn settle_default(
        &self,
        kind: &GroupResource,
        object: &mut Value,
    ) -> Option<String> {
        let claim = DefaultClaim::of(kind)?;
        let there = self.classes.get(kind)?;
        let name = object["metadata"]["name"].clone();
        let itself = there.iter().find(|class| class["metadata"]["name"] == name);
        if let Some(itself) = itself {
            claim.copy(object, Some(itself));
            return None;
        }
        if !claim.is_made_by(object) {
            return None;
        }
        let other = there
            .iter()
            .find(|other| claim.is_made_by(other) && claim.is_shared_by(other, object))?;
        claim.copy(object, None);
        Some(format!(
            "it is no longer the default of its kind, which `{}` is here",
            other["metadata"]["name"].as_str().unwrap_or_default()
        ))
    }
}

/// The objects of a short list.
async fn list(environment: &Environment<'_>, step: &str, path: &str) -> Result<Vec<Value>> {
    let read = async {
        let mut found = Vec::new();
        let mut token = String::new();
        loop {
            let page = with_query(path, &[("limit", "500"), ("continue", &token)]);
            let response = environment.api.get(&page).await?;
            if response.status == StatusCode::NOT_FOUND {
                return Ok(found);
            }
            if !response.status.is_success() {
                return Err(crate::Error::cluster(step, response.message()));
            }
            let body = response.json();
            found.extend(body["items"].as_array().cloned().unwrap_or_default());
            let next = body["metadata"]["continue"].as_str().unwrap_or_default();
            if next.is_empty() || next == token {
                return Ok(found);
            }
            token = next.to_owned();
        }
    };
    environment.deadline.within(step, read).await?
}
