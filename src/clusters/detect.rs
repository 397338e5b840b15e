//! From the traces to the kind.

use std::fmt;

use super::evidence::Evidence;
use super::kind::ClusterKind;

/// What the traces say.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Detection {
    /// It is this kind, for this reason.
    Found(ClusterKind, &'static str),
    /// It may be any of these: the kind must be set.
    Ambiguous(&'static [ClusterKind], &'static str),
    /// There is no trace: the kind must be set.
    Unknown(&'static str),
}

impl Detection {
    /// The kind, where the traces tell it.
    #[must_use]
    pub fn kind(&self) -> Option<ClusterKind> {
        match self {
            Self::Found(kind, _) => Some(*kind),
            Self::Ambiguous(..) | Self::Unknown(_) => None,
        }
    }
}

impl fmt::Display for Detection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Found(kind, reason) => write!(f, "{kind}: {reason}"),
            Self::Ambiguous(kinds, reason) => {
                let names: Vec<_> = kinds.iter().map(|kind| kind.name()).collect();
                write!(f, "{}: {reason}; say which", names.join(" or "))
            }
            Self::Unknown(reason) => write!(f, "{reason}; say which kind of cluster it is"),
        }
    }
}

/// Tells the kind of a cluster by what was seen in it.
///
/// A registered cluster may be anything underneath, nodes of its own control plane and virtual nodes
/// included, so its agent decides first. Nothing tells ACK Serverless Pro from Basic.
///
/// ```
/// use ack_backup_center::clusters::{ClusterKind, Evidence, detect};
///
/// let mut seen = Evidence::default();
/// assert_eq!(detect(&seen).kind(), None);
/// seen.agent = Some(true);
/// assert_eq!(detect(&seen).kind(), Some(ClusterKind::Registered));
/// ```
#[must_use]
pub fn detect(seen: &Evidence) -> Detection {
    use ClusterKind::{Dedicated, Edge, Managed, Registered, ServerlessBasic, ServerlessPro};
    match seen.agent {
        Some(true) => return Detection::Found(Registered, "`ack-cluster-agent` runs in it"),
        Some(false) => {}
        None => {
            return Detection::Unknown("whether `ack-cluster-agent` runs in it cannot be seen");
        }
    }
    let Some(nodes) = seen.nodes else {
        return Detection::Unknown("its nodes cannot be listed");
    };
    let of_ack = seen.profile == Some(true) || seen.role_token == Some(true);
    if nodes.labelled_edge > 0 {
        Detection::Found(
            Edge,
            "its nodes are labelled as in the cloud or at the edge",
        )
    } else if !of_ack {
        Detection::Unknown(
            "neither ACK's profile of the cluster nor the token of its role is there",
        )
    } else if nodes.control_plane > 0 {
        Detection::Found(Dedicated, "its control plane runs on nodes of its own")
    } else if nodes.total > 0 && nodes.virtual_nodes == nodes.total {
        if seen.role_token == Some(true) {
            // The role's token is only put into kinds that the component supports.
            return Detection::Found(
                ServerlessPro,
                "all its nodes are virtual, and the role's token is there",
            );
        }
        Detection::Ambiguous(
            &[ServerlessPro, ServerlessBasic],
            "all its nodes are virtual",
        )
    } else {
        Detection::Found(
            Managed,
            "ACK knows it, and no control plane runs on its nodes",
        )
    }
}

#[cfg(test)]
mod tests {
    use super::super::evidence::Nodes;
    use super::*;

    fn seen(profile: bool, token: bool, nodes: Nodes) -> Evidence {
        Evidence {
            agent: Some(false),
            profile: Some(profile),
            role_token: Some(token),
            nodes: Some(nodes),
            ..Evidence::default()
        }
    }

    fn nodes(total: usize, control_plane: usize, virtual_nodes: usize, edge: usize) -> Nodes {
        Nodes {
            total,
            control_plane,
            virtual_nodes,
            labelled_edge: edge,
        }
    }

    #[test]
    fn traces_tell_the_kind() {
        use ClusterKind::*;
        for (evidence, kind) in [
            (seen(true, true, nodes(3, 0, 0, 0)), Some(Managed)),
            (seen(true, false, nodes(3, 0, 1, 0)), Some(Managed)),
            (seen(true, false, nodes(0, 0, 0, 0)), Some(Managed)),
            (seen(false, true, nodes(3, 0, 0, 0)), Some(Managed)),
            (seen(true, false, nodes(6, 3, 0, 0)), Some(Dedicated)),
            (seen(true, true, nodes(4, 0, 0, 4)), Some(Edge)),
            (seen(true, true, nodes(1, 0, 1, 0)), Some(ServerlessPro)),
            (seen(true, false, nodes(1, 0, 1, 0)), None),
            (seen(false, false, nodes(3, 1, 0, 0)), None),
        ] {
            assert_eq!(detect(&evidence).kind(), kind, "{evidence:?}");
        }
    }

    #[test]
    fn an_agent_decides_before_anything_else() {
        let mut evidence = seen(true, true, nodes(3, 1, 1, 1));
        evidence.agent = Some(true);
        assert_eq!(detect(&evidence).kind(), Some(ClusterKind::Registered));
        evidence.agent = None;
        assert_eq!(detect(&evidence).kind(), None);
    }

    #[test]
    fn what_is_not_told_is_asked_for() {
        let both = detect(&seen(true, false, nodes(1, 0, 1, 0))).to_string();
        assert_eq!(
            both,
            "serverless-pro or serverless-basic: all its nodes are virtual; say which"
        );
        let none = detect(&Evidence::default()).to_string();
        assert!(none.ends_with("say which kind of cluster it is"), "{none}");
    }
}
