//! Where a URL points to.

use crate::endpoint::OssEndpoint;
use crate::error::{Error, ErrorKind, Result};

/// A bucket and a prefix in it, as a URL names them.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) bucket: String,
    pub(super) prefix: String,
    /// What an address of OSS's own says besides: region, and whether it is from inside.
    pub(super) region: Option<String>,
    pub(super) internal: bool,
}

impl Place {
    /// Reads `oss://bucket/prefix`, or `https://bucket.oss-cn-hangzhou.aliyuncs.com/prefix`. The prefix is a
    /// name as it stands and not encoded, as ossutil takes it.
    pub(super) fn read(url: &str) -> Result<Self> {
        let refused = |why: &str| {
            let step = format!(
                "read the address `{}`: {why}; write `oss://bucket/prefix`",
                without_login(url)
            );
            Error::new(ErrorKind::Configuration, step)
        };
        let (scheme, rest) = url
            .split_once("://")
            .ok_or_else(|| refused("it has no scheme"))?;
        let (host, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        if host.contains('@') {
            return Err(refused(
                "a key does not belong into an address, which logs keep; give it by options or the environment",
            ));
        }
        if prefix.contains(['?', '#']) {
            return Err(refused("it has more than a bucket and a prefix"));
        }
        let prefix = prefix.trim_end_matches('/').to_owned();
        if scheme.eq_ignore_ascii_case("oss") {
            if host.is_empty() {
                return Err(refused("it names no bucket"));
            }
            return Ok(Self {
                bucket: host.to_owned(),
                prefix,
                ..Self::default()
            });
        }
        if !scheme.eq_ignore_ascii_case("https") {
            return Err(refused("it is not OSS's"));
        }
        let (bucket, endpoint) = host
            .split_once('.')
            .ok_or_else(|| refused("it is not OSS's"))?;
        let (region, internal) =
            region_of(endpoint).ok_or_else(|| refused("it is not that of a bucket of OSS"))?;
        Ok(Self {
            bucket: bucket.to_owned(),
            prefix,
            region: Some(region.to_owned()),
            internal,
        })
    }
}

/// The region of OSS's own endpoints, and whether that is the one from inside.
pub(super) fn region_of(host: &str) -> Option<(&str, bool)> {
    let label = host.strip_suffix(".aliyuncs.com")?;
    if let Some(region) = label.strip_suffix(".oss") {
        return Some((region, false));
    }
    let region = label
        .strip_prefix("oss-")
        .filter(|it| !it.starts_with("accelerate"))?;
    match region.strip_suffix("-internal") {
        Some(region) => Some((region, true)),
        None => Some((region, false)),
    }
}

/// The region that an endpoint names.
pub(super) fn region_in(endpoint: &OssEndpoint) -> Option<String> {
    region_of(&endpoint.authority()).map(|(region, _)| region.to_owned())
}

/// The address as it can be shown.
fn without_login(url: &str) -> String {
    match (url.split_once("://"), url.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, rest))) => format!("{scheme}://…@{rest}"),
        (None, Some((_, rest))) => format!("…@{rest}"),
        _ => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_buckets_are_read() {
        let plain = |bucket: &str, prefix: &str| Place {
            bucket: bucket.to_owned(),
            prefix: prefix.to_owned(),
            ..Place::default()
        };
        assert_eq!(Place::read("oss://backups").unwrap(), plain("backups", ""));
        assert_eq!(Place::read("OSS://backups/").unwrap(), plain("backups", ""));
        assert_eq!(
            Place::read("oss://backups/a/b c/").unwrap(),
            plain("backups", "a/b c")
        );
        let hangzhou = Place {
            region: Some("cn-hangzhou".to_owned()),
            ..plain("backups", "a")
        };
        assert_eq!(
            Place::read("https://backups.oss-cn-hangzhou.aliyuncs.com/a").unwrap(),
            hangzhou
        );
        assert_eq!(
            Place::read("https://backups.cn-hangzhou.oss.aliyuncs.com/a").unwrap(),
            hangzhou
        );
        let inside =
            Place::read("https://backups.oss-cn-hangzhou-internal.aliyuncs.com/a").unwrap();
        assert_eq!(
            inside,
            Place {
                internal: true,
                ..hangzhou
            }
        );
    }

    #[test]
    fn other_addresses_are_refused_with_the_remedy_and_without_the_key() {
        for url in [
            "backups/a",
            "oss:///a",
            "s3://backups/a",
            "http://backups.oss-cn-hangzhou.aliyuncs.com/a",
            "https://backups.example.com/a",
            "https://backups.oss-accelerate.aliyuncs.com/a",
            "oss://backups/a?versionId=1",
            "oss://id:hunter2@backups/a",
            "id:hunter2@backups",
        ] {
            let error = Place::read(url).unwrap_err().to_string();
            assert!(error.contains("write `oss://bucket/prefix`"), "{error}");
            assert!(!error.contains("hunter2"), "{error}");
        }
    }
}
