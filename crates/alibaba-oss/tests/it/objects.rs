//! What can be done with objects beside writing and reading them.

use crate::cloud::{self, BUCKET, Cloud};
use alibaba_local::{Fault, Rule};
use alibaba_oss::{
    Acl, Client, Encryption, ErrorKind, Payload, RestoreOutcome, RestoreTier, StorageClass, Verdict,
};
use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};

async fn start() -> (Cloud, Client) {
    let cloud = cloud::start().await;
    let client = cloud.client();
    (cloud, client)
}

async fn read(client: &Client, key: &str) -> Bytes {
    let object = client.get_object(BUCKET, key).send().await.unwrap();
    object.body.collect().await.unwrap()
}

impl Cloud {
    fn lose(&self, operation: &'static str) {
        let rule = Rule::new(Fault::LoseReply).operation(operation).times(1);
        self.0.faults().add(rule);
    }

    fn count(&self, operation: &str) -> usize {
        let all = self.0.requests().all();
        all.iter().filter(|r| r.operation == operation).count()
    }
}

#[tokio::test]
async fn what_is_said_of_an_object_stays_with_it() {
    let (_cloud, client) = start().await;
    let expires: DateTime<Utc> = "2030-01-02T03:04:05Z".parse().unwrap();
    let id = client
        .initiate_upload(BUCKET, "parts")
        .content_type("text/plain")
        .content_encoding("identity")
        .content_disposition("attachment")
        .cache_control("no-store")
        .expires(expires)
        .metadata("author", "alice")
        .tags([("team", "a b+c")])
        .storage_class(&StorageClass::InfrequentAccess)
        .acl(Acl::Private)
        .encryption(&Encryption::Kms {
            key_id: Some("key-1".to_owned()),
        })
        .send()
        .await
        .unwrap();
    let part = client
        .upload_part(BUCKET, "parts", &id, 1, "x")
        .traffic_limit(245_760);
    let part = part.send().await.unwrap();
    let completed = client.complete_upload(BUCKET, "parts", &id, [part]).send();
    assert_eq!(completed.await.unwrap().verdict, Verdict::Verified);

    // A copy takes the description over, and the class, ACL and encryption not.
    client
        .copy_object((BUCKET, "parts"), (BUCKET, "copy"))
        .send()
        .await
        .unwrap();
    for key in ["parts", "copy"] {
        let info = client.head_object(BUCKET, key).await.unwrap();
        let header = |name: &str| info.headers[name].to_str().unwrap().to_owned();
        assert_eq!(header("content-type"), "text/plain");
        assert_eq!(header("content-encoding"), "identity");
        assert_eq!(header("content-disposition"), "attachment");
        assert_eq!(header("cache-control"), "no-store");
        assert_eq!(header("expires"), "Wed, 02 Jan 2030 03:04:05 GMT");
        assert_eq!(info.metadata("author"), Some("alice"));
        let tags = client.object_tagging(BUCKET, key).get().await.unwrap();
        assert_eq!(tags, [("team".to_owned(), "a b+c".to_owned())]);
        let own = key == "parts";
        assert_eq!(info.storage_class() == StorageClass::InfrequentAccess, own);
        let acl = client.object_acl(BUCKET, key).get().await.unwrap();
        assert_eq!(acl, if own { Acl::Private } else { Acl::Default });
        let key_id = info.headers.get("x-oss-server-side-encryption-key-id");
        assert_eq!(key_id.is_some_and(|id| id == "key-1"), own);
    }

    // What is given instead replaces all of it.
    client
        .copy_object((BUCKET, "parts"), (BUCKET, "copy"))
        .metadata("reviewer", "bob")
        .tags([])
        .send()
        .await
        .unwrap();
    let info = client.head_object(BUCKET, "copy").await.unwrap();
    assert_eq!(
        (info.metadata("author"), info.metadata("reviewer")),
        (None, Some("bob"))
    );
    let tags = client.object_tagging(BUCKET, "copy").get().await.unwrap();
    assert!(tags.is_empty(), "{tags:?}");

    let wrong = client.put_object(BUCKET, "slow", "x").traffic_limit(1);
    let refused = wrong.send().await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Refused, "{refused}");
}

