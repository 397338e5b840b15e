//! What conditions look at: facts about a call.

use std::collections::BTreeMap;
use std::net::IpAddr;

use chrono::{DateTime, SecondsFormat, Utc};

use super::keys;

/// The facts about a call that conditions can ask for, by key.
///
/// ```
/// use alibaba_ram::Context;
///
/// let context = Context::new()
///     .source_ip([192, 0, 2, 7])
///     .secure_transport(true)
///     .with("oidc:sub", "system:serviceaccount:csdr:migrate-controller");
/// assert_eq!(context.values("acs:SourceIp"), ["192.0.2.7"]);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Context(BTreeMap<String, Vec<String>>);

impl Context {
    /// A call of which nothing is known.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a value of a key. A key may have several, as `oidc:aud` may.
    #[must_use]
    pub fn with(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.0.entry(key.into()).or_default().push(value.into());
        self
    }

    /// `acs:SourceIp`: where the call came from.
    #[must_use]
    pub fn source_ip(self, address: impl Into<IpAddr>) -> Self {
        self.with(keys::SOURCE_IP, address.into().to_string())
    }

    /// `acs:CurrentTime`: when it came.
    #[must_use]
    pub fn current_time(self, time: DateTime<Utc>) -> Self {
        self.with(
            keys::CURRENT_TIME,
            time.to_rfc3339_opts(SecondsFormat::Secs, true),
        )
    }

    /// `acs:SecureTransport`: whether it came over TLS.
    #[must_use]
    pub fn secure_transport(self, secure: bool) -> Self {
        self.with(keys::SECURE_TRANSPORT, secure.to_string())
    }

    /// `acs:MFAPresent`: whether the caller signed in with a second factor.
    #[must_use]
    pub fn mfa_present(self, present: bool) -> Self {
        self.with(keys::MFA_PRESENT, present.to_string())
    }

    /// `acs:RequestTag/<key>`: a tag that the call sets.
    #[must_use]
    pub fn request_tag(self, key: &str, value: impl Into<String>) -> Self {
        self.with(format!("{}{key}", keys::REQUEST_TAG), value)
    }

    /// The values that the call gives a tag.
    pub(crate) fn request_tags(&self, key: &str) -> &[String] {
        self.values(&format!("{}{key}", keys::REQUEST_TAG))
    }

    /// The values of a key; none if it is absent.
    #[must_use]
    pub fn values(&self, key: &str) -> &[String] {
        self.0.get(key).map_or(&[], Vec::as_slice)
    }
}
