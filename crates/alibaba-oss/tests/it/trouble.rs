//! What the client does when something is wrong: with its settings, with the network, with OSS.

use crate::cloud::{self, BUCKET, ID, SECRET};
use alibaba_core::{Credentials, Region};
use alibaba_local::{Fault, Rule, User};
use alibaba_oss::{Client, ErrorKind, Payload};
use bytes::Bytes;

async fn put(client: &Client) -> Result<alibaba_oss::PutOutcome, alibaba_oss::Error> {
    client.put_object(BUCKET, "a", "hello").send().await
}

#[tokio::test]
async fn a_wrong_secret_is_named_without_being_shown() {
    let cloud = cloud::start().await;
    let error = put(&cloud.client_as(Credentials::new(ID, "wr0ng"), Region::CN_HANGZHOU))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Credentials);
    assert_eq!(error.service_code(), Some("SignatureDoesNotMatch"));
    assert!(error.request_id().is_some());
    let text = format!("{error} {error:?}");
    assert!(
        text.contains("put object `a` into `backups`: check the AccessKey secret"),
        "{text}"
    );
    assert!(!text.contains("wr0ng"), "{text}");
}

#[tokio::test]
async fn unknown_id_wrong_region_and_missing_token_are_told_apart() {
    let cloud = cloud::start_with(User::new(ID, SECRET).with_security_token("token")).await;
    let with = |credentials, region| cloud.client_as(credentials, region);
    let right = Credentials::new(ID, SECRET).with_security_token("token");
    put(&with(right.clone(), Region::CN_HANGZHOU))
        .await
        .unwrap();
    for (client, code) in [
        (
            with(Credentials::new("nobody", SECRET), Region::CN_HANGZHOU),
            "InvalidAccessKeyId",
        ),
        (
            with(Credentials::new(ID, SECRET), Region::CN_HANGZHOU),
            "InvalidAccessKeyId",
        ),
        (
            with(
                Credentials::new(ID, SECRET).with_security_token("old"),
                Region::CN_HANGZHOU,
            ),
            "InvalidSecurityToken",
        ),
        (with(right, Region::CN_BEIJING), "InvalidArgument"),
    ] {
        let error = put(&client).await.unwrap_err();
        assert_eq!(error.service_code(), Some(code), "{error}");
        assert_eq!(error.kind(), ErrorKind::Credentials);
        let is_of_the_region = error.to_string().contains("check the region");
        assert_eq!(is_of_the_region, code == "InvalidArgument", "{error}");
    }
}

#[tokio::test]
async fn missing_bucket_and_unreachable_server_name_step_and_remedy() {
    let cloud = cloud::start().await;
    let client = cloud.client();
    let error = client
        .put_object("nowhere", "a", "x")
        .send()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(error.to_string().contains("create the bucket"), "{error}");

    drop(cloud);
    let error = put(&client).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connection);
    assert!(error.is_retryable());
    assert!(error.to_string().contains("check the endpoint"), "{error}");
}

#[tokio::test]
async fn a_clock_that_is_off_is_corrected_from_the_servers() {
    let cloud = cloud::start().await;
    let client = cloud.client();
    for offset in [20 * 60, -20 * 60] {
        cloud.0.clock().set_offset_seconds(offset);
        cloud.0.requests().clear();
        put(&client).await.unwrap();
        assert_eq!(cloud.0.requests().len(), 2, "refused once, then corrected");
        put(&client).await.unwrap();
        assert_eq!(cloud.0.requests().len(), 3, "the correction is kept");
    }
    // What was signed for another time could be sent again then.
    cloud.0.clock().set_offset_seconds(25 * 3600);
    cloud.0.requests().clear();
    let error = put(&cloud.client()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ClockSkew, "{error}");
    assert_eq!(cloud.0.requests().len(), 1, "not believed, so not repeated");
    // Other trouble before it changes nothing.
    cloud.0.clock().set_offset_seconds(0);
    let refuse = Rule::new(Fault::Refuse).operation("PutObject");
    cloud.0.faults().add(refuse.times(1));
    put(&client).await.unwrap();
}

