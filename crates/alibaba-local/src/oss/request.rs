//! Which bucket, key and operation a request is about.

use http::request::Parts;

use alibaba_sign::percent;

use crate::oss::document::KeyEncoding;
use crate::oss::error::OssError;
use crate::oss::operation::{Operation, Shape};
use crate::oss::refusal::Refusal;

/// A request, taken apart and decoded.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) host: String,
    pub(crate) bucket: Option<String>,
    pub(crate) key: Option<String>,
    pub(crate) query: Vec<(String, Option<String>)>,
    pub(crate) operation: Operation,
}

impl Target {
    /// Takes virtual-host style (`bucket.oss-cn-hangzhou.aliyuncs.com`, `bucket.localhost`) and
    /// path style apart. An IP address or a bare `localhost` is an endpoint, never a bucket.
    pub(crate) fn parse(parts: &Parts) -> Result<Self, OssError> {
        let undecodable = |what: &str| {
            OssError::refuse(
                Refusal::INVALID_URI,
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
        let form = parts
            .headers
            .get(http::header::CONTENT_TYPE)
            .is_some_and(|value| value.as_bytes().starts_with(b"multipart/form-data"));
        let operation = Operation::recognise(&Shape {
            method: &parts.method,
            bucket: bucket.is_some(),
            key: key.is_some(),
            copy: parts.headers.contains_key("x-oss-copy-source"),
            form,
            has: &has,
        })
        .ok_or_else(|| {
            OssError::not_implemented(&format!("{} {}", parts.method, parts.uri.path()))
        })?;
        Ok(Self {
            host,
            bucket,
            key,
            query,
            operation,
        })
    }

    /// Whether the public host name that was called, if it was one, is this region's, and has the
    /// bucket in front of it.
    pub(crate) fn check_host(&self, region: &str) -> Result<(), OssError> {
        let name = host_name(&self.host);
        if !name.ends_with(".aliyuncs.com") {
            return Ok(());
        }
        let endpoint = format!("oss-{region}.aliyuncs.com");
        let ours = [
            endpoint.clone(),
            format!("oss-{region}-internal.aliyuncs.com"),
            format!("{region}.oss.aliyuncs.com"),
            "oss-accelerate.aliyuncs.com".to_owned(),
            "oss-accelerate-overseas.aliyuncs.com".to_owned(),
        ];
        let called = ours
            .iter()
            .find_map(|host| name.strip_suffix(host.as_str()));
        match (called, &self.bucket) {
            (None, _) => Err(OssError::refuse(
                Refusal::OTHER_ENDPOINT,
                "The bucket you are attempting to access must be addressed using the specified \
                 endpoint. Please send all future requests to this endpoint.",
            )
            .with("Bucket", self.bucket())
            .with("Endpoint", endpoint)),
            (Some(""), Some(_)) => Err(OssError::refuse(
                Refusal::SECOND_LEVEL_DOMAIN,
                "The bucket you are attempting to access must be addressed using OSS third level \
                 domain.",
            )),
            (Some(_), _) => Ok(()),
        }
    }

    /// A query parameter's value; empty where it has none, `None` where it is absent.
    pub(crate) fn param(&self, name: &str) -> Option<&str> {
        self.query
            .iter()
            .find(|(found, _)| found == name)
            .map(|(_, value)| value.as_deref().unwrap_or_default())
    }

    /// The bucket's name, empty for calls on the service.
    pub(crate) fn bucket(&self) -> &str {
        self.bucket.as_deref().unwrap_or_default()
    }

    /// The object's key, empty for calls on the bucket.
    pub(crate) fn key(&self) -> &str {
        self.key.as_deref().unwrap_or_default()
    }

    /// The version asked for.
    pub(crate) fn version(&self) -> Result<Option<&str>, OssError> {
        match self.param("versionId") {
            Some("") => Err(OssError::invalid_argument(
                "versionId",
                "",
                "Version id cannot be the empty string.",
            )),
            version => Ok(version),
        }
    }

    /// Whether the response's keys are percent-encoded.
    pub(crate) fn encoding(&self) -> KeyEncoding {
        KeyEncoding(self.param("encoding-type") == Some("url"))
    }

    /// A numeric parameter, at most `max`.
    pub(crate) fn number(
        &self,
        name: &'static str,
        default: usize,
        max: usize,
    ) -> Result<usize, OssError> {
        match self.param(name).filter(|text| !text.is_empty()) {
            None => Ok(default),
            Some(text) => text
                .parse()
                .ok()
                .filter(|number| *number <= max)
                .ok_or_else(|| {
                    OssError::invalid_argument(
                        name,
                        text,
                        format!("Argument {name} must be an integer of at most {max}."),
                    )
                }),
        }
    }
}

/// Without the port.
fn host_name(host: &str) -> &str {
    host.rsplit_once(':').map_or(host, |(name, _)| name)
}

/// The bucket in front of `localhost` or of one of OSS's own names.
fn bucket_of_host(host: &str) -> Option<&str> {
    let name = host_name(host);
    let at = if let Some(bucket) = name.strip_suffix(".localhost") {
        bucket.len()
    } else if let Some(rest) = name.strip_suffix(".oss.aliyuncs.com") {
        // Dual stack: the region stands before `oss`.
        rest.rfind('.')?
    } else if name.ends_with(".aliyuncs.com") {
        name.find(".oss-")?
    } else {
        return None;
    };
    (at > 0).then(|| &name[..at])
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
            ("shop.cn-hangzhou.oss.aliyuncs.com", "/a%20b//c"),
        ] {
            let target = parse("GET", host, path);
            assert_eq!(target.bucket.as_deref(), Some("shop"), "{host}");
            assert_eq!(target.key.as_deref(), Some("a b//c"), "{host}");
            assert_eq!(target.operation, Operation::GetObject);
        }
    }

