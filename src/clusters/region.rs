//! The region that a cluster is in, by its nodes.

use std::time::Duration;

use alibaba_core::Region;
use k8s_openapi::api::core::v1::Node;
use kube::api::ListParams;
use kube::{Api, Client, ResourceExt};
use tokio::time::timeout;

use crate::chain::chain;

/// How long the API server may take.
const PATIENCE: Duration = Duration::from_secs(30);
const LABEL: &str = "topology.kubernetes.io/region";

/// The region of a cluster does not follow from its nodes.
#[derive(Debug, thiserror::Error)]
#[error("tell the region of the cluster from its nodes: {why}: set it (REGION_ID)")]
pub struct UnknownRegion {
    why: String,
}

/// The region of the cluster, which its nodes bear in the label `topology.kubernetes.io/region`. Nodes without it, such
/// as those at the edge, say nothing.
///
/// ```no_run
/// # async fn example(cluster: kube::Client) -> Result<(), Box<dyn std::error::Error>> {
/// let region = ack_backup_center::clusters::region_of(&cluster).await?;
/// println!("the cluster is in {region}");
/// # Ok(()) }
/// ```
///
/// # Errors
///
/// If the nodes cannot be listed, none says its region, or two say different ones. The text says what to set.
pub async fn region_of(cluster: &Client) -> Result<Region, UnknownRegion> {
    let unknown = |why: String| UnknownRegion { why };
    let nodes = Api::<Node>::all(cluster.clone());
    let all = ListParams::default();
    let nodes = timeout(PATIENCE, nodes.list_metadata(&all)).await;
    let nodes = nodes.map_err(|_| unknown("the API server does not respond".to_owned()))?;
    let nodes = nodes.map_err(|error| unknown(format!("list them: {}", chain(&error))))?;
    let region = common_region(&nodes.items).map_err(unknown)?;
    Region::new(&region).map_err(|error| unknown(chain(&error)))
}

/// The one region that nodes say.
pub(super) fn common_region(nodes: &[impl ResourceExt]) -> Result<String, String> {
    let mut regions: Vec<&str> = nodes
        .iter()
        .filter_map(|node| node.labels().get(LABEL).map(String::as_str))
        .filter(|region| !region.is_empty())
        .collect();
    regions.sort_unstable();
    regions.dedup();
    match regions[..] {
        [region] => Ok(region.to_owned()),
        [] if nodes.is_empty() => Err("there is none".to_owned()),
        [] => Err(format!("none of them has the label `{LABEL}`")),
        [..] => Err(format!("they are in several: `{}`", regions.join("`, `"))),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn nodes(regions: &[Option<&str>]) -> Vec<Node> {
        let labels = |region: &Option<&str>| match region {
            Some(region) => json!({"metadata": {"labels": {LABEL: region}}}),
            None => json!({"metadata": {"name": "at-the-edge"}}),
        };
        let nodes = regions.iter().map(labels);
        nodes
            .map(|node| serde_json::from_value(node).unwrap())
            .collect()
    }

    #[test]
    fn nodes_that_agree_say_the_region() {
        let beijing = Some("cn-beijing");
        for regions in [
            &[beijing][..],
            &[beijing, None, beijing],
            &[Some(""), beijing],
        ] {
            assert_eq!(common_region(&nodes(regions)).unwrap(), "cn-beijing");
        }
        for (regions, why) in [
            (&[][..], "there is none"),
            (&[None], "none of them has"),
            (
                &[beijing, Some("cn-shanghai")],
                "`cn-beijing`, `cn-shanghai`",
            ),
        ] {
            let told = common_region(&nodes(regions)).unwrap_err();
            assert!(told.contains(why), "{told}");
        }
    }
}
