//! Which names the server goes by.
//!
//! Without authentication, whoever reaches the port is an administrator, and a browser reaches it for
//! any page: a name of the page's own, made to lead to 127.0.0.1, is "the same site" to it (DNS rebinding).
//! Such a request still says in `Host` under which name it came.

use std::net::IpAddr;

use http::HeaderMap;
use http::header::HOST;

/// The names beside `localhost` and addresses, which no page can make its own.
#[derive(Debug, Default)]
pub(crate) struct HostNames(Vec<String>);

impl HostNames {
    pub(crate) fn new(names: Vec<String>) -> Self {
        Self(names)
    }

    /// Whether a request came under a name of this server. One without `Host` is of no browser.
    pub(crate) fn take(&self, headers: &HeaderMap) -> bool {
        let Some(host) = headers.get(HOST) else {
            return true;
        };
        let Ok(host) = host.to_str() else {
            return false;
        };
        let name = match host.strip_prefix('[') {
            Some(rest) => rest.split(']').next().unwrap_or_default(),
            None => host.split(':').next().unwrap_or_default(),
        };
        let is_name = |own: &str| name.eq_ignore_ascii_case(own);
        name.parse::<IpAddr>().is_ok()
            || is_name("localhost")
            || self.0.iter().any(|own| is_name(own))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_localhost_and_given_names_are_its_own() {
        let names = HostNames::new(vec!["kube.test".to_owned()]);
        for (host, own) in [
            ("127.0.0.1:6443", true),
            ("[::1]:6443", true),
            ("10.0.0.7", true),
            ("localhost:80", true),
            ("LOCALHOST", true),
            ("kube.test:1", true),
            ("evil.example:6443", false),
            ("127.0.0.1.evil.example", false),
            ("localhost.evil.example", false),
            ("sub.kube.test", false),
            ("", false),
        ] {
            let headers = HeaderMap::from_iter([(HOST, host.parse().unwrap())]);
            assert_eq!(names.take(&headers), own, "{host}");
        }
        assert!(names.take(&HeaderMap::new()));
    }
}
