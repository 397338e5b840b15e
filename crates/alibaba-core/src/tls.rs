//! TLS by rustls with ring, handed over explicitly.
//!
//! A program that links two rustls providers panics at the first handshake that relies on
//! the process default. Nothing here does: the provider is an argument.

use std::sync::Arc;

use rustls::crypto::CryptoProvider;
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::Verifier;

use crate::settings::RootCertificates;
use crate::{Error, ErrorKind};

/// The provider that every connection of this workspace uses.
#[must_use]
pub fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

/// A client configuration that trusts `roots`, without client certificate and without ALPN.
///
/// # Errors
///
/// If the platform has no root certificates and none are given (a container image from scratch),
/// or one of those given is broken.
pub fn client_config(roots: &RootCertificates) -> Result<ClientConfig, Error> {
    let invalid = |step: &str, source: rustls::Error| {
        Error::new(ErrorKind::Configuration, step).with_source(source)
    };
    let builder = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(|error| invalid("choose TLS versions", error))?;
    if roots.platform {
        let verifier = Verifier::new_with_extra_roots(roots.extra.iter().cloned(), provider())
            .map_err(|error| {
                invalid(
                    "load the platform's root certificates: install them, or give your own with \
                     `RootCertificates::none().and_pem(..)`",
                    error,
                )
            })?;
        // "Dangerous" only in that any verifier could be put here; this one is the platform's.
        let dangerous = builder.dangerous();
        return Ok(dangerous
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_no_client_auth());
    }
    let mut store = RootCertStore::empty();
    for certificate in &roots.extra {
        store
            .add(certificate.clone())
            .map_err(|error| invalid("add a root certificate", error))?;
    }
    Ok(builder.with_root_certificates(store).with_no_client_auth())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_root_is_refused_when_the_client_is_built() {
        let roots = RootCertificates::none().and_der(b"not a certificate".to_vec());
        assert_eq!(
            client_config(&roots).unwrap_err().kind(),
            ErrorKind::Configuration
        );
        assert!(client_config(&RootCertificates::none()).is_ok());
    }
}
