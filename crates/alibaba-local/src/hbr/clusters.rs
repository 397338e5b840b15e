//! Container clusters and their volumes.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Value, json};

use super::answer::sparse;
use super::listing::{self, is_asked};
use super::page::Paging;
use super::records::{Cluster, Records};
use super::refusal::{cluster_has_clients, cluster_not_exist};
use super::state::Hbr;
use super::{bounds, ids};
use crate::directory::ACCOUNT_ID;
use crate::openapi::call::Call;
use crate::openapi::error::ApiError;

const NETWORKS: [&str; 2] = ["CLASSIC", "VPC"];

impl Records {
    pub(super) fn cluster(&self, region: &str, id: &str) -> Result<&Cluster, ApiError> {
        let cluster = self.clusters.get(id).filter(|it| it.region == region);
        cluster.ok_or_else(|| cluster_not_exist(id))
    }
}

/// What registers a backup client: JSON in Base64, as the samples of AddContainerCluster begin.
fn token(cluster: &str) -> String {
    let secret = format!(
        "{:032x}",
        u128::from(fastrand::u64(..)) << 64 | u128::from(fastrand::u64(..))
    );
    let text =
        format!(r#"{{"accountId":"{ACCOUNT_ID}","clusterId":"{cluster}","token":"{secret}"}}"#);
    BASE64_STANDARD.encode(text)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Add {
    cluster_type: String,
    identifier: String,
    network_type: String,
    name: Option<String>,
    description: Option<String>,
}

/// The same cluster again is the one that is there: the same id and token. That is assumed.
pub(super) fn add(hbr: &Hbr, call: &Call<'_>) -> Result<Value, ApiError> {
    let new: Add = call.parameters.read()?;
    bounds::word("ClusterType", Some(&new.cluster_type), &["ACK"])?;
    bounds::word("NetworkType", Some(&new.network_type), &NETWORKS)?;
    bounds::text("Description", new.description.as_deref(), 0..=255)?;
    let letters = new.identifier.chars().all(|c| c.is_ascii_alphanumeric());
    if new.identifier.len() != 33 || !new.identifier.starts_with('c') || !letters {
        return Err(ApiError::invalid("Identifier"));
    }
    hbr.change(call, |records| {
        let is_it = |it: &&Cluster| it.identifier == new.identifier && it.region == call.region;
        if let Some(known) = records.clusters.values().find(is_it) {
            return Ok(json!({"ClusterId": known.id, "Token": known.token}));
        }
        let id = ids::new("cc");
        let cluster = Cluster {
            token: token(&id),
            region: call.region.clone(),
            kind: new.cluster_type,
            identifier: new.identifier,
            name: new.name,
            description: new.description,
            network: new.network_type,
            created_at: call.now(),
            id,
        };
        let result = json!({"ClusterId": cluster.id, "Token": cluster.token});
        records.clusters.insert(cluster.id.clone(), cluster);
        Ok(result)
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Describe {
    cluster_id: Option<String>,
    identifier: Option<String>,
}

pub(super) fn describe(hbr: &Hbr, call: &Call<'_>) -> Result<Value, ApiError> {
    let wanted: Describe = call.parameters.read()?;
    let paging: Paging = call.parameters.read()?;
    let now = call.now();
    hbr.change(call, |records| {
        let finds = |it: &Cluster| {
            is_asked(wanted.cluster_id.as_deref(), &it.id)
                && is_asked(wanted.identifier.as_deref(), &it.identifier)
        };
        let show = |cluster: &Cluster| show(records, cluster, now);
        let rows = listing::rows(records.clusters.values(), &call.region, finds, show);
        paging.page(rows, |rows| ("Clusters", json!(rows)))
    })
}

fn show(records: &Records, cluster: &Cluster, now: DateTime<Utc>) -> Value {
    sparse(json!({
        "ClusterId": cluster.id,
        "ClusterType": cluster.kind,
        "Identifier": cluster.identifier,
        "Name": cluster.name,
        "Description": cluster.description,
        "NetworkType": cluster.network,
        "AgentStatus": records.agent_status(cluster, now),
        "Token": cluster.token,
    }))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Update {
    cluster_id: String,
    name: Option<String>,
    description: Option<String>,
    network_type: Option<String>,
    renew_token: Option<bool>,
}

pub(super) fn update(hbr: &Hbr, call: &Call<'_>) -> Result<Value, ApiError> {
    let new: Update = call.parameters.read()?;
    bounds::word("NetworkType", new.network_type.as_deref(), &NETWORKS)?;
    bounds::text("Description", new.description.as_deref(), 0..=255)?;
    hbr.change(call, |records| {
        records.cluster(&call.region, &new.cluster_id)?;
        let cluster = records.clusters.get_mut(&new.cluster_id);
        let cluster = cluster.ok_or_else(|| cluster_not_exist(&new.cluster_id))?;
        cluster.name = new.name.or(cluster.name.take());
        cluster.description = new.description.or(cluster.description.take());
        if let Some(network) = new.network_type {
            cluster.network = network;
        }
        let renew = new.renew_token.unwrap_or(false);
        if renew {
            cluster.token = token(&cluster.id);
        }
        Ok(json!({"Token": cluster.token, "TokenUpdated": renew}))
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Delete {
    cluster_id: String,
    force: Option<bool>,
}

pub(super) fn delete(hbr: &Hbr, call: &Call<'_>) -> Result<Value, ApiError> {
    let Delete { cluster_id, force } = call.parameters.read()?;
    let now = call.now();
    hbr.change(call, |records| {
        let cluster = records.cluster(&call.region, &cluster_id)?;
        let is_live = records.agent_status(cluster, now) == "READY";
        if is_live && !force.unwrap_or(false) {
            return Err(cluster_has_clients(&cluster_id));
        }
        records.clusters.remove(&cluster_id);
        for volume in records.volumes.keys_of(|it| it.cluster == cluster_id) {
            records.volumes.remove(&volume);
        }
        Ok(json!({}))
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Resources {
    cluster_id: Option<String>,
    resource_id: Option<String>,
    resource_type: Option<String>,
}

/// The volumes that jobs have named. That no others are listed is a choice of this cloud, which sees no
/// cluster.
pub(super) fn resources(hbr: &Hbr, call: &Call<'_>) -> Result<Value, ApiError> {
    let wanted: Resources = call.parameters.read()?;
    let paging: Paging = call.parameters.read()?;
    bounds::word("ResourceType", wanted.resource_type.as_deref(), &["PV"])?;
    hbr.change(call, |records| {
        if let Some(id) = &wanted.cluster_id {
            records.cluster(&call.region, id)?;
        }
        let rows = records.volumes.values().filter_map(|volume| {
            let cluster = records.cluster(&call.region, &volume.cluster).ok()?;
            let found = is_asked(wanted.cluster_id.as_deref(), &cluster.id)
                && is_asked(wanted.resource_id.as_deref(), &volume.id);
            found.then(|| {
                json!({
                    "ClusterId": cluster.id,
                    "ClusterIdentifier": cluster.identifier,
                    "ResourceId": volume.id,
                    "ResourceType": volume.kind,
                    "ResourceInfo": volume.info,
                })
            })
        });
        paging.page(rows.collect(), |rows| ("Resources", json!(rows)))
    })
}