#[tokio::test]
async fn a_copy_is_made_on_conditions_and_once() {
    let (cloud, client) = start().await;
    let put = client.put_object(BUCKET, "a", "one").send().await.unwrap();
    let etag = put.etag.unwrap();
    let copy = || client.copy_object((BUCKET, "a"), (BUCKET, "b/c d"));
    let now = Utc::now();
    let hour = TimeDelta::hours(1);
    let held = [
        copy().if_match(&etag),
        copy().if_none_match("other"),
        copy().if_modified_since(now - hour),
        copy().if_unmodified_since(now + hour),
    ];
    for copy in held {
        let copied = copy.send().await.unwrap();
        assert_eq!(copied.etag.as_deref(), Some(etag.as_str()));
    }
    let broken = [
        (copy().if_match("other"), ErrorKind::Precondition),
        (copy().if_none_match(&etag), ErrorKind::NotModified),
        (copy().if_modified_since(now + hour), ErrorKind::NotModified),
        (
            copy().if_unmodified_since(now - hour),
            ErrorKind::Precondition,
        ),
        (copy().forbid_overwrite(true), ErrorKind::AlreadyExists),
        (copy().source_version_id("none"), ErrorKind::NotFound),
    ];
    for (copy, kind) in broken {
        let error = copy.send().await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
    }

    // The response to a create is lost: the copy is recognised, and another's is not.
    let create = |to: &'static str| {
        let copy = client.copy_object((BUCKET, "a"), (BUCKET, to));
        copy.forbid_overwrite(true).send()
    };
    cloud.lose("CopyObject");
    let created = create("new").await.unwrap();
    assert_eq!(created.verdict, Verdict::Verified);
    client
        .put_object(BUCKET, "taken", "two")
        .send()
        .await
        .unwrap();
    let refuse = Rule::new(Fault::Refuse).operation("CopyObject").times(1);
    cloud.0.faults().add(refuse);
    let error = create("taken").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AlreadyExists);
    assert_eq!(read(&client, "taken").await, "two");
}

#[tokio::test]
async fn appends_follow_each_other_and_are_checked_as_a_whole() {
    let (_cloud, client) = start().await;
    let append = |at, text: &'static str| client.append_object(BUCKET, "log", at, text);
    let first = append(0, "one,")
        .content_type("text/csv")
        .send()
        .await
        .unwrap();
    assert_eq!((first.next_position, first.verdict), (4, Verdict::Verified));
    let second = append(4, "two,")
        .crc_so_far(first.crc)
        .send()
        .await
        .unwrap();
    assert_eq!(
        (second.next_position, second.verdict),
        (8, Verdict::Verified)
    );
    let third = append(8, "three").send().await.unwrap();
    assert_eq!(third.verdict, Verdict::NotAvailable);
    assert_eq!(read(&client, "log").await, "one,two,three");
    let info = client.head_object(BUCKET, "log").await.unwrap();
    assert_eq!(info.next_append_position(), Some(13));
    assert_eq!(info.headers["content-type"], "text/csv");

    let elsewhere = append(4, "x").send().await.unwrap_err();
    assert_eq!(elsewhere.kind(), ErrorKind::Conflict);
    assert_eq!(elsewhere.service_code(), Some("PositionNotEqualToLength"));
    client
        .put_object(BUCKET, "plain", "x")
        .send()
        .await
        .unwrap();
    let plain = client.append_object(BUCKET, "plain", 1, "y").send().await;
    assert_eq!(
        plain.unwrap_err().service_code(),
        Some("ObjectNotAppendable")
    );

    // A file, and a CRC-64 that is not the object's.
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "more").unwrap();
    let more = Payload::file(file.path()).await.unwrap();
    let wrong = client
        .append_object(BUCKET, "log", 13, more)
        .crc_so_far(7)
        .send()
        .await
        .unwrap_err();
    assert_eq!(wrong.verdict(), Some(Verdict::Mismatch), "{wrong}");
    assert_eq!(read(&client, "log").await, "one,two,threemore");
}

