//! Writing only where the key is free: of any number of writers at most one is told that it succeeded,
//! whatever the bucket does with versions.
#![cfg(feature = "object_store")]

use std::time::Duration;

use crate::cloud::{self, BUCKET, Cloud, ID, SECRET};
use alibaba_core::Region;
use alibaba_local::{Fault, LocalCloud, Rule, User};
use alibaba_oss::{ForbidOverwrite, OssStore, Versioning};
use futures::future::join_all;
use object_store::path::Path;
use object_store::{
    CopyMode, CopyOptions, Error, MultipartUpload, ObjectStore, ObjectStoreExt, PutMode,
    PutMultipartOptions, PutResult, Result,
};

/// What RAM policies of the backup center allow on OSS.
const SEED_ACTIONS: [&str; 7] = [
    "oss:PutObject",
    "oss:GetObject",
    "oss:DeleteObject",
    "oss:GetBucket",
    "oss:ListObjects",
    "oss:ListBuckets",
    "oss:GetBucketStat",
];

async fn create(store: &OssStore, key: &str, bytes: &str) -> Result<PutResult> {
    let bytes = bytes.to_owned().into();
    let mode = PutMode::Create.into();
    store.put_opts(&Path::from(key), bytes, mode).await
}

/// As [`create`], by an upload in parts.
async fn create_in_parts(store: &OssStore, key: &str, bytes: &str) -> Result<PutResult> {
    let mut options = PutMultipartOptions::default();
    options.extensions.insert(ForbidOverwrite);
    let mut upload = store.put_multipart_opts(&Path::from(key), options).await?;
    upload.put_part(bytes.to_owned().into()).await?;
    upload.complete().await
}

/// As [`create`], by a copy of an object that has the bytes for its name.
async fn create_by_copy(store: &OssStore, key: &str, bytes: &str) -> Result<()> {
    let options = CopyOptions::new().with_mode(CopyMode::Create);
    store
        .copy_opts(&Path::from(bytes), &Path::from(key), options)
        .await
}

async fn read(store: &OssStore, key: &str) -> String {
    let stored = store.get(&Path::from(key)).await.unwrap();
    String::from_utf8(stored.bytes().await.unwrap().to_vec()).unwrap()
}

fn count(cloud: &Cloud, operation: &str) -> usize {
    let counts = cloud.0.requests().by_operation();
    counts.get(operation).copied().unwrap_or_default()
}

/// How many versions and markers the bucket holds.
async fn versions(cloud: &Cloud) -> (usize, usize) {
    let list = cloud.client().list_versions(BUCKET);
    let page = list.page_size(1000).send().await.unwrap();
    assert_eq!(page.next, None);
    let markers = page.versions.iter().filter(|v| v.is_delete_marker).count();
    (page.versions.len() - markers, markers)
}

fn delay(operation: &'static str, millis: u64) -> Rule {
    Rule::new(Fault::Delay(Duration::from_millis(millis))).operation(operation)
}

