//! Archives with an index that lies, under digests that agree with the lie.

use std::sync::Arc;

use kube_backup_engine::backup::{Backup, BackupSpec};
use kube_backup_engine::{ReadLimits, Repository, Selection};
use kube_local::KubeLocal;
use object_store::memory::InMemory;
use serde_json::{Value, json};

use super::forge::Forgery;
use super::tarball::gz;
use super::{assert_left_out, assert_refused, restore};
use crate::cluster;

const SETTINGS: &str = "resources/configmaps/namespaces/shop/settings.json";

async fn backed_up() -> (KubeLocal, Repository) {
    let cluster = KubeLocal::start().await.unwrap();
    let client = cluster::client(&cluster);
    let repository = Repository::new(Arc::new(InMemory::new()), "");
    cluster::shop(&client, "shop").await;
    let spec = BackupSpec {
        selection: Selection::of_namespaces(["shop"]),
        ..BackupSpec::named("a")
    };
    Backup::new(client, repository.clone(), spec)
        .run()
        .await
        .unwrap();
    (cluster, repository)
}

/// A change to a backup, the entry that must be named, and what must be said of it.
type Case = (
    &'static str,
    Option<&'static str>,
    &'static str,
    fn(&mut Forgery),
);

const CASES: &[Case] = &[
    (
        "a byte of the archive changed",
        Some(SETTINGS),
        "",
        |forgery| {
            // Some byte in the middle of the member's compressed text.
            let member = forgery.member_of("settings").clone();
            let at = member["offset"].as_u64().unwrap() + member["length"].as_u64().unwrap() / 2;
            forgery.archive[at as usize] ^= 0x01;
            let entries = forgery.member_of("settings")["entries"]
                .as_array_mut()
                .unwrap();
            entries.retain(|entry| entry["name"] == "settings");
        },
    ),
    (
        "a digest that is another's",
        Some(SETTINGS),
        "digest differs",
        |forgery| {
            forgery.entry("settings")["sha256"] = "0".repeat(64).into();
        },
    ),
    (
        "a digest that is no SHA-256",
        Some(SETTINGS),
        "digest is no SHA-256",
        |forgery| {
            forgery.entry("settings")["sha256"] = "xyz".into();
        },
    ),
    (
        "an object outside its member",
        Some(SETTINGS),
        "outside its member",
        |forgery| {
            forgery.entry("settings")["offset"] = u64::MAX.into();
        },
    ),
    (
        "an object of the length of all memory",
        Some(SETTINGS),
        "outside its member",
        |forgery| {
            forgery.entry("settings")["length"] = (1u64 << 60).into();
        },
    ),
    (
        "a member outside the archive",
        None,
        "outside the archive",
        |forgery| {
            forgery.member_of("settings")["offset"] = (1u64 << 40).into();
        },
    ),
    ("a member of an exabyte", None, "too large", |forgery| {
        forgery.member_of("settings")["size"] = (1u64 << 60).into();
    }),
    (
        "a member that says less than it holds",
        None,
        "more than the 512 bytes",
        |forgery| {
            let member = forgery.member_of("settings");
            member["size"] = 512.into();
            for entry in member["entries"].as_array_mut().unwrap() {
                entry["offset"] = 0.into();
                entry["length"] = 5.into();
            }
        },
    ),
    (
        "an entry listed twice",
        Some(SETTINGS),
        "twice",
        |forgery| {
            let again = forgery.entry("settings").clone();
            forgery.member_of("settings")["entries"]
                .as_array_mut()
                .unwrap()
                .push(again);
        },
    ),
    (
        "a directory of all objects there are",
        None,
        "disagree",
        |forgery| {
            forgery.facts = |facts| facts["entries"] = 4_000_000.into();
        },
    ),
    (
        "a directory of more objects than a reader takes",
        None,
        "`ReadLimits::max_entries`",
        |forgery| {
            forgery.facts = |facts| facts["entries"] = u64::MAX.into();
        },
    ),
    (
        "a chunk of more objects than it has",
        None,
        "another number",
        |forgery| {
            forgery.directory = |directory| directory[0]["entries"] = 4_000_000.into();
            forgery.facts = |facts| facts["entries"] = 4_000_000.into();
        },
    ),
    (
        "a chunk that is larger than the index",
        None,
        "too large",
        |forgery| {
            forgery.directory = |directory| directory[0]["length"] = (1u64 << 60).into();
        },
    ),
    (
        "chunks over each other",
        None,
        "outside the index",
        |forgery| {
            forgery.directory = |directory| {
                let mut again = directory[0].clone();
                again["offset"] = again["length"].clone();
                directory.as_array_mut().unwrap().push(again);
            };
        },
    ),
    (
        "a directory that begins after its end",
        None,
        "impossible length",
        |forgery| {
            forgery.facts = |facts| facts["directoryOffset"] = u64::MAX.into();
        },
    ),
    (
        "a directory of no length",
        None,
        "impossible length",
        |forgery| {
            forgery.facts = |facts| facts["directoryOffset"] = facts["length"].clone();
        },
    ),
    (
        "a directory of an exabyte",
        None,
        "impossible length",
        |forgery| {
            forgery.facts = |facts| facts["length"] = (1u64 << 60).into();
        },
    ),
    (
        "a directory that is another's",
        None,
        "differs from the record's",
        |forgery| {
            forgery.facts = |facts| facts["directorySha256"] = "0".repeat(64).into();
        },
    ),
];

