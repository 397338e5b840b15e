//! Scheme, host and port of a service.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use url::{Host, Url};

/// `scheme://host[:port]`, where a service is called. Parse one to use an explicit address, which no
/// rule overrides.
///
/// Plain HTTP is read for this machine only: whoever stands between sees and changes what is sent, tokens
/// and data alike. [`Endpoint::without_tls`] is the switch for networks that can be trusted.
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
    /// The error of a parser of its own kind of endpoints.
    #[must_use]
    pub fn new(text: &str, reason: &'static str) -> Self {
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

    /// Reads `[scheme://]host[:port][/]`; without a scheme it is HTTPS. Plain HTTP is an error, except to
    /// this machine.
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
        let endpoint = Self {
            tls: url.scheme() == "https",
            host,
            port: url.port(),
        };
        let is_bare = !text.contains([':', '.', '/']);
        if is_bare && !endpoint.is_loopback() {
            return Err(invalid("it is a name without a domain, such as a region"));
        }
        if !endpoint.is_trusted() {
            return Err(invalid(
                "plain HTTP is only for this machine; use `https://`, or on a network that can be trusted \
                 switch TLS off with `without_tls`",
            ));
        }
        Ok(endpoint)
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

    /// The same host and port by HTTP, for networks that can be trusted: everything that is sent can be
    /// read and changed on its way. The clients warn of it.
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

    /// Whether the host is this machine.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        let host = self.host.trim_start_matches('[').trim_end_matches(']');
        let is_local = |address: IpAddr| address.to_canonical().is_loopback();
        host == "localhost" || host.parse().is_ok_and(is_local)
    }

    /// Whether who responds there has proved to be the host, by TLS, or is on this machine.
    #[must_use]
    pub fn is_trusted(&self) -> bool {
        self.tls || self.is_loopback()
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
            ("http://127.1.2.3", "http://127.1.2.3"),
            (
                "http://[::ffff:127.0.0.1]:9000",
                "http://[::ffff:7f00:1]:9000",
            ),
            ("localhost", "https://localhost"),
            ("oss:9000", "https://oss:9000"),
            ("https://oss", "https://oss"),
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
            "cn-hangzhou",
            "oss-cn-hangzhou",
            "http://oss-cn-hangzhou.aliyuncs.com",
            "http://10.0.0.1:9000",
            "http://0.0.0.0",
            "http://[::]",
            "http://[::ffff:10.0.0.1]",
            "http://localhost.example.com",
            "http://127.0.0.1.example.com",
            "HTTP://sts.aliyuncs.com",
        ] {
            assert!(text.parse::<Endpoint>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn plain_http_is_a_choice_that_is_made_in_the_program() {
        let error = "http://sts.aliyuncs.com".parse::<Endpoint>().unwrap_err();
        assert!(error.to_string().contains("`without_tls`"), "{error}");
        let chosen = "https://10.0.0.1:9000".parse::<Endpoint>().unwrap();
        assert!(chosen.is_trusted());
        let chosen = chosen.without_tls();
        assert_eq!(chosen.to_string(), "http://10.0.0.1:9000");
        assert!(!chosen.is_trusted());
    }

    #[test]
    fn a_password_in_an_address_is_not_repeated() {
        let error = "https://me:hunter2@oss.example"
            .parse::<Endpoint>()
            .unwrap_err();
        assert!(!format!("{error} {error:?}").contains("hunter2"));
    }
}
