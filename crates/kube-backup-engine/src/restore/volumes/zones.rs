//! In which zone of the target a volume is made.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::core::v1::{NodeSelectorRequirement, NodeSelectorTerm, PersistentVolume};

use super::machine::{Machine, Placement};

/// What every cloud's nodes say of their zone (k8s.io/api, well_known_labels.go), newest first.
const ZONES: [&str; 2] = [
    "topology.kubernetes.io/zone",
    "failure-domain.beta.kubernetes.io/zone",
];
const REGIONS: [&str; 2] = [
    "topology.kubernetes.io/region",
    "failure-domain.beta.kubernetes.io/region",
];

/// Whether a key of affinity is for zones, rather than for regions or machines.
fn is_zonal(key: &str) -> bool {
    key.ends_with("/zone")
}

/// Whether a key of affinity is for regions.
fn is_regional(key: &str) -> bool {
    key.ends_with("/region")
}

/// The zone of a machine, by the keys of a snapshotter first: those are what its volumes are bound by.
pub(crate) fn zone_of<'a>(machine: &'a Machine, keys: &[String]) -> Option<&'a str> {
    let own = keys.iter().map(String::as_str).filter(|key| is_zonal(key));
    own.chain(ZONES).find_map(|key| machine.label(key))
}

/// The region in which most machines are.
pub(crate) fn region(machines: &[Machine]) -> Option<String> {
    let regions = machines.iter().filter_map(|machine| {
        let of = REGIONS.iter().find_map(|key| machine.label(key))?;
        (!of.is_empty()).then_some(of)
    });
    most_frequent(regions).into_iter().next()
}

/// The most frequent first; of equally frequent ones, by their names.
fn most_frequent<'a>(names: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for name in names {
        *counts.entry(name).or_default() += 1;
    }
    let mut names: Vec<(&str, usize)> = counts.into_iter().collect();
    names.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    names.into_iter().map(|(name, _)| name.to_owned()).collect()
}

/// What decides in which zone a volume is made.
#[derive(Debug)]
pub(crate) struct Wanted<'a> {
    /// The snapshotter's topology keys.
    pub(crate) keys: &'a [String],
    /// Of the Pods that use it.
    pub(crate) placement: &'a Placement,
    /// Those that its storage class allows; `None` for all.
    pub(crate) allowed: Option<&'a BTreeSet<String>>,
    /// The zone that it was in.
    pub(crate) original: Option<&'a str>,
    /// The zones that all volumes of the backup were in.
    pub(crate) originals: &'a BTreeSet<String>,
}

/// The zones that a volume can be made in, the preferred one first: the one that it was in, so that no data
/// moves. Where the target has other zones, volumes that were in one zone go into one again, since a Pod
/// may use several of them, and those of different zones are spread again. Where no machine takes the Pods,
/// they count as taken everywhere: it is said of the Pods that they wait.
pub(crate) fn order(machines: &[Machine], wanted: &Wanted<'_>) -> Vec<String> {
    let is_allowed =
        |zone: &str| !zone.is_empty() && wanted.allowed.is_none_or(|all| all.contains(zone));
    let of = |takes: &dyn Fn(&Machine) -> bool| {
        let taking = machines.iter().filter(|machine| takes(machine));
        let zones = taking.filter_map(|machine| zone_of(machine, wanted.keys));
        most_frequent(zones.filter(|zone| is_allowed(zone)))
    };
    let mut zones = of(&|machine| wanted.placement.allows(machine));
    if zones.is_empty() {
        zones = of(&|_| true);
    }
    let Some(original) = wanted.original else {
        return zones;
    };
    if let Some(at) = zones.iter().position(|zone| zone == original) {
        zones[..=at].rotate_right(1);
    } else if !zones.is_empty() {
        let originals = wanted.originals.iter();
        let known = originals
            .take_while(|zone| zone.as_str() < original)
            .count();
        let shift = known % zones.len();
        zones.rotate_left(shift);
    }
    zones
}

/// The zone that the affinity of a volume binds it to, by these keys or those of every cloud.
pub(crate) fn bound_to(volume: &PersistentVolume, keys: &[String]) -> Option<String> {
    let own = keys.iter().map(String::as_str).filter(|key| is_zonal(key));
    let keys: Vec<&str> = own.chain(ZONES).collect();
    let expressions = terms(volume)
        .iter()
        .flat_map(|term| term.match_expressions.iter().flatten());
    let zonal = expressions.filter(|it| keys.contains(&it.key.as_str()));
    zonal
        .flat_map(|it| it.values.iter().flatten())
        .next()
        .cloned()
}

/// The terms of a volume's affinity.
pub(crate) fn terms(volume: &PersistentVolume) -> &[NodeSelectorTerm] {
    let spec = volume.spec.as_ref();
    let affinity = spec.and_then(|spec| spec.node_affinity.as_ref());
    let required = affinity.and_then(|affinity| affinity.required.as_ref());
    required.map_or(&[], |required| &required.node_selector_terms)
}

