//! The addresses of OSS, its buckets and objects.

use std::fmt;
use std::str::FromStr;

use alibaba_core::Region;
use alibaba_core::endpoint::{Endpoint, InvalidEndpoint};
use alibaba_sign::percent::encode_path_to;

/// Where the bucket is in a URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum UrlStyle {
    /// `https://bucket.endpoint/key`, what OSS's own hosts want.
    VirtualHost,
    /// `https://endpoint/bucket/key`, for IP addresses, `localhost` and private links.
    Path,
    /// `https://host/key`: the host is a domain name bound to one bucket.
    Cname,
}

/// An address at which OSS is reached.
///
/// ```
/// use alibaba_core::Region;
/// use alibaba_oss::OssEndpoint;
///
/// let public = OssEndpoint::public(&Region::CN_HANGZHOU);
/// assert_eq!(
///     public.address(Some("demo"), Some("a//./中 文"))?.to_string(),
///     "https://demo.oss-cn-hangzhou.aliyuncs.com/a//./%E4%B8%AD%20%E6%96%87",
/// );
///
/// let local: OssEndpoint = "http://127.0.0.1:9000".parse()?; // an IP address: path style
/// assert_eq!(local.address(Some("demo"), None)?.to_string(), "http://127.0.0.1:9000/demo/");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct OssEndpoint {
    origin: Endpoint,
    style: UrlStyle,
}

impl OssEndpoint {
    /// Over the Internet.
    #[must_use]
    pub fn public(region: &Region) -> Self {
        Self::of(format!("oss-{region}.aliyuncs.com"))
    }

    /// Over Alibaba Cloud's own network, from the bucket's region: faster and free of traffic fees.
    #[must_use]
    pub fn internal(region: &Region) -> Self {
        Self::of(format!("oss-{region}-internal.aliyuncs.com"))
    }

    /// Over IPv4 and IPv6. Available in mainland regions (except `cn-nanjing` and `cn-zhongwei`),
    /// `cn-hongkong` and `eu-central-1`.
    #[must_use]
    pub fn dual_stack(region: &Region) -> Self {
        Self::of(format!("{region}.oss.aliyuncs.com"))
    }

    /// Over the nearest point of entry, for buckets with transfer acceleration.
    #[must_use]
    pub fn accelerate() -> Self {
        Self::of("oss-accelerate.aliyuncs.com".to_owned())
    }

    /// The same with points of entry outside mainland China only.
    #[must_use]
    pub fn accelerate_overseas() -> Self {
        Self::of("oss-accelerate-overseas.aliyuncs.com".to_owned())
    }

    /// A domain name that is bound to one bucket.
    ///
    /// # Errors
    ///
    /// Where `url` is no scheme, host and port, or plain HTTP to another machine.
    pub fn cname(url: &str) -> Result<Self, InvalidEndpoint> {
        Ok(Self {
            origin: url.parse()?,
            style: UrlStyle::Cname,
        })
    }

    fn of(host: String) -> Self {
        Self {
            origin: Endpoint::https(host),
            style: UrlStyle::VirtualHost,
        }
    }

    /// The same endpoint with another URL style.
    #[must_use]
    pub fn with_style(mut self, style: UrlStyle) -> Self {
        self.style = style;
        self
    }

    /// The same endpoint without TLS, for endpoints on a trusted network: objects, their checksums and
    /// security tokens can be read and changed on their way. The client warns of it.
    #[must_use]
    pub fn without_tls(mut self) -> Self {
        self.origin = self.origin.without_tls();
        self
    }

    /// Whether who responds there has proved to be the host, by TLS, or is on this machine.
    #[must_use]
    pub fn is_trusted(&self) -> bool {
        self.origin.is_trusted()
    }

    /// How buckets are addressed.
    #[must_use]
    pub fn style(&self) -> UrlStyle {
        self.style
    }

