//! Scheme, host and port of a service.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use url::{Host, Url};

/// `scheme://host[:port]`, where a service is called. Parse one to use an explicit address, which no
/// rule overrides.
///
/// ```
/// use alibaba_core::endpoint::Endpoint;
///
/// let endpoint: Endpoint = "sts-vpc.cn-hangzhou.aliyuncs.com".parse()?;
/// assert_eq!(endpoint.to_string(), "https://sts-vpc.cn-hangzhou.aliyuncs.com");
/// # Ok::<(), alibaba_core::endpoint::InvalidEndpoint>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Endpoint {
    tls: bool,
    /// Lower case; IPv6 in brackets.
    host: String,
    /// Where it is not the scheme's own.
    port: Option<u16>,
}

/// Why a text is not a scheme, host and port.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "read the endpoint {text:?}: {reason}; expected such as `https://sts.cn-hangzhou.aliyuncs.com`"
)]
pub struct InvalidEndpoint {
    text: String,
    reason: &'static str,
}

impl InvalidEndpoint {
    pub(super) fn new(text: &str, reason: &'static str) -> Self {
        // A user may have put a password into the address by mistake: keep what follows it only.
        let shown = text.rsplit('@').next().unwrap_or_default();
        Self {
            text: shown.chars().take(120).collect(),
            reason,
        }
    }
}

impl FromStr for Endpoint {
    type Err = InvalidEndpoint;

    /// Reads `[scheme://]host[:port][/]`; without a scheme it is HTTPS.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = |reason| InvalidEndpoint::new(text, reason);
        // A URL parser forgives these.
        if text.ends_with(':') || text.contains(|c: char| c.is_whitespace() || c.is_control()) {
            return Err(invalid("the host or port is malformed"));
        }
        let url = match text.contains("://") {
            true => Url::parse(text),
            false => Url::parse(&format!("https://{text}")),
        }
        .map_err(|error| {
            invalid(match error {
                url::ParseError::InvalidPort => "the port is malformed",
                _ => "the host is malformed",
            })
        })?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(invalid("the scheme is neither `http` nor `https`"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(invalid("it has a user or password"));
        }
        if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
            return Err(invalid("it has a path or a query"));
        }
        let is_name = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_');
        let host = match url.host() {
            Some(Host::Domain(name))
                if name.len() > 253
                    || !name.bytes().all(is_name)
                    || name.starts_with('.')
                    || name.contains("..") =>
            {
                return Err(invalid("the host is malformed"));
            }
            Some(host) => host.to_string(),
            None => return Err(invalid("the host is missing")),
        };
        Ok(Self {
            tls: url.scheme() == "https",
            host,
            port: url.port(),
        })
    }
}

impl Endpoint {
    /// This host by HTTPS, at the usual port.
    pub fn https(host: impl Into<String>) -> Self {
        Self {
            tls: true,
            host: host.into(),
            port: None,
        }
    }

    /// The same host and port by HTTP.
    #[must_use]
    pub fn without_tls(mut self) -> Self {
        self.tls = false;
        self
    }

    /// `http` or `https`.
    #[must_use]
    pub fn scheme(&self) -> &'static str {
        if self.tls { "https" } else { "http" }
    }

    /// The host, in lower case; IPv6 addresses in brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Whether the host is an IP address.
    #[must_use]
    pub fn is_ip(&self) -> bool {
        let host = self.host.trim_start_matches('[').trim_end_matches(']');
        host.parse::<IpAddr>().is_ok()
    }

    /// Host and port, as in the `Host` header.
    #[must_use]
    pub fn authority(&self) -> String {
        match self.port {
            Some(port) => format!("{}:{port}", self.host),
            None => self.host.clone(),
        }
    }

    /// The authority of a host below this one: `label.host[:port]`.
    #[must_use]
    pub fn subdomain_authority(&self, label: &str) -> String {
        format!("{label}.{}", self.authority())
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme(), self.authority())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_are_read_strictly() {
        for (text, shown) in [
            (
                "oss-cn-hangzhou.aliyuncs.com",
                "https://oss-cn-hangzhou.aliyuncs.com",
            ),
            ("HTTP://Localhost:8080/", "http://localhost:8080"),
            ("http://[::1]:9000", "http://[::1]:9000"),
            ("http://127.0.0.1:80", "http://127.0.0.1"),
        ] {
            assert_eq!(text.parse::<Endpoint>().unwrap().to_string(), shown);
        }
        for text in [
            "",
            "https://",
            "ftp://h",
            "http://h/p",
            "http://h?q",
            "http://u:p@h",
            "http://h:x",
            "http://h:70000",
            "http://h:",
            "a b",
            "h\n",
            ".h",
            "a..b",
            "[::g]",
            "http://h#f",
        ] {
            assert!(text.parse::<Endpoint>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_password_in_an_address_is_not_repeated() {
        let error = "https://me:hunter2@oss.example"
            .parse::<Endpoint>()
            .unwrap_err();
        assert!(!format!("{error} {error:?}").contains("hunter2"));
    }
}
