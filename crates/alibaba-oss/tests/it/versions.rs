//! Versions: kept, listed, read, deleted.

use crate::cloud::{self, BUCKET, Cloud, ID, SECRET};
use alibaba_local::User;
use alibaba_oss::{Client, ErrorKind, VersionMarker, Versioning};
use futures::TryStreamExt;

async fn versioned() -> (Cloud, Client) {
    let cloud = cloud::start().await;
    let client = cloud.client();
    assert_eq!(client.bucket_versioning(BUCKET).await.unwrap(), None);
    client
        .put_bucket_versioning(BUCKET, Versioning::Enabled)
        .await
        .unwrap();
    (cloud, client)
}

async fn put(client: &Client, key: &str, body: &'static str) -> String {
    let put = client.put_object(BUCKET, key, body).send().await.unwrap();
    put.version_id.unwrap()
}

async fn read(client: &Client, key: &str, version: &str) -> alibaba_oss::Result<String> {
    let get = client.get_object(BUCKET, key).version_id(version);
    let bytes = get.send().await?.body.collect().await?;
    Ok(String::from_utf8(bytes.to_vec()).unwrap())
}

#[tokio::test]
async fn every_version_is_read_until_it_is_deleted_itself() {
    let (_cloud, client) = versioned().await;
    let first = put(&client, "a", "one").await;
    let second = put(&client, "a", "two").await;
    let marker = client.delete_object(BUCKET, "a").send().await.unwrap();
    assert!(marker.is_delete_marker);
    let marker = marker.version_id.unwrap();

    let hidden = client.head_object(BUCKET, "a").await.unwrap_err();
    assert_eq!(hidden.kind(), ErrorKind::NotFound);
    assert_eq!(hidden.service_code(), Some("NoSuchKey"), "{hidden}");
    assert_eq!(read(&client, "a", &first).await.unwrap(), "one");
    let info = client.get_object(BUCKET, "a").version_id(&second);
    assert_eq!(info.info().await.unwrap().version_id, Some(second.clone()));

    let delete = |id: &str| client.delete_object(BUCKET, "a").version_id(id).send();
    let gone = delete(&marker).await.unwrap();
    assert!(gone.is_delete_marker);
    assert_eq!(client.head_object(BUCKET, "a").await.unwrap().size, Some(3));
    let gone = delete(&second).await.unwrap();
    assert_eq!(
        (gone.version_id, gone.is_delete_marker),
        (Some(second.clone()), false)
    );
    let error = read(&client, "a", &second).await.unwrap_err();
    assert_eq!(error.service_code(), Some("NoSuchVersion"));
    assert_eq!(
        client.head_object(BUCKET, "a").await.unwrap().version_id,
        Some(first)
    );
    client
        .put_bucket_versioning(BUCKET, Versioning::Suspended)
        .await
        .unwrap();
    assert_eq!(put(&client, "a", "three").await, "null");
    assert_eq!(
        client.bucket_versioning(BUCKET).await.unwrap(),
        Some(Versioning::Suspended)
    );
}

#[tokio::test]
async fn versions_and_markers_are_listed_in_their_order_across_pages() {
    let (_cloud, client) = versioned().await;
    let mut expected = Vec::new();
    for key in ["a/中 +%", "b", "c/\u{1}"] {
        let old = put(&client, key, "old").await;
        let deleted = client.delete_object(BUCKET, key).send().await.unwrap();
        let new = put(&client, key, "newer").await;
        for (id, marker, len) in [
            (new, false, 5),
            (deleted.version_id.unwrap(), true, 0),
            (old, false, 3),
        ] {
            expected.push((key.to_owned(), id, marker, len));
        }
    }
    for max in [1, 2, 4, 1000] {
        let listed = client.list_versions(BUCKET).page_size(max);
        let pages: Vec<_> = listed.pages().try_collect().await.unwrap();
        let versions: Vec<_> = pages.into_iter().flat_map(|page| page.versions).collect();
        let latest: Vec<bool> = versions.iter().map(|version| version.is_latest).collect();
        assert_eq!(latest, [true, false, false].repeat(3), "pages of {max}");
        let found: Vec<_> = versions
            .into_iter()
            .map(|v| (v.key, v.version_id, v.is_delete_marker, v.size))
            .collect();
        assert_eq!(found, expected, "pages of {max}");
    }
    let rolled = client.list_versions(BUCKET).delimiter("/").send().await;
    let rolled = rolled.unwrap();
    assert_eq!(rolled.common_prefixes, ["a/", "c/"]);
    assert!(rolled.versions.iter().all(|version| version.key == "b"));
    let later = VersionMarker {
        key: "a/中 +%".to_owned(),
        version_id: String::new(),
    };
    let rest = client.list_versions(BUCKET).after(later).send().await;
    assert_eq!(rest.unwrap().versions.len(), 6);

    // All of them at once, and what was not asked for stays.
    let all: Vec<_> = expected
        .iter()
        .map(|(key, id, ..)| (key.as_str(), id.as_str()))
        .collect();
    assert!(
        client
            .delete_versions(BUCKET, &all[1..])
            .await
            .unwrap()
            .is_empty()
    );
    let left = client.list_versions(BUCKET).send().await.unwrap().versions;
    assert_eq!(left.len(), 1);
    assert_eq!(left[0].version_id, all[0].1);
}

#[tokio::test]
async fn versions_need_actions_of_their_own() {
    let user = User::new(ID, SECRET).allow_only([
        "oss:PutObject",
        "oss:DeleteObject",
        "oss:GetObject",
        "oss:PutBucketVersioning",
    ]);
    let cloud = cloud::start_with(user).await;
    let client = cloud.client();
    client
        .put_bucket_versioning(BUCKET, Versioning::Enabled)
        .await
        .unwrap();
    let id = put(&client, "a", "one").await;
    let denied = [
        read(&client, "a", &id).await.unwrap_err(),
        client
            .delete_object(BUCKET, "a")
            .version_id(&id)
            .send()
            .await
            .unwrap_err(),
        client.list_versions(BUCKET).send().await.unwrap_err(),
        client.bucket_versioning(BUCKET).await.unwrap_err(),
    ];
    for denied in denied {
        assert_eq!(denied.kind(), ErrorKind::Denied, "{denied}");
    }
}
