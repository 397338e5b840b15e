//! Backup snapshots.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Value, json};

use super::answer::{paths, seconds, sparse, text};
use super::backup_jobs::{EDITIONS, merge, source};
use super::bounds;
use super::conditions::{Query, search as keep_found};
use super::page::Stretch;
use super::records::{Records, Snapshot};
use super::refusal::{locked, snapshot_not_exist};
use super::state::Hbr;
use crate::openapi::call::Call;
use crate::openapi::error::ApiError;

impl Records {
    /// A snapshot that is there.
    pub(super) fn snapshot(
        &self,
        region: &str,
        id: &str,
        now: DateTime<Utc>,
    ) -> Result<&Snapshot, ApiError> {
        let snapshot = self.snapshots.get(id).filter(|it| {
            it.region == region && it.completed_at <= now && !self.is_expired(it, now)
        });
        snapshot.ok_or_else(|| snapshot_not_exist(id))
    }

    fn rows(
        &self,
        region: &str,
        kind: Option<&str>,
        now: DateTime<Utc>,
    ) -> Vec<(&Snapshot, Value)> {
        self.snapshots_at(now)
            .into_iter()
            .filter(|it| it.region == region && kind.is_none_or(|kind| kind == it.source.kind()))
            .map(|it| (it, show(it)))
            .collect()
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Search {
    query: Vec<Query>,
    source_type: Option<String>,
    sort_by: Option<String>,
    order: Option<String>,
    edition: Option<String>,
    limit: Option<usize>,
    next_token: Option<String>,
}

pub(super) fn search(hbr: &Hbr, call: &Call<'_>) -> Result<Value, ApiError> {
    let wanted: Search = call.parameters.read()?;
    bounds::word("Edition", wanted.edition.as_deref(), &EDITIONS)?;
    let order = bounds::word("Order", wanted.order.as_deref(), &["ASC", "DESC"])?;
    let limit = wanted.limit.unwrap_or(10);
    if limit > 100 {
        return Err(ApiError::invalid("Limit"));
    }
    // "VaultId must be among the fields."
    if !wanted.query.iter().any(|it| it.field == "VaultId") {
        return Err(ApiError::invalid("Query"));
    }
    let now = call.now();
    hbr.change(call, |records| {
        let rows = records.rows(&call.region, wanted.source_type.as_deref(), now);
        let mut rows: Vec<_> = rows.into_iter().map(|(_, row)| row).collect();
        keep_found(&mut rows, &wanted.query)?;
        if let Some(member) = &wanted.sort_by {
            rows.sort_by(|a, b| compare(&a[member], &b[member]));
        }
        if order == Some("DESC") {
            rows.reverse();
        }
        let total = rows.len();
        for row in &mut rows {
            // Only lists say of which plan they are.
            row.as_object_mut().map(|it| it.remove("PlanId"));
        }
        let all_that_decides = format!(
            "{:?} {:?} {:?} {:?}",
            call.parameters.text("Query"),
            wanted.source_type,
            wanted.sort_by,
            wanted.order
        );
        let token = wanted.next_token.as_deref();
        let stretch = Stretch::of(rows, limit, token, 0, &all_that_decides)?;
        Ok(json!({
            "Snapshots": { "Snapshot": stretch.rows },
            "NextToken": stretch.next_token,
            "Limit": limit,
            "TotalCount": total,
        }))
    })
}

fn compare(a: &Value, b: &Value) -> std::cmp::Ordering {
    match (a.as_i64(), b.as_i64()) {
        (Some(a), Some(b)) => a.cmp(&b),
        _ => a.as_str().cmp(&b.as_str()),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct List {
    protected_resource_id: String,
    source_type: String,
    vault_id: Option<String>,
    plan_id: Option<String>,
    complete_time_start: Option<i64>,
    complete_time_end: Option<i64>,
    max_results: Option<usize>,
    next_token: Option<String>,
    skip: Option<usize>,
}

pub(super) fn list(hbr: &Hbr, call: &Call<'_>) -> Result<Value, ApiError> {
    let wanted: List = call.parameters.read()?;
    let size = wanted.max_results.unwrap_or(10);
    if !(1..=100).contains(&size) {
        return Err(ApiError::invalid("MaxResults"));
    }
    let skip = wanted.skip.unwrap_or(0);
    if !skip.is_multiple_of(size) || (skip > 0 && wanted.next_token.is_some()) {
        return Err(ApiError::invalid("Skip"));
    }
    let now = call.now();
    hbr.change(call, |records| {
        let is_it = |source: &super::records::Source| {
            source.kind() == wanted.source_type && source.resource() == wanted.protected_resource_id
        };
        // "Must exist and have the given source type."
        let is_known = records.backup_jobs.values().any(|it| is_it(&it.source))
            || records.plans.values().any(|it| is_it(&it.source))
            || records.snapshots.values().any(|it| is_it(&it.source));
        if !is_known {
            return Err(ApiError::invalid("ProtectedResourceId"));
        }
        let rows = records.rows(&call.region, Some(&wanted.source_type), now);
        let rows = rows.into_iter().filter(|(it, _)| {
            let completed = it.completed_at.timestamp();
            is_it(&it.source)
                && wanted.vault_id.as_ref().is_none_or(|id| *id == it.vault)
                && (wanted.plan_id.is_none() || wanted.plan_id == it.plan)
                && wanted
                    .complete_time_start
                    .is_none_or(|from| completed >= from)
                && wanted.complete_time_end.is_none_or(|end| completed < end)
        });
        let rows: Vec<_> = rows.map(|(_, row)| flat(row)).collect();
        let total = rows.len();
        let all_that_decides = format!(
            "{} {} {:?} {:?} {:?} {:?}",
            wanted.protected_resource_id,
            wanted.source_type,
            wanted.vault_id,
            wanted.plan_id,
            wanted.complete_time_start,
            wanted.complete_time_end
        );
        let token = wanted.next_token.as_deref();
        let stretch = Stretch::of(rows, size, token, skip, &all_that_decides)?;
        Ok(json!({
            "Snapshots": stretch.rows,
            "NextToken": stretch.next_token,
            "MaxResults": size,
            "TotalCount": total,
        }))
    })
}

/// A row as ListSnapshots has it: its paths are not one level down, and a few members are not there.
fn flat(mut row: Value) -> Value {
    let paths = row["Paths"]["Path"].take();
    if let Some(members) = row.as_object_mut() {
        for name in [
            "Bucket",
            "Prefix",
            "FileSystemId",
            "ParentSnapshotHash",
            "UpdatedTime",
            "StartTime",
            "UseCommonNas",
        ] {
            members.remove(name);
        }
        members.insert("Paths".to_owned(), paths);
    }
    row
}

/// A volume's path is the `hostPrefix` that its job named it by; that is assumed.
fn show(snapshot: &Snapshot) -> Value {
    let counts = &snapshot.counts;
    let own_paths = snapshot.source.paths();
    let status = match snapshot.is_partial {
        true => "PARTIAL_COMPLETE",
        false => "COMPLETE",
    };
    let mut row = json!({
        "SnapshotId": snapshot.id,
        "SnapshotHash": snapshot.hash,
        "ParentSnapshotHash": snapshot.parent.as_deref().unwrap_or_default(),
        "VaultId": snapshot.vault,
        "JobId": snapshot.job,
        "PlanId": snapshot.plan,
        "SourceType": snapshot.source.kind(),
        "BackupType": snapshot.backup_type,
        "Status": status,
        "StorageClass": "STANDARD",
        "Path": own_paths.first(),
        "Paths": { "Path": own_paths },
        "Include": paths(&snapshot.selection.include),
        "Exclude": paths(&snapshot.selection.exclude),
        "ErrorFile": text(&counts.error_file),
        "Retention": snapshot.retention_days,
        "CreatedTime": seconds(snapshot.created_at),
        "StartTime": seconds(snapshot.started_at),
        "CompleteTime": seconds(snapshot.completed_at),
        "UpdatedTime": seconds(snapshot.completed_at),
        "ExpireTime": seconds(snapshot.expires_at()),
        "BytesTotal": counts.bytes,
        "BytesDone": counts.bytes_done,
        "ActualBytes": counts.new_bytes,
        "ItemsTotal": counts.items,
        "ItemsDone": counts.items_done,
        "ActualItems": counts.new_items,
        "ProtectedDataSize": counts.bytes_done,
        "UseCommonNas": false,
    });
    merge(&mut row, source(&snapshot.source));
    if let Some(members) = row.as_object_mut() {
        members.remove("Identifier");
    }
    sparse(row)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Delete {
    snapshot_id: String,
    vault_id: Option<String>,
    source_type: Option<String>,
    instance_id: Option<String>,
}

pub(super) fn delete(hbr: &Hbr, call: &Call<'_>) -> Result<Value, ApiError> {
    let wanted: Delete = call.parameters.read()?;
    let id = &wanted.snapshot_id;
    bounds::id("SnapshotId", id, "s-")?;
    let now = call.now();
    hbr.change(call, |records| {
        let snapshot = records.snapshot(&call.region, id, now)?;
        let is_it = wanted
            .vault_id
            .as_ref()
            .is_none_or(|it| *it == snapshot.vault)
            && wanted
                .source_type
                .as_ref()
                .is_none_or(|it| it == snapshot.source.kind())
            && wanted
                .instance_id
                .as_ref()
                .is_none_or(|it| it == snapshot.source.resource());
        if !is_it {
            return Err(snapshot_not_exist(id));
        }
        if records
            .vaults
            .get(&snapshot.vault)
            .is_some_and(|it| it.worm)
        {
            return Err(locked("a backup"));
        }
        records.snapshots.remove(id);
        hbr.shared.sweep(records)?;
        Ok(json!({}))
    })
}
