//! TagResources, UntagResources and ListTagResources.

use serde::Deserialize;
use serde_json::{Value, json};

use super::page::Paging;
use super::place;
use super::records::Records;
use super::refusal;
use super::store::Store;
use super::tag::{self, MOST, Tag, Tags};
use crate::openapi::call::Call;
use crate::openapi::error::ApiError;

/// How many resources a call may name.
const MOST_RESOURCES: usize = 50;

/// Types of resources that can have tags. There are none here of those beyond the first five.
const TYPES: [&str; 16] = [
    "disk",
    "snapshot",
    "snapshotpolicy",
    "instance",
    "snapshotgroup",
    "image",
    "volume",
    "securitygroup",
    "eni",
    "ddh",
    "ddhcluster",
    "keypair",
    "launchtemplate",
    "reservedinstance",
    "command",
    "invocation",
];

fn check_type(name: &str) -> Result<&'static str, ApiError> {
    TYPES
        .into_iter()
        .find(|known| known.eq_ignore_ascii_case(name))
        .ok_or_else(|| refusal::not_found("InvalidResourceType", "ResourceType"))
}

/// The tags of a resource of a region.
pub(super) fn tags_of<'r>(
    records: &'r Records,
    kind: &str,
    region: &str,
    id: &str,
) -> Option<&'r Tags> {
    let (found, tags) = match kind {
        "disk" => records.disks.get(id).map(|it| (&it.region, &it.tags)),
        "snapshot" => records.snapshots.get(id).map(|it| (&it.region, &it.tags)),
        "snapshotgroup" => records.groups.get(id).map(|it| (&it.region, &it.tags)),
        "snapshotpolicy" => records.policies.get(id).map(|it| (&it.region, &it.tags)),
        "instance" => records.instances.get(id).map(|it| (&it.region, &it.tags)),
        _ => None,
    }?;
    (found == region).then_some(tags)
}

fn tags_of_mut<'r>(records: &'r mut Records, kind: &str, id: &str) -> Option<&'r mut Tags> {
    match kind {
        "disk" => records.disks.get_mut(id).map(|it| &mut it.tags),
        "snapshot" => records.snapshots.get_mut(id).map(|it| &mut it.tags),
        "snapshotgroup" => records.groups.get_mut(id).map(|it| &mut it.tags),
        "snapshotpolicy" => records.policies.get_mut(id).map(|it| &mut it.tags),
        "instance" => records.instances.get_mut(id).map(|it| &mut it.tags),
        _ => None,
    }
}

/// Those that are named, all of which have to be there.
fn check_ids(records: &Records, kind: &str, region: &str, ids: &[String]) -> Result<(), ApiError> {
    if ids.is_empty() {
        return Err(ApiError::missing("ResourceId"));
    }
    if ids.len() > MOST_RESOURCES {
        return Err(too_many("NumberExceed.ResourceIds"));
    }
    let is_there = |id: &String| tags_of(records, kind, region, id).is_some();
    if !ids.iter().all(is_there) {
        return Err(refusal::not_found("InvalidResourceId", "ResourceId"));
    }
    Ok(())
}

