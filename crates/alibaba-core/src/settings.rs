//! How connections are made, for every client of this workspace.

use std::time::Duration;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use crate::environment::Environment;
use crate::{Error, ErrorKind, InvalidProxy, ProxyRules};

/// Timeouts, proxy, roots of trust and user agent.
///
/// ```
/// use std::time::Duration;
/// use alibaba_core::{ConnectionSettings, ProxyChoice};
///
/// let settings = ConnectionSettings::default()
///     .with_connect_timeout(Duration::from_secs(3))
///     .with_proxy(ProxyChoice::Direct)
///     .with_user_agent("my-controller/1.2");
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ConnectionSettings {
    /// How long connecting may take, TLS included. Default 5 s.
    pub connect_timeout: Duration,
    /// How long the peer may be silent while a response is awaited or read. Default 30 s.
    pub read_timeout: Duration,
    /// How long an unused connection is kept. Default 50 s, below the minute after which the
    /// services close theirs.
    pub idle_timeout: Duration,
    /// Which proxy to use.
    pub proxy: ProxyChoice,
    /// Whom to trust.
    pub roots: RootCertificates,
    /// The `User-Agent` header.
    pub user_agent: String,
}

impl Default for ConnectionSettings {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(5),
            read_timeout: Duration::from_secs(30),
            idle_timeout: Duration::from_secs(50),
            proxy: ProxyChoice::Environment,
            roots: RootCertificates::default(),
            user_agent: concat!("alibaba-core-rs/", env!("CARGO_PKG_VERSION")).to_owned(),
        }
    }
}

impl ConnectionSettings {
    /// Sets how long connecting may take.
    #[must_use]
    pub fn with_connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// Sets how long the peer may be silent.
    #[must_use]
    pub fn with_read_timeout(mut self, timeout: Duration) -> Self {
        self.read_timeout = timeout;
        self
    }

    /// Sets how long an unused connection is kept.
    #[must_use]
    pub fn with_idle_timeout(mut self, timeout: Duration) -> Self {
        self.idle_timeout = timeout;
        self
    }

    /// Sets which proxy to use.
    #[must_use]
    pub fn with_proxy(mut self, proxy: ProxyChoice) -> Self {
        self.proxy = proxy;
        self
    }

    /// Sets whom to trust.
    #[must_use]
    pub fn with_roots(mut self, roots: RootCertificates) -> Self {
        self.roots = roots;
        self
    }

    /// Sets the `User-Agent` header.
    #[must_use]
    pub fn with_user_agent(mut self, user_agent: impl Into<String>) -> Self {
        self.user_agent = user_agent.into();
        self
    }

    /// The proxy rules that the choice stands for.
    ///
    /// # Errors
    ///
    /// If the environment is asked and names an unusable proxy.
    pub fn proxy_rules(&self, environment: &dyn Environment) -> Result<ProxyRules, InvalidProxy> {
        match &self.proxy {
            ProxyChoice::Environment => ProxyRules::from_environment(environment),
            ProxyChoice::Direct => Ok(ProxyRules::default()),
            ProxyChoice::Rules(rules) => Ok(rules.clone()),
        }
    }
}

/// Where the proxy comes from.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub enum ProxyChoice {
    /// The conventional environment variables.
    #[default]
    Environment,
    /// No proxy.
    Direct,
    /// These rules.
    Rules(ProxyRules),
}

/// Whom a connection trusts.
#[derive(Clone, Debug)]
pub struct RootCertificates {
    pub(crate) platform: bool,
    pub(crate) extra: Vec<CertificateDer<'static>>,
}

impl Default for RootCertificates {
    /// The platform's own trust.
    fn default() -> Self {
        Self {
            platform: true,
            extra: Vec::new(),
        }
    }
}

impl RootCertificates {
    /// Trusts no certificate yet: add certificates with [`Self::and_pem`].
    #[must_use]
    pub fn none() -> Self {
        Self {
            platform: false,
            extra: Vec::new(),
        }
    }

    /// Also trusts the certificates of a PEM text, such as a company's proxy or a local cloud.
    ///
    /// # Errors
    ///
    /// If the text has no certificate, or a broken one.
    pub fn and_pem(mut self, pem: &[u8]) -> Result<Self, Error> {
        let invalid = |step: &str| Error::new(ErrorKind::Configuration, step);
        let before = self.extra.len();
        for certificate in CertificateDer::pem_slice_iter(pem) {
            let certificate = certificate
                .map_err(|error| invalid("read root certificates from PEM").with_source(error))?;
            self.extra.push(certificate);
        }
        if self.extra.len() == before {
            return Err(invalid(
                "find a certificate in the PEM text given as root certificates",
            ));
        }
        Ok(self)
    }

    /// Also trusts one certificate in DER form.
    #[must_use]
    pub fn and_der(mut self, der: impl Into<Vec<u8>>) -> Self {
        self.extra.push(CertificateDer::from(der.into()));
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pem_without_certificates_is_an_error_and_not_an_empty_trust() {
        let error = RootCertificates::none()
            .and_pem(b"nothing here")
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration);
        let broken = b"-----BEGIN CERTIFICATE-----\n***\n-----END CERTIFICATE-----\n";
        assert!(RootCertificates::none().and_pem(broken).is_err());
    }
}