/// The affinity of a volume in the backup, for one made from it in `zone` of `region`: of its keys, those
/// of the snapshotter's. What else it was bound by is of the old cluster.
pub(crate) fn moved(
    terms: &[NodeSelectorTerm],
    keys: &[String],
    zone: &str,
    region: Option<&str>,
) -> Option<NodeSelectorTerm> {
    let expressions = terms.iter().flat_map(|term| &term.match_expressions);
    let mut moved: Vec<NodeSelectorRequirement> = Vec::new();
    for expression in expressions.flatten() {
        let key = &expression.key;
        let value = match key {
            key if !keys.contains(key) => continue,
            key if is_zonal(key) => zone,
            key if is_regional(key) => match region {
                Some(region) => region,
                None => continue,
            },
            _ => continue,
        };
        if moved.iter().all(|known| known.key != *key) {
            moved.push(NodeSelectorRequirement {
                key: key.clone(),
                operator: "In".to_owned(),
                values: Some(vec![value.to_owned()]),
            });
        }
    }
    (!moved.is_empty()).then(|| NodeSelectorTerm {
        match_expressions: Some(moved),
        ..NodeSelectorTerm::default()
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const OWN: &str = "topology.fake.example.com/zone";

    fn machines(zones: &[&str]) -> Vec<Machine> {
        let of = |zone: &&str| {
            Machine::of(
                &json!({"metadata": {"labels": {OWN: zone, "topology.kubernetes.io/zone": "other",
                "topology.kubernetes.io/region": "r-1", "of": zone}}}),
            )
        };
        zones.iter().map(of).collect()
    }

    fn ordered(zones: &[&str], original: Option<&str>, allowed: Option<&[&str]>) -> Vec<String> {
        let allowed: Option<BTreeSet<String>> =
            allowed.map(|all| all.iter().map(|zone| (*zone).to_owned()).collect());
        order(
            &machines(zones),
            &Wanted {
                keys: &[OWN.to_owned()],
                placement: &Placement::default(),
                allowed: allowed.as_ref(),
                original,
                originals: &["x", "y", "z"].map(str::to_owned).into(),
            },
        )
    }

    #[test]
    fn the_original_zone_comes_first_and_others_keep_volumes_together_and_apart() {
        let zones = ["b", "a", "c", "b"];
        assert_eq!(ordered(&zones, None, None), ["b", "a", "c"]);
        assert_eq!(ordered(&zones, Some("c"), None), ["c", "b", "a"]);
        assert_eq!(ordered(&zones, Some("b"), None), ["b", "a", "c"]);
        assert_eq!(ordered(&zones, Some("c"), Some(&["a"])), ["a"]);
        // Three zones of another region.
        assert_eq!(ordered(&zones, Some("x"), None)[0], "b");
        assert_eq!(ordered(&zones, Some("y"), None)[0], "a");
        assert_eq!(ordered(&zones, Some("z"), None)[0], "c");
        assert_eq!(ordered(&[], Some("x"), None), Vec::<String>::new());
        assert_eq!(region(&machines(&zones)).as_deref(), Some("r-1"));
    }

    proptest::proptest! {
        #[test]
        fn every_zone_is_there_once_and_volumes_that_were_together_stay_together(
            zones in proptest::collection::vec("[a-d]", 0..8),
            originals in proptest::collection::btree_set("[a-f]", 1..4),
        ) {
            let machines = machines(&zones.iter().map(String::as_str).collect::<Vec<_>>());
            let all: BTreeSet<String> = zones.into_iter().collect();
            for original in &originals {
                let of = || order(&machines, &Wanted {
                    keys: &[OWN.to_owned()],
                    placement: &Placement::default(),
                    allowed: None,
                    original: Some(original),
                    originals: &originals,
                });
                let found = of();
                proptest::prop_assert_eq!(found.len(), all.len());
                let known: BTreeSet<String> = found.iter().cloned().collect();
                proptest::prop_assert_eq!(&known, &all);
                if all.contains(original) {
                    proptest::prop_assert_eq!(&found[0], original);
                }
                proptest::prop_assert_eq!(of(), found);
            }
        }
    }

    #[test]
    fn pods_choose_the_zone_where_any_machine_takes_them() {
        let order_for = |zone: &str| {
            let placement = Placement::of(&json!({"nodeSelector": {"of": zone}}));
            order(
                &machines(&["a", "b", "b"]),
                &Wanted {
                    keys: &[OWN.to_owned()],
                    placement: &placement,
                    allowed: None,
                    original: Some("b"),
                    originals: &["b".to_owned()].into(),
                },
            )
        };
        assert_eq!(order_for("a"), ["a"]);
        assert_eq!(order_for("nowhere"), ["b", "a"]);
    }

    #[test]
    fn affinity_moves_with_the_volume() {
        let volume: PersistentVolume =
            serde_json::from_value(json!({"spec": {"nodeAffinity": {"required":
            {"nodeSelectorTerms": [{"matchExpressions": [
                {"key": OWN, "operator": "In", "values": ["x"]},
                {"key": "topology.kubernetes.io/region", "operator": "In", "values": ["old"]},
                {"key": "alibabacloud.com/ecs-instance-id", "operator": "In", "values": ["i-1"]}]}]}}}}))
            .unwrap();
        let keys = [OWN, "topology.kubernetes.io/region"].map(str::to_owned);
        assert_eq!(bound_to(&volume, &keys).as_deref(), Some("x"));
        let term = moved(terms(&volume), &keys, "a", Some("new")).unwrap();
        assert_eq!(
            serde_json::to_value(term).unwrap(),
            json!({"matchExpressions": [
                {"key": OWN, "operator": "In", "values": ["a"]},
                {"key": "topology.kubernetes.io/region", "operator": "In", "values": ["new"]}]})
        );
        assert_eq!(moved(terms(&volume), &[], "a", Some("new")), None);
    }
}
