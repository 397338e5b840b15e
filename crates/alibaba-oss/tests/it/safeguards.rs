//! Encryption that was asked for, and owners that were expected: held to what OSS says.

use alibaba_core::{Credentials, Region};
use alibaba_local::{Fault, LocalCloud, Rule, User};
use alibaba_oss::{
    BucketFinding, Client, Encryption, ErrorKind, ForbidOverwrite, OssStore, Payload,
};
use object_store::path::Path;
use object_store::signer::Signer as _;
use object_store::{
    MultipartUpload as _, ObjectStore as _, ObjectStoreExt as _, PutMultipartOptions,
};

use crate::cloud::{self, BUCKET, Cloud, ID, SECRET};
use crate::recorded::{message, play};

/// The account of the local cloud.
const ACCOUNT: &str = "1000000000000000";

async fn algorithm(client: &Client, key: &str) -> Option<String> {
    let info = client.head_object(BUCKET, key).await.unwrap();
    let value = info.headers.get("x-oss-server-side-encryption")?;
    Some(value.to_str().unwrap().to_owned())
}

#[tokio::test]
async fn everything_that_a_client_stores_is_encrypted_as_it_was_told() {
    let cloud = cloud::start().await;
    let plain = cloud.client();
    let key_id = Some("key-1".to_owned());
    let client = plain.clone().with_encryption(Encryption::Kms { key_id });
    client.put_object(BUCKET, "put", "x").send().await.unwrap();
    // What is there already stays as it is: an append to it asks for nothing.
    let log = plain.append_object(BUCKET, "log", 0, "x");
    log.send().await.unwrap();
    let log = client.append_object(BUCKET, "log", 1, "x");
    log.send().await.unwrap();
    client
        .append_object(BUCKET, "append", 0, "x")
        .send()
        .await
        .unwrap();
    plain.put_object(BUCKET, "plain", "x").send().await.unwrap();
    assert_eq!(algorithm(&plain, "plain").await, None);
    let copy = client.copy((BUCKET, "plain"), (BUCKET, "copy"));
    copy.send().await.unwrap();
    let stream = futures::stream::iter([Ok(vec![1; 300 * 1024].into())]);
    let upload = client.upload_stream(BUCKET, "upload", stream);
    upload.part_size(100 * 1024).send().await.unwrap();
    for key in ["put", "append", "copy", "upload"] {
        assert_eq!(
            algorithm(&plain, key).await.as_deref(),
            Some("KMS"),
            "{key}"
        );
    }
    // The call's own word goes before the client's.
    let own = client
        .put_object(BUCKET, "own", "x")
        .encryption(&Encryption::Aes256);
    own.send().await.unwrap();
    assert_eq!(algorithm(&plain, "own").await.as_deref(), Some("AES256"));
    let presigned = client.put_object(BUCKET, "presigned", "");
    let hour = std::time::Duration::from_secs(3600);
    let presigned = presigned.presign(hour).await.unwrap();
    assert_eq!(presigned.headers["x-oss-server-side-encryption"], "KMS");
}

#[tokio::test]
async fn a_store_encrypts_puts_uploads_and_copies() {
    let cloud = cloud::start().await;
    let client = cloud.client();
    let builder = OssStore::builder(client.clone(), BUCKET).encryption(Encryption::Aes256);
    let store = builder.build();
    let path = |name: &str| Path::from(name);
    store.put(&path("put"), "x".into()).await.unwrap();
    store.copy(&path("put"), &path("copy")).await.unwrap();
    let mut options = PutMultipartOptions::default();
    options.extensions.insert(ForbidOverwrite);
    let mut upload = store
        .put_multipart_opts(&path("upload"), options)
        .await
        .unwrap();
    upload.put_part("x".into()).await.unwrap();
    upload.complete().await.unwrap();
    for key in ["put", "copy", "upload"] {
        assert_eq!(
            algorithm(&client, key).await.as_deref(),
            Some("AES256"),
            "{key}"
        );
    }
    // A URL alone asks for nothing.
    let hour = std::time::Duration::from_secs(3600);
    let put = store
        .signed_url(http::Method::PUT, &path("url"), hour)
        .await;
    assert!(
        matches!(put, Err(object_store::Error::NotSupported { .. })),
        "{put:?}"
    );
    store
        .signed_url(http::Method::GET, &path("put"), hour)
        .await
        .unwrap();
}