#[tokio::test]
async fn an_append_whose_answer_was_lost_is_made_once() {
    let (cloud, client) = start().await;
    let append = |at, text: &'static str| client.append_object(BUCKET, "log", at, text);
    cloud.lose("AppendObject");
    let first = append(0, "one,").send().await.unwrap();
    assert_eq!((first.next_position, first.verdict), (4, Verdict::Verified));
    cloud.lose("AppendObject");
    let second = append(4, "two,")
        .crc_so_far(first.crc)
        .send()
        .await
        .unwrap();
    assert_eq!(second.next_position, 8);
    assert_eq!(cloud.count("GetObject"), 0, "the CRC-64 told");
    // Without it, the bytes are looked at.
    cloud.lose("AppendObject");
    let third = append(8, "three").send().await.unwrap();
    assert_eq!(
        (third.next_position, third.verdict),
        (13, Verdict::Verified)
    );
    assert_eq!(cloud.count("GetObject"), 1);
    assert_eq!(read(&client, "log").await, "one,two,three");

    // Somebody else was there first: that is no lost response of ours.
    append(13, "their").send().await.unwrap();
    for crc in [None, third.crc] {
        let refuse = Rule::new(Fault::Refuse).operation("AppendObject").times(1);
        cloud.0.faults().add(refuse);
        let taken = append(13, "ours!")
            .crc_so_far(crc)
            .send()
            .await
            .unwrap_err();
        assert_eq!(taken.service_code(), Some("PositionNotEqualToLength"));
    }
    assert_eq!(read(&client, "log").await, "one,two,threetheir");
    // And somebody came after our lost response.
    cloud.lose("AppendObject");
    let ours = append(18, "+ours").crc_so_far(None).send().await.unwrap();
    assert_eq!(ours.next_position, 23);

    // An append whose bytes were altered is not repeated: nothing takes them away.
    cloud.0.requests().clear();
    let wrong = Rule::new(Fault::WrongCrc)
        .operation("AppendObject")
        .times(1);
    cloud.0.faults().add(wrong);
    let error = client
        .append_object(BUCKET, "new", 0, "x")
        .send()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Integrity);
    assert_eq!(cloud.count("AppendObject"), 1);
}

#[tokio::test]
async fn a_symlink_leads_to_an_object_of_its_bucket() {
    let (cloud, client) = start().await;
    let target = "目标/a b+c%";
    client
        .put_symlink(BUCKET, "link", target)
        .metadata("why", "latest")
        .send()
        .await
        .unwrap();
    let dangling = client.get_object(BUCKET, "link").send().await.unwrap_err();
    assert_eq!(dangling.kind(), ErrorKind::NotFound);
    assert_eq!(dangling.service_code(), Some("SymlinkTargetNotExist"));
    client
        .put_object(BUCKET, target, "there")
        .send()
        .await
        .unwrap();
    assert_eq!(read(&client, "link").await, "there");
    let link = client.get_symlink(BUCKET, "link").send().await.unwrap();
    assert_eq!(link.target, target);
    assert_eq!(link.headers["x-oss-meta-why"], "latest");
    let none = client.get_symlink(BUCKET, target).send().await.unwrap_err();
    assert_eq!(none.service_code(), Some("NotSymlink"));

    let create = |to: &'static str| {
        let link = client.put_symlink(BUCKET, "once", to);
        link.forbid_overwrite(true).send()
    };
    cloud.lose("PutSymlink");
    create("a").await.unwrap();
    assert_eq!(
        create("a").await.unwrap_err().kind(),
        ErrorKind::AlreadyExists
    );
    let refuse = Rule::new(Fault::Refuse).operation("PutSymlink").times(1);
    cloud.0.faults().add(refuse);
    assert_eq!(
        create("b").await.unwrap_err().kind(),
        ErrorKind::AlreadyExists
    );
}

#[tokio::test]
async fn an_archived_object_is_read_after_it_is_restored() {
    let (cloud, client) = start().await;
    for (key, class) in [
        ("archive", StorageClass::Archive),
        ("cold", StorageClass::ColdArchive),
        ("plain", StorageClass::Standard),
    ] {
        let put = client
            .put_object(BUCKET, key, "frozen")
            .storage_class(&class);
        put.send().await.unwrap();
    }
    let archived = client
        .get_object(BUCKET, "archive")
        .send()
        .await
        .unwrap_err();
    assert_eq!(archived.kind(), ErrorKind::Archived);
    assert!(archived.to_string().contains("restore"), "{archived}");

    cloud.lose("RestoreObject");
    let restore = || client.restore_object(BUCKET, "archive").days(2);
    assert_eq!(restore().send().await.unwrap(), RestoreOutcome::Started);
    let again = restore().send().await.unwrap_err();
    assert_eq!(again.kind(), ErrorKind::Conflict);
    let info = client.head_object(BUCKET, "archive").await.unwrap();
    assert_eq!(info.restore(), Some("ongoing-request=\"true\""));
    cloud.0.clock().set_offset_seconds(120);
    assert_eq!(read(&client, "archive").await, "frozen");
    assert_eq!(restore().send().await.unwrap(), RestoreOutcome::Extended);
    let info = client.head_object(BUCKET, "archive").await.unwrap();
    assert!(
        info.restore()
            .unwrap()
            .starts_with("ongoing-request=\"false\", expiry-date=")
    );

    let cold = client
        .restore_object(BUCKET, "cold")
        .tier(RestoreTier::Expedited);
    cold.send().await.unwrap();
    cloud.0.clock().set_offset_seconds(2 * 3600);
    assert_eq!(read(&client, "cold").await, "frozen");
    let plain = client
        .restore_object(BUCKET, "plain")
        .send()
        .await
        .unwrap_err();
    assert_eq!(plain.kind(), ErrorKind::Refused);
}

