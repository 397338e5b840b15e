//! Which requests go through which proxy.

use std::net::IpAddr;

use super::{InvalidProxy, Proxy};
use crate::environment::Environment;

/// Which requests go through which proxy.
#[derive(Clone, Debug, Default)]
pub struct ProxyRules {
    http: Option<Proxy>,
    https: Option<Proxy>,
    exceptions: Vec<Exception>,
}

impl ProxyRules {
    /// Every request through one proxy.
    #[must_use]
    pub fn all(proxy: Proxy) -> Self {
        Self {
            http: Some(proxy.clone()),
            https: Some(proxy),
            exceptions: Vec::new(),
        }
    }

    /// What `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY` say, in lower or upper case.
    /// `ALL_PROXY` stands in for whichever of the first two is not set, and is not looked at where
    /// both are; none of them is where `NO_PROXY` is `*`.
    ///
    /// `HTTP_PROXY` in upper case is ignored in a CGI program (where `REQUEST_METHOD` is set),
    /// because there a client of the program chooses it.
    ///
    /// # Errors
    ///
    /// If one that is used names no proxy.
    pub fn from_environment(environment: &dyn Environment) -> Result<Self, InvalidProxy> {
        let read = |names: &[&str]| {
            let Some((name, value)) = names
                .iter()
                .find_map(|name| environment.non_empty(name).map(|value| (*name, value)))
            else {
                return Ok(None);
            };
            value
                .trim()
                .parse::<Proxy>()
                .map(Some)
                .map_err(|error| InvalidProxy {
                    origin: format!("`{name}`"),
                    reason: error.reason,
                })
        };
        let exceptions = ["no_proxy", "NO_PROXY"]
            .iter()
            .find_map(|name| environment.non_empty(name));
        let rules = Self::default().except(exceptions.as_deref().unwrap_or_default());
        if rules.exceptions.iter().any(Exception::is_everything) {
            return Ok(rules);
        }
        let is_cgi = environment.var("REQUEST_METHOD").is_some();
        let http_names: &[&str] = if is_cgi {
            &["http_proxy"]
        } else {
            &["http_proxy", "HTTP_PROXY"]
        };
        let http = read(http_names)?;
        let https = read(&["https_proxy", "HTTPS_PROXY"])?;
        let all = match (&http, &https) {
            (Some(_), Some(_)) => None,
            _ => read(&["all_proxy", "ALL_PROXY"])?,
        };
        Ok(Self {
            http: http.or_else(|| all.clone()),
            https: https.or(all),
            ..rules
        })
    }

    /// The same rules with hosts that are reached directly: a list, by commas or blanks, of hosts,
    /// domains (which cover their subdomains), addresses, CIDR blocks, each with an optional port,
    /// or `*` for all.
    #[must_use]
    pub fn except(mut self, hosts: &str) -> Self {
        self.exceptions.extend(
            hosts
                .split(|c: char| c == ',' || c.is_whitespace())
                .filter(|host| !host.is_empty())
                .map(Exception::parse),
        );
        self
    }

    /// The proxy of `http` requests that are no exception.
    #[cfg(feature = "reqwest")]
    pub(crate) fn http(&self) -> Option<&Proxy> {
        self.http.as_ref()
    }

    /// The proxy of `https` requests that are no exception.
    #[cfg(feature = "reqwest")]
    pub(crate) fn https(&self) -> Option<&Proxy> {
        self.https.as_ref()
    }

    /// The proxy for a request, or `None` to connect directly. `scheme` is `http` or `https`.
    #[must_use]
    pub fn proxy_for(&self, scheme: &str, host: &str, port: u16) -> Option<&Proxy> {
        let proxy = if scheme.eq_ignore_ascii_case("https") {
            &self.https
        } else {
            &self.http
        };
        let proxy = proxy.as_ref()?;
        let host = host
            .trim_start_matches('[')
            .trim_end_matches(']')
            .to_ascii_lowercase();
        let direct = self
            .exceptions
            .iter()
            .any(|exception| exception.covers(&host, port));
        (!direct).then_some(proxy)
    }
}

