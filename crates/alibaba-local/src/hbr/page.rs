//! Listings, a page at a time.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::{Value, json};

use super::contents::pieces::PieceId;
use crate::openapi::error::ApiError;

/// How many there are on a page unless the request says.
const USUAL: usize = 10;

/// Pages by number.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Paging {
    page_number: Option<usize>,
    page_size: Option<usize>,
}

impl Paging {
    /// The page of these rows that this asks for, as `list` makes a member of it.
    pub(super) fn page(
        &self,
        rows: Vec<Value>,
        list: fn(Vec<Value>) -> (&'static str, Value),
    ) -> Result<Value, ApiError> {
        let (number, size) = (
            self.page_number.unwrap_or(1),
            self.page_size.unwrap_or(USUAL),
        );
        if number < 1 {
            return Err(ApiError::invalid("PageNumber"));
        }
        if !(1..=99).contains(&size) {
            return Err(ApiError::invalid("PageSize"));
        }
        let total = rows.len();
        let skipped = (number - 1).saturating_mul(size);
        let (name, shown) = list(rows.into_iter().skip(skipped).take(size).collect());
        Ok(json!({
            name: shown,
            "TotalCount": total,
            "PageNumber": number,
            "PageSize": size,
        }))
    }
}

/// A stretch of rows by where it begins. Tokens are opaque, and good for one search only.
pub(super) struct Stretch {
    pub(super) rows: Vec<Value>,
    pub(super) next_token: Option<String>,
}

impl Stretch {
    /// So many rows from where a token says on. `search` is all that decides which rows there are.
    pub(super) fn of(
        rows: Vec<Value>,
        size: usize,
        token: Option<&str>,
        skip: usize,
        search: &str,
    ) -> Result<Self, ApiError> {
        let search = PieceId::of(search.as_bytes()).to_string();
        let from = match token {
            Some(token) => read(token, &search).ok_or_else(|| ApiError::invalid("NextToken"))?,
            None => skip,
        };
        let total = rows.len();
        let rows: Vec<_> = rows.into_iter().skip(from).take(size).collect();
        let end = from.saturating_add(rows.len());
        let more = end < total && size > 0;
        Ok(Self {
            rows,
            next_token: more
                .then(|| BASE64_URL_SAFE_NO_PAD.encode(format!("{}:{end}", &search[..16]))),
        })
    }
}

fn read(token: &str, search: &str) -> Option<usize> {
    let token = String::from_utf8(BASE64_URL_SAFE_NO_PAD.decode(token).ok()?).ok()?;
    let (found, at) = token.split_once(':')?;
    search.starts_with(found).then(|| at.parse().ok())?
}
