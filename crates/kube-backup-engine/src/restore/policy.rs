//! Which powers a restore grants.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::powers::{GrantedPower, Power};
use crate::spec::null_is_default;
use crate::spec::selection::pattern;
use crate::{Error, GroupResource, ObjectId, Result};

/// What a restore is for, and with it which [powers](crate::powers) it grants. What it does not grant is
/// withheld: reported as skipped, with the reason and the switch that allows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum Profile {
    /// What was chosen comes back whole, but for the cluster's own ([`Power::System`]): that comes back
    /// where its namespace, its kind or its name is in the selection.
    #[default]
    Everything,
    /// An application and what it needs of the cluster: no admission, no API serving, no certificates, and
    /// of the cluster's roles only those that the backup shows bound to the chosen accounts and to nobody
    /// else, or that chosen bindings of namespaces name.
    Application,
    /// What lies in namespaces and grants nothing: no objects of the cluster, not even the namespaces
    /// themselves, no roles or bindings, nothing that reaches a machine, is somebody or diverts traffic.
    /// With [`ActAs`](super::ActAs), roles and bindings of namespaces are left to the server, which refuses
    /// what the requester may not grant.
    Tenant,
}

impl FromStr for Profile {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "everything" => Ok(Self::Everything),
            "application" => Ok(Self::Application),
            "tenant" => Ok(Self::Tenant),
            _ => Err(Error::invalid(format!(
                "read profile `{text}`: profiles are everything, application and tenant"
            ))),
        }
    }
}

/// What is allowed or withheld: a power, or an object with all its powers.
///
/// ```
/// use kube_backup_engine::powers::Power;
/// use kube_backup_engine::restore::PowerSwitch;
///
/// assert_eq!("node".parse::<PowerSwitch>()?, PowerSwitch::Power(Power::Node));
/// let one: PowerSwitch = "daemonsets.apps/monitoring/node-exporter".parse()?;
/// assert_eq!(one.to_string(), "daemonsets.apps/monitoring/node-exporter");
/// # Ok::<(), kube_backup_engine::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(with = "String"))]
#[non_exhaustive]
pub enum PowerSwitch {
    /// Every object that grants the power.
    Power(Power),
    /// One object, by its name in the backup: `kind/name`, or `kind/namespace/name`.
    Object(ObjectId),
}

impl fmt::Display for PowerSwitch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Power(power) => power.fmt(f),
            Self::Object(id) => {
                write!(f, "{}/", id.resource)?;
                if let Some(namespace) = &id.namespace {
                    write!(f, "{namespace}/")?;
                }
                f.write_str(&id.name)
            }
        }
    }
}

impl FromStr for PowerSwitch {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let mut parts = text.split('/');
        let object = |resource: &str, namespace: Option<&str>, name: &str| {
            let resource: GroupResource = resource.parse()?;
            Ok(Self::Object(ObjectId {
                resource,
                namespace: namespace.map(str::to_owned),
                name: name.to_owned(),
            }))
        };
        match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some(power), None, ..) => power.parse().map(Self::Power),
            (Some(kind), Some(name), None, _) if !name.is_empty() => object(kind, None, name),
            (Some(kind), Some(namespace), Some(name), None)
                if !namespace.is_empty() && !name.is_empty() =>
            {
                object(kind, Some(namespace), name)
            }
            _ => Err(Error::invalid(format!(
                "read `{text}`: write a power, such as `rbac`, or an object, as `plural.group/name` or \
                 `plural.group/namespace/name`"
            ))),
        }
    }
}

impl TryFrom<String> for PowerSwitch {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

impl From<PowerSwitch> for String {
    fn from(switch: PowerSwitch) -> Self {
        switch.to_string()
    }
}

/// Which powers a restore grants. Where switches contradict each other, that of an object counts before that
/// of a power, and `withhold` before `allow`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PowerPolicy {
    /// What the restore is for.
    #[serde(default, deserialize_with = "null_is_default")]
    pub profile: Profile,
    /// What is granted though the profile withholds it.
    #[serde(
        default,
        deserialize_with = "null_is_default",
        skip_serializing_if = "BTreeSet::is_empty"
    )]
    pub allow: BTreeSet<PowerSwitch>,
    /// What is withheld though the profile grants it.
    #[serde(
        default,
        deserialize_with = "null_is_default",
        skip_serializing_if = "BTreeSet::is_empty"
    )]
    pub withhold: BTreeSet<PowerSwitch>,
    /// Namespaces that are the cluster's own besides those that begin with `kube-`; names or patterns. The
    /// one that whoever restores runs in belongs here.
    #[serde(
        default,
        deserialize_with = "null_is_default",
        skip_serializing_if = "BTreeSet::is_empty"
    )]
    pub system_namespaces: BTreeSet<String>,
}

impl From<Profile> for PowerPolicy {
    fn from(profile: Profile) -> Self {
        Self {
            profile,
            ..Self::default()
        }
    }
}

impl PowerPolicy {
    pub(crate) fn is_default(&self) -> bool {
        *self == Self::default()
    }

    pub(crate) fn check(&self) -> Result<(), String> {
        if let Some(both) = self.allow.intersection(&self.withhold).next() {
            return Err(format!("`{both}` is both allowed and withheld"));
        }
        for name in &self.system_namespaces {
            pattern(name)?;
        }
        Ok(())
    }
}

/// What an object was not granted, and the switch that would allow it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Withheld {
    /// The powers that it would have granted and was not to; none where it was named itself.
    pub powers: Vec<GrantedPower>,
    /// What `allow` would have to hold.
    pub allow: Vec<PowerSwitch>,
    /// Whether it is withheld by every restore that does not name it: it is the cluster's own, and nothing
    /// else is the matter.
    pub is_of_cluster_itself: bool,
}

impl fmt::Display for Withheld {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(worst) = self.powers.first() else {
            return f.write_str("withheld, since it is named in `withhold`");
        };
        write!(
            f,
            "withheld, since it grants {}: {}",
            worst.power, worst.reason
        )?;
        let more = self.powers.len() - 1;
        if more > 0 {
            write!(f, ", and {more} more")?;
        }
        let switches: Vec<String> = self.allow.iter().map(ToString::to_string).collect();
        write!(f, "; to have it, allow `{}`", switches.join("`, `"))
    }
}

/// One line for all that is the cluster's own.
pub(super) fn print_own(count: usize, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    if count == 0 {
        return Ok(());
    }
    writeln!(
        f,
        "  withheld   {count:>7} of them are the cluster's own; to have them, name their namespaces, or allow \
         `system`"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn switches_are_read_as_they_are_written() {
        for text in [
            "rbac",
            "apiServing",
            "clusterroles.rbac.authorization.k8s.io/system:node",
            "secrets/shop/token",
        ] {
            let switch: PowerSwitch = text.parse().unwrap();
            assert_eq!(switch.to_string(), text);
            let json = serde_json::to_value(&switch).unwrap();
            assert_eq!(serde_json::from_value::<PowerSwitch>(json).unwrap(), switch);
        }
        for text in ["", "all", "secrets/", "a/b/c/d", "secrets//token"] {
            assert!(text.parse::<PowerSwitch>().is_err(), "{text}");
        }
    }
}
