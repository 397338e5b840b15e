//! Addresses that people and environments give: endpoints, proxies, and the hosts that need none.

use alibaba_core::endpoint::Endpoint;
use alibaba_core::{Proxy, ProxyRules};

/// An endpoint and a proxy, and the rest after a line end as a list of exceptions. What is read is
/// the same when it is printed and read again, can be a `Host` header, and shows no password.
pub fn address(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else {
        return;
    };
    let (address, exceptions) = text.split_once('\n').unwrap_or((text, ""));
    let secret = secret(address);
    let hidden = |shown: &str| {
        let is_shown = secret.is_some_and(|secret| shown.contains(secret));
        assert!(!is_shown, "a password shows in {shown}");
    };
    match address.parse::<Endpoint>() {
        Ok(endpoint) => {
            assert_eq!(endpoint.to_string().parse().as_ref(), Ok(&endpoint));
            // Plain HTTP to others is a choice, and nothing that a text can say.
            assert!(endpoint.is_trusted(), "{endpoint}");
            let authority = endpoint.authority();
            assert!(authority.parse::<http::uri::Authority>().is_ok());
            assert!(!authority.contains('@'), "{authority}");
            hidden(&format!("{endpoint} {endpoint:?}"));
        }
        Err(error) => hidden(&format!("{error} {error:?}")),
    }
    match address.parse::<Proxy>() {
        Ok(proxy) => {
            let again: Proxy = proxy.to_string().parse().unwrap_or_else(|error| {
                panic!("{proxy} cannot be read again: {error}");
            });
            assert_eq!(again.to_string(), proxy.to_string());
            hidden(&format!("{proxy} {proxy:?}"));
            let rules = ProxyRules::all(proxy).except(exceptions);
            hidden(&format!("{rules:?}"));
            let everywhere = rules.clone().except("*");
            for host in [
                "10.0.0.1",
                "[::1]",
                "oss-cn-hangzhou.aliyuncs.com",
                exceptions,
            ] {
                let _ = rules.proxy_for("https", host, 443);
                assert!(everywhere.proxy_for("http", host, 80).is_none());
            }
        }
        Err(error) => hidden(&format!("{error} {error:?}")),
    }
}

const SCHEMES: [&str; 4] = ["http", "https", "socks5", "socks5h"];

/// The password of the address, where it is one of the seeds' and not part of the rest by chance.
fn secret(address: &str) -> Option<&str> {
    let (login, rest) = address.rsplit_once('@')?;
    // Two slashes may be missing. What follows a scheme then is a user, whose name is none.
    let after_scheme = login.split_once(':').filter(|(scheme, _)| {
        SCHEMES
            .iter()
            .any(|known| known.eq_ignore_ascii_case(scheme.trim()))
    });
    let login = after_scheme.map_or(login, |(_, login)| login);
    let (user, password) = login.rsplit_once(':')?;
    let is_elsewhere = user.contains(password) || rest.contains(password);
    (password.contains("hunter2") && !is_elsewhere).then_some(password)
}
