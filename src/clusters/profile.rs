//! What the backup center may do in each kind of cluster, as data.
//!
//! From "Install migrate-controller and grant permissions" (Container Service for Kubernetes,
//! 12 December 2024), whose text on each kind is named beside the row.

use std::fmt;

use super::kind::ClusterKind;
use crate::placement::Link;

/// What holds for a kind of cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Profile {
    /// The kind.
    pub kind: ClusterKind,
    /// Whether the component can be installed.
    pub component: Answer,
    /// Whether the data of volumes can be backed up.
    pub volumes: Answer,
    /// How the component gets its permissions.
    pub authorization: Authorization,
    /// On which nodes it runs.
    pub nodes: NodeChoice,
    /// How its machines reach OSS. Of a registered cluster it depends on its
    /// [`Connection`](super::Connection); this is the one without any.
    pub link: Link,
}

/// Yes or no, with the reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It can be done.
    Yes,
    /// It cannot: why, and what to do instead.
    No(&'static str),
}

impl Answer {
    /// Whether it can be done.
    #[must_use]
    pub fn is_yes(self) -> bool {
        self == Self::Yes
    }

    /// Why not.
    #[must_use]
    pub fn reason(self) -> Option<&'static str> {
        match self {
            Self::Yes => None,
            Self::No(reason) => Some(reason),
        }
    }
}

/// How the component gets its permissions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Authorization {
    /// The role `AliyunCSManagedBackupRestoreRole`, authorized once for the account: ECS snapshots,
    /// Cloud Backup, and buckets whose names begin with `cnfs-oss-`. Any other bucket needs a RAM user.
    ManagedRole,
    /// A RAM user, whose AccessKey is in a Secret of the cluster.
    RamUser,
}

/// On which nodes the component runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum NodeChoice {
    /// Any.
    Any,
    /// Those in the cloud: the label `alibabacloud.com/is-edge-worker` is `false` there.
    Cloud,
}

impl fmt::Display for NodeChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Any => "any node",
            Self::Cloud => "cloud nodes",
        })
    }
}

const NO_VOLUMES: Answer = Answer::No(
    "volumes of ACK Serverless Pro and ACK Edge clusters cannot be backed up; back up the objects \
     alone, and keep the data by other means",
);

const MANAGED: Profile = Profile {
    kind: ClusterKind::Managed,
    component: Answer::Yes,
    volumes: Answer::Yes,
    authorization: Authorization::ManagedRole,
    nodes: NodeChoice::Any,
    link: Link::Vpc,
};

impl ClusterKind {
    /// What holds for this kind.
    #[must_use]
    pub const fn profile(self) -> Profile {
        match self {
            // "ACK managed clusters", step 2.
            Self::Managed => MANAGED,
            // "ACK dedicated clusters", step 1.
            Self::Dedicated => Profile {
                kind: self,
                authorization: Authorization::RamUser,
                ..MANAGED
            },
            // "Registered clusters".
            Self::Registered => Profile {
                kind: self,
                authorization: Authorization::RamUser,
                link: Link::Outside,
                ..MANAGED
            },
            // "Usage notes": as managed, without volumes.
            Self::ServerlessPro => Profile {
                kind: self,
                volumes: NO_VOLUMES,
                ..MANAGED
            },
            // "Usage notes": as managed, without volumes, on cloud nodes and over the internal network.
            Self::Edge => Profile {
                kind: self,
                volumes: NO_VOLUMES,
                nodes: NodeChoice::Cloud,
                ..MANAGED
            },
            // "Usage notes": not supported.
            Self::ServerlessBasic => Profile {
                kind: self,
                component: Answer::No(
                    "ACK Serverless Basic clusters are not supported; migrate the cluster to ACK \
                     Serverless Pro first",
                ),
                volumes: Answer::No("ACK Serverless Basic clusters are not supported"),
                ..MANAGED
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_differ_as_the_documentation_says() {
        use ClusterKind::*;
        let kinds = |holds: fn(&Profile) -> bool| {
            let profiles = ClusterKind::ALL.map(ClusterKind::profile);
            let chosen = profiles.into_iter().filter(holds);
            chosen.map(|profile| profile.kind).collect::<Vec<_>>()
        };
        assert_eq!(kinds(|it| !it.component.is_yes()), [ServerlessBasic]);
        assert_eq!(
            kinds(|it| !it.volumes.is_yes()),
            [ServerlessPro, ServerlessBasic, Edge]
        );
        assert_eq!(
            kinds(|it| it.authorization == Authorization::RamUser),
            [Dedicated, Registered]
        );
        assert_eq!(kinds(|it| it.nodes == NodeChoice::Cloud), [Edge]);
        assert_eq!(kinds(|it| it.link != Link::Vpc), [Registered]);
    }

    #[test]
    fn what_cannot_be_done_has_its_reason() {
        for profile in ClusterKind::ALL.map(ClusterKind::profile) {
            for answer in [profile.component, profile.volumes] {
                assert_eq!(answer.is_yes(), answer.reason().is_none());
            }
        }
    }
}
