//! What listings have in common: whose rows they show, in which order, and of which nothing is told.

use std::cmp::Reverse;

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::conditions::{Filter, filter};
use super::records::{BackupJob, Cluster, Plan, Policy, RestoreJob, Vault};
use crate::openapi::error::ApiError;

/// A record that belongs to a region, and was made at some time.
pub(super) trait Listed {
    /// What comes first is least.
    type Place: Ord;

    fn region(&self) -> &str;
    fn place(&self) -> Self::Place;
}

/// The records of a region that something holds for, each as it is shown: the newest comes first.
pub(super) fn rows<'r, R: Listed + 'r>(
    records: impl Iterator<Item = &'r R>,
    region: &str,
    holds: impl Fn(&R) -> bool,
    show: impl Fn(&R) -> Value,
) -> Vec<Value> {
    let mut records: Vec<_> = records
        .filter(|it| it.region() == region && holds(it))
        .collect();
    records.sort_by_key(|it| it.place());
    records.into_iter().map(show).collect()
}

/// The rows that fulfil all filters, without the members that are there for filters only.
pub(super) fn filtered(
    mut rows: Vec<Value>,
    filters: &[Filter],
    members: &[(&str, &'static str)],
    hidden: &[&str],
) -> Result<Vec<Value>, ApiError> {
    filter(&mut rows, filters, members)?;
    for row in rows.iter_mut().filter_map(Value::as_object_mut) {
        for member in hidden {
            row.remove(*member);
        }
    }
    Ok(rows)
}

/// Whether what was found is what is asked for, where something is.
pub(super) fn is_asked(wanted: Option<&str>, found: &str) -> bool {
    wanted.is_none_or(|wanted| wanted == found)
}

/// Of records with a serial, and of those with no more than an id.
macro_rules! listed {
    ($($record:ident by $place:ty: |$it:ident| $key:expr;)*) => {$(
        impl Listed for $record {
            type Place = $place;

            fn region(&self) -> &str {
                &self.region
            }

            fn place(&self) -> Self::Place {
                let $it = self;
                $key
            }
        }
    )*};
}

type BySerial = Reverse<(DateTime<Utc>, u64)>;
type ById = (Reverse<DateTime<Utc>>, String);

listed! {
    Vault by ById: |it| (Reverse(it.created_at), it.id.clone());
    Cluster by ById: |it| (Reverse(it.created_at), it.id.clone());
    BackupJob by BySerial: |it| Reverse((it.run.created_at, it.serial));
    RestoreJob by BySerial: |it| Reverse((it.run.created_at, it.serial));
    Plan by BySerial: |it| Reverse((it.created_at, it.serial));
    Policy by BySerial: |it| Reverse((it.created_at, it.serial));
}
