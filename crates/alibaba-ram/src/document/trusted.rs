//! `Principal`: the callers that a trust policy names.

use serde::de::MapAccess;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::members::{Member, read_members};
use super::values::Values;

/// The callers that a statement of a trust policy applies to.
///
/// ```
/// use alibaba_ram::TrustedPrincipals;
///
/// let anyone_in_the_account = TrustedPrincipals::ram("acs:ram::1234567890123456:root");
/// let cluster = TrustedPrincipals::federated("acs:ram::1234567890123456:oidc-provider/ack-rrsa-c1");
/// let service = TrustedPrincipals::service("cs.aliyuncs.com");
/// # assert_eq!(service.iter().count(), 1);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct TrustedPrincipals(Vec<Trusted>);

/// Which kind of caller an entry of `Principal` names.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TrustedKind {
    /// RAM users and roles, or with `:root` everyone in an account.
    Ram,
    /// A service of Alibaba Cloud.
    Service,
    /// An identity provider: OIDC or SAML.
    Federated,
    /// One this crate does not know. It is kept, and trusts nobody.
    Unknown(String),
}

#[derive(Clone, Debug, PartialEq)]
struct Trusted {
    kind: TrustedKind,
    values: Values,
}

impl TrustedKind {
    /// The key as a document writes it.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Ram => "RAM",
            Self::Service => "Service",
            Self::Federated => "Federated",
            Self::Unknown(name) => name,
        }
    }
}

impl TrustedPrincipals {
    /// Trusts RAM users, roles or whole accounts, named by their ARNs.
    #[must_use]
    pub fn ram(arns: impl Into<Values>) -> Self {
        Self::of(TrustedKind::Ram, arns)
    }

    /// Trusts services, named as in `cs.aliyuncs.com`.
    #[must_use]
    pub fn service(names: impl Into<Values>) -> Self {
        Self::of(TrustedKind::Service, names)
    }

    /// Trusts identity providers, named by their ARNs.
    #[must_use]
    pub fn federated(arns: impl Into<Values>) -> Self {
        Self::of(TrustedKind::Federated, arns)
    }

    /// Trusts callers of another kind as well.
    #[must_use]
    pub fn and(mut self, kind: TrustedKind, values: impl Into<Values>) -> Self {
        self.0.push(Trusted {
            kind,
            values: values.into(),
        });
        self
    }

    /// The entries in the order of the document.
    pub fn iter(&self) -> impl Iterator<Item = (&TrustedKind, &Values)> {
        self.0.iter().map(|entry| (&entry.kind, &entry.values))
    }

    fn of(kind: TrustedKind, values: impl Into<Values>) -> Self {
        Self(Vec::new()).and(kind, values)
    }
}

impl Member for Trusted {
    const OBJECT: &'static str = "`Principal`";

    fn read<'de, A: MapAccess<'de>>(key: String, map: &mut A) -> Result<Self, A::Error> {
        let kind = match key.as_str() {
            "RAM" => TrustedKind::Ram,
            "Service" => TrustedKind::Service,
            "Federated" => TrustedKind::Federated,
            _ => TrustedKind::Unknown(key),
        };
        Ok(Self {
            kind,
            values: map.next_value()?,
        })
    }

    fn key(&self) -> &str {
        self.kind.name()
    }
}

impl<'de> Deserialize<'de> for TrustedPrincipals {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        read_members(deserializer).map(Self)
    }
}

impl Serialize for TrustedPrincipals {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter().map(|(kind, values)| (kind.name(), values)))
    }
}
