//! The kinds, by name.

use std::fmt;
use std::str::FromStr;

/// A kind of ACK cluster.
///
/// ```
/// use ack_backup_center::clusters::ClusterKind;
///
/// let kind: ClusterKind = "serverless-pro".parse()?;
/// assert_eq!(kind, ClusterKind::ServerlessPro);
/// assert!(!kind.profile().volumes.is_yes());
/// # Ok::<(), ack_backup_center::clusters::UnknownClusterKind>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum ClusterKind {
    /// ACK managed: Alibaba Cloud runs the control plane.
    Managed,
    /// ACK dedicated: the control plane runs on the account's own instances.
    Dedicated,
    /// A cluster of any make, registered with ACK One.
    Registered,
    /// ACK Serverless Pro: Pods without nodes, on a managed control plane.
    ServerlessPro,
    /// ACK Serverless Basic.
    ServerlessBasic,
    /// ACK Edge: a managed control plane with nodes in the cloud and elsewhere.
    Edge,
}

impl ClusterKind {
    /// All kinds.
    pub const ALL: [Self; 6] = [
        Self::Managed,
        Self::Dedicated,
        Self::Registered,
        Self::ServerlessPro,
        Self::ServerlessBasic,
        Self::Edge,
    ];

    /// Its name on a command line and in a configuration: `serverless-pro`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Managed => "managed",
            Self::Dedicated => "dedicated",
            Self::Registered => "registered",
            Self::ServerlessPro => "serverless-pro",
            Self::ServerlessBasic => "serverless-basic",
            Self::Edge => "edge",
        }
    }
}

impl fmt::Display for ClusterKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for ClusterKind {
    type Err = UnknownClusterKind;

    /// Reads the name of a kind, in either case.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let named = |kind: &Self| kind.name().eq_ignore_ascii_case(text.trim());
        Self::ALL
            .into_iter()
            .find(named)
            .ok_or_else(|| UnknownClusterKind(text.to_owned()))
    }
}

/// A text that names no kind of cluster.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a kind of cluster: use managed, dedicated, registered, serverless-pro, \
     serverless-basic or edge"
)]
pub struct UnknownClusterKind(String);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_read_as_it_is_written() {
        for kind in ClusterKind::ALL {
            assert_eq!(kind.to_string().parse(), Ok(kind));
            assert_eq!(kind.name().to_uppercase().parse(), Ok(kind));
        }
        let error = "serverless".parse::<ClusterKind>().unwrap_err().to_string();
        for kind in ClusterKind::ALL {
            assert!(error.contains(kind.name()), "{error}");
        }
    }
}
