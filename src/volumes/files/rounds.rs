//! Which volume is read on which node, and in which round: a node reads one volume at a time.

use std::collections::{BTreeMap, BTreeSet};

use kube_backup_engine::volumes::{Mount, Volume};

use super::mounts::choices;
use super::nodes::Nodes;

/// Where a volume is read, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Turn {
    pub(super) mount: Mount,
    /// From 0. In a round each node has one volume; the next one begins when all of it are done.
    pub(super) round: usize,
}

/// Gives each volume its turn, in the order of `volumes`; why not, where none of its nodes may be chosen.
/// Those that can be read in the fewest places choose first, so that there are few rounds.
pub(super) fn turns(volumes: &[&Volume], nodes: &Nodes) -> Vec<Result<Turn, String>> {
    let places: Vec<_> = volumes
        .iter()
        .map(|volume| choices(volume, nodes))
        .collect();
    let count = |at: &usize| {
        places[*at].as_ref().map_or(0, |places| {
            places
                .iter()
                .map(|(_, mount)| &mount.node)
                .collect::<BTreeSet<_>>()
                .len()
        })
    };
    let mut order: Vec<usize> = (0..volumes.len()).collect();
    order.sort_by_key(|at| (count(at), volumes[*at].name()));
    let mut taken: BTreeMap<&str, usize> = BTreeMap::new();
    let mut turns = BTreeMap::new();
    for at in order {
        let turn = places[at]
            .as_ref()
            .map_err(Clone::clone)
            .and_then(|places| {
                let round = |mount: &Mount| taken.get(mount.node.as_str()).copied().unwrap_or(0);
                let best = places
                    .iter()
                    .min_by_key(|(rank, mount)| (*rank, round(mount)));
                let (_, mount) = best.ok_or_else(|| "it is mounted nowhere".to_owned())?;
                let round = round(mount);
                Ok((*mount, round))
            });
        if let Ok((mount, _)) = &turn {
            *taken.entry(mount.node.as_str()).or_default() += 1;
        }
        let turn = turn.map(|(mount, round)| Turn {
            mount: mount.clone(),
            round,
        });
        turns.insert(at, turn);
    }
    turns.into_values().collect()
}

#[cfg(test)]
mod tests {
    use kube_backup_engine::volumes::ObjectRef;
    use proptest::prelude::*;

    use super::*;

    fn volume(name: &str, nodes: &[u8]) -> Volume {
        let text = format!(
            r#"{{"metadata": {{"name": "{name}"}}, "spec": {{"nfs": {{"server": "a", "path": "/"}}}}}}"#
        );
        let mount = |node: &u8| {
            let pod = ObjectRef {
                uid: format!("uid-{name}-{node}"),
                ..ObjectRef::default()
            };
            Mount::new(pod, format!("node-{node}"), "data")
        };
        let volume = serde_json::from_str(&text).unwrap();
        let volume = Volume::new(volume, Default::default());
        volume.mounted_by(nodes.iter().map(mount).collect())
    }

    proptest! {
        /// No node has two volumes in a round, and each volume is read where it is mounted.
        #[test]
        fn a_node_reads_one_volume_at_a_time(mounts in prop::collection::vec(prop::collection::vec(0_u8..5, 0..4), 0..12)) {
            let volumes: Vec<Volume> = mounts.iter().enumerate().map(|(n, nodes)| volume(&format!("v{n:02}"), nodes)).collect();
            let given: Vec<&Volume> = volumes.iter().collect();
            let turns = turns(&given, &Nodes::default());
            prop_assert_eq!(turns.len(), volumes.len());
            let mut seen = BTreeSet::new();
            for (volume, turn) in volumes.iter().zip(&turns) {
                prop_assert_eq!(turn.is_err(), volume.mounts.is_empty());
                if let Ok(turn) = turn {
                    prop_assert!(volume.mounts.contains(&turn.mount));
                    prop_assert!(seen.insert((turn.mount.node.clone(), turn.round)));
                }
            }
            // No round is left out.
            for (node, round) in &seen {
                prop_assert!(*round == 0 || seen.contains(&(node.clone(), round - 1)));
            }
        }
    }

    #[test]
    fn what_is_mounted_on_several_nodes_makes_room() {
        let (a, b) = (volume("a", &[1, 2]), volume("b", &[1]));
        let turns = turns(&[&a, &b], &Nodes::default());
        let turn = |at: usize| {
            turns[at]
                .as_ref()
                .map(|turn| (turn.mount.node.as_str(), turn.round))
                .unwrap()
        };
        assert_eq!((turn(0), turn(1)), (("node-2", 0), ("node-1", 0)));
    }
}
