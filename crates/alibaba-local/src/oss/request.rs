//! Which bucket, key and operation a request is about.

use http::Method;
use http::request::Parts;

use alibaba_sign::percent;

use super::error::OssError;

/// A request, taken apart and decoded.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) host: String,
    pub(crate) bucket: Option<String>,
    pub(crate) key: Option<String>,
    pub(crate) query: Vec<(String, Option<String>)>,
    pub(crate) operation: Operation,
}

/// The APIs served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    ListBuckets,
    PutBucket,
    DeleteBucket,
    GetBucketInfo,
    GetBucketLocation,
    GetBucketStat,
    ListObjects,
    ListObjectsV2,
    ListMultipartUploads,
    DeleteMultipleObjects,
    PutObject,
    CopyObject,
    GetObject,
    HeadObject,
    GetObjectMeta,
    DeleteObject,
    InitiateMultipartUpload,
    UploadPart,
    CompleteMultipartUpload,
    AbortMultipartUpload,
    ListParts,
}

impl Operation {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::ListBuckets => "ListBuckets",
            Self::PutBucket => "PutBucket",
            Self::DeleteBucket => "DeleteBucket",
            Self::GetBucketInfo => "GetBucketInfo",
            Self::GetBucketLocation => "GetBucketLocation",
            Self::GetBucketStat => "GetBucketStat",
            Self::ListObjects => "ListObjects",
            Self::ListObjectsV2 => "ListObjectsV2",
            Self::ListMultipartUploads => "ListMultipartUploads",
            Self::DeleteMultipleObjects => "DeleteMultipleObjects",
            Self::PutObject => "PutObject",
            Self::CopyObject => "CopyObject",
            Self::GetObject => "GetObject",
            Self::HeadObject => "HeadObject",
            Self::GetObjectMeta => "GetObjectMeta",
            Self::DeleteObject => "DeleteObject",
            Self::InitiateMultipartUpload => "InitiateMultipartUpload",
            Self::UploadPart => "UploadPart",
            Self::CompleteMultipartUpload => "CompleteMultipartUpload",
            Self::AbortMultipartUpload => "AbortMultipartUpload",
            Self::ListParts => "ListParts",
        }
    }

    /// The RAM actions it needs (Object Storage Service documentation, "RAM policies").
    pub(crate) fn ram_actions(self) -> &'static [&'static str] {
        match self {
            Self::ListBuckets => &["oss:ListBuckets"],
            Self::PutBucket => &["oss:PutBucket"],
            Self::DeleteBucket => &["oss:DeleteBucket"],
            Self::GetBucketInfo => &["oss:GetBucketInfo"],
            Self::GetBucketLocation => &["oss:GetBucketLocation"],
            Self::GetBucketStat => &["oss:GetBucketStat"],
            Self::ListObjects | Self::ListObjectsV2 => &["oss:ListObjects"],
            Self::ListMultipartUploads => &["oss:ListMultipartUploads"],
            Self::DeleteMultipleObjects | Self::DeleteObject => &["oss:DeleteObject"],
            Self::PutObject
            | Self::InitiateMultipartUpload
            | Self::UploadPart
            | Self::CompleteMultipartUpload => &["oss:PutObject"],
            Self::CopyObject => &["oss:GetObject", "oss:PutObject"],
            Self::GetObject | Self::HeadObject | Self::GetObjectMeta => &["oss:GetObject"],
            Self::AbortMultipartUpload => &["oss:AbortMultipartUpload"],
            Self::ListParts => &["oss:ListParts"],
        }
    }
}

impl Target {
    /// Takes virtual-host style (`bucket.oss-cn-hangzhou.aliyuncs.com`, `bucket.localhost`) and
    /// path style apart. An IP address or a bare `localhost` is an endpoint, never a bucket.
    pub(crate) fn parse(parts: &Parts) -> Result<Self, OssError> {
        let undecodable = |what: &str| {
            OssError::bad_request(
                "InvalidURI",
                format!("Couldn't parse the specified {what}."),
            )
        };
        let host = parts
            .headers
            .get(http::header::HOST)
            .and_then(|host| host.to_str().ok())
            .or_else(|| parts.uri.authority().map(http::uri::Authority::as_str))
            .unwrap_or_default()
            .to_owned();
        let path = parts
            .uri
            .path()
            .strip_prefix('/')
            .unwrap_or(parts.uri.path());
        let path = percent::decode(path).ok_or_else(|| undecodable("path"))?;
        let (bucket, key) = match bucket_of_host(&host) {
            Some(bucket) => (Some(bucket.to_owned()), non_empty(&path)),
            None => match path.split_once('/') {
                Some((bucket, key)) => (non_empty(bucket), non_empty(key)),
                None => (non_empty(&path), None),
            },
        };
        let query = parts
            .uri
            .query()
            .unwrap_or_default()
            .split('&')
            .filter(|pair| !pair.is_empty())
            .map(|pair| match pair.split_once('=') {
                Some((name, value)) => {
                    Some((percent::decode(name)?, Some(percent::decode(value)?)))
                }
                None => Some((percent::decode(pair)?, None)),
            })
            .collect::<Option<Vec<_>>>()
            .ok_or_else(|| undecodable("query"))?;
        let has = |name: &str| query.iter().any(|(found, _)| found == name);
        let copy = parts.headers.contains_key("x-oss-copy-source");
        let operation = operation(&parts.method, bucket.is_some(), key.is_some(), copy, &has)
            .ok_or_else(|| {
                OssError::new(
                    http::StatusCode::NOT_IMPLEMENTED,
                    "NotImplemented",
                    format!(
                        "{} {} is not served by this local OSS.",
                        parts.method,
                        parts.uri.path()
                    ),
                )
            })?;
        Ok(Self {
            host,
            bucket,
            key,
            query,
            operation,
        })
    }

