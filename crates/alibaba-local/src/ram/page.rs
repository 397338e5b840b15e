//! Listings, a page at a time.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::openapi::error::ApiError;

/// How many there are on a page unless the request says.
const USUAL: usize = 100;
/// How many there may be.
const MOST: usize = 1000;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Paging {
    marker: Option<String>,
    max_items: Option<usize>,
}

impl Paging {
    /// The page of a listing in the order of its keys that this asks for: `{list: {item: [..]}}`
    /// with `IsTruncated` and, where there is more, the marker that goes on.
    pub(super) fn page<T>(
        &self,
        (list, item): (&str, &str),
        all: impl Iterator<Item = (String, T)>,
        show: impl Fn(T) -> Value,
    ) -> Result<Value, ApiError> {
        let size = self.max_items.unwrap_or(USUAL);
        if !(1..=MOST).contains(&size) {
            return Err(ApiError::invalid("MaxItems"));
        }
        let after = self.marker.as_deref().map(decode).transpose()?;
        let mut rest = all.skip_while(|(key, _)| after.as_ref().is_some_and(|after| key <= after));
        let mut last = None;
        let mut shown = Vec::new();
        for (key, value) in rest.by_ref().take(size) {
            shown.push(show(value));
            last = Some(key);
        }
        let more = rest.next().is_some();
        let mut result = json!({ list: { item: shown }, "IsTruncated": more });
        if let Some(last) = last.filter(|_| more) {
            result["Marker"] = BASE64_URL_SAFE_NO_PAD.encode(last).into();
        }
        Ok(result)
    }
}

fn decode(marker: &str) -> Result<String, ApiError> {
    BASE64_URL_SAFE_NO_PAD
        .decode(marker)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .ok_or_else(|| ApiError::invalid("Marker"))
}