    /// `http` or `https`.
    #[must_use]
    pub fn scheme(&self) -> &'static str {
        self.origin.scheme()
    }

    /// The endpoint's host and port, without a bucket.
    #[must_use]
    pub fn authority(&self) -> String {
        self.origin.authority()
    }

    /// The bucket that stands in the endpoint already, as in the addresses that OSS's console shows:
    /// what comes before the host of one of its regions.
    fn bucket_in_host(&self) -> Option<&str> {
        let host = self.origin.host().strip_suffix(".aliyuncs.com")?;
        let (label, rest) = host.split_once('.')?;
        let is_region = rest.starts_with("oss-") || rest.ends_with(".oss");
        (is_region && is_bucket_name(label)).then_some(label)
    }

    /// The address of the service, a bucket or an object.
    ///
    /// The key is encoded and otherwise left alone: `a//b`, `./x` and `../x` are legal keys. A
    /// client must not normalise the path afterwards, or it sends something else than it signed.
    ///
    /// # Errors
    ///
    /// Where the bucket's name cannot be one, a key is empty or without a bucket, or the endpoint begins
    /// with a bucket already.
    pub fn address(
        &self,
        bucket: Option<&str>,
        key: Option<&str>,
    ) -> Result<Address, InvalidAddress> {
        if let Some(bucket) = bucket
            && !is_bucket_name(bucket)
        {
            return Err(InvalidAddress::Bucket(bucket.chars().take(80).collect()));
        }
        match (bucket, key) {
            (None, Some(_)) => return Err(InvalidAddress::Key("a key needs a bucket")),
            (_, Some("")) => return Err(InvalidAddress::Key("the key is empty")),
            _ => {}
        }
        if let (UrlStyle::VirtualHost, Some(label)) = (self.style, self.bucket_in_host()) {
            return Err(InvalidAddress::BucketInEndpoint {
                endpoint: self.authority(),
                bucket: label.to_owned(),
            });
        }
        let prefix = bucket.filter(|_| self.style == UrlStyle::VirtualHost);
        let mut path = String::with_capacity(key.map_or(0, str::len) + 72);
        path.push('/');
        if let Some(bucket) = bucket.filter(|_| self.style == UrlStyle::Path) {
            path.push_str(bucket);
            path.push('/');
        }
        if let Some(key) = key {
            encode_path_to(&mut path, key);
        }
        Ok(Address {
            scheme: self.scheme(),
            authority: match prefix {
                Some(bucket) => self.origin.subdomain_authority(bucket),
                None => self.origin.authority(),
            },
            path,
        })
    }
}

/// Why a bucket or object has no address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidAddress {
    /// The bucket's name cannot be part of a host name.
    #[error(
        "address the bucket {0:?}: a bucket name is 3 to 63 lower-case letters, digits and inner hyphens"
    )]
    Bucket(String),
    /// The endpoint is that of a bucket, as OSS's console shows it, and not the region's.
    #[error(
        "use the endpoint `{endpoint}`: it begins with a bucket, which is put there for each request; leave `{bucket}.` out"
    )]
    BucketInEndpoint {
        /// The endpoint's host and port.
        endpoint: String,
        /// What it begins with.
        bucket: String,
    },
    /// The key without a bucket, or an empty key.
    #[error("address an object: {0}")]
    Key(&'static str),
}

/// Whether a bucket can have this name: 3 to 63 lower-case letters, digits and inner hyphens (Object Storage Service
/// documentation, "Bucket naming conventions").
///
/// ```
/// assert!(alibaba_oss::is_bucket_name("my-backups"));
/// assert!(!alibaba_oss::is_bucket_name("My.Backups"));
/// ```
#[must_use]
pub fn is_bucket_name(name: &str) -> bool {
    (3..=63).contains(&name.len())
        && name
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && !name.starts_with('-')
        && !name.ends_with('-')
}

impl FromStr for OssEndpoint {
    type Err = InvalidEndpoint;

    /// Reads an explicit endpoint. IP addresses, `localhost` and private links get the path style.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let origin: Endpoint = text.parse()?;
        let wants_path = origin.is_ip()
            || origin.host() == "localhost"
            || origin.host().ends_with(".privatelink.aliyuncs.com");
        let style = if wants_path {
            UrlStyle::Path
        } else {
            UrlStyle::VirtualHost
        };
        Ok(Self { origin, style })
    }
}

impl fmt::Display for OssEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.origin.fmt(f)
    }
}

