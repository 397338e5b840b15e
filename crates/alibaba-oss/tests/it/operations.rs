//! The table of operations, held against a local OSS that has its own: each call is allowed by the
//! action and the resource of its row, on nothing else, and by nothing less.

use std::time::Duration;

use alibaba_core::{Credentials, Region};
use alibaba_local::{LocalCloud, PolicyDocument, Statement, User};
use alibaba_oss::{
    Acl, Client, Error, ErrorKind, LifecycleRule, Operation, OverwriteRule, Retention,
    RetentionMode, Versioning,
};
use chrono::Utc;

use crate::cloud::{self, BUCKET, Cloud, ID, SECRET, fetch};

/// An id that no version, upload and retention policy has: whether they are there is not asked before
/// whether the caller may ask.
const NONE: &str = "0004B999EF5A239BB9138C6227D69F95";

/// A user who may do this, and one who may do everything but this.
fn users(row: usize, action: &str, operation: &Operation) -> [User; 2] {
    let on = |action: &str, operation: &Operation| {
        let resource = operation.resource().within(BUCKET);
        Statement::allow().action([action]).resource(resource)
    };
    let mut only = PolicyDocument::new().statement(on(action, operation));
    if operation.has_source() {
        only = only.statement(on(Operation::GET_OBJECT.action(), &Operation::GET_OBJECT));
    }
    let others = Operation::ALL.iter().flat_map(|other| {
        let actions = [other.action(), other.version_action()];
        let actions = actions.into_iter().filter(|other| *other != action);
        actions.map(|action| on(action, other))
    });
    let others = others.fold(PolicyDocument::new(), PolicyDocument::statement);
    [("only", only), ("others", others)]
        .map(|(name, policy)| User::new(format!("{name}-{row}"), SECRET).policy("Test", policy))
}

#[tokio::test]
async fn each_operation_needs_the_action_of_its_row_on_the_resource_of_its_row() {
    let mut rows: Vec<(&Operation, &str, bool)> = Vec::new();
    for operation in Operation::ALL {
        rows.push((operation, operation.action(), false));
        if operation.version_action() != operation.action()
            && operation.name() != "DeleteMultipleObjects"
        {
            rows.push((operation, operation.version_action(), true));
        }
    }
    let mut cloud = LocalCloud::builder().bucket(BUCKET);
    for (row, (operation, action, _)) in rows.iter().enumerate() {
        for user in users(row, action, operation) {
            cloud = cloud.user(user);
        }
    }
    let cloud = Cloud(cloud.user(User::new(ID, SECRET)).start().await.unwrap());
    // A bucket that is not empty is not deleted.
    let kept = cloud.client().put_object(BUCKET, "from", "x");
    kept.send().await.unwrap();
    for (row, (operation, action, versioned)) in rows.into_iter().enumerate() {
        let case = format!("{} by `{action}`", operation.name());
        let client = |name: &str| {
            let credentials = Credentials::new(format!("{name}-{row}"), SECRET);
            cloud.client_as(credentials, Region::CN_HANGZHOU)
        };
        cloud.0.requests().clear();
        let allowed = call(&client("only"), operation, versioned).await;
        let kind = allowed.as_ref().err().map(|(kind, _)| *kind);
        assert_ne!(kind, Some(ErrorKind::Denied), "{case}: {allowed:?}");
        let counts = cloud.0.requests().by_operation();
        assert!(counts.contains_key(operation.name()), "{case}: {counts:?}");

        let denied = call(&client("others"), operation, versioned).await;
        let (kind, text) = denied.expect_err(&case);
        assert_eq!(kind, ErrorKind::Denied, "{case}: {text}");
        assert!(text.contains(action), "{case}: {text}");
    }
}

/// What a call failed by.
type Failure = (ErrorKind, String);

/// Makes the call of an operation, on a version of an object where one is to be named.
async fn call(client: &Client, operation: &Operation, versioned: bool) -> Result<(), Failure> {
    if *operation == Operation::POST_OBJECT {
        return post(client).await;
    }
    let called = send(client, operation, versioned).await;
    called.map_err(|error| (error.kind(), error.to_string()))
}