#[derive(Clone, Debug)]
struct Exception {
    host: HostPattern,
    port: Option<u16>,
}

#[derive(Clone, Debug)]
enum HostPattern {
    Any,
    Block(IpAddr, u8),
    Domain(String),
}

impl Exception {
    fn parse(text: &str) -> Self {
        if text == "*" {
            return Self {
                host: HostPattern::Any,
                port: None,
            };
        }
        if let Some((address, bits)) = text.split_once('/')
            && let (Ok(address), Ok(bits)) = (address.parse(), bits.parse())
        {
            return Self {
                host: HostPattern::Block(address, bits),
                port: None,
            };
        }
        let bare = text.trim_start_matches('[').trim_end_matches(']');
        if let Ok(address) = bare.parse::<IpAddr>() {
            return Self {
                host: HostPattern::Block(address, 128),
                port: None,
            };
        }
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) => (host, port.parse().ok()),
            None => (text, None),
        };
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let pattern = match host.parse::<IpAddr>() {
            Ok(address) => HostPattern::Block(address, 128),
            Err(_) => {
                let domain = host.trim_start_matches('*').trim_start_matches('.');
                HostPattern::Domain(domain.to_ascii_lowercase())
            }
        };
        Self {
            host: pattern,
            port,
        }
    }

    fn is_everything(&self) -> bool {
        matches!(self.host, HostPattern::Any) && self.port.is_none()
    }

    fn covers(&self, host: &str, port: u16) -> bool {
        if self.port.is_some_and(|only| only != port) {
            return false;
        }
        match &self.host {
            HostPattern::Any => true,
            HostPattern::Block(block, bits) => host
                .parse()
                .is_ok_and(|address| in_block(address, *block, *bits)),
            HostPattern::Domain(domain) => {
                host == domain
                    || host
                        .strip_suffix(domain.as_str())
                        .is_some_and(|rest| rest.ends_with('.'))
            }
        }
    }
}

