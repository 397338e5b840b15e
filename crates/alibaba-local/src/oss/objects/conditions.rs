//! Conditional requests: the four headers of a read, and the four of a copy's source.

use chrono::{DateTime, Utc};
use http::HeaderMap;

use crate::oss::error::OssError;
use crate::oss::refusal::Refusal;
use crate::oss::storage::object::ObjectMeta;

/// What was asked to hold.
pub(crate) struct Conditions {
    matches: Option<String>,
    none_match: Option<String>,
    modified_since: Option<DateTime<Utc>>,
    unmodified_since: Option<DateTime<Utc>>,
}

/// What the preconditions come to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Proceed,
    NotModified,
}

impl Conditions {
    /// `If-Match` and its like.
    pub(crate) fn of_read(headers: &HeaderMap) -> Self {
        Self::read(headers, "")
    }

    /// `x-oss-copy-source-if-match` and its like.
    pub(crate) fn of_copy(headers: &HeaderMap) -> Self {
        Self::read(headers, "x-oss-copy-source-")
    }

    fn read(headers: &HeaderMap, prefix: &str) -> Self {
        let text = |name: &str| {
            headers
                .get(format!("{prefix}{name}"))
                .and_then(|value| value.to_str().ok())
                .map(str::to_owned)
        };
        // A date that is none is as if it had not been sent (RFC 9110 §13.1.3).
        let date = |name| {
            text(name)
                .and_then(|value| DateTime::parse_from_rfc2822(&value).ok())
                .map(|date| date.to_utc())
        };
        Self {
            matches: text("if-match"),
            none_match: text("if-none-match"),
            modified_since: date("if-modified-since"),
            unmodified_since: date("if-unmodified-since"),
        }
    }

    pub(crate) fn judge(&self, meta: &ObjectMeta) -> Result<Verdict, OssError> {
        // Dates travel in whole seconds.
        let modified = meta.modified.timestamp();
        match (&self.matches, self.unmodified_since) {
            (Some(wanted), _) if !etag_matches(wanted, &meta.etag) => {
                return Err(failed("If-Match"));
            }
            // A date is only looked at where no entity tag was sent (RFC 9110 §13.2.2).
            (None, Some(date)) if modified > date.timestamp() => {
                return Err(failed("If-Unmodified-Since"));
            }
            _ => {}
        }
        let unchanged = match (&self.none_match, self.modified_since) {
            (Some(known), _) => etag_matches(known, &meta.etag),
            (None, Some(date)) => modified <= date.timestamp(),
            (None, None) => false,
        };
        Ok(if unchanged {
            Verdict::NotModified
        } else {
            Verdict::Proceed
        })
    }
}

fn failed(condition: &str) -> OssError {
    OssError::refuse(
        Refusal::PRECONDITION_FAILED,
        "At least one of the pre-conditions you specified did not hold.",
    )
    .with("Condition", condition)
}

fn etag_matches(wanted: &str, etag: &str) -> bool {
    wanted.split(',').any(|one| {
        let one = one.trim();
        one == "*" || one.trim_matches('"').eq_ignore_ascii_case(etag)
    })
}