pub async fn send(client: &Client, operation: &Operation, versioned: bool) -> Result<(), Error> {
    let id = versioned.then(|| NONE.to_owned());
    macro_rules! on_version {
        ($builder:expr) => {
            match &id {
                Some(id) => $builder.version_id(id),
                None => $builder,
            }
        };
    }
    let (from, to) = ((BUCKET, "from"), (BUCKET, "to"));
    let month = Retention {
        mode: RetentionMode::Governance,
        until: Utc::now() + Duration::from_secs(30 * 24 * 3600),
    };
    match operation.name() {
        "ListBuckets" => client.list_buckets().send().await.map(drop),
        "PutBucket" => client.create_bucket(BUCKET).send().await,
        "DeleteBucket" => client.delete_bucket(BUCKET).await,
        "GetBucketInfo" => client.bucket_info(BUCKET).await.map(drop),
        "GetBucketLocation" => client.bucket_location(BUCKET).await.map(drop),
        "GetBucketStat" => client.bucket_stat(BUCKET).await.map(drop),
        "PutBucketAcl" => client.put_bucket_acl(BUCKET, Acl::Private).await,
        "GetBucketAcl" => client.bucket_acl(BUCKET).await.map(drop),
        "PutBucketVersioning" => {
            let suspended = Versioning::Suspended;
            client.put_bucket_versioning(BUCKET, suspended).await
        }
        "GetBucketVersioning" => client.bucket_versioning(BUCKET).await.map(drop),
        "PutBucketLifecycle" => {
            let rules = [LifecycleRule::new("")];
            client.put_bucket_lifecycle(BUCKET, rules).send().await
        }
        "GetBucketLifecycle" => client.bucket_lifecycle(BUCKET).await.map(drop),
        "DeleteBucketLifecycle" => client.delete_bucket_lifecycle(BUCKET).await,
        "InitiateBucketWorm" => client.initiate_bucket_worm(BUCKET, 1).await.map(drop),
        "CompleteBucketWorm" => client.complete_bucket_worm(BUCKET, NONE).await,
        "ExtendBucketWorm" => client.extend_bucket_worm(BUCKET, NONE, 2).await,
        "AbortBucketWorm" => client.abort_bucket_worm(BUCKET).await,
        "GetBucketWorm" => client.bucket_worm(BUCKET).await.map(drop),
        "PutBucketObjectWormConfiguration" => client.put_bucket_object_worm(BUCKET, None).await,
        "GetBucketObjectWormConfiguration" => client.bucket_object_worm(BUCKET).await.map(drop),
        "PutBucketOverwriteConfig" => {
            let rules = [OverwriteRule::new("kept/")];
            client.put_bucket_overwrite_rules(BUCKET, &rules).await
        }
        "GetBucketOverwriteConfig" => client.bucket_overwrite_rules(BUCKET).await.map(drop),
        "DeleteBucketOverwriteConfig" => client.delete_bucket_overwrite_rules(BUCKET).await,
        "ListObjects" => client.list_objects_v1(BUCKET).send().await.map(drop),
        "ListObjectsV2" => client.list_objects(BUCKET).send().await.map(drop),
        "ListObjectVersions" => client.list_versions(BUCKET).send().await.map(drop),
        "ListMultipartUploads" => client.list_uploads(BUCKET).send().await.map(drop),
        "PutObject" => client.put_object(BUCKET, "k", "x").send().await.map(drop),
        "AppendObject" => client
            .append_object(BUCKET, "log", 0, "x")
            .send()
            .await
            .map(drop),
        "CopyObject" => client.copy_object(from, to).send().await.map(drop),
        "GetObject" => on_version!(client.get_object(BUCKET, "k"))
            .send()
            .await
            .map(drop),
        "HeadObject" => on_version!(client.get_object(BUCKET, "k"))
            .info()
            .await
            .map(drop),
        "GetObjectMeta" => on_version!(client.get_object(BUCKET, "k"))
            .meta()
            .await
            .map(drop),
        "DeleteObject" => on_version!(client.delete_object(BUCKET, "k"))
            .send()
            .await
            .map(drop),
        "DeleteMultipleObjects" => client.delete_objects(BUCKET, &["k"]).await.map(drop),
        "RestoreObject" => on_version!(client.restore_object(BUCKET, "k"))
            .send()
            .await
            .map(drop),
        "PutSymlink" => client
            .put_symlink(BUCKET, "link", "k")
            .send()
            .await
            .map(drop),
        "GetSymlink" => on_version!(client.get_symlink(BUCKET, "link"))
            .send()
            .await
            .map(drop),
        "PutObjectAcl" => {
            on_version!(client.object_acl(BUCKET, "k"))
                .put(Acl::Private)
                .await
        }
        "GetObjectAcl" => on_version!(client.object_acl(BUCKET, "k"))
            .get()
            .await
            .map(drop),
        "PutObjectTagging" => {
            on_version!(client.object_tagging(BUCKET, "k"))
                .put([("a", "b")])
                .await
        }
        "GetObjectTagging" => on_version!(client.object_tagging(BUCKET, "k"))
            .get()
            .await
            .map(drop),
        "DeleteObjectTagging" => {
            on_version!(client.object_tagging(BUCKET, "k"))
                .delete()
                .await
        }
        "PutObjectRetention" => client.object_retention(BUCKET, "k").put(month).await,
        "GetObjectRetention" => client.object_retention(BUCKET, "k").get().await.map(drop),
        "PutObjectLegalHold" => client.object_legal_hold(BUCKET, "k").put(false).await,
        "GetObjectLegalHold" => client.object_legal_hold(BUCKET, "k").get().await.map(drop),
        "InitiateMultipartUpload" => client.initiate_upload(BUCKET, "big").send().await.map(drop),
        "UploadPart" => {
            let part = client.upload_part(BUCKET, "big", NONE, 1, "x");
            part.send().await.map(drop)
        }
        "UploadPartCopy" => {
            let part = client.upload_part_copy(BUCKET, "big", NONE, 1, from, 0..1);
            part.send().await.map(drop)
        }
        "CompleteMultipartUpload" => {
            let complete = client.complete_upload(BUCKET, "big", NONE, []);
            complete.send().await.map(drop)
        }
        "AbortMultipartUpload" => client.abort_upload(BUCKET, "big", NONE).await,
        "ListParts" => client
            .list_parts(BUCKET, "big", NONE)
            .send()
            .await
            .map(drop),
        other => panic!("no call of {other} is known here"),
    }
}