fn in_block(address: IpAddr, block: IpAddr, bits: u8) -> bool {
    let (address, block, width) = match (address, block) {
        (IpAddr::V4(a), IpAddr::V4(b)) => (u128::from(a.to_bits()), u128::from(b.to_bits()), 32),
        (IpAddr::V6(a), IpAddr::V6(b)) => (a.to_bits(), b.to_bits(), 128),
        _ => return false,
    };
    let free = width - u32::from(bits).min(width);
    // A shift by the whole width would overflow; a block of zero bits holds every address.
    address.checked_shr(free).unwrap_or(0) == block.checked_shr(free).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::environment::FixedEnvironment;

    fn rules(variables: &[(&str, &str)]) -> ProxyRules {
        let environment = FixedEnvironment::from_iter(variables.iter().copied());
        ProxyRules::from_environment(&environment).unwrap()
    }

    #[test]
    fn each_scheme_has_its_proxy_and_lower_case_wins() {
        let rules = rules(&[
            ("HTTPS_PROXY", "http://upper:1"),
            ("https_proxy", "lower:2"),
            ("ALL_PROXY", "https://all"),
        ]);
        let show = |scheme| {
            rules
                .proxy_for(scheme, "oss.example", 443)
                .map(ToString::to_string)
        };
        assert_eq!(show("https").as_deref(), Some("http://lower:2"));
        assert_eq!(show("http").as_deref(), Some("https://all:443"));
    }

    #[test]
    fn exceptions_are_domains_addresses_blocks_and_ports() {
        let rules = rules(&[
            ("http_proxy", "http://p"),
            (
                "no_proxy",
                ".svc, example.com ,10.0.0.0/8,[::1],100.100.100.200,api:6443,*.wild",
            ),
        ]);
        let direct = |host, port| rules.proxy_for("http", host, port).is_none();
        for (host, port) in [
            ("a.svc", 80),
            ("example.com", 80),
            ("WWW.Example.com", 80),
            ("10.9.8.7", 80),
            ("::1", 80),
            ("[::1]", 80),
            ("100.100.100.200", 80),
            ("api", 6443),
            ("x.wild", 1),
        ] {
            assert!(direct(host, port), "{host}:{port}");
        }
        for (host, port) in [
            ("notexample.com", 80),
            ("11.0.0.1", 80),
            ("::2", 80),
            ("api", 80),
        ] {
            assert!(!direct(host, port), "{host}:{port}");
        }
        assert!(in_block(
            "1.2.3.4".parse().unwrap(),
            "0.0.0.0".parse().unwrap(),
            0
        ));
    }

    #[test]
    fn exceptions_may_be_separated_by_blanks() {
        for list in [
            "a.example b.example",
            "a.example, b.example",
            " a.example\tb.example\n,",
        ] {
            let rules = rules(&[("https_proxy", "http://p"), ("no_proxy", list)]);
            for host in ["a.example", "x.b.example"] {
                assert!(rules.proxy_for("https", host, 443).is_none(), "{list:?}");
            }
            assert!(
                rules.proxy_for("https", "c.example", 443).is_some(),
                "{list:?}"
            );
        }
    }

    /// As desktop proxies set it: HTTP for everything, and SOCKS for whoever can do better.
    #[test]
    fn a_proxy_that_nothing_would_use_does_no_harm() {
        let both = [
            ("http_proxy", "http://127.0.0.1:7890"),
            ("https_proxy", "http://127.0.0.1:7890"),
        ];
        let socks = ("all_proxy", "socks5://127.0.0.1:7890");
        let no_proxy = ("no_proxy", "localhost,127.0.0.1");
        let found = rules(&[both[0], both[1], socks, no_proxy]);
        assert!(found.proxy_for("https", "oss.example", 443).is_some());
        assert!(found.proxy_for("http", "127.0.0.1", 80).is_none());
        let found = rules(&[socks, ("no_proxy", "*")]);
        assert!(found.proxy_for("https", "oss.example", 443).is_none());
        for one in both {
            let found = rules(&[one, socks]);
            let other = if one.0 == "http_proxy" {
                "https"
            } else {
                "http"
            };
            let proxy = found.proxy_for(other, "oss.example", 443).unwrap();
            assert_eq!(proxy.to_string(), "socks5://127.0.0.1:7890");
            let unknown = ("all_proxy", "socks4://127.0.0.1:7890");
            let environment = FixedEnvironment::from_iter([one, unknown]);
            let error = ProxyRules::from_environment(&environment).unwrap_err();
            assert!(error.to_string().contains("`all_proxy`"), "{error}");
        }
    }

    #[test]
    fn a_cgi_program_ignores_the_clients_proxy() {
        let rules = rules(&[("HTTP_PROXY", "http://evil"), ("REQUEST_METHOD", "GET")]);
        assert!(rules.proxy_for("http", "h", 80).is_none());
    }

    #[test]
    fn a_bad_proxy_is_named_without_its_password() {
        let environment = FixedEnvironment::from_iter([("HTTPS_PROXY", "socks4://u:hunter2@h")]);
        let error = ProxyRules::from_environment(&environment).unwrap_err();
        assert_eq!(
            error.to_string(),
            "read the proxy from `HTTPS_PROXY`: its scheme is not supported; \
             expected `http://[user:password@]host[:port]`, or the same with `https`, `socks5` or \
             `socks5h`"
        );
        for text in [
            "http://",
            "http://h:notaport",
            "http://u:p%@h",
            "http://h h",
            "http://h:99999",
        ] {
            assert!(text.parse::<Proxy>().is_err(), "{text}");
        }
    }
}
