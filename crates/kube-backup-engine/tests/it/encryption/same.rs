//! What is read of an encrypted backup is what is read of one that is not.

use std::collections::BTreeSet;
use std::sync::Arc;

use kube_backup_engine::backup::{Backup, BackupSpec};
use kube_backup_engine::restore::{Restore, RestoreSpec};
use kube_backup_engine::verify::Verify;
use kube_backup_engine::{EntryFilter, Repository, Selection};
use kube_local::KubeLocal;
use object_store::ObjectStore;
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;

use super::{MODES, Vault, read};
use crate::cluster;
use crate::large::counting::Counting;
use crate::large::generated::Generated;

const NAMES: [&str; 3] = ["plain", "a", "b"];

/// A backup that is not encrypted and one in each mode, of the same objects.
async fn three(vault: &Vault) {
    vault.back_up(NAMES[0], None).await;
    for (name, mode) in NAMES[1..].iter().zip(MODES) {
        vault.back_up(name, Some(mode)).await;
    }
}

fn some(of: &'static [&'static str]) -> impl Strategy<Value = BTreeSet<String>> {
    let some = prop::sample::subsequence(of, 0..=of.len().min(3));
    some.prop_map(|some| some.into_iter().map(str::to_owned).collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn any_selection_is_the_same() {
    let vault = Vault::new().await;
    three(&vault).await;
    let (ours, whole) = (vault.repository(), vault.repository().ignoring_indexes());
    let kinds = &["secrets", "configmaps", "deployments.apps", "namespaces"];
    let names = &["password", "phrase", "key", "web", "plain", "nothing"];
    let filters = (some(kinds), some(&["shop", "other", "none"]), some(names));
    let check = async |filter: &EntryFilter| {
        let expected = read(&ours, NAMES[0], filter).await.unwrap();
        for name in &NAMES[1..] {
            for repository in [&ours, &whole] {
                let found = read(repository, name, filter).await.unwrap();
                assert!(found == expected, "{name}, {filter:?}");
            }
        }
        expected.len()
    };
    assert!(check(&EntryFilter::default()).await > 20);
    let mut runner = TestRunner::deterministic();
    for _ in 0..24 {
        let (kinds, namespaces, names) = filters.new_tree(&mut runner).unwrap().current();
        let filter = EntryFilter {
            resources: kinds.iter().map(|kind| kind.parse().unwrap()).collect(),
            namespaces,
            names,
        };
        check(&filter).await;
    }
}

#[tokio::test]
async fn what_is_restored_is_the_same() {
    let vault = Vault::new().await;
    three(&vault).await;
    let all = Selection::default();
    let one = Selection {
        included_resources: vec!["deployments".into()],
        included_names: ["web".to_owned()].into(),
        ..Selection::of_namespaces(["shop"])
    };
    let secrets = Selection {
        included_resources: vec!["secrets".into()],
        ..Selection::default()
    };
    for selection in [all, one, secrets] {
        let mut outcomes = Vec::new();
        for name in NAMES {
            let target = KubeLocal::start().await.unwrap();
            let client = cluster::client(&target);
            let backup = async || vault.repository().open(name).await.unwrap();
            let spec = RestoreSpec {
                selection: selection.clone(),
                ..RestoreSpec::named("r")
            };
            let restore = Restore::new(client.clone(), backup().await, spec.clone());
            let planned = restore.plan().await.unwrap().items.len();
            let restore = Restore::new(client.clone(), backup().await, spec.clone());
            let report = restore.run().await.unwrap();
            assert!(report.is_complete(), "{name}: {report}");
            let items: Vec<_> = report
                .items
                .iter()
                .map(|item| (item.id.clone(), item.outcome.clone()))
                .collect();
            assert_eq!(planned, items.len(), "{name}");
            outcomes.push(items);
        }
        assert!(!outcomes[0].is_empty());
        assert_eq!(outcomes[0], outcomes[1]);
        assert_eq!(outcomes[0], outcomes[2]);
    }
    let target = KubeLocal::start().await.unwrap();
    for name in NAMES {
        let verify = Verify::new(vault.repository(), name).against(cluster::client(&target));
        let report = verify.run().await.unwrap();
        assert!(report.is_restorable(), "{report}");
        assert!(report.indexed && report.objects > 20, "{report}");
        assert_eq!(report.locked_secrets, 0);
        assert_eq!(report.encryption.is_some(), name != NAMES[0]);
    }
}

/// A few objects of a large backup take a small part of its bytes.
#[tokio::test(flavor = "multi_thread")]
async fn ranges_are_read_and_no_more() {
    for mode in MODES {
        let store = Arc::new(Counting::default());
        let vault = Vault::over(Arc::clone(&store) as Arc<dyn ObjectStore>).await;
        let repository = Repository::new(Arc::clone(&vault.store), "");
        let spec = BackupSpec {
            encryption: Some(vault.encryption(mode)),
            ..BackupSpec::named("a")
        };
        let client = Generated { size: 20_000 }.client();
        let report = Backup::new(client, repository, spec).run().await.unwrap();
        let length = report.record.archive().unwrap().unwrap().size;
        let ours = vault.repository();
        let kinds = EntryFilter {
            resources: ["configmaps".parse().unwrap()].into(),
            ..EntryFilter::default()
        };
        let entries = ours.open("a").await.unwrap().entries(&kinds).await.unwrap();
        let one = &entries[entries.len() / 2].id;
        let filter = EntryFilter {
            names: [one.name.clone()].into(),
            namespaces: one.namespace.iter().cloned().collect(),
            ..kinds
        };
        store.take();
        let found = read(&ours, "a", &filter).await.unwrap();
        let (bytes, requests) = store.take();
        println!("{mode}: {bytes} of {length} bytes in {requests} requests");
        assert_eq!(found.len(), 1);
        assert!(bytes * 10 < length, "{mode}: {bytes} of {length}");
    }
}
