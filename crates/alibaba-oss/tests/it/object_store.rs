//! `object_store`'s own integration checks, of both versions, on a bucket without versions and on one
//! with them, against a local OSS that verifies every signature.
#![cfg(all(feature = "object_store", feature = "object_store_013"))]

use crate::cloud;
use alibaba_oss::{ForbidOverwrite, OssStore};
use object_store::path::Path;
use object_store::{
    Attribute, MultipartUpload, ObjectStore, ObjectStoreExt, PutMode, PutMultipartOptions,
    PutOptions, TagSet,
};

/// The checks of one version on a bucket that `$start` makes. Each wants a fresh store.
macro_rules! passes {
    ($version:ident, $object_store:ident, $start:path, { $($only:ident;)* }) => {
        mod $version {
            use super::cloud;
            use $object_store::integration;

            passes!($start,
                put_get_delete_list(), put_get_attributes(), get_opts(), put_opts(false), stream_get(),
                list_uses_directories_correctly(), list_with_delimiter(), rename_and_copy(),
                copy_if_not_exists(), copy_rename_nonexistent_object(),
                multipart_race_condition(true), multipart_out_of_order(),
                list_with_offset_exclusivity(),
            );

            #[tokio::test]
            async fn multipart() {
                let cloud = $start().await;
                let store = cloud.store();
                integration::multipart(&store, &store).await;
            }

            $(#[tokio::test]
            async fn $only() {
                let cloud = $start().await;
                let store = cloud.store();
                integration::$only(&store, &store).await;
            })*

            #[tokio::test]
            async fn list_paginated() {
                let cloud = $start().await;
                let store = cloud.store();
                integration::list_paginated(&store, &store).await;
            }

            #[tokio::test]
            async fn get_nonexistent_object() {
                let cloud = $start().await;
                let error = integration::get_nonexistent_object(&cloud.store(), None)
                    .await
                    .unwrap_err();
                assert!(matches!(error, $object_store::Error::NotFound { .. }), "{error}");
            }
        }
    };
    ($start:path, $($check:ident ( $($argument:expr)? ),)*) => {
        $(
            #[tokio::test]
            async fn $check() {
                let cloud = $start().await;
                let store = cloud.store();
                integration::$check(&store $(, $argument)?).await;
            }
        )*
    };
}

passes!(v0_14, object_store, cloud::start, {
    multipart_with_opts;
    multipart_put_part_out_of_order;
});
passes!(v0_13, object_store_013, cloud::start, {});
passes!(
    v0_14_with_versions,
    object_store,
    cloud::start_with_versions,
    {
        multipart_with_opts;
        multipart_put_part_out_of_order;
    }
);
passes!(
    v0_13_with_versions,
    object_store_013,
    cloud::start_with_versions,
    {}
);

async fn upload_forbidding(store: &OssStore, path: &Path) -> Box<dyn MultipartUpload> {
    let mut options = PutMultipartOptions::default();
    options.extensions.insert(ForbidOverwrite);
    store.put_multipart_opts(path, options).await.unwrap()
}

#[tokio::test]
async fn a_forbidden_multipart_overwrite_changes_nothing() {
    for cloud in [cloud::start().await, cloud::start_with_versions().await] {
        let store: OssStore = cloud.store();
        let path = Path::from("taken");
        let mut upload = upload_forbidding(&store, &path).await;
        upload.put_part("second".into()).await.unwrap();
        // Taken between the beginning and the completion.
        let create = PutOptions::from(PutMode::Create);
        store.put_opts(&path, "first".into(), create).await.unwrap();
        let error = upload.complete().await.unwrap_err();
        assert!(
            matches!(error, object_store::Error::AlreadyExists { .. }),
            "{error}"
        );
        let stored = store.get(&path).await.unwrap();
        assert_eq!(stored.bytes().await.unwrap(), "first");
    }
}

#[tokio::test]
async fn a_store_that_never_overwrites_does_so_by_no_way_of_writing() {
    for cloud in [cloud::start().await, cloud::start_with_versions().await] {
        let store = OssStore::builder(cloud.client(), cloud::BUCKET)
            .forbid_overwrite(true)
            .build();
        let (path, other) = (Path::from("taken"), Path::from("other"));
        store.put(&other, "other".into()).await.unwrap();
        let mut upload = store.put_multipart(&path).await.unwrap();
        upload.put_part("second".into()).await.unwrap();
        store.put(&path, "first".into()).await.unwrap();
        for error in [
            store.put(&path, "second".into()).await.unwrap_err(),
            store.copy(&other, &path).await.unwrap_err(),
            upload.complete().await.unwrap_err(),
            store.put_multipart(&path).await.err().unwrap(),
        ] {
            assert!(
                matches!(error, object_store::Error::AlreadyExists { .. }),
                "{error}"
            );
        }
        let stored = store.get(&path).await.unwrap();
        assert_eq!(stored.bytes().await.unwrap(), "first");
    }
}

#[tokio::test]
async fn tags_and_storage_class_arrive_as_they_were_meant() {
    let cloud = cloud::start().await;
    let store = cloud.store();
    let mut tags = TagSet::default();
    tags.push("team+1", "a b/c");
    let options = PutOptions {
        attributes: [(Attribute::StorageClass, "IA")].into_iter().collect(),
        tags,
        ..Default::default()
    };
    let path = Path::from("tagged");
    store.put_opts(&path, "x".into(), options).await.unwrap();
    let stored = store.get(&path).await.unwrap();
    let class = stored.attributes.get(&Attribute::StorageClass);
    assert_eq!(class.map(AsRef::as_ref), Some("IA"));
    let document = cloud.ask("GET", "tagged", "tagging", "").await;
    assert!(
        document.contains("<Key>team+1</Key><Value>a b/c</Value>"),
        "{document}"
    );
}

#[cfg(feature = "object_store_signer")]
#[tokio::test]
async fn a_presigned_url_does_what_was_signed_and_nothing_else() {
    use object_store::signer::{Method, SignedUrlOptions, Signer};
    use std::time::Duration;

    let cloud = cloud::start().await;
    let store = cloud.store();
    let hour = Duration::from_secs(3600);
    let path = Path::from("dir with space/中文 +%.txt");
    store.put(&path, "hello".into()).await.unwrap();
    let url = store.signed_url(Method::GET, &path, hour).await.unwrap();
    assert_eq!(
        cloud::fetch("GET", url.as_str(), &[], "").await,
        (200, "hello".to_owned())
    );
    assert_eq!(cloud::fetch("PUT", url.as_str(), &[], "x").await.0, 403);

    let typed = SignedUrlOptions::new().with_signed_header(
        object_store::signer::HeaderName::from_static("content-type"),
        object_store::signer::HeaderValue::from_static("text/plain"),
    );
    let url = store
        .signed_url_opts(Method::PUT, &path, hour, &typed)
        .await
        .unwrap();
    for (kind, status) in [("text/html", 403), ("text/plain", 200)] {
        let headers = [("content-type", kind)];
        let response = cloud::fetch("PUT", url.as_str(), &headers, "new").await;
        assert_eq!(response.0, status, "{kind}");
    }

    let ranged = SignedUrlOptions::new().with_signed_header(
        object_store::signer::HeaderName::from_static("range"),
        object_store::signer::HeaderValue::from_static("bytes=0-1"),
    );
    let error = store
        .signed_url_opts(Method::GET, &path, hour, &ranged)
        .await;
    assert!(matches!(
        error,
        Err(object_store::Error::NotSupported { .. })
    ));
}