/// A change to what an index says of one object, the entry that must be named, and what must be said of it.
type OfOne = (&'static str, &'static str, &'static str, fn(&mut Forgery));

/// What an index says of one object and nobody can take.
const OF_ONE_OBJECT: &[OfOne] = &[
    (
        "a namespace that leaves its folder",
        "resources/configmaps/namespaces/../../../kube-system/settings.json",
        "the entry's namespace is no name",
        |forgery| forgery.entry("settings")["namespace"] = "../../../kube-system".into(),
    ),
    (
        "a namespace that asks something else",
        "resources/configmaps/namespaces/shop?dryRun=/settings.json",
        "the entry's namespace is no name",
        |forgery| forgery.entry("settings")["namespace"] = "shop?dryRun=".into(),
    ),
    (
        "a name that is a path",
        "resources/configmaps/namespaces/shop/a%2Fb.json",
        "the entry's name is a path",
        |forgery| forgery.entry("settings")["name"] = "a/b".into(),
    ),
    (
        "an object under another's name",
        "resources/configmaps/namespaces/shop/other.json",
        "another name",
        |forgery| forgery.entry("settings")["name"] = "other".into(),
    ),
    (
        "an object of four megabytes",
        SETTINGS,
        "the entry has 4000000 bytes",
        |forgery| {
            forgery.member_of("settings")["size"] = 4_500_000.into();
            forgery.entry("settings")["length"] = 4_000_000.into();
        },
    ),
];

#[tokio::test]
async fn what_an_index_says_of_one_object_costs_that_object() {
    for (case, entry, why, change) in OF_ONE_OBJECT {
        let (cluster, repository) = backed_up().await;
        let mut forgery = Forgery::of(&repository).await;
        change(&mut forgery);
        forgery.put(&repository).await;
        assert_left_out(&cluster, &repository, case, entry, why).await;
    }
}

#[tokio::test]
async fn each_lie_of_an_index_is_refused_and_nothing_is_applied() {
    for (case, entry, why, change) in CASES {
        let (cluster, repository) = backed_up().await;
        let mut forgery = Forgery::of(&repository).await;
        change(&mut forgery);
        forgery.put(&repository).await;
        assert_refused(&cluster, &repository, case, *entry, why).await;
    }
}

/// What makes the test above say something: the forger's own hand is not what is refused.
#[tokio::test]
async fn an_unchanged_forgery_is_restored() {
    let (cluster, repository) = backed_up().await;
    Forgery::of(&repository).await.put(&repository).await;
    let client = cluster::client(&cluster);
    cluster::delete(&client, "/api/v1/namespaces/shop").await;
    let report = restore(&client, &repository).await.unwrap();
    assert!(
        report.is_complete() && report.counts()["created"] > 10,
        "{report}"
    );
}

#[tokio::test]
async fn a_member_of_ten_gigabytes_is_refused_by_entry() {
    let (cluster, repository) = backed_up().await;
    let mut forgery = Forgery::of(&repository).await;
    // Ten megabytes of the same member again and again: to a reader, one long text.
    let block = gz(&vec![0; 2_900_480]);
    let offset = forgery.archive.len();
    for _ in 0..3500 {
        forgery.archive.extend_from_slice(&block);
    }
    let entry = json!({"resource": "configmaps", "apiVersion": "v1", "kind": "ConfigMap", "namespace": "shop",
        "name": "bomb", "offset": 0, "length": 100, "sha256": "0".repeat(64)});
    let member: Value = json!({"offset": offset, "length": forgery.archive.len() - offset, "size": 64 << 20,
        "entries": [entry]});
    forgery.members.push(member);
    forgery.put(&repository).await;
    // Not a byte of it is read.
    let entry = "resources/configmaps/namespaces/shop/bomb.json";
    assert_left_out(
        &cluster,
        &repository,
        "bomb",
        entry,
        "the entry's member has 67108864 bytes",
    )
    .await;

    let mut forgery = Forgery::of(&repository).await;
    forgery.member_of("bomb")["size"] = 4_900_000.into();
    forgery.put(&repository).await;
    assert_refused(
        &cluster,
        &repository,
        "bomb",
        Some(entry),
        "more than the 4900000 bytes",
    )
    .await;
}

/// Members that each are as large as an honest one can be, and shrink as no honest one does.
#[tokio::test]
async fn many_members_of_zeros_are_refused_before_any_is_read() {
    let (cluster, repository) = backed_up().await;
    let mut forgery = Forgery::of(&repository).await;
    let block = gz(&vec![0; 2_900_480]);
    for n in 0..40 {
        let offset = forgery.archive.len();
        forgery.archive.extend_from_slice(&block);
        let entry = json!({"resource": "configmaps", "apiVersion": "v1", "kind": "ConfigMap", "namespace": "shop",
            "name": format!("bomb-{n}"), "offset": 0, "length": 100, "sha256": "0".repeat(64)});
        forgery.members.push(
            json!({"offset": offset, "length": block.len(), "size": 2_900_480, "entries": [entry]}),
        );
    }
    forgery.put(&repository).await;
    assert_refused(
        &cluster,
        &repository,
        "bombs",
        None,
        "decompresses to more than it may",
    )
    .await;
}

#[tokio::test]
async fn more_objects_than_a_reader_takes_are_refused_before_they_are_listed() {
    let (cluster, repository) = backed_up().await;
    let limits = ReadLimits {
        max_entries: 3,
        ..ReadLimits::default()
    };
    let few = repository.with_read_limits(limits);
    assert_refused(&cluster, &few, "many", None, "`ReadLimits::max_entries`").await;
}

#[tokio::test]
async fn an_archive_that_is_not_the_records_is_refused() {
    let (cluster, repository) = backed_up().await;
    let (_other, second) = backed_up().await;
    let mut theirs = Forgery::of(&second).await.archive;
    // By chance both may have one length, and then it is the digest that differs, later.
    if theirs.len() == Forgery::of(&repository).await.archive.len() {
        theirs.push(0);
    }
    let store = repository.store();
    object_store::ObjectStoreExt::put(store.as_ref(), &"backups/a/a.tar.gz".into(), theirs.into())
        .await
        .unwrap();
    assert_refused(
        &cluster,
        &repository,
        "swapped",
        None,
        "not the one its record names",
    )
    .await;
}
