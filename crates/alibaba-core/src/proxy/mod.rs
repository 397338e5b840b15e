//! Which proxy a request goes through: the conventional environment variables, or explicit rules.

mod rules;

use std::fmt;
use std::str::FromStr;

use alibaba_sign::Secret;
use base64::Engine as _;
use http::HeaderValue;
use url::Url;

pub use rules::ProxyRules;

/// An HTTP proxy, possibly with a password.
///
/// ```
/// use alibaba_core::Proxy;
///
/// let proxy: Proxy = "http://ci:s3cr3t@proxy.example:3128".parse()?;
/// assert_eq!(proxy.to_string(), "http://proxy.example:3128");
/// assert!(!format!("{proxy:?}").contains("s3cr3t"));
/// # Ok::<(), alibaba_core::InvalidProxy>(())
/// ```
#[derive(Clone, Debug)]
pub struct Proxy {
    tls: bool,
    host: String,
    port: u16,
    login: Option<(String, Secret)>,
}

/// Why a text names no proxy. The text itself may hold a password and is not repeated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("read the proxy from {origin}: {reason}; expected `http://[user:password@]host[:port]`")]
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
        let tls = match url.scheme() {
            "http" => false,
            "https" => true,
            _ => return Err(InvalidProxy::new("its scheme is not supported")),
        };
        let (Some(host), Some(port)) = (url.host_str(), url.port_or_known_default()) else {
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
                Some((decode(user)?, Secret::new(password)))
            }
        };
        Ok(Self {
            tls,
            host: host.to_owned(),
            port,
            login,
        })
    }
}

impl Proxy {
    /// Whether the connection to the proxy itself uses TLS.
    #[must_use]
    pub fn is_tls(&self) -> bool {
        self.tls
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
        let pair = Secret::new(format!("{user}:{}", password.expose()));
        let basic = base64::engine::general_purpose::STANDARD.encode(pair.expose());
        let mut value = HeaderValue::try_from(format!("Basic {basic}")).ok()?;
        value.set_sensitive(true);
        Some(value)
    }
}

/// Prints the address without the login.
impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.tls { "https" } else { "http" };
        write!(f, "{scheme}://{}:{}", self.host, self.port)
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
}
