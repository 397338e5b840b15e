//! What parameters may hold.

use serde_json::Value;

use crate::openapi::error::ApiError;

/// Words that a parameter may be, where it is given.
pub(super) fn word<'t>(
    parameter: &str,
    text: Option<&'t str>,
    known: &[&'static str],
) -> Result<Option<&'t str>, ApiError> {
    match text {
        Some(text) if !known.contains(&text) => Err(ApiError::invalid(parameter)),
        text => Ok(text),
    }
}

/// Text of so many characters, where it is given.
pub(super) fn text(
    parameter: &str,
    text: Option<&str>,
    length: std::ops::RangeInclusive<usize>,
) -> Result<(), ApiError> {
    match text {
        Some(text) if !length.contains(&text.chars().count()) => Err(ApiError::invalid(parameter)),
        _ => Ok(()),
    }
}

/// An id of this prefix.
pub(super) fn id(parameter: &str, id: &str, prefix: &str) -> Result<(), ApiError> {
    let rest = id.strip_prefix(prefix).unwrap_or_default();
    let good = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    match !rest.is_empty() && rest.len() <= 64 && rest.chars().all(good) {
        true => Ok(()),
        false => Err(ApiError::invalid(parameter)),
    }
}

/// Days that a backup is kept.
pub(super) fn retention(parameter: &str, days: i64) -> Result<i64, ApiError> {
    match days >= 1 {
        true => Ok(days),
        false => Err(ApiError::invalid(parameter)),
    }
}

/// Paths in a text of up to 255 characters that is a JSON array.
pub(super) fn paths(parameter: &str, text: Option<&str>) -> Result<Vec<String>, ApiError> {
    self::text(parameter, text, 0..=255)?;
    match text {
        Some(text) => serde_json::from_str(text).map_err(|_| ApiError::invalid(parameter)),
        None => Ok(Vec::new()),
    }
}

/// A path that stays where it is: without `..`.
pub(super) fn path(parameter: &str, path: &str) -> Result<(), ApiError> {
    match path.split('/').any(|part| part == "..") || path.contains('\0') {
        true => Err(ApiError::invalid(parameter)),
        false => Ok(()),
    }
}

/// Options are an object in a text.
pub(super) fn options(text: Option<&str>) -> Result<Value, ApiError> {
    match text.map(serde_json::from_str) {
        None => Ok(Value::Object(serde_json::Map::new())),
        Some(Ok(options @ Value::Object(_))) => Ok(options),
        Some(_) => Err(ApiError::invalid("Options")),
    }
}

/// KB/s by the hour of the day (UTC+8): `<hour>:<hour>:<KB/s>`, several joined with `|`.
pub(super) fn speed_limit(text: Option<&str>) -> Result<Vec<(u32, u32, u64)>, ApiError> {
    let text = text.unwrap_or_default();
    if text.is_empty() {
        return Ok(Vec::new());
    }
    let windows: Option<Vec<_>> = text.split('|').map(window).collect();
    let mut windows = windows.ok_or_else(|| ApiError::invalid("SpeedLimit"))?;
    windows.sort_unstable();
    match windows.windows(2).all(|pair| pair[0].1 <= pair[1].0) {
        true => Ok(windows),
        false => Err(ApiError::invalid("SpeedLimit")),
    }
}

fn window(text: &str) -> Option<(u32, u32, u64)> {
    let mut parts = text.split(':');
    let from: u32 = parts.next()?.parse().ok()?;
    let to: u32 = parts.next()?.parse().ok()?;
    let speed: u64 = parts.next()?.parse().ok()?;
    let is_good = parts.next().is_none() && from < to && to <= 24 && speed > 0;
    is_good.then_some((from, to, speed))
}
