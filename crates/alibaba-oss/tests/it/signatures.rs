//! Signature version 1, for services that are too old for version 4.

use std::sync::Arc;
use std::time::Duration;

use alibaba_core::credentials::StaticProvider;
use alibaba_core::{Credentials, Region};
use alibaba_local::{LocalCloud, User};
use alibaba_oss::{Client, ErrorKind, Operation, SignatureVersion};

use crate::calls::send;
use crate::cloud::{self, BUCKET, Cloud, ID, SECRET, context, fetch};

const TOKEN: &str = "token+/=";

fn version_1(cloud: &Cloud) -> Client {
    let credentials = Credentials::new(ID, SECRET).with_security_token(TOKEN);
    let credentials = Arc::new(StaticProvider::new(credentials).unwrap());
    // The region is no part of it.
    Client::builder(&context(), Region::EU_CENTRAL_1, credentials)
        .with_endpoint(cloud.0.endpoint().parse().unwrap())
        .with_signature(SignatureVersion::V1)
        .build()
        .unwrap()
}

#[tokio::test]
async fn every_operation_can_be_signed_by_version_1() {
    let cloud = cloud::start_with(User::new(ID, SECRET).with_security_token(TOKEN)).await;
    let client = version_1(&cloud);
    let key = "a b/中文+.txt";
    let put = client
        .put_object(BUCKET, key, "hello")
        .content_type("text/plain");
    put.metadata("author", "me")
        .tags([("a", "b")])
        .send()
        .await
        .unwrap();
    let object = client
        .get_object(BUCKET, key)
        .range(1..3)
        .send()
        .await
        .unwrap();
    assert_eq!(object.body.collect().await.unwrap(), "el");
    for operation in Operation::ALL {
        if operation.name() == "PostObject" {
            continue;
        }
        for versioned in [false, true] {
            let Err(error) = send(&client, BUCKET, operation, versioned).await else {
                continue;
            };
            let kind = error.kind();
            assert_ne!(
                kind,
                ErrorKind::Credentials,
                "{}: {error}",
                operation.name()
            );
            assert_ne!(kind, ErrorKind::Denied, "{}: {error}", operation.name());
        }
    }
}

#[tokio::test]
async fn what_others_send_is_signed_by_it_too() {
    let cloud = cloud::start_with(User::new(ID, SECRET).with_security_token(TOKEN)).await;
    let client = version_1(&cloud);
    client
        .put_object(BUCKET, "k", "hello")
        .send()
        .await
        .unwrap();
    let hour = Duration::from_secs(3600);
    let get = client.get_object(BUCKET, "k").presign(hour).await.unwrap();
    assert!(get.url().contains("OSSAccessKeyId="), "{}", get.url());
    let (status, body) = fetch("GET", get.url(), &[], "").await;
    assert_eq!((status, &*body), (200, "hello"));
    let altered = get.url().replace("/k?", "/other?");
    assert_eq!(fetch("GET", &altered, &[], "").await.0, 403);
    let error = client.get_object(BUCKET, "k").presign(Duration::ZERO).await;
    assert_eq!(error.unwrap_err().kind(), ErrorKind::Configuration);

    let form = client
        .post_policy(BUCKET)
        .key("form")
        .sign(hour)
        .await
        .unwrap();
    let mut body = String::new();
    let file = ("file".to_owned(), "posted".to_owned());
    for (name, value) in form.fields.iter().chain([&file]) {
        body.push_str(&format!(
            "--edge\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
        ));
    }
    body.push_str("--edge--\r\n");
    let headers = [("content-type", "multipart/form-data; boundary=edge")];
    let (status, text) = fetch("POST", &form.url, &headers, &body).await;
    assert!(status < 300, "{status} {text}");
    let object = client.get_object(BUCKET, "form").send().await.unwrap();
    assert_eq!(object.body.collect().await.unwrap(), "posted");
}

#[tokio::test]
async fn where_it_is_closed_the_error_says_to_sign_by_version_4() {
    let user = User::new(ID, SECRET).with_security_token(TOKEN);
    let local = LocalCloud::builder()
        .user(user)
        .bucket(BUCKET)
        .refuse_signature_v1();
    let cloud = Cloud(local.start().await.unwrap());
    let error = version_1(&cloud)
        .list_objects(BUCKET)
        .send()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Refused, "{error}");
    assert!(error.to_string().contains("sign with version 4"), "{error}");
    assert_eq!(error.service_code(), Some("InvalidArgument"), "{error}");
}

#[tokio::test]
async fn content_types_follow_names_where_none_is_given() {
    let cloud = cloud::start().await;
    let client = cloud.client();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("page.html");
    std::fs::write(&file, "x").unwrap();
    let upload = |key: &str| client.upload_file(BUCKET, key, &file);
    upload("by-key.css").send().await.unwrap();
    upload("by-file").send().await.unwrap();
    let given = upload("given.css").header("Content-Type", "text/x-given");
    given.send().await.unwrap();
    let put = client.put_object(BUCKET, "put.json", "{}");
    put.content_type_by_name().send().await.unwrap();
    for (key, expected) in [
        ("by-key.css", "text/css"),
        ("by-file", "text/html"),
        ("given.css", "text/x-given"),
        ("put.json", "application/json"),
    ] {
        let info = client.head_object(BUCKET, key).await.unwrap();
        assert_eq!(info.headers["content-type"], expected, "{key}");
    }
}
