//! Filters by time, which several listings have.

use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::refusal;
use super::time;
use crate::openapi::error::ApiError;

/// `Filter.N` of a request.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct TimeFilter {
    key: Option<String>,
    value: Option<String>,
}

/// When something has to be made.
#[derive(Debug, Default)]
pub(super) struct Times {
    after: Option<DateTime<Utc>>,
    before: Option<DateTime<Utc>>,
}

/// Reads the keys that DescribeSnapshots and DescribeDisks have.
pub(super) fn read(filters: &[TimeFilter]) -> Result<Times, ApiError> {
    let mut times = Times::default();
    for filter in filters {
        let place = match filter.key.as_deref() {
            Some("CreationStartTime") => &mut times.after,
            Some("CreationEndTime") => &mut times.before,
            _ => return Err(refusal::not_found("InvalidFilterKey", "Filter.N.Key")),
        };
        let value = filter.value.as_deref().unwrap_or_default();
        *place = Some(time::read(value).ok_or_else(bad_value)?);
    }
    Ok(times)
}

/// The status is inferred from the ones beside it.
fn bad_value() -> ApiError {
    ApiError::bad_request(
        "InvalidFilterValue",
        "The specified Filter.N.Value is invalid.",
    )
}

impl Times {
    pub(super) fn hold(&self, created: DateTime<Utc>) -> bool {
        self.after.is_none_or(|after| created >= after)
            && self.before.is_none_or(|before| created <= before)
    }
}