/// A URL in the parts that an HTTP client needs, the path encoded for good.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Address {
    /// `http` or `https`.
    pub scheme: &'static str,
    /// Host and port, also the `Host` header.
    pub authority: String,
    /// The encoded path, beginning with `/`.
    pub path: String,
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}{}", self.scheme, self.authority, self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(endpoint: &OssEndpoint, bucket: Option<&str>, key: Option<&str>) -> String {
        endpoint.address(bucket, key).unwrap().to_string()
    }

    #[test]
    fn every_kind_of_endpoint() {
        let region = Region::CN_BEIJING;
        for (endpoint, expected) in [
            (
                OssEndpoint::public(&region),
                "https://b-1.oss-cn-beijing.aliyuncs.com/k",
            ),
            (
                OssEndpoint::internal(&region),
                "https://b-1.oss-cn-beijing-internal.aliyuncs.com/k",
            ),
            (
                OssEndpoint::dual_stack(&region),
                "https://b-1.cn-beijing.oss.aliyuncs.com/k",
            ),
            (
                OssEndpoint::accelerate(),
                "https://b-1.oss-accelerate.aliyuncs.com/k",
            ),
            (
                OssEndpoint::accelerate_overseas(),
                "https://b-1.oss-accelerate-overseas.aliyuncs.com/k",
            ),
            (
                OssEndpoint::cname("https://files.example.com")
                    .unwrap()
                    .without_tls(),
                "http://files.example.com/k",
            ),
            (
                "https://10.0.0.1".parse().unwrap(),
                "https://10.0.0.1/b-1/k",
            ),
            ("http://[::1]:1".parse().unwrap(), "http://[::1]:1/b-1/k"),
            (
                "http://localhost:1".parse().unwrap(),
                "http://localhost:1/b-1/k",
            ),
            (
                "https://x.cn-beijing.oss.privatelink.aliyuncs.com"
                    .parse()
                    .unwrap(),
                "https://x.cn-beijing.oss.privatelink.aliyuncs.com/b-1/k",
            ),
        ] {
            assert_eq!(url(&endpoint, Some("b-1"), Some("k")), expected);
        }
    }

    #[test]
    fn a_buckets_own_host_is_no_endpoint() {
        for host in [
            "backups.oss-cn-hangzhou.aliyuncs.com",
            "backups.oss-cn-hangzhou-internal.aliyuncs.com",
            "backups.cn-hangzhou.oss.aliyuncs.com",
            "backups.oss-accelerate.aliyuncs.com",
        ] {
            let endpoint: OssEndpoint = format!("https://{host}").parse().unwrap();
            let error = endpoint.address(Some("backups"), None).unwrap_err();
            assert!(
                error.to_string().contains("leave `backups.` out"),
                "{error}"
            );
            // Which is fine where it is meant.
            let cname = OssEndpoint::cname(&format!("https://{host}")).unwrap();
            assert_eq!(
                url(&cname, Some("backups"), Some("k")),
                format!("https://{host}/k")
            );
        }
        for region in ["cn-hangzhou", "oss-cn-hangzhou", "oss-cn-hangzhou-internal"] {
            let error = region.parse::<OssEndpoint>().unwrap_err();
            assert!(error.to_string().contains("such as a region"), "{error}");
        }
        // Others may well have a bucket of the name that their host begins with.
        let other: OssEndpoint = "https://oss.example.com".parse().unwrap();
        assert_eq!(
            url(&other, Some("oss"), None),
            "https://oss.oss.example.com/"
        );
    }

    #[test]
    fn service_and_bucket_paths_end_in_a_slash() {
        let virtual_host = OssEndpoint::public(&Region::CN_BEIJING).without_tls();
        assert_eq!(
            url(&virtual_host, None, None),
            "http://oss-cn-beijing.aliyuncs.com/"
        );
        assert_eq!(
            url(&virtual_host, Some("abc"), None),
            "http://abc.oss-cn-beijing.aliyuncs.com/"
        );
        let path = virtual_host.with_style(UrlStyle::Path);
        assert_eq!(
            url(&path, Some("abc"), None),
            "http://oss-cn-beijing.aliyuncs.com/abc/"
        );
    }

    #[test]
    fn a_bucket_name_cannot_change_the_host() {
        let endpoint = OssEndpoint::public(&Region::CN_BEIJING);
        for bucket in [
            "",
            "ab",
            "evil.example/",
            "a@b",
            "a\nbc",
            "A-B",
            "-abc",
            "a.b.c",
            "a:b",
            "a#b",
        ] {
            assert!(endpoint.address(Some(bucket), None).is_err(), "{bucket:?}");
        }
        assert!(endpoint.address(None, Some("k")).is_err());
        assert!(endpoint.address(Some("abc"), Some("")).is_err());
    }
}
