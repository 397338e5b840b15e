//! What kind of failure a refusal is, by OSS's own codes.
//!
//! `tests/cases/refusals.tsv` lists the codes with the places where OSS's SDKs and documents show them.

use http::StatusCode;

use crate::error::{Document, ErrorKind};

/// The codes of "too many requests" and "too much traffic" (help.aliyun.com, HTTP status codes 429 and
/// 503). `ServiceUnavailable` is a server that is busy, whoever asks.
const THROTTLED: [&str; 8] = [
    "ActiveRequestLimitExceeded",
    "CpuLimitExceeded",
    "DownloadTrafficRateLimitExceeded",
    "MetaOperationQpsLimitExceeded",
    "PartitionQpsLimitted",
    "QpsLimitExceeded",
    "TotalQpsLimitExceeded",
    "UploadTrafficRateLimitExceeded",
];

pub(super) fn kind_of(status: StatusCode, document: &Document) -> ErrorKind {
    let code = document.code.as_deref().unwrap_or_default();
    let status = match status.is_success() {
        true => status_of(code),
        false => status.as_u16(),
    };
    match (status, code) {
        (429, _) => ErrorKind::Throttled,
        (_, code) if THROTTLED.contains(&code) => ErrorKind::Throttled,
        (_, "RequestTimeTooSkewed") => ErrorKind::ClockSkew,
        (
            _,
            "InvalidAccessKeyId"
            | "AccessKeyIdAndSecurityTokenNotMatch"
            | "SignatureDoesNotMatch"
            | "SecurityTokenExpired"
            | "InvalidSecurityToken",
        )
        | (401, _) => ErrorKind::Credentials,
        (_, "InvalidArgument") if is_of_another_region(document) => ErrorKind::Credentials,
        // With status 403, but not for want of a right.
        (_, "InvalidArgument") => ErrorKind::Refused,
        (_, "InvalidObjectState") => ErrorKind::Archived,
        (_, "FileAlreadyExists") => ErrorKind::AlreadyExists,
        (403, _) => ErrorKind::Denied,
        (404, _) => ErrorKind::NotFound,
        (304, _) => ErrorKind::NotModified,
        (412, _) => ErrorKind::Precondition,
        (416, _) => ErrorKind::RangeNotSatisfiable,
        (409, _) => ErrorKind::Conflict,
        (500.., _) => ErrorKind::Service,
        (400.., _) => ErrorKind::Refused,
        _ => ErrorKind::Response,
    }
}

/// With which status OSS sends a code, where it sent it after it had begun with another. Others than
/// these are not known to come so late.
fn status_of(code: &str) -> u16 {
    match code {
        "InternalError" => 500,
        "ServiceUnavailable" => 503,
        "AccessDenied" => 403,
        "NoSuchKey" | "NoSuchBucket" | "NoSuchUpload" | "NoSuchVersion" => 404,
        code if THROTTLED.contains(&code) => 503,
        _ => 200,
    }
}

/// Whether the signature is for a region in which the bucket does not lie, or for none that there is
/// (help.aliyun.com, 0002-00000226 and 0002-00000228). Error classes may change, the words too.
pub(super) fn is_of_another_region(document: &Document) -> bool {
    let classes = ["0002-00000226", "0002-00000228"];
    let class = document.ec.as_deref().unwrap_or_default();
    let words = document.message.as_deref().unwrap_or_default();
    classes.contains(&class) || words.starts_with("Invalid signing region")
}

/// Whether it was signature version 1 that was refused (help.aliyun.com, 0002-00000080).
pub(super) fn is_of_version_1(document: &Document) -> bool {
    document.ec.as_deref() == Some("0002-00000080")
}