/// Sends a form that this client signed, as a browser does.
async fn post(client: &Client) -> Result<(), Failure> {
    let form = client.post_policy(BUCKET).key("form");
    let form = form.sign(Duration::from_secs(60)).await.unwrap();
    let file = ("file".to_owned(), "x".to_owned());
    let mut body = String::new();
    for (name, value) in form.fields.iter().chain([&file]) {
        body.push_str(&format!(
            "--edge\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
        ));
    }
    body.push_str("--edge--\r\n");
    let headers = [("content-type", "multipart/form-data; boundary=edge")];
    match fetch("POST", &form.url, &headers, &body).await {
        (403, text) => Err((ErrorKind::Denied, text)),
        _ => Ok(()),
    }
}

#[tokio::test]
async fn tags_need_a_right_of_their_own_and_the_denial_names_it() {
    let user = User::new(ID, SECRET).allow_only([Operation::PUT_OBJECT.action()]);
    let cloud = cloud::start_with(user).await;
    let put = || cloud.client().put_object(BUCKET, "k", "x");
    put().send().await.unwrap();
    let denied = put().tags([("keep", "yes")]).send().await.unwrap_err();
    assert_eq!(denied.kind(), ErrorKind::Denied);
    let needed = Operation::PUT_OBJECT_TAGGING.action();
    assert!(denied.to_string().contains(needed), "{denied}");
}
