//! Keys with every legal byte, through every operation that names one.

use crate::cloud::{self, BUCKET};
use alibaba_oss::{Client, Versioning};
use bytes::Bytes;
use futures::TryStreamExt;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

/// 1 to 1023 bytes of UTF-8 that begin neither with a slash nor with a backslash.
fn keys() -> impl Strategy<Value = String> {
    let letters = prop_oneof![
        4 => any::<char>(),
        2 => prop::sample::select("/.%+ ?&=#<>\"'\\*~:;,@!$()[]{}|^`".chars().collect::<Vec<_>>()),
        1 => prop::sample::select("\u{0}\u{1}\t\n\r\u{7f}\u{85}\u{a0}\u{feff}\u{fffd}\u{10ffff}".chars().collect::<Vec<_>>()),
    ];
    let short = prop::collection::vec(letters, 1..12);
    let tail = prop_oneof![9 => Just(0_usize), 1 => 900..975_usize];
    (short, tail).prop_filter_map("begins with a slash", |(letters, tail)| {
        let key: String = letters.into_iter().collect();
        let key = format!("{key}{}", "x".repeat(tail));
        (!key.starts_with(['/', '\\']) && key.len() <= 1023).then_some(key)
    })
}

#[test]
fn every_legal_key_goes_through_every_operation() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let cloud = runtime.block_on(cloud::start());
    let client = cloud.client();
    let versions = Versioning::Enabled;
    runtime
        .block_on(client.put_bucket_versioning(BUCKET, versions))
        .unwrap();
    let mut runner = TestRunner::new(Config {
        cases: 96,
        failure_persistence: None,
        ..Config::default()
    });
    runner
        .run(&keys(), |key| {
            let went = runtime.block_on(everything(&client, &key));
            prop_assert!(went.is_ok(), "{key:?}: {went:?}");
            Ok(())
        })
        .unwrap();
}

async fn everything(client: &Client, key: &str) -> Result<(), Box<dyn std::error::Error>> {
    client
        .put_object(BUCKET, key, key.to_owned())
        .send()
        .await?;
    let read = client.get_object(BUCKET, key).send().await?;
    assert_eq!(read.body.collect().await?, key.as_bytes());
    assert_eq!(
        client.object_meta(BUCKET, key).await?.size,
        Some(key.len() as u64)
    );

    // Found by each listing, under itself as a prefix.
    let page = client.list_objects(BUCKET).prefix(key).send().await?;
    assert_eq!(page.objects[0].key, key);
    let page = client.list_objects_v1(BUCKET).prefix(key).send().await?;
    assert_eq!(page.objects[0].key, key);
    let page = client.list_versions(BUCKET).prefix(key).send().await?;
    assert_eq!(page.versions[0].key, key);

    // Named by headers, which carry it encoded.
    let copy = client.copy_object((BUCKET, key), (BUCKET, "copy"));
    copy.send().await?;
    client
        .copy_object((BUCKET, "copy"), (BUCKET, key))
        .send()
        .await?;
    client.put_symlink(BUCKET, "link", key).send().await?;
    let link = client.get_symlink(BUCKET, "link").send().await?;
    assert_eq!(link.target, key);
    client.object_tagging(BUCKET, key).put([("a", "b")]).await?;
    assert_eq!(client.object_tagging(BUCKET, key).get().await?.len(), 1);

    // In parts.
    let id = client.initiate_upload(BUCKET, key).send().await?;
    let uploads = client.list_uploads(BUCKET).prefix(key).send().await?;
    assert_eq!(uploads.uploads[0].key, key);
    let body = Bytes::from(vec![1; 100 * 1024]);
    let first = client.upload_part(BUCKET, key, &id, 1, body).send().await?;
    let second = client.upload_part_copy(BUCKET, key, &id, 2, (BUCKET, key), 0..key.len() as u64);
    let second = second.send().await?;
    let parts = client.list_parts(BUCKET, key, &id).send().await?.parts;
    assert_eq!(parts.len(), 2);
    let done = client.complete_upload(BUCKET, key, &id, [first, second]);
    done.send().await?;

    // Deleted by one document, versions and all, and nothing else with it.
    let pages = client.list_versions(BUCKET).prefix(key).pages();
    let pages: Vec<_> = pages.try_collect().await?;
    let versions: Vec<_> = pages
        .iter()
        .flat_map(|page| &page.versions)
        .filter(|version| version.key == key)
        .map(|version| (version.key.as_str(), version.version_id.as_str()))
        .collect();
    assert_eq!(versions.len(), 3, "{versions:?}");
    assert!(client.delete_objects(BUCKET, &[key]).await?.is_empty());
    assert!(client.delete_versions(BUCKET, &versions).await?.is_empty());
    let left = client.list_versions(BUCKET).prefix(key).send().await?;
    let left: Vec<_> = left
        .versions
        .iter()
        .filter(|version| version.key == key)
        .collect();
    assert!(
        left.iter().all(|version| version.is_delete_marker),
        "{left:?}"
    );
    let marker = &left[0].version_id;
    client
        .delete_object(BUCKET, key)
        .version_id(marker)
        .send()
        .await?;
    let uploads = client.list_uploads(BUCKET).send().await?;
    assert!(uploads.uploads.is_empty());
    Ok(())
}