fn too_many(code: &'static str) -> ApiError {
    ApiError::bad_request(code, "The maximum number is exceeded.")
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct TagCall {
    resource_type: String,
    #[serde(default)]
    resource_id: Vec<String>,
    #[serde(default)]
    tag: Vec<Tag>,
}

/// Gives tags to all of the resources, or to none of them. A key that is there gets the new value.
pub(super) fn tag(store: &Store, call: &Call<'_>) -> Result<Value, ApiError> {
    let region = place::required(store, call)?;
    let asked: TagCall = call.parameters.read()?;
    let kind = check_type(&asked.resource_type)?;
    if asked.tag.is_empty() {
        return Err(ApiError::missing("Tag"));
    }
    let tags = tag::read(asked.tag)?;
    store.change(|state, _| {
        check_ids(&state.records, kind, &region, &asked.resource_id)?;
        for id in &asked.resource_id {
            let before = tags_of(&state.records, kind, &region, id).cloned();
            let before = before.unwrap_or_default();
            let more = tags.keys().filter(|key| !before.contains_key(*key)).count();
            if before.len() + more > MOST {
                return Err(ApiError::forbidden(
                    "QuotaExceed.Tags",
                    "The number of tags of a resource exceeds the limit.",
                ));
            }
        }
        for id in &asked.resource_id {
            if let Some(of) = tags_of_mut(&mut state.records, kind, id) {
                of.extend(tags.clone());
            }
        }
        Ok(json!({}))
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Untag {
    resource_type: String,
    #[serde(default)]
    resource_id: Vec<String>,
    #[serde(default)]
    tag_key: Vec<String>,
    all: Option<bool>,
}

/// Takes tags off: those of some keys or, where no key is given, all if that is asked for.
pub(super) fn untag(store: &Store, call: &Call<'_>) -> Result<Value, ApiError> {
    let region = place::required(store, call)?;
    let asked: Untag = call.parameters.read()?;
    let kind = check_type(&asked.resource_type)?;
    if asked.tag_key.len() > MOST {
        return Err(too_many("NumberExceed.Tags"));
    }
    store.change(|state, _| {
        check_ids(&state.records, kind, &region, &asked.resource_id)?;
        for id in &asked.resource_id {
            if let Some(of) = tags_of_mut(&mut state.records, kind, id) {
                if asked.tag_key.is_empty() && asked.all == Some(true) {
                    of.clear();
                }
                of.retain(|key, _| !asked.tag_key.contains(key));
            }
        }
        Ok(json!({}))
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct List {
    resource_type: String,
    #[serde(default)]
    resource_id: Vec<String>,
    #[serde(default)]
    tag: Vec<Tag>,
}

/// A tag of a resource.
struct Row {
    number: u64,
    id: String,
    key: String,
    value: String,
}

/// Lists the tags of resources: of those that are named, and that have the tags that are asked for. An id
/// of nothing is left out, which is inferred.
pub(super) fn list(store: &Store, call: &Call<'_>) -> Result<Value, ApiError> {
    let region = place::required(store, call)?;
    let asked: List = call.parameters.read()?;
    let kind = check_type(&asked.resource_type)?;
    if asked.resource_id.is_empty() && asked.tag.is_empty() {
        return Err(ApiError::bad_request(
            "MissingParameter",
            "ResourceId or Tag is required.",
        ));
    }
    if asked.resource_id.len() > MOST_RESOURCES {
        return Err(too_many("NumberExceed.ResourceIds"));
    }
    tag::filter(&asked.tag)?;
    // The size of a page is not the caller's to choose. That it is 50 is inferred.
    let paging = Paging::read_token(call, (50, 50))?;
    store.change(|state, _| {
        let ids = ids_of(&state.records, kind);
        let mut rows = Vec::new();
        for (number, id) in ids {
            let tags = tags_of(&state.records, kind, &region, id);
            let is_named =
                asked.resource_id.is_empty() || asked.resource_id.iter().any(|it| it == id);
            let Some(tags) = tags.filter(|tags| is_named && tag::has_all(tags, &asked.tag)) else {
                continue;
            };
            let numbered = tags.iter().zip(0..);
            rows.extend(numbered.map(|((key, value), at)| Row {
                number: number * MOST as u64 * 2 + at,
                id: id.to_owned(),
                key: key.clone(),
                value: value.clone(),
            }));
        }
        let page = paging.page(rows.iter(), |it| it.number, |_| true);
        let shown = page.rows.iter().map(|it| {
            json!({
                "ResourceType": kind,
                "ResourceId": it.id,
                "TagKey": it.key,
                "TagValue": it.value,
            })
        });
        let shown = shown.collect::<Vec<_>>();
        Ok(page.finish(json!({ "TagResources": { "TagResource": shown } })))
    })
}

fn ids_of<'r>(records: &'r Records, kind: &str) -> Vec<(u64, &'r str)> {
    match kind {
        "disk" => records
            .disks
            .values()
            .map(|it| (it.number, it.id.as_str()))
            .collect(),
        "snapshot" => records
            .snapshots
            .values()
            .map(|it| (it.number, it.id.as_str()))
            .collect(),
        "snapshotgroup" => records
            .groups
            .values()
            .map(|it| (it.number, it.id.as_str()))
            .collect(),
        "snapshotpolicy" => records
            .policies
            .values()
            .map(|it| (it.number, it.id.as_str()))
            .collect(),
        "instance" => records
            .instances
            .values()
            .map(|it| (it.number, it.id.as_str()))
            .collect(),
        _ => Vec::new(),
    }
}