#[tokio::test]
async fn tags_and_acls_are_set_read_and_removed() {
    let (_cloud, client) = start().await;
    client.put_object(BUCKET, "a", "x").send().await.unwrap();
    let tags = client.object_tagging(BUCKET, "a");
    assert!(tags.get().await.unwrap().is_empty());
    let many: Vec<(String, String)> = (0..10)
        .map(|at| (format!("key {at}"), format!("a/b:{at}")))
        .collect();
    let pairs = || {
        many.iter()
            .map(|(key, value)| (key.as_str(), value.as_str()))
    };
    tags.put(pairs()).await.unwrap();
    assert_eq!(tags.get().await.unwrap(), many);
    let eleven = tags.put(pairs().chain([("x", "")])).await.unwrap_err();
    assert_eq!(eleven.service_code(), Some("InvalidTag"));
    let escaped = tags.put([("a<b", "&")]).await.unwrap_err();
    assert_eq!(escaped.service_code(), Some("InvalidTag"), "{escaped}");
    tags.delete().await.unwrap();
    assert!(tags.get().await.unwrap().is_empty());
    let missing = client
        .object_tagging(BUCKET, "none")
        .get()
        .await
        .unwrap_err();
    assert_eq!(missing.service_code(), Some("NoSuchKey"));

    let acl = client.object_acl(BUCKET, "a");
    assert_eq!(acl.get().await.unwrap(), Acl::Default);
    acl.put(Acl::PublicRead).await.unwrap();
    assert_eq!(acl.get().await.unwrap(), Acl::PublicRead);
}

#[tokio::test]
async fn an_error_of_head_has_its_code_although_it_has_no_body() {
    let (_cloud, client) = start().await;
    for error in [
        client.head_object(BUCKET, "none").await.unwrap_err(),
        client.object_meta(BUCKET, "none").await.unwrap_err(),
    ] {
        assert_eq!(error.service_code(), Some("NoSuchKey"));
        assert!(
            error.ec().is_some() && error.request_id().is_some(),
            "{error:?}"
        );
    }
    let error = client.head_object("nowhere", "none").await.unwrap_err();
    assert_eq!(error.service_code(), Some("NoSuchBucket"));
}

#[tokio::test]
async fn a_listing_that_breaks_off_is_asked_for_again() {
    let (cloud, client) = start().await;
    for key in ["a", "b", "c"] {
        client.put_object(BUCKET, key, "x").send().await.unwrap();
    }
    for fault in [Fault::ResetBody(100), Fault::Status(500, "InternalError")] {
        cloud
            .0
            .faults()
            .add(Rule::new(fault).operation("ListObjectsV2").times(2));
        let page = client
            .list_objects(BUCKET)
            .fetch_owner(true)
            .send()
            .await
            .unwrap();
        assert_eq!(page.objects.len(), 3);
        assert!(page.objects.iter().all(|object| object.owner_id.is_some()));
    }
    // A completion whose response breaks off was carried out.
    let id = client.initiate_upload(BUCKET, "big").send().await.unwrap();
    let part = client
        .upload_part(BUCKET, "big", &id, 1, "all")
        .send()
        .await
        .unwrap();
    let cut = Rule::new(Fault::ResetBody(10)).operation("CompleteMultipartUpload");
    cloud.0.faults().add(cut.times(1));
    let done = client
        .complete_upload(BUCKET, "big", &id, [part])
        .send()
        .await;
    assert_eq!(done.unwrap().verdict, Verdict::Verified);
}

#[tokio::test]
async fn keys_that_fill_more_than_one_document_are_deleted_all_the_same() {
    let (cloud, client) = start().await;
    // Each `&` takes five bytes in XML: 600 such keys are 3 MB, and OSS reads 2.
    let keys: Vec<String> = (0..600)
        .map(|at| format!("{at:04}{}", "&".repeat(1019)))
        .collect();
    for key in &keys[598..] {
        client.put_object(BUCKET, key, "x").send().await.unwrap();
    }
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    assert!(
        client
            .delete_objects(BUCKET, &keys)
            .await
            .unwrap()
            .is_empty()
    );
    assert_eq!(cloud.count("DeleteMultipleObjects"), 2);
    let left = client.list_objects(BUCKET).send().await.unwrap();
    assert!(left.objects.is_empty());
    assert!(client.delete_objects(BUCKET, &[]).await.unwrap().is_empty());
    let many = vec!["x"; 1001];
    let error = client.delete_objects(BUCKET, &many).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
    assert_eq!(cloud.count("DeleteMultipleObjects"), 2);
}