    /// A query parameter's value; empty where it has none, `None` where it is absent.
    pub(crate) fn param(&self, name: &str) -> Option<&str> {
        self.query
            .iter()
            .find(|(found, _)| found == name)
            .map(|(_, value)| value.as_deref().unwrap_or_default())
    }
}

fn operation(
    method: &Method,
    bucket: bool,
    key: bool,
    copy: bool,
    has: &dyn Fn(&str) -> bool,
) -> Option<Operation> {
    use Operation as O;
    let upload = has("uploadId");
    Some(match (method.as_str(), bucket, key) {
        ("GET", false, _) => O::ListBuckets,
        ("PUT", true, false) if !has_subresource(has) => O::PutBucket,
        ("DELETE", true, false) if !has_subresource(has) => O::DeleteBucket,
        ("POST", true, false) if has("delete") => O::DeleteMultipleObjects,
        ("GET", true, false) if has("bucketInfo") => O::GetBucketInfo,
        ("GET", true, false) if has("location") => O::GetBucketLocation,
        ("GET", true, false) if has("stat") => O::GetBucketStat,
        ("GET", true, false) if has("uploads") => O::ListMultipartUploads,
        ("GET", true, false) if has_subresource(has) => return None,
        ("GET", true, false) if has("list-type") => O::ListObjectsV2,
        ("GET", true, false) => O::ListObjects,
        ("POST", true, true) if has("uploads") => O::InitiateMultipartUpload,
        ("POST", true, true) if upload => O::CompleteMultipartUpload,
        ("PUT", true, true) if upload && has("partNumber") && !copy => O::UploadPart,
        ("DELETE", true, true) if upload => O::AbortMultipartUpload,
        ("GET", true, true) if upload => O::ListParts,
        (_, true, true) if has_subresource(has) => return None,
        ("PUT", true, true) if upload => return None,
        ("PUT", true, true) if copy => O::CopyObject,
        ("PUT", true, true) => O::PutObject,
        ("GET", true, true) => O::GetObject,
        ("HEAD", true, true) if has("objectMeta") => O::GetObjectMeta,
        ("HEAD", true, true) => O::HeadObject,
        ("DELETE", true, true) => O::DeleteObject,
        _ => return None,
    })
}

/// Sub-resources that are known to OSS and not served here: refusing beats doing another thing.
fn has_subresource(has: &dyn Fn(&str) -> bool) -> bool {
    [
        "acl",
        "append",
        "cors",
        "encryption",
        "legalHold",
        "lifecycle",
        "logging",
        "policy",
        "objectWorm",
        "overwriteConfig",
        "referer",
        "replication",
        "restore",
        "retention",
        "symlink",
        "tagging",
        "versioning",
        "versions",
        "website",
        "worm",
        "wormExtend",
        "wormId",
    ]
    .iter()
    .any(|name| has(name))
}

fn bucket_of_host(host: &str) -> Option<&str> {
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    let suffix_at = if let Some(bucket) = name.strip_suffix(".localhost") {
        bucket.len()
    } else if name.ends_with(".aliyuncs.com") {
        name.find(".oss-")?
    } else {
        return None;
    };
    (suffix_at > 0).then(|| &name[..suffix_at])
}

fn non_empty(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(method: &str, host: &str, path: &str) -> Target {
        let request = http::Request::builder()
            .method(method)
            .uri(path)
            .header("host", host)
            .body(())
            .unwrap();
        Target::parse(&request.into_parts().0).unwrap()
    }

    #[test]
    fn both_url_styles_name_the_same_object() {
        for (host, path) in [
            ("127.0.0.1:9000", "/shop/a%20b//c"),
            ("shop.localhost:9000", "/a%20b//c"),
            ("shop.oss-cn-hangzhou.aliyuncs.com", "/a%20b//c"),
            ("shop.oss-cn-hangzhou-internal.aliyuncs.com", "/a%20b//c"),
        ] {
            let target = parse("GET", host, path);
            assert_eq!(target.bucket.as_deref(), Some("shop"), "{host}");
            assert_eq!(target.key.as_deref(), Some("a b//c"), "{host}");
            assert_eq!(target.operation, Operation::GetObject);
        }
    }

    #[test]
    fn operations_are_told_apart_by_sub_resource() {
        let of = |method, path| parse(method, "127.0.0.1", path).operation.name();
        assert_eq!(of("GET", "/"), "ListBuckets");
        assert_eq!(of("GET", "/b/?list-type=2"), "ListObjectsV2");
        assert_eq!(of("POST", "/b/k?uploads"), "InitiateMultipartUpload");
        assert_eq!(of("PUT", "/b/k?partNumber=1&uploadId=x"), "UploadPart");
        assert_eq!(of("DELETE", "/b/k?uploadId=x"), "AbortMultipartUpload");
        assert_eq!(of("HEAD", "/b/k?objectMeta"), "GetObjectMeta");
    }
}
