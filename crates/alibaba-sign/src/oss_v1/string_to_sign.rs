//! The text that the secret signs.

use super::Request;
use crate::header::{value, write_lines};

/// Besides every `x-oss-*`: the union of the lists in oss2, the Go SDKs v1 and v2 and the
/// documentation. Sorted by bytes, for binary search.
const SUB_RESOURCES: [&str; 75] = [
    "accessPoint",
    "accessPointPolicy",
    "acl",
    "append",
    "asyncFetch",
    "bucketArchiveDirectRead",
    "bucketInfo",
    "callback",
    "callback-var",
    "cloudboxes",
    "cname",
    "comp",
    "continuation-token",
    "cors",
    "delete",
    "encryption",
    "endTime",
    "group",
    "httpsConfig",
    "img",
    "inventory",
    "inventoryId",
    "lifecycle",
    "link",
    "live",
    "location",
    "logging",
    "metaQuery",
    "objectInfo",
    "objectMeta",
    "partNumber",
    "policy",
    "policyStatus",
    "position",
    "publicAccessBlock",
    "qos",
    "qosInfo",
    "redundancyTransition",
    "referer",
    "regionList",
    "replication",
    "replicationLocation",
    "replicationProgress",
    "requestPayment",
    "resourceGroup",
    "response-cache-control",
    "response-content-disposition",
    "response-content-encoding",
    "response-content-language",
    "response-content-type",
    "response-expires",
    "responseHeader",
    "restore",
    "rtc",
    "security-token",
    "sequential",
    "startTime",
    "stat",
    "status",
    "style",
    "styleName",
    "symlink",
    "tagging",
    "transferAcceleration",
    "uploadId",
    "uploads",
    "versionId",
    "versioning",
    "versions",
    "vod",
    "website",
    "withHashContext",
    "worm",
    "wormExtend",
    "wormId",
];

/// Whether this query parameter is signed.
///
/// ```
/// use alibaba_sign::oss_v1::is_sub_resource;
/// assert!(is_sub_resource("uploadId") && is_sub_resource("x-oss-process"));
/// assert!(!is_sub_resource("prefix"));
/// ```
#[must_use]
pub fn is_sub_resource(name: &str) -> bool {
    name.starts_with("x-oss-") || SUB_RESOURCES.binary_search(&name).is_ok()
}

/// As bytes, since header values need not be UTF-8. `query` and `headers` are those that are sent.
pub(super) fn string_to_sign<'a>(
    request: &Request<'_>,
    date: &str,
    query: impl Iterator<Item = (&'a str, Option<&'a str>)>,
    headers: impl Iterator<Item = (&'a str, &'a [u8])>,
) -> Vec<u8> {
    let mut out = Vec::with_capacity(256);
    out.extend_from_slice(request.method.as_bytes());
    out.push(b'\n');
    for name in ["content-md5", "content-type"] {
        out.extend_from_slice(value(request.headers, name));
        out.push(b'\n');
    }
    out.extend_from_slice(date.as_bytes());
    out.push(b'\n');

    write_lines(&mut out, headers, "x-oss-");

    out.push(b'/');
    if let Some(bucket) = request.bucket {
        out.extend_from_slice(bucket.as_bytes());
        out.push(b'/');
        out.extend_from_slice(request.key.unwrap_or_default().as_bytes());
    }
    let mut sub_resources: Vec<_> = query.filter(|(name, _)| is_sub_resource(name)).collect();
    sub_resources.sort_unstable();
    for (at, (name, value)) in sub_resources.into_iter().enumerate() {
        out.push(if at == 0 { b'?' } else { b'&' });
        out.extend_from_slice(name.as_bytes());
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            out.push(b'=');
            out.extend_from_slice(value.as_bytes());
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_can_be_searched() {
        assert!(SUB_RESOURCES.is_sorted());
    }
}
