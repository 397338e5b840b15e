//! What names, descriptions and numbers may be.

use std::ops::RangeInclusive;

use http::StatusCode;

use crate::openapi::error::ApiError;

/// A refusal of the value of a parameter.
fn malformed(code: &'static str, status: StatusCode) -> ApiError {
    ApiError::new(status, code, "The specified parameter is not valid.")
}

/// 2 to 128 characters, a letter first, then letters, digits and some signs.
fn is_name(name: &str, signs: &str) -> bool {
    (2..=128).contains(&name.chars().count())
        && name.starts_with(char::is_alphabetic)
        && !is_url(name)
        && name
            .chars()
            .all(|char| char.is_alphanumeric() || signs.contains(char))
}

fn is_url(text: &str) -> bool {
    text.starts_with("http://") || text.starts_with("https://")
}

/// Of a snapshot. CopySnapshot refuses with another status than the others.
pub(super) fn snapshot_name(name: Option<&str>, status: StatusCode) -> Result<(), ApiError> {
    match name {
        Some(name) if name.starts_with("auto") || !is_name(name, ":_.-") => {
            Err(malformed("InvalidSnapshotName.Malformed", status))
        }
        _ => Ok(()),
    }
}

/// Of a disk.
pub(super) fn disk_name(name: Option<&str>) -> Result<(), ApiError> {
    match name {
        Some(name) if !is_name(name, ":_.-") => Err(malformed(
            "InvalidDiskName.Malformed",
            StatusCode::BAD_REQUEST,
        )),
        _ => Ok(()),
    }
}

/// Of a group. That it has a code of its own is inferred.
pub(super) fn group_name(name: Option<&str>) -> Result<(), ApiError> {
    match name {
        Some(name) if !is_name(name, ":_.-") => {
            Err(malformed("InvalidName.Malformed", StatusCode::BAD_REQUEST))
        }
        _ => Ok(()),
    }
}

/// Of a policy.
pub(super) fn is_policy_name(name: &str) -> bool {
    is_name(name, ":_-")
}

/// 2 to 256 characters; none is none.
pub(super) fn description(text: Option<&str>, status: StatusCode) -> Result<(), ApiError> {
    match text {
        Some(text) if !(2..=256).contains(&text.chars().count()) || is_url(text) => {
            Err(malformed("InvalidDescription.Malformed", status))
        }
        _ => Ok(()),
    }
}

/// Days for which a snapshot is kept.
pub(super) fn retention(
    days: Option<i64>,
    within: RangeInclusive<i64>,
    status: StatusCode,
) -> Result<Option<u32>, ApiError> {
    match days {
        Some(days) if !within.contains(&days) => {
            Err(malformed("InvalidRetentionDays.Malformed", status))
        }
        days => Ok(days.and_then(|days| u32::try_from(days).ok())),
    }
}

/// A list as JSON text of so many ids with this prefix.
pub(super) fn id_list(
    text: Option<&str>,
    prefix: &str,
    code: &'static str,
) -> Result<Option<Vec<String>>, ApiError> {
    let Some(text) = text else {
        return Ok(None);
    };
    let refusal = || malformed(code, StatusCode::FORBIDDEN);
    let ids: Vec<String> = serde_json::from_str(text).map_err(|_| refusal())?;
    if ids.len() > 100 || !ids.iter().all(|id| is_id(id, prefix)) {
        return Err(refusal());
    }
    Ok(Some(ids))
}

/// Whether it is the prefix, a hyphen, and letters and digits.
pub(super) fn is_id(id: &str, prefix: &str) -> bool {
    let rest = id.strip_prefix(prefix).and_then(|it| it.strip_prefix('-'));
    rest.is_some_and(|rest| {
        (1..=64).contains(&rest.len()) && rest.chars().all(|char| char.is_ascii_alphanumeric())
    })
}