#[tokio::test]
async fn a_create_whose_answer_was_lost_is_recognised() {
    let cloud = cloud::start().await;
    cloud
        .0
        .faults()
        .add(Rule::new(Fault::LoseReply).operation("PutObject").times(1));
    let client = cloud.client();
    client
        .put_object(BUCKET, "lock", "mine")
        .forbid_overwrite(true)
        .send()
        .await
        .unwrap();
    let error = client
        .put_object(BUCKET, "lock", "mine")
        .forbid_overwrite(true)
        .send()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AlreadyExists);

    // And another's object is not taken for ours.
    cloud
        .0
        .faults()
        .add(Rule::new(Fault::Refuse).operation("PutObject").times(1));
    let error = client
        .put_object(BUCKET, "lock", "their")
        .forbid_overwrite(true)
        .send()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AlreadyExists);
}

#[tokio::test]
async fn a_completion_whose_answer_was_lost_is_recognised() {
    let cloud = cloud::start().await;
    let client = cloud.client();
    let id = client.initiate_upload(BUCKET, "big").send().await.unwrap();
    let mut parts = Vec::new();
    for number in 1..=3 {
        let body = Bytes::from(vec![number as u8; 100 * 1024]);
        parts.push(
            client
                .upload_part(BUCKET, "big", &id, number, body)
                .send()
                .await
                .unwrap(),
        );
    }
    let listed = client.list_parts(BUCKET, "big", &id).send().await.unwrap();
    assert_eq!(listed.parts.len(), 3);
    assert!(
        listed
            .parts
            .iter()
            .zip(&parts)
            .all(|(theirs, ours)| theirs.crc.is_some() && theirs.crc == ours.crc)
    );
    cloud.0.faults().add(
        Rule::new(Fault::LoseReply)
            .operation("CompleteMultipartUpload")
            .times(1),
    );
    let outcome = client
        .complete_upload(BUCKET, "big", &id, parts)
        .send()
        .await
        .unwrap();
    assert_eq!(outcome.verdict, alibaba_oss::Verdict::Verified);
    assert_eq!(
        client
            .get_object(BUCKET, "big")
            .send()
            .await
            .unwrap()
            .body
            .collect()
            .await
            .unwrap()
            .len(),
        300 * 1024
    );
    assert!(
        client
            .list_uploads(BUCKET)
            .send()
            .await
            .unwrap()
            .uploads
            .is_empty()
    );
}

#[tokio::test]
async fn a_read_that_breaks_goes_on_where_it_stopped() {
    let cloud = cloud::start().await;
    let client = cloud.client();
    let bytes: Vec<u8> = (0..1_000_000_u32).map(|at| (at % 251) as u8).collect();
    let frames: Payload = bytes.chunks(70_000).map(Bytes::copy_from_slice).collect();
    client.put_object(BUCKET, "a", frames).send().await.unwrap();
    cloud.0.faults().add(
        Rule::new(Fault::ResetBody(123_456))
            .operation("GetObject")
            .times(3),
    );
    let object = client.get_object(BUCKET, "a").send().await.unwrap();
    assert_eq!(object.body.collect().await.unwrap(), bytes);
    let ranges: Vec<_> = cloud
        .0
        .requests()
        .all()
        .into_iter()
        .filter_map(|r| r.range)
        .collect();
    assert_eq!(ranges.len(), 3, "{ranges:?}");
}

#[tokio::test]
async fn an_object_replaced_while_it_is_read_is_an_error() {
    use futures::StreamExt;
    let cloud = cloud::start().await;
    let client = cloud.client();
    let frames: Payload = (0..50).map(|_| Bytes::from(vec![1; 200_000])).collect();
    client.put_object(BUCKET, "a", frames).send().await.unwrap();
    cloud.0.faults().add(
        Rule::new(Fault::ResetBody(3_000_000))
            .operation("GetObject")
            .times(1),
    );
    let mut body = client.get_object(BUCKET, "a").send().await.unwrap().body;
    body.next().await.unwrap().unwrap();
    let frames: Payload = (0..50).map(|_| Bytes::from(vec![2; 200_000])).collect();
    client.put_object(BUCKET, "a", frames).send().await.unwrap();
    let items: Vec<_> = StreamExt::collect(body).await;
    let last = items.into_iter().last().unwrap().unwrap_err();
    assert_eq!(last.kind(), ErrorKind::Integrity);
}

