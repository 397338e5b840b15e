//! Scheme, host and port, taken apart without a URL library, since those rewrite paths.

use std::fmt;
use std::net::IpAddr;

use super::InvalidEndpoint;

/// `scheme://host[:port]`, checked.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Origin {
    /// Whether the scheme is `https`.
    pub tls: bool,
    /// Lower case; IPv6 in brackets.
    pub host: String,
    /// Where it is not the scheme's own.
    pub port: Option<u16>,
}

impl Origin {
    /// This host by HTTPS, at the usual port.
    pub fn https(host: impl Into<String>) -> Self {
        Self {
            tls: true,
            host: host.into(),
            port: None,
        }
    }

    /// Reads `[scheme://]host[:port][/]`; without a scheme it is HTTPS.
    ///
    /// # Errors
    ///
    /// Where the text is anything else.
    pub fn parse(text: &str) -> Result<Self, InvalidEndpoint> {
        let malformed = |reason| InvalidEndpoint::Malformed {
            // A user may have put a password into the address by mistake: keep what follows it only.
            text: text
                .rsplit('@')
                .next()
                .unwrap_or_default()
                .chars()
                .take(120)
                .collect(),
            reason,
        };
        let (tls, rest) = match text.split_once("://") {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("https") => (true, rest),
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http") => (false, rest),
            Some(_) => return Err(malformed("the scheme is neither `http` nor `https`")),
            None => (true, text),
        };
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        if rest.contains(['/', '?', '#']) {
            return Err(malformed("it has a path or a query"));
        }
        if rest.contains('@') {
            return Err(malformed("it has a user or password"));
        }
        let authority: http::uri::Authority = rest
            .parse()
            .map_err(|_| malformed("the host is malformed"))?;
        let host = authority.host().to_ascii_lowercase();
        let is_name = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_');
        let bracketed = host
            .strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'));
        let is_valid = match bracketed {
            Some(inner) => inner.parse::<IpAddr>().is_ok(),
            None => !host.is_empty() && host.len() <= 253 && host.bytes().all(is_name),
        };
        if !is_valid || host.starts_with('.') || host.contains("..") {
            return Err(malformed("the host is malformed"));
        }
        let port = match authority.as_str().get(host.len()..).unwrap_or_default() {
            "" => None,
            with_colon => {
                let port = with_colon
                    .strip_prefix(':')
                    .and_then(|port| port.parse().ok());
                Some(port.ok_or_else(|| malformed("the port is malformed"))?)
            }
        };
        Ok(Self { tls, host, port })
    }

    /// Whether the host is an IP address.
    #[must_use]
    pub fn is_ip(&self) -> bool {
        self.host
            .trim_start_matches('[')
            .trim_end_matches(']')
            .parse::<IpAddr>()
            .is_ok()
    }

    /// `http` or `https`.
    #[must_use]
    pub fn scheme(&self) -> &'static str {
        if self.tls { "https" } else { "http" }
    }

    /// `[prefix.]host[:port]`, as it stands in the `Host` header.
    #[must_use]
    pub fn authority(&self, prefix: Option<&str>) -> String {
        let mut out = String::with_capacity(self.host.len() + prefix.map_or(0, str::len) + 7);
        if let Some(prefix) = prefix {
            out.push_str(prefix);
            out.push('.');
        }
        out.push_str(&self.host);
        if let Some(port) = self.port {
            out.push(':');
            out.push_str(&port.to_string());
        }
        out
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme(), self.authority(None))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_read_strictly() {
        for (text, shown) in [
            (
                "oss-cn-hangzhou.aliyuncs.com",
                "https://oss-cn-hangzhou.aliyuncs.com",
            ),
            ("HTTP://Localhost:8080/", "http://localhost:8080"),
            ("http://[::1]:9000", "http://[::1]:9000"),
            ("http://127.0.0.1:80", "http://127.0.0.1:80"),
        ] {
            assert_eq!(Origin::parse(text).unwrap().to_string(), shown);
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
            assert!(Origin::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_password_in_an_address_is_not_repeated() {
        let error = Origin::parse("https://me:hunter2@oss.example").unwrap_err();
        assert!(!format!("{error} {error:?}").contains("hunter2"));
    }
}
