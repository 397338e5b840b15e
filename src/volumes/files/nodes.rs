//! On which nodes files are read and written.

use std::collections::BTreeMap;
use std::str::FromStr;

use k8s_openapi::api::core::v1::Node;

/// Keeps jobs off a node, or lets it be the last one to be chosen.
const EXCLUDED: &str = "csdr.alibabacloud.com/agent-excluded";
/// Lets jobs run on a node, or lets it be the first one to be chosen.
const INCLUDED: &str = "csdr.alibabacloud.com/agent-included";
/// Where `hbr-client` runs at all.
const ENABLED: &str = "csdr.alibabacloud.com/agent-enable";

/// Which nodes may be chosen: `node_schedule_policy` of the backup center's ConfigMap `csdr-config`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum NodePolicy {
    /// All but those labelled `csdr.alibabacloud.com/agent-excluded=true`.
    #[default]
    Exclude,
    /// Only those labelled `csdr.alibabacloud.com/agent-included=true`.
    Include,
    /// All; those labelled as included first, those labelled as excluded last.
    Prefer,
}

impl FromStr for NodePolicy {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "exclude" => Ok(Self::Exclude),
            "include" => Ok(Self::Include),
            "prefer" => Ok(Self::Prefer),
            _ => Err(format!(
                "`{text}` is not a policy for nodes: use exclude, include or prefer"
            )),
        }
    }
}

/// The nodes of a cluster, by what matters here.
///
/// ```
/// use ack_backup_center::volumes::files::{NodePolicy, Nodes};
///
/// let nodes = Nodes::new("prefer".parse::<NodePolicy>()?, []);
/// # let _ = nodes;
/// # Ok::<(), String>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Nodes {
    policy: NodePolicy,
    known: BTreeMap<String, Traits>,
}

/// What a node is like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Traits {
    is_excluded: bool,
    is_included: bool,
    is_off: bool,
    is_virtual: bool,
}

impl Traits {
    fn of(node: &Node) -> Self {
        let labels = node.metadata.labels.as_ref();
        let label = |key: &str| {
            labels
                .and_then(|labels| labels.get(key))
                .map(String::as_str)
        };
        let taints = node.spec.as_ref().and_then(|spec| spec.taints.as_ref());
        let is_tainted = taints.is_some_and(|taints| {
            let mut keys = taints.iter().map(|taint| taint.key.as_str());
            keys.any(|key| key == "virtual-kubelet.io/provider")
        });
        Self {
            is_excluded: label(EXCLUDED) == Some("true"),
            is_included: label(INCLUDED) == Some("true"),
            is_off: label(ENABLED) == Some("false"),
            is_virtual: is_tainted || label("type") == Some("virtual-kubelet"),
        }
    }
}

impl Nodes {
    /// These nodes, chosen from by this policy.
    pub fn new<'n>(policy: NodePolicy, nodes: impl IntoIterator<Item = &'n Node>) -> Self {
        let named = |node: &Node| Some((node.metadata.name.clone()?, Traits::of(node)));
        Self {
            policy,
            known: nodes.into_iter().filter_map(named).collect(),
        }
    }

    /// How much a node is wanted, 0 the most; why not, if it may not be chosen.
    pub(super) fn rank(&self, name: &str) -> Result<u8, String> {
        let node = self.known.get(name).copied().unwrap_or_default();
        if node.is_virtual {
            return Err(format!(
                "`{name}` is a virtual node, on which no files are copied"
            ));
        }
        if node.is_off {
            return Err(format!("`{name}` is labelled `{ENABLED}=false`"));
        }
        match self.policy {
            NodePolicy::Exclude if node.is_excluded => {
                Err(format!("`{name}` is labelled `{EXCLUDED}=true`"))
            }
            NodePolicy::Include if !node.is_included => {
                Err(format!("`{name}` is not labelled `{INCLUDED}=true`"))
            }
            NodePolicy::Prefer if node.is_included => Ok(0),
            NodePolicy::Prefer if node.is_excluded => Ok(2),
            NodePolicy::Exclude | NodePolicy::Include | NodePolicy::Prefer => Ok(1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nodes(policy: &str) -> Nodes {
        let node = |name: &str, labels: &str| -> Node {
            let text = format!(r#"{{"metadata": {{"name": "{name}", "labels": {{{labels}}}}}}}"#);
            serde_json::from_str(&text).unwrap()
        };
        let nodes = [
            node("plain", ""),
            node(
                "excluded",
                r#""csdr.alibabacloud.com/agent-excluded": "true""#,
            ),
            node(
                "included",
                r#""csdr.alibabacloud.com/agent-included": "true""#,
            ),
            node("off", r#""csdr.alibabacloud.com/agent-enable": "false""#),
            node(
                "virtual",
                r#""type": "virtual-kubelet", "csdr.alibabacloud.com/agent-included": "true""#,
            ),
        ];
        Nodes::new(policy.parse().unwrap(), &nodes)
    }

    #[test]
    fn nodes_are_chosen_by_their_labels() {
        for (policy, expected) in [
            ("exclude", [Some(1), None, Some(1), None, None]),
            ("include", [None, None, Some(0), None, None]),
            ("prefer", [Some(1), Some(2), Some(0), None, None]),
        ] {
            let nodes = nodes(policy);
            let names = ["plain", "excluded", "included", "off", "virtual"];
            let ranks = names.map(|name| nodes.rank(name).ok());
            let allowed = |ranks: [Option<u8>; 5]| ranks.map(|rank| rank.is_some());
            assert_eq!(allowed(ranks), allowed(expected), "{policy}");
            if policy == "prefer" {
                assert_eq!(ranks, expected);
            }
        }
        assert!("any".parse::<NodePolicy>().is_err());
    }
}
