//! A backup of a selection holds what a restore of it brings back of a backup of everything.

use kube_backup_engine::backup::{Expression, Selector};
use kube_backup_engine::{Selection, UnmatchedFilters};
use kube_local::KubeLocal;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, TestRunner};

use super::{backup, fill, held, plan, planned, repository};
use crate::cluster::client;

const NAMESPACES: [&str; 7] = [
    "shop",
    "shop-copy",
    "empty",
    "shop*",
    "shop-cop[a-z]",
    "*",
    "nowhere",
];
const KINDS: [&str; 14] = [
    "deploy",
    "ConfigMap",
    "secrets",
    "*.example.com",
    "carts.v1.example.com",
    "crd",
    "*.apps",
    "ns",
    "po",
    "pvc",
    "sa",
    "*roles.rbac.authorization.k8s.io",
    "pc",
    "nothing.example.com",
];
const NAMES: [&str; 6] = ["web", "settings", "etcd0", "empty", "full", "high"];

fn selectors() -> impl Strategy<Value = Vec<Selector>> {
    let all = vec![
        Selector::from_iter([("app", "shop")]),
        Selector::from_iter([("app", "etcd")]),
        Selector::from_iter([("team", "a")]),
        Selector::from(Expression::Exists("keep".to_owned())),
        Selector::from(Expression::DoesNotExist("app".to_owned())),
    ];
    subsequence(all, 0..=2)
}

fn some(of: &'static [&'static str], most: usize) -> impl Strategy<Value = Vec<String>> {
    subsequence(of.to_vec(), 0..=most)
        .prop_map(|names| names.into_iter().map(str::to_owned).collect())
}

fn selection() -> impl Strategy<Value = Selection> {
    let namespaces = (some(&NAMESPACES, 2), some(&NAMESPACES[..5], 1));
    let kinds = (some(&KINDS, 3), some(&KINDS, 2), some(&KINDS[..12], 1));
    let scopes = select(vec![None, Some("*"), Some("pc")]);
    let objects = (
        some(&NAMES, 2),
        selectors(),
        selectors(),
        any::<Option<bool>>(),
    );
    (namespaces, kinds, scopes, objects).prop_map(|(namespaces, kinds, scope, objects)| {
        let (names, wanted, unwanted, cluster) = objects;
        let mut wanted = wanted;
        let label_selector = if wanted.len() == 1 {
            wanted.pop()
        } else {
            None
        };
        Selection {
            included_namespaces: namespaces.0.into_iter().collect(),
            excluded_namespaces: namespaces.1.into_iter().collect(),
            included_resources: kinds.0,
            excluded_resources: kinds.1,
            excluded_namespace_scoped_resources: kinds.2,
            excluded_cluster_scoped_resources: scope.into_iter().map(str::to_owned).collect(),
            included_names: names.into_iter().collect(),
            label_selector,
            or_label_selectors: wanted,
            excluded_label_selectors: unwanted,
            include_cluster_resources: cluster,
            unmatched_filters: UnmatchedFilters::Warn,
        }
    })
}

#[tokio::test]
async fn the_same_selection_is_the_same_set_in_a_backup_and_a_restore_of_everything() {
    let cluster = KubeLocal::start().await.unwrap();
    let source = client(&cluster);
    fill(&source).await;
    let repository = repository();
    let everything = backup(&source, &repository, "everything", Selection::default()).await;
    assert_eq!(everything.unwrap().results.errors.count(), 0);
    let target = KubeLocal::start().await.unwrap();
    let target = client(&target);
    let mut runner = TestRunner::new(Config::default());
    let (mut chosen, mut refused) = (0, 0);
    for case in 0..150 {
        let selection = selection().new_tree(&mut runner).unwrap().current();
        let name = format!("case-{case}");
        let backed_up = backup(&source, &repository, &name, selection.clone()).await;
        let restored = plan(&target, &repository, "everything", selection.clone()).await;
        let (Ok(_), Ok(plan)) = (&backed_up, &restored) else {
            // No namespace of those named: a backup is refused, and a restore would be of nothing.
            refused += 1;
            let backup_of_nothing = backed_up.is_err()
                && restored
                    .as_ref()
                    .is_ok_and(|plan| plan.items.iter().all(|item| item.id.namespace.is_none()));
            assert!(
                backup_of_nothing || backed_up.is_err() && restored.is_err(),
                "{selection:?}\n{backed_up:?}\n{restored:?}"
            );
            continue;
        };
        let held = held(&repository, &name).await;
        let mut expected = held.clone();
        expected.retain(|id| !id.starts_with("events"));
        chosen += expected.len();
        assert_eq!(planned(plan), expected, "{selection:#?}");
    }
    // Neither is always nothing.
    assert!(
        chosen > 30 && refused < 120,
        "{chosen} objects, {refused} refused"
    );
}