#[tokio::test]
async fn altered_bytes_are_caught_by_the_crc() {
    let cloud = cloud::start().await;
    let client = cloud.client();
    put(&client).await.unwrap();
    cloud.0.faults().add(
        Rule::new(Fault::CorruptBody)
            .operation("GetObject")
            .times(1),
    );
    let error = client
        .get_object(BUCKET, "a")
        .send()
        .await
        .unwrap()
        .body
        .collect()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Integrity);

    // A put is repeated once, then believed.
    cloud.0.faults().clear();
    cloud
        .0
        .faults()
        .add(Rule::new(Fault::WrongCrc).operation("PutObject").times(1));
    put(&client).await.unwrap();
    cloud
        .0
        .faults()
        .add(Rule::new(Fault::WrongCrc).operation("PutObject").times(3));
    assert_eq!(put(&client).await.unwrap_err().kind(), ErrorKind::Integrity);
}

#[tokio::test]
async fn throttling_and_failures_are_waited_out() {
    let cloud = cloud::start().await;
    let client = cloud.client();
    for (status, code) in [
        (503, "TotalQpsLimitExceeded"),
        (500, "InternalError"),
        (400, "RequestTimeout"),
    ] {
        cloud
            .0
            .faults()
            .add(Rule::new(Fault::Status(status, code)).times(2));
        put(&client).await.unwrap();
    }
    cloud
        .0
        .faults()
        .add(Rule::new(Fault::Status(403, "AccessDenied")));
    cloud.0.requests().clear();
    assert_eq!(put(&client).await.unwrap_err().kind(), ErrorKind::Denied);
    assert_eq!(
        cloud.0.requests().len(),
        1,
        "what no repetition cures is not repeated"
    );
}

#[tokio::test]
async fn rights_are_enforced_by_action() {
    let user = User::new(ID, SECRET).allow_only(["oss:PutObject", "oss:GetObject"]);
    let cloud = cloud::start_with(user).await;
    let client = cloud.client();
    put(&client).await.unwrap();
    let id = client.initiate_upload(BUCKET, "b").send().await.unwrap();
    for denied in [
        client.abort_upload(BUCKET, "b", &id).await.unwrap_err(),
        client.delete_object(BUCKET, "a").send().await.unwrap_err(),
        client.list_objects(BUCKET).send().await.unwrap_err(),
    ] {
        assert_eq!(denied.kind(), ErrorKind::Denied, "{denied}");
    }
}

#[tokio::test]
async fn every_legal_key_travels_as_it_is_signed() {
    let cloud = cloud::start().await;
    let client = cloud.client();
    let keys = [
        "a//b",
        "./x",
        "a/../b",
        "中文 +*~%.txt",
        "%2e",
        "a b",
        "x?y=z&w",
        "#",
        "quote'\"<>&",
        "\u{1}",
        "..",
    ];
    for key in keys {
        client
            .put_object(BUCKET, key, key)
            .send()
            .await
            .unwrap_or_else(|e| panic!("{key}: {e}"));
        let body = client
            .get_object(BUCKET, key)
            .send()
            .await
            .unwrap()
            .body
            .collect()
            .await
            .unwrap();
        assert_eq!(body, key);
    }
    let page = client
        .list_objects(BUCKET)
        .page_size(1000)
        .send()
        .await
        .unwrap();
    assert_eq!(page.objects.len(), keys.len());
    assert!(
        client
            .delete_objects(BUCKET, &keys)
            .await
            .unwrap()
            .is_empty()
    );
    assert!(
        client
            .list_objects(BUCKET)
            .send()
            .await
            .unwrap()
            .objects
            .is_empty()
    );
}