#[tokio::test]
async fn an_object_that_oss_does_not_say_to_be_encrypted_is_an_error() {
    let kms = || Encryption::Kms {
        key_id: Some("key-1".to_owned()),
    };
    let sse = "x-oss-server-side-encryption";
    for (said, asked, is_fine) in [
        ("", Encryption::Aes256, false),
        (
            "x-oss-server-side-encryption: AES256\n",
            Encryption::Aes256,
            true,
        ),
        ("x-oss-server-side-encryption: AES256\n", kms(), false),
        ("x-oss-server-side-encryption: KMS\n", kms(), true),
        (
            "x-oss-server-side-encryption: KMS\nx-oss-server-side-encryption-key-id: key-2\n",
            kms(),
            false,
        ),
    ] {
        let response = |body: &str| {
            message(&format!(
                "HTTP/1.1 200 OK\nx-oss-request-id: R1\nETag: \"A\"\n{said}\n{body}"
            ))
        };
        let put = play(vec![response("")], true).await;
        let put = put.client().with_encryption(asked.clone());
        let put = put.put_object(BUCKET, "k", "x").send().await.map(drop);
        let copied = play(
            vec![response(
                "<CopyObjectResult><ETag>A</ETag></CopyObjectResult>",
            )],
            true,
        );
        let copied = copied.await;
        let copy = copied.client().copy_object((BUCKET, "a"), (BUCKET, "b"));
        let copy = copy.encryption(&asked).send().await.map(drop);
        let begun =
            "<InitiateMultipartUploadResult><UploadId>U</UploadId></InitiateMultipartUploadResult>";
        let begun = play(vec![response(begun)], true).await;
        let begin = begun.client().with_encryption(asked.clone());
        let begin = begin.initiate_upload(BUCKET, "k").send().await.map(drop);
        for outcome in [put, copy, begin] {
            assert_eq!(outcome.is_ok(), is_fine, "{said:?} {asked:?}: {outcome:?}");
            let Err(error) = outcome else { continue };
            assert_eq!(error.kind(), ErrorKind::Response, "{error}");
            assert!(error.to_string().contains("was asked for"), "{error}");
            assert_eq!(error.request_id(), Some("R1"), "{error}");
        }
    }
    // What failed for another reason says that.
    let refused =
        "HTTP/1.1 200 OK\nx-oss-request-id: R1\n\n<Error><Code>AccessDenied</Code></Error>";
    let server = play(vec![message(refused)], true).await;
    let copy = server.client().copy_object((BUCKET, "a"), (BUCKET, "b"));
    let error = copy.header(sse, "AES256").send().await.unwrap_err();
    assert_eq!(error.service_code(), Some("AccessDenied"), "{error}");
}

#[tokio::test]
async fn nothing_is_sent_to_a_bucket_of_another_account() {
    let cloud = cloud::start().await;
    let ours = cloud.client().with_expected_owner(ACCOUNT);
    ours.put_object(BUCKET, "k", "x").send().await.unwrap();
    ours.get_object(BUCKET, "k").send().await.unwrap();
    let asked = cloud.0.requests().all();
    let asked = asked
        .iter()
        .filter(|request| request.operation == "GetBucketInfo");
    assert_eq!(asked.count(), 1, "it is believed for a while");

    cloud.0.requests().clear();
    let other = cloud.client().with_expected_owner("2000000000000000");
    let store = OssStore::builder(cloud.client(), BUCKET).expected_owner("2000000000000000");
    let store = store.build();
    let path = Path::from("k");
    let hour = std::time::Duration::from_secs(3600);
    for error in [
        other
            .put_object(BUCKET, "k", "secret")
            .send()
            .await
            .unwrap_err(),
        other.get_object(BUCKET, "k").send().await.unwrap_err(),
        other.list_objects(BUCKET).send().await.unwrap_err(),
        other.delete_object(BUCKET, "k").send().await.unwrap_err(),
        other.initiate_upload(BUCKET, "k").send().await.unwrap_err(),
        other
            .upload_part(BUCKET, "k", "id", 1, Payload::from("x"))
            .send()
            .await
            .unwrap_err(),
        other
            .get_object(BUCKET, "k")
            .presign(hour)
            .await
            .unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::Denied, "{error}");
        let words = format!("`{BUCKET}` belongs to the account `{ACCOUNT}`");
        assert!(error.to_string().contains(&words), "{error}");
    }
    store.put(&path, "secret".into()).await.unwrap_err();
    store.get(&path).await.unwrap_err();
    store.delete(&path).await.unwrap_err();
    let sent = cloud.0.requests().all();
    let others: Vec<_> = sent
        .iter()
        .filter(|sent| sent.operation != "GetBucketInfo")
        .collect();
    assert!(others.is_empty(), "{others:?}");
    // Calls that are on no bucket have none to expect.
    other.list_buckets().send().await.unwrap();

    // Who cannot be asked is not trusted either.
    cloud
        .0
        .faults()
        .add(Rule::new(Fault::Status(403, "AccessDenied")).operation("GetBucketInfo"));
    let fresh = cloud.client().with_expected_owner(ACCOUNT);
    let error = fresh.put_object(BUCKET, "k", "x").send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Denied, "{error}");
    assert!(error.to_string().contains("`oss:GetBucketInfo`"), "{error}");
}

