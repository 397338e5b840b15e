//! object_store's own integration checks, against a local OSS that verifies every signature.
#![cfg(feature = "object_store")]

mod cloud;

use alibaba_oss::{ForbidOverwrite, OssStore};
use object_store::path::Path;
use object_store::{
    MultipartUpload, ObjectStore, ObjectStoreExt, PutMode, PutMultipartOptions, PutOptions,
    integration,
};

macro_rules! passes {
    ($($check:ident $(($($argument:expr),*))?;)*) => {
        $(
            #[tokio::test]
            async fn $check() {
                let cloud = cloud::start().await;
                let store = cloud.store();
                integration::$check(&store $($(, $argument)*)?).await;
            }
        )*
    };
}

// Each wants a fresh store.
passes! {
    put_get_delete_list;
    put_get_attributes;
    get_opts;
    put_opts(false);
    stream_get;
    list_uses_directories_correctly;
    list_with_delimiter;
    rename_and_copy;
    copy_if_not_exists;
    copy_rename_nonexistent_object;
    multipart_race_condition(true);
    multipart_out_of_order;
    list_with_offset_exclusivity;
}

#[tokio::test]
async fn get_nonexistent_object() {
    let cloud = cloud::start().await;
    let error = integration::get_nonexistent_object(&cloud.store(), None)
        .await
        .unwrap_err();
    assert!(
        matches!(error, object_store::Error::NotFound { .. }),
        "{error}"
    );
}

#[tokio::test]
async fn a_forbidden_multipart_overwrite_changes_nothing() {
    let cloud = cloud::start().await;
    let store: OssStore = cloud.store();
    let path = Path::from("taken");
    let mut extensions = object_store::Extensions::default();
    extensions.insert(ForbidOverwrite);
    let mut upload = store
        .put_multipart_opts(
            &path,
            PutMultipartOptions {
                extensions,
                ..Default::default()
            },
        )
        .await
        .unwrap();
    upload.put_part("second".into()).await.unwrap();
    // Taken between the beginning and the completion.
    let create = PutOptions {
        mode: PutMode::Create,
        ..Default::default()
    };
    store.put_opts(&path, "first".into(), create).await.unwrap();
    let error = upload.complete().await.unwrap_err();
    assert!(
        matches!(error, object_store::Error::AlreadyExists { .. }),
        "{error}"
    );
    assert_eq!(
        store.get(&path).await.unwrap().bytes().await.unwrap(),
        "first"
    );
}
