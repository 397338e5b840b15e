//! Which proxy a request goes through: the conventional environment variables, or explicit rules.

mod rules;

use std::fmt;
use std::str::FromStr;

use alibaba_sign::Secret;
use base64::Engine as _;
use http::HeaderValue;
use url::Url;

pub use rules::ProxyRules;

/// A proxy, possibly with a user and a password: of HTTP, or SOCKS 5. Neither is printed: a user without a password may be a token.
///
/// `socks5h://` leaves looking up names to the proxy, `socks5://` does it here, as `curl` takes them.
///
/// ```
/// use alibaba_core::Proxy;
///
/// let proxy: Proxy = "http://ci:s3cr3t@proxy.example:3128".parse()?;
/// assert_eq!(proxy.to_string(), "http://proxy.example:3128");
/// let printed = format!("{proxy:?}");
/// assert!(!printed.contains("ci") && !printed.contains("s3cr3t"));
/// # Ok::<(), alibaba_core::InvalidProxy>(())
/// ```
#[derive(Clone, Debug)]
pub struct Proxy {
    scheme: ProxyScheme,
    host: String,
    port: u16,
    login: Option<(Secret, Secret)>,
}

/// How a proxy is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ProxyScheme {
    /// By HTTP.
    Http,
    /// By HTTP over TLS.
    Https,
    /// By SOCKS 5 (RFC 1928), for addresses.
    Socks5,
    /// By SOCKS 5, for names too.
    Socks5h,
}

impl ProxyScheme {
    fn name(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
            Self::Socks5 => "socks5",
            Self::Socks5h => "socks5h",
        }
    }
}

/// Why a text names no proxy. The text itself may hold a password and is not repeated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "read the proxy from {origin}: {reason}; expected `http://[user:password@]host[:port]`, or the same \
     with `https`, `socks5` or `socks5h`"
)]
pub struct InvalidProxy {
    origin: String,
    reason: &'static str,
}

impl InvalidProxy {
    fn new(reason: &'static str) -> Self {
        Self {
            origin: "its address".to_owned(),
            reason,
        }
    }
}

impl FromStr for Proxy {
    type Err = InvalidProxy;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let url = match text.contains("://") {
            true => Url::parse(text),
            false => Url::parse(&format!("http://{text}")),
        }
        .map_err(|error| {
            InvalidProxy::new(match error {
                url::ParseError::InvalidPort => "its port is malformed",
                _ => "its host is malformed",
            })
        })?;
        let (scheme, default_port) = match url.scheme() {
            "http" => (ProxyScheme::Http, 80),
            "https" => (ProxyScheme::Https, 443),
            "socks5" => (ProxyScheme::Socks5, 1080),
            "socks5h" => (ProxyScheme::Socks5h, 1080),
            _ => return Err(InvalidProxy::new("its scheme is not supported")),
        };
        let port = url.port().unwrap_or(default_port);
        let Some(host) = url.host_str().filter(|host| !host.is_empty()) else {
            return Err(InvalidProxy::new("its host is missing"));
        };
        let decode = |part: &str| {
            alibaba_sign::percent::decode(part).ok_or(InvalidProxy::new(
                "its user or password is not percent-encoded",
            ))
        };
        let login = match (url.username(), url.password()) {
            ("", None) => None,
            (user, password) => {
                let password = decode(password.unwrap_or_default())?;
                let user = decode(user)?;
                // Each has one byte for its length (RFC 1929).
                if scheme.name().starts_with("socks") && user.len().max(password.len()) > 255 {
                    let reason =
                        "its user or password is longer than the 255 bytes that SOCKS takes";
                    return Err(InvalidProxy::new(reason));
                }
                Some((Secret::new(user), Secret::new(password)))
            }
        };
        Ok(Self {
            scheme,
            host: host.to_owned(),
            port,
            login,
        })
    }
}

impl Proxy {
    /// How it is spoken to.
    #[must_use]
    pub fn scheme(&self) -> ProxyScheme {
        self.scheme
    }

    /// Whether the connection to the proxy itself uses TLS.
    #[must_use]
    pub fn is_tls(&self) -> bool {
        self.scheme == ProxyScheme::Https
    }

    /// The user and password, where there are any.
    #[must_use]
    pub fn login(&self) -> Option<(&str, &Secret)> {
        let (user, password) = self.login.as_ref()?;
        Some((user.expose(), password))
    }

    /// Its host; IPv6 addresses in brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Its port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The `Proxy-Authorization` header to send, marked sensitive.
    #[must_use]
    pub fn authorization(&self) -> Option<HeaderValue> {
        let (user, password) = self.login.as_ref()?;
        let pair = Secret::new(format!("{}:{}", user.expose(), password.expose()));
        let basic = base64::engine::general_purpose::STANDARD.encode(pair.expose());
        let mut value = HeaderValue::try_from(format!("Basic {basic}")).ok()?;
        value.set_sensitive(true);
        Some(value)
    }
}

/// Prints the address without the login.
impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}:{}", self.scheme.name(), self.host, self.port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_login_becomes_a_sensitive_header() {
        let proxy: Proxy = "http://us%40er:p%3Ass@h:3128".parse().unwrap();
        let header = proxy.authorization().unwrap();
        assert!(header.is_sensitive());
        assert_eq!(header.to_str().unwrap(), "Basic dXNAZXI6cDpzcw==");
        let plain: Proxy = "[::1]:8080".parse().unwrap();
        assert_eq!(
            (plain.host(), plain.port(), plain.authorization()),
            ("[::1]", 8080, None)
        );
    }

    #[test]
    fn socks_proxies_have_a_port_of_their_own_and_short_logins() {
        for (text, shown) in [
            ("socks5://h", "socks5://h:1080"),
            ("socks5h://us:pw@h:7890", "socks5h://h:7890"),
            ("SOCKS5H://[::1]", "socks5h://[::1]:1080"),
        ] {
            let proxy: Proxy = text.parse().unwrap();
            assert_eq!(proxy.to_string(), shown);
            assert!(!proxy.is_tls());
        }
        let long = format!("socks5://us:{}@h", "p".repeat(256));
        let error = long.parse::<Proxy>().unwrap_err().to_string();
        assert!(
            error.contains("255 bytes") && !error.contains("ppp"),
            "{error}"
        );
        for text in ["socks4://h", "socks4a://h", "socks5://", "socks5://:1080"] {
            assert!(text.parse::<Proxy>().is_err(), "{text}");
        }
    }
}