#[tokio::test]
async fn a_look_at_a_bucket_finds_what_speaks_against_it() {
    let local = LocalCloud::builder()
        .user(User::new(ID, SECRET))
        .bucket(BUCKET)
        .versioned_bucket("versions")
        .locked_bucket("locked", 7);
    let cloud = Cloud(local.start().await.unwrap());
    let client = cloud.client();
    let findings = async |bucket: &str, owner: Option<&str>| {
        client.inspect_bucket(bucket).await.unwrap().findings(owner)
    };
    assert_eq!(
        findings(BUCKET, Some("2000000000000000")).await,
        [
            BucketFinding::OtherOwner {
                expected: "2000000000000000".to_owned(),
                found: ACCOUNT.to_owned(),
            },
            BucketFinding::NotEncrypted,
            BucketFinding::NotProtected,
        ]
    );
    for bucket in ["versions", "locked"] {
        assert_eq!(
            findings(bucket, Some(ACCOUNT)).await,
            [BucketFinding::NotEncrypted]
        );
    }
    client
        .put_bucket_acl("locked", alibaba_oss::Acl::PublicReadWrite)
        .await
        .unwrap();
    let found = findings("locked", None).await;
    assert_eq!(
        found,
        [BucketFinding::PublicReadWrite, BucketFinding::NotEncrypted]
    );

    // What may not be asked for is said, and nothing is concluded from it.
    let limited = User::new("limited", SECRET).allow_only(["oss:GetBucketInfo"]);
    let cloud = cloud::start_with(limited).await;
    let limited = cloud.client_as(Credentials::new("limited", SECRET), Region::CN_HANGZHOU);
    let found = limited.inspect_bucket(BUCKET).await.unwrap().findings(None);
    let actions: Vec<_> = found
        .iter()
        .filter_map(|finding| match finding {
            BucketFinding::Unknown { action, .. } => Some(*action),
            _ => None,
        })
        .collect();
    assert_eq!(
        actions,
        ["oss:GetBucketWorm", "oss:GetBucketObjectWormConfiguration"]
    );
    assert!(!found.contains(&BucketFinding::NotProtected), "{found:?}");

    // As OSS describes a bucket (the Go SDK's own test), with public access blocked and encryption on.
    let described = "HTTP/1.1 200 OK\nx-oss-request-id: R1\n\n<BucketInfo><Bucket>\
        <CreationDate>2013-07-31T10:56:21.000Z</CreationDate><Location>oss-cn-hangzhou</Location>\
        <StorageClass>Standard</StorageClass><Name>oss-example</Name><Owner><ID>27183473914</ID></Owner>\
        <AccessControlList><Grant>public-read</Grant></AccessControlList>\
        <ServerSideEncryptionRule><SSEAlgorithm>KMS</SSEAlgorithm></ServerSideEncryptionRule>\
        <BlockPublicAccess>true</BlockPublicAccess><Versioning>Enabled</Versioning></Bucket></BucketInfo>";
    let none = "HTTP/1.1 404 Not Found\nx-oss-request-id: R2\n\n\
        <Error><Code>NoSuchWORMConfiguration</Code></Error>";
    let server = play(vec![message(described), message(none)], true).await;
    let found = server.client().inspect_bucket("oss-example").await.unwrap();
    assert_eq!(found.findings(Some("27183473914")), []);
    assert_eq!(found.encryption(), Some(&Encryption::Kms { key_id: None }));
}
