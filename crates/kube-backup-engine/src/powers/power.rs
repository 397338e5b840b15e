//! Kinds of power, and how much of each an object grants.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize, Serializer};

use crate::{Error, Result};

/// A kind of power.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum Power {
    /// It grants rights: roles and their bindings.
    Rbac,
    /// It sees, changes or refuses other people's requests: webhooks, admission policies, and what says which
    /// Pods a namespace admits.
    Admission,
    /// It answers for the API server: APIServices and conversions of custom resources.
    ApiServing,
    /// It makes certificates, or says which are trusted.
    Certificates,
    /// It reaches the machine that a Pod runs on.
    Node,
    /// It is, or becomes, somebody: tokens, and accounts that are roles of a cloud.
    Identity,
    /// It diverts traffic.
    Network,
    /// It is part of the cluster itself: system namespaces and what the control plane brings along.
    System,
    /// It brings its status with it, which others believe a controller wrote.
    Status,
    /// It is of the whole cluster, and in nobody's namespace.
    Scope,
}

impl Power {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Rbac,
        Self::Admission,
        Self::ApiServing,
        Self::Certificates,
        Self::Node,
        Self::Identity,
        Self::Network,
        Self::System,
        Self::Status,
        Self::Scope,
    ];

    /// Its name, as in JSON and in switches: `rbac`, `apiServing`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Rbac => "rbac",
            Self::Admission => "admission",
            Self::ApiServing => "apiServing",
            Self::Certificates => "certificates",
            Self::Node => "node",
            Self::Identity => "identity",
            Self::Network => "network",
            Self::System => "system",
            Self::Status => "status",
            Self::Scope => "scope",
        }
    }
}

impl fmt::Display for Power {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Power {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let named = Self::ALL.into_iter().find(|power| power.name() == text);
        named.ok_or_else(|| {
            let names = Self::ALL.map(Self::name).join(", ");
            Error::invalid(format!("read power `{text}`: powers are {names}"))
        })
    }
}

/// How much a power is worth to somebody who should not have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum Danger {
    /// Little by itself.
    Low,
    /// More than an application of one namespace has.
    Medium,
    /// Other people's secrets, machines or requests.
    High,
    /// The cluster.
    Critical,
}

impl Danger {
    /// The word in tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

/// One power that an object grants, and by what.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct GrantedPower {
    /// The power.
    pub power: Power,
    /// How much it is worth.
    pub danger: Danger,
    /// The field that grants it, and what it grants.
    pub reason: String,
}

/// What an object lets somebody do, the most dangerous first; nothing, for most.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Powers {
    granted: Vec<GrantedPower>,
    pub(super) widens_others: bool,
}

impl Serialize for Powers {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        self.granted.serialize(serializer)
    }
}

impl Powers {
    /// Each power with its reason, the most dangerous first.
    pub fn iter(&self) -> impl Iterator<Item = &GrantedPower> {
        self.granted.iter()
    }

    /// Whether it grants nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.granted.is_empty()
    }

    /// How much it grants of one power; `None` for nothing.
    #[must_use]
    pub fn danger_of(&self, power: Power) -> Option<Danger> {
        let granted = self.granted.iter().filter(|it| it.power == power);
        granted.map(|it| it.danger).max()
    }

    /// Whether it grants at least what `other` grants.
    #[must_use]
    pub fn cover(&self, other: &Self) -> bool {
        Power::ALL
            .into_iter()
            .all(|power| self.danger_of(power) >= other.danger_of(power))
    }

    /// Whether it gives more to whoever has other roles, and not only to those it names.
    pub(crate) fn widen_others(&self) -> bool {
        self.widens_others
    }

    pub(super) fn add(&mut self, power: Power, danger: Danger, reason: impl Into<String>) {
        let granted = GrantedPower {
            power,
            danger,
            reason: reason.into(),
        };
        if !self.granted.contains(&granted) {
            self.granted.push(granted);
        }
    }

    pub(super) fn sorted(mut self) -> Self {
        self.granted
            .sort_by(|a, b| (b.danger, a.power, &a.reason).cmp(&(a.danger, b.power, &b.reason)));
        self
    }
}

impl fmt::Display for Powers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for granted in &self.granted {
            writeln!(
                f,
                "{:<8} {:<12} {}",
                granted.danger.name(),
                granted.power.name(),
                granted.reason
            )?;
        }
        Ok(())
    }
}
