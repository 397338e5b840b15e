//! Whether the component can run in a cluster.

use super::error::Refusal;
use crate::clusters::ClusterKind;
use crate::doctor::{Status, cluster};

/// Refuses a cluster in which the component cannot run, and one that cannot be looked at.
pub(super) async fn fitness(client: &kube::Client, kind: ClusterKind) -> Result<(), Refusal> {
    let (version, nodes, flex) = futures::join!(
        cluster::kubernetes(client),
        cluster::nodes(client),
        cluster::flex_volume(client),
    );
    let checks: Vec<_> = [version, nodes, flex]
        .into_iter()
        .filter(|check| check.status != Status::Pass)
        .collect();
    if checks.is_empty() {
        Ok(())
    } else {
        Err(Refusal::Unfit { kind, checks })
    }
}