async fn race(cloud: &Cloud, rounds: usize) {
    let setup = cloud.store();
    for writer in 0..4 {
        let name = format!("writer-{writer}");
        let path = Path::from(name.as_str());
        setup.put(&path, name.clone().into()).await.unwrap();
    }
    let stores: Vec<OssStore> = (0..4).map(|_| cloud.store()).collect();
    let mut met = 0;
    for round in 0..rounds {
        // So that they have looked whether the key is free before any of them writes, and then
        // write in any order.
        let puts = [
            "PutObject",
            "PutObject",
            "CopyObject",
            "CompleteMultipartUpload",
        ];
        for operation in puts {
            let rule = delay(operation, fastrand::u64(15..35));
            cloud.0.faults().add(rule.key_contains("race").times(1));
        }
        cloud.0.requests().clear();
        let key = format!("race-{round}");
        let writers = stores.iter().enumerate().map(|(writer, store)| {
            let (store, key) = (store.clone(), key.clone());
            tokio::spawn(async move {
                let bytes = format!("writer-{writer}");
                let outcome = match writer {
                    0 | 1 => create(&store, &key, &bytes).await.map(drop),
                    2 => create_in_parts(&store, &key, &bytes).await.map(drop),
                    _ => create_by_copy(&store, &key, &bytes).await,
                };
                outcome.map(|()| bytes)
            })
        });
        let mut winners = Vec::new();
        for outcome in join_all(writers).await {
            match outcome.unwrap() {
                Ok(bytes) => winners.push(bytes),
                Err(Error::AlreadyExists { .. }) => {}
                Err(error) => panic!("{error}"),
            }
        }
        assert_eq!(winners.len(), 1, "round {round}: {winners:?}");
        assert_eq!(read(&setup, &key).await, winners[0], "round {round}");
        met += count(cloud, "DeleteObject");
        cloud.0.faults().clear();
    }
    let versioning = setup.client().bucket_versioning(BUCKET).await.unwrap();
    if versioning.is_some() {
        assert_eq!(
            versions(cloud).await,
            (4 + rounds, 0),
            "nothing is left over"
        );
        assert!(met > 0, "no two writers ever met");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_many_writers_wins_on_a_bucket_without_versions() {
    race(&cloud::start().await, 100).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_many_writers_wins_on_a_bucket_with_versions() {
    race(&cloud::start_with_versions().await, 100).await;
}

#[tokio::test]
async fn what_comes_on_top_of_a_create_does_not_make_it_fail() {
    let cloud = cloud::start_with_versions().await;
    let (first, second) = (cloud.store(), cloud.store());
    // An overwrite comes between the put and the look which version is the oldest.
    let list = || delay("ListObjectVersions", 400).skip(1).times(1);
    cloud.0.faults().add(list());
    let (one, two) = tokio::join!(create(&first, "k", "one"), async {
        while count(&cloud, "PutObject") < 1 || count(&cloud, "ListObjectVersions") < 2 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        second.put(&Path::from("k"), "two".into()).await
    });
    one.unwrap();
    two.unwrap();
    assert_eq!(
        read(&first, "k").await,
        "two",
        "an overwrite still overwrites"
    );

    let taken = create(&second, "k", "three").await.unwrap_err();
    assert!(matches!(taken, Error::AlreadyExists { .. }), "{taken}");
    assert_eq!(versions(&cloud).await, (2, 0));

    // A deleted key is free again.
    first.delete(&Path::from("k")).await.unwrap();
    create(&second, "k", "four").await.unwrap();
    assert_eq!(read(&first, "k").await, "four");
    assert_eq!(versions(&cloud).await, (3, 1));
}

#[tokio::test]
async fn a_bucket_with_versioning_suspended_is_refused_and_untouched() {
    let cloud = cloud::start_with_versions().await;
    let store = cloud.store();
    store.put(&Path::from("old"), "old".into()).await.unwrap();
    cloud.set_versioning(Versioning::Suspended).await;
    store.put(&Path::from("other"), "x".into()).await.unwrap();
    let before = versions(&cloud).await;
    let by_copy = create_by_copy(&store, "k", "other").await;
    for error in [
        create(&store, "k", "new").await.unwrap_err(),
        create_in_parts(&store, "k", "new").await.unwrap_err(),
        by_copy.unwrap_err(),
    ] {
        assert!(matches!(error, Error::NotImplemented { .. }), "{error}");
        assert!(error.to_string().contains("suspended"), "{error}");
    }
    assert_eq!(versions(&cloud).await, before);
}

#[tokio::test]
async fn a_bucket_that_changes_behind_the_stores_back_is_found_out() {
    let cloud = cloud::start().await;
    let store = cloud.store();
    create(&store, "a", "a").await.unwrap();
    cloud.set_versioning(Versioning::Enabled).await;
    // What is known is old, and the response to the put says so.
    create(&store, "b", "b").await.unwrap();
    let error = create(&store, "b", "c").await.unwrap_err();
    assert!(matches!(error, Error::AlreadyExists { .. }), "{error}");
    assert_eq!(read(&store, "b").await, "b");

    cloud.set_versioning(Versioning::Suspended).await;
    let error = create(&store, "c", "c").await.unwrap_err();
    assert!(matches!(error, Error::NotImplemented { .. }), "{error}");
    let gone = store.get(&Path::from("c")).await.unwrap_err();
    assert!(matches!(gone, Error::NotFound { .. }), "{gone}");
}

#[tokio::test]
async fn the_bucket_is_asked_once() {
    let cloud = cloud::start().await;
    let store = cloud.store();
    for key in ["a", "b", "c"] {
        create(&store, key, "x").await.unwrap();
    }
    store.put(&Path::from("d"), "x".into()).await.unwrap();
    let counts = cloud.0.requests().by_operation();
    let expected = [("GetBucketVersioning", 1), ("PutObject", 4)];
    assert_eq!(counts, expected.into_iter().collect());
}

#[tokio::test]
async fn a_create_whose_answer_was_lost_is_recognised_under_later_versions() {
    let cloud = cloud::start_with_versions().await;
    let store = cloud.store();
    for operation in ["PutObject", "CompleteMultipartUpload", "CopyObject"] {
        let lose = || Rule::new(Fault::LoseReply).operation(operation).times(1);
        let key = operation;
        let write = || async {
            match operation {
                "PutObject" => create(&store, key, "mine").await.map(drop),
                "CopyObject" => create_by_copy(&store, key, "mine").await,
                _ => create_in_parts(&store, key, "mine").await.map(drop),
            }
        };
        if operation == "CopyObject" {
            store.put(&Path::from("mine"), "mine".into()).await.unwrap();
        }
        let before = versions(&cloud).await.0;
        cloud.0.faults().add(lose());
        write()
            .await
            .unwrap_or_else(|error| panic!("{operation}: {error}"));
        assert_eq!(read(&store, key).await, "mine");
        assert_eq!(versions(&cloud).await, (before + 1, 0), "{operation}");

        // The same bytes, written by somebody else: no response was lost this time.
        let error = write().await.unwrap_err();
        assert!(matches!(error, Error::AlreadyExists { .. }), "{error}");
    }
}

/// A cloud whose user `ID` may do everything, and whose user `narrow` only what is listed.
async fn with_narrow_user(actions: &[&str]) -> (Cloud, OssStore) {
    let cloud = LocalCloud::builder()
        .user(User::new(ID, SECRET))
        .user(User::new("LTAI-narrow", "narrow").allow_only(actions.iter().copied()))
        .bucket(BUCKET);
    let cloud = Cloud(cloud.start().await.unwrap());
    let credentials = alibaba_core::Credentials::new("LTAI-narrow", "narrow");
    let client = cloud.client_as(credentials, Region::CN_HANGZHOU);
    (cloud, OssStore::new(client, BUCKET))
}

#[tokio::test]
async fn the_seven_actions_of_the_backup_center_suffice_where_there_are_no_versions() {
    let (cloud, store) = with_narrow_user(&SEED_ACTIONS).await;
    create(&store, "a", "x").await.unwrap();
    let error = create(&store, "a", "y").await.unwrap_err();
    assert!(matches!(error, Error::AlreadyExists { .. }), "{error}");
    cloud.0.requests().clear();
    create(&store, "b", "x").await.unwrap();
    assert_eq!(cloud.0.requests().len(), 1, "the first response told");
    // Another process finds an object that tells.
    let again = OssStore::new(store.client().clone(), BUCKET);
    create(&again, "c", "x").await.unwrap();
    let refused = cloud.0.requests().all();
    let refused = refused.iter().filter(|r| r.status == Some(403));
    let refused: Vec<_> = refused.map(|r| r.operation).collect();
    assert_eq!(refused, ["GetBucketVersioning"], "asked once");
}

#[tokio::test]
async fn what_cannot_be_taken_back_is_not_written() {
    let versions_only = [&SEED_ACTIONS[..], &["oss:GetBucketVersioning"]].concat();
    for actions in [&SEED_ACTIONS[..], &versions_only] {
        let (cloud, store) = with_narrow_user(actions).await;
        cloud.set_versioning(Versioning::Enabled).await;
        store.put(&Path::from("some"), "x".into()).await.unwrap();
        cloud.0.requests().clear();
        let error = create(&store, "k", "x").await.unwrap_err();
        assert!(matches!(error, Error::PermissionDenied { .. }), "{error}");
        let text = error.to_string();
        assert!(text.contains("oss:ListObjectVersions"), "{text}");
        assert_eq!(count(&cloud, "PutObject"), 0);
    }
}

#[tokio::test]
async fn a_version_that_may_not_be_removed_is_named() {
    let actions = [
        &SEED_ACTIONS[..],
        &["oss:GetBucketVersioning", "oss:ListObjectVersions"],
    ]
    .concat();
    let (cloud, store) = with_narrow_user(&actions).await;
    cloud.set_versioning(Versioning::Enabled).await;
    cloud.0.faults().add(delay("PutObject", 100).times(1));
    let other = cloud.store();
    let (late, early) = tokio::join!(create(&store, "k", "late"), async {
        while count(&cloud, "PutObject") == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        create(&other, "k", "early").await
    });
    early.unwrap();
    let error = late.unwrap_err();
    assert!(matches!(error, Error::PermissionDenied { .. }), "{error}");
    assert!(
        error.to_string().contains("oss:DeleteObjectVersion"),
        "{error}"
    );
}