    #[test]
    fn public_hosts_are_the_regions_own_with_the_bucket_in_front() {
        let code = |host, path| {
            parse("GET", host, path)
                .check_host("cn-hangzhou")
                .err()
                .map(|error| error.code)
        };
        for host in [
            "shop.oss-cn-hangzhou.aliyuncs.com",
            "shop.cn-hangzhou.oss.aliyuncs.com",
            "shop.oss-accelerate.aliyuncs.com",
            "oss-cn-hangzhou.aliyuncs.com",
            "localhost:9000",
        ] {
            assert_eq!(code(host, "/"), None, "{host}");
        }
        let elsewhere = "shop.oss-cn-beijing.aliyuncs.com";
        assert_eq!(code(elsewhere, "/k"), Some("AccessDenied"));
        let path_style = "oss-cn-hangzhou.aliyuncs.com";
        assert_eq!(
            code(path_style, "/shop/k"),
            Some("SecondLevelDomainForbidden")
        );
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
        assert_eq!(of("POST", "/b/?wormExtend&wormId=x"), "ExtendBucketWorm");
        assert_eq!(of("POST", "/b/?wormId=x"), "CompleteBucketWorm");
        assert_eq!(of("POST", "/b/?worm"), "InitiateBucketWorm");
        assert_eq!(
            of("DELETE", "/b/k?tagging&versionId=v"),
            "DeleteObjectTagging"
        );
    }

    #[test]
    fn what_is_not_served_is_refused_and_not_mistaken_for_something_else() {
        for (method, path) in [
            ("PUT", "/b/?cors"),
            ("DELETE", "/b/?policy"),
            ("DELETE", "/b/k?acl"),
            ("GET", "/b/k?x-oss-process=image/info"),
            ("POST", "/b/"),
        ] {
            let request = http::Request::builder()
                .method(method)
                .uri(path)
                .header("host", "127.0.0.1")
                .body(())
                .unwrap();
            let error = Target::parse(&request.into_parts().0).unwrap_err();
            assert_eq!(error.code, "NotImplemented", "{method} {path}");
        }
    }
}
