//! Listings, a page at a time, in both ways that ECS has.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::Value;

use crate::openapi::call::Call;
use crate::openapi::error::ApiError;

/// How many a page has unless the call says.
const USUAL: i64 = 10;
/// How many it may have when asked for by number.
const MOST_BY_NUMBER: i64 = 100;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Asked {
    max_results: Option<i64>,
    next_token: Option<String>,
    page_number: Option<i64>,
    page_size: Option<i64>,
}

/// The page that a call asks for.
#[derive(Debug)]
pub(super) enum Paging {
    /// From a row on, older ones.
    Token {
        before: Option<u64>,
        size: usize,
        /// Of the filters, to which a token is bound.
        digest: String,
    },
    Number {
        number: usize,
        size: usize,
    },
}

impl Paging {
    /// Of actions that have both ways. Without either, the first page is asked for by its number.
    pub(super) fn read(call: &Call<'_>, most: i64) -> Result<Self, ApiError> {
        let asked: Asked = call.parameters.read()?;
        if asked.next_token.is_some() || asked.max_results.is_some() {
            // "Lower values count as 10, higher ones as 100."
            let size = asked.max_results.unwrap_or(USUAL).clamp(USUAL, most);
            return Self::by_token(call, asked.next_token.as_deref(), size);
        }
        Self::by_number(&asked)
    }

    /// Of actions that have tokens only.
    pub(super) fn read_token(call: &Call<'_>, sizes: (i64, i64)) -> Result<Self, ApiError> {
        let asked: Asked = call.parameters.read()?;
        let size = asked.max_results.unwrap_or(USUAL).clamp(sizes.0, sizes.1);
        Self::by_token(call, asked.next_token.as_deref(), size)
    }

    /// Of actions that have numbers only.
    pub(super) fn read_number(call: &Call<'_>) -> Result<Self, ApiError> {
        Self::by_number(&call.parameters.read()?)
    }

    fn by_token(call: &Call<'_>, token: Option<&str>, size: i64) -> Result<Self, ApiError> {
        let digest = call.parameters.digest(&["MaxResults", "NextToken"]);
        let before = match token {
            None => None,
            Some(token) => Some(read_token(token, &digest)?),
        };
        Ok(Self::Token {
            before,
            size: usize::try_from(size).unwrap_or(1),
            digest,
        })
    }

    fn by_number(asked: &Asked) -> Result<Self, ApiError> {
        let size = asked.page_size.unwrap_or(USUAL);
        if !(1..=MOST_BY_NUMBER).contains(&size) {
            return Err(ApiError::invalid("PageSize"));
        }
        let number = asked.page_number.unwrap_or(1);
        if number < 1 {
            return Err(ApiError::invalid("PageNumber"));
        }
        let at = |number: i64| usize::try_from(number).unwrap_or(1);
        Ok(Self::Number {
            number: at(number),
            size: at(size),
        })
    }

    /// The page of these rows, newest first, of those that the caller sees.
    pub(super) fn page<'r, T>(
        &self,
        rows: impl Iterator<Item = &'r T>,
        number_of: impl Fn(&T) -> u64,
        sees: impl Fn(&T) -> bool,
    ) -> Page<'r, T> {
        let mut rows: Vec<_> = rows.map(|row| (number_of(row), row)).collect();
        rows.sort_by_key(|(number, _)| std::cmp::Reverse(*number));
        match self {
            Self::Token {
                before,
                size,
                digest,
            } => {
                let rest = rows
                    .into_iter()
                    .filter(|(number, _)| before.is_none_or(|before| *number < before));
                // Whether a caller sees a row is only asked of those that are needed.
                let mut seen = rest.filter(|(_, row)| sees(row));
                let rows: Vec<_> = seen.by_ref().take(*size).collect();
                let last = rows.last().map(|(number, _)| *number);
                let next = seen.next().and(last);
                Page {
                    rows: rows.into_iter().map(|(_, row)| row).collect(),
                    end: End::Token(next.map(|number| token(number, digest))),
                }
            }
            Self::Number { number, size } => {
                let seen = rows.into_iter().filter(|(_, row)| sees(row));
                let seen: Vec<_> = seen.map(|(_, row)| row).collect();
                let total = seen.len();
                let skipped = size.saturating_mul(number - 1);
                Page {
                    rows: seen.into_iter().skip(skipped).take(*size).collect(),
                    end: End::Number {
                        number: *number,
                        size: *size,
                        total,
                    },
                }
            }
        }
    }
}

/// A page of a listing.
#[derive(Debug)]
pub(super) struct Page<'r, T> {
    pub(super) rows: Vec<&'r T>,
    end: End,
}

#[derive(Debug)]
enum End {
    Token(Option<String>),
    Number {
        number: usize,
        size: usize,
        total: usize,
    },
}

impl<T> Page<'_, T> {
    /// Adds where the next page is, or how many there are. With a token "the returned TotalCount is
    /// not valid": it is left out.
    pub(super) fn finish(&self, mut result: Value) -> Value {
        match &self.end {
            End::Token(next) => result["NextToken"] = next.clone().unwrap_or_default().into(),
            End::Number {
                number,
                size,
                total,
            } => {
                result["PageNumber"] = (*number).into();
                result["PageSize"] = (*size).into();
                result["TotalCount"] = (*total).into();
            }
        }
        result
    }
}

fn token(number: u64, digest: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(format!("{number}.{digest}"))
}

fn read_token(token: &str, digest: &str) -> Result<u64, ApiError> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(token).ok();
    let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    text.as_deref()
        .and_then(|text| text.split_once('.'))
        .filter(|(_, of)| *of == digest)
        .and_then(|(number, _)| number.parse().ok())
        .ok_or_else(|| ApiError::invalid("NextToken"))
}
