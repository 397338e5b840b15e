//! Copies of any size, and what becomes of them when something breaks midway.

use std::sync::{Arc, Mutex};

use crate::cloud::{BUCKET, Cloud, ID, SECRET};
use alibaba_local::{Fault, LocalCloud, Rule, User};
use alibaba_oss::{Client, ErrorKind, StorageClass, Verdict, transfer};
use bytes::Bytes;

/// The shortest part that OSS takes.
const PART: u64 = 100 * 1024;

struct Setup {
    cloud: Cloud,
    client: Client,
    bytes: Bytes,
}

impl Setup {
    /// An object of nine parts and a bit.
    async fn new() -> Self {
        let cloud = LocalCloud::builder()
            .user(User::new(ID, SECRET))
            .bucket(BUCKET)
            .bucket("archive");
        let cloud = Cloud(cloud.start().await.unwrap());
        let client = cloud.client();
        let bytes: Bytes = (0..950_000_u32).map(|at| (at % 239) as u8).collect();
        client
            .put_object(BUCKET, "a/大 +", bytes.clone())
            .content_type("application/x-tar")
            .metadata("host", "n1")
            .tags([("keep", "yes")])
            .send()
            .await
            .unwrap();
        Self {
            cloud,
            client,
            bytes,
        }
    }

    fn copy(&self) -> transfer::Copy {
        let copy = self.client.copy((BUCKET, "a/大 +"), ("archive", "copy"));
        copy.part_size(PART).concurrency(3)
    }

    fn fault(&self, rule: Rule) {
        self.cloud.0.faults().add(rule);
    }

    fn count(&self, operation: &str) -> usize {
        let all = self.cloud.0.requests().all();
        all.iter().filter(|r| r.operation == operation).count()
    }

    async fn copied(&self) -> Bytes {
        let object = self
            .client
            .get_object("archive", "copy")
            .send()
            .await
            .unwrap();
        object.body.collect().await.unwrap()
    }

    async fn uploads(&self) -> usize {
        let page = self.client.list_uploads("archive").send().await.unwrap();
        page.uploads.len()
    }
}

#[tokio::test]
async fn a_large_copy_is_made_in_parts_with_all_that_is_said_of_the_source() {
    let setup = Setup::new().await;
    let seen = Arc::new(Mutex::new(Vec::new()));
    let reports = seen.clone();
    let outcome = setup
        .copy()
        .storage_class(&StorageClass::InfrequentAccess)
        .on_progress(move |progress| reports.lock().unwrap().push(progress))
        .send()
        .await
        .unwrap();
    assert_eq!(outcome.verdict, Verdict::Verified);
    assert_eq!(
        (setup.count("UploadPartCopy"), setup.count("CopyObject")),
        (10, 0)
    );
    assert_eq!(setup.count("GetObject"), 0, "no bytes came here");
    assert_eq!(setup.copied().await, setup.bytes);
    let last = seen
        .lock()
        .unwrap()
        .last()
        .map(|progress| (progress.done, progress.total));
    assert_eq!(last, Some((950_000, Some(950_000))));
    let info = setup.client.head_object("archive", "copy").await.unwrap();
    assert_eq!(info.headers["content-type"], "application/x-tar");
    assert_eq!(info.metadata("host"), Some("n1"));
    assert_eq!(info.storage_class(), StorageClass::InfrequentAccess);
    let tags = setup
        .client
        .object_tagging("archive", "copy")
        .get()
        .await
        .unwrap();
    assert_eq!(tags, [("keep".to_owned(), "yes".to_owned())]);

    setup
        .copy()
        .metadata("why", "test")
        .tags([])
        .send()
        .await
        .unwrap();
    let info = setup.client.head_object("archive", "copy").await.unwrap();
    assert_eq!(
        (info.metadata("host"), info.metadata("why")),
        (None, Some("test"))
    );
    assert!(!info.headers.contains_key("x-oss-tagging-count"));
}

#[tokio::test]
async fn a_small_copy_is_one_request_and_checked_too() {
    let setup = Setup::new().await;
    let whole = || setup.client.copy((BUCKET, "a/大 +"), ("archive", "copy"));
    let outcome = whole().send().await.unwrap();
    assert_eq!(outcome.verdict, Verdict::Verified);
    assert_eq!(
        (setup.count("CopyObject"), setup.count("UploadPartCopy")),
        (1, 0)
    );
    let taken = whole().forbid_overwrite(true).send().await.unwrap_err();
    assert_eq!(taken.kind(), ErrorKind::AlreadyExists);

    // A CRC-64 that does not agree: copied once more, then believed no longer.
    setup.fault(Rule::new(Fault::WrongCrc).operation("CopyObject").times(1));
    whole().send().await.unwrap();
    setup.fault(Rule::new(Fault::WrongCrc).operation("CopyObject").times(2));
    let error = whole().send().await.unwrap_err();
    assert_eq!(error.verdict(), Some(Verdict::Mismatch), "{error}");
    // And where OSS names none, nothing is claimed.
    setup.cloud.0.faults().clear();
    setup.fault(Rule::new(Fault::NoCrc).operation("CopyObject").times(1));
    assert_eq!(whole().send().await.unwrap().verdict, Verdict::NotAvailable);
}

#[tokio::test]
async fn progress_ends_at_the_length_however_often_it_is_copied() {
    let setup = Setup::new().await;
    for (operation, part_size) in [
        ("CopyObject", 1024 * 1024),
        ("CompleteMultipartUpload", PART),
    ] {
        setup.fault(Rule::new(Fault::WrongCrc).operation(operation).times(1));
        let seen = Arc::new(Mutex::new(Vec::new()));
        let reports = seen.clone();
        let copy = setup.copy().part_size(part_size);
        let copied = copy
            .on_progress(move |progress| reports.lock().unwrap().push(progress.done))
            .send()
            .await
            .unwrap();
        assert_eq!(copied.verdict, Verdict::Verified);
        let seen = seen.lock().unwrap();
        assert_eq!(seen.last(), Some(&950_000), "{operation}: {seen:?}");
        assert!(
            seen.iter().all(|done| *done <= 950_000),
            "{operation}: {seen:?}"
        );
        assert_eq!(setup.count(operation), 2, "{operation}");
    }
}

#[tokio::test]
async fn trouble_with_parts_is_waited_out_and_lost_answers_are_recognised() {
    let setup = Setup::new().await;
    let part = |fault| Rule::new(fault).operation("UploadPartCopy").times(1);
    setup.fault(part(Fault::LoseReply));
    setup.fault(part(Fault::Status(503, "TotalQpsLimitExceeded")).skip(2));
    setup.fault(part(Fault::ResetBody(20)).skip(3));
    let complete = Rule::new(Fault::LoseReply).operation("CompleteMultipartUpload");
    setup.fault(complete.times(1));
    let outcome = setup.copy().forbid_overwrite(true).send().await.unwrap();
    assert_eq!(outcome.verdict, Verdict::Verified);
    assert_eq!(setup.copied().await, setup.bytes);
    let taken = setup
        .copy()
        .forbid_overwrite(true)
        .send()
        .await
        .unwrap_err();
    assert_eq!(taken.kind(), ErrorKind::AlreadyExists);
    assert_eq!(setup.uploads().await, 0);
}

#[tokio::test]
async fn a_copy_that_fails_leaves_no_parts_behind() {
    let setup = Setup::new().await;
    let denied = Rule::new(Fault::Status(403, "AccessDenied")).operation("UploadPartCopy");
    setup.fault(denied.skip(4));
    let error = setup.copy().send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Denied);
    assert_eq!(setup.uploads().await, 0);
    let copied = setup
        .client
        .head_object("archive", "copy")
        .await
        .unwrap_err();
    assert_eq!(copied.kind(), ErrorKind::NotFound);

    setup.cloud.0.faults().clear();
    let wrong = Rule::new(Fault::WrongCrc).operation("CompleteMultipartUpload");
    setup.fault(wrong.times(2));
    let error = setup.copy().send().await.unwrap_err();
    assert_eq!(error.verdict(), Some(Verdict::Mismatch), "{error}");
    assert_eq!(setup.count("CompleteMultipartUpload"), 2, "tried once more");

    // Where OSS names none, nothing is claimed.
    let none = Rule::new(Fault::NoCrc).operation("CompleteMultipartUpload");
    setup.fault(none.times(1));
    let outcome = setup.copy().send().await.unwrap();
    assert_eq!(outcome.verdict, Verdict::NotAvailable);
}

#[tokio::test]
async fn a_source_that_is_replaced_midway_is_an_error_and_never_a_mixture() {
    let setup = Setup::new().await;
    let replaced = setup.client.clone();
    let other = Bytes::from(vec![7; setup.bytes.len()]);
    // One part at a time, and the source is replaced after the second.
    let (tell, told) = tokio::sync::oneshot::channel();
    let tell = Mutex::new(Some(tell));
    let copy = setup.copy().concurrency(1).on_progress(move |progress| {
        if progress.done >= 2 * PART
            && let Some(tell) = tell.lock().unwrap().take()
        {
            let _ = tell.send(());
        }
    });
    setup.fault(
        Rule::new(Fault::Delay(std::time::Duration::from_millis(50))).operation("UploadPartCopy"),
    );
    let replace = async {
        told.await.unwrap();
        let put = replaced.put_object(BUCKET, "a/大 +", other);
        put.send().await.unwrap();
    };
    let (copied, ()) = futures::join!(copy.send(), replace);
    let error = copied.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Integrity, "{error}");
    assert!(error.to_string().contains("replaced while"), "{error}");
    assert_eq!(setup.uploads().await, 0);
}

#[tokio::test]
async fn an_older_version_is_copied_to_the_top_again() {
    let setup = Setup::new().await;
    let client = &setup.client;
    client
        .put_bucket_versioning("archive", alibaba_oss::Versioning::Enabled)
        .await
        .unwrap();
    let first = setup.copy().send().await.unwrap().version_id.unwrap();
    client
        .put_object("archive", "copy", "newer")
        .send()
        .await
        .unwrap();
    let back = |part_size| {
        client
            .copy(("archive", "copy"), ("archive", "copy"))
            .source_version_id(&first)
            .part_size(part_size)
            .send()
    };
    for part_size in [PART, 8 * 1024 * 1024] {
        let outcome = back(part_size).await.unwrap();
        assert_eq!(outcome.verdict, Verdict::Verified);
        assert_ne!(outcome.version_id.as_ref(), Some(&first));
        assert_eq!(setup.copied().await, setup.bytes);
    }
}

#[cfg(feature = "object_store")]
#[tokio::test]
async fn a_store_copies_what_is_too_large_for_one_request() {
    use object_store::{ObjectStoreExt, path::Path};

    let setup = Setup::new().await;
    // 208 MiB, made of one part copied again and again.
    const BLOCK: u64 = 16 * 1024 * 1024;
    let client = &setup.client;
    let block = Bytes::from(vec![5; BLOCK as usize]);
    client
        .put_object(BUCKET, "block", block)
        .send()
        .await
        .unwrap();
    let id = client
        .initiate_upload(BUCKET, "large")
        .send()
        .await
        .unwrap();
    let mut parts = Vec::new();
    for number in 1..=13 {
        let from = (BUCKET, "block");
        let part = client.upload_part_copy(BUCKET, "large", &id, number, from, 0..BLOCK);
        parts.push(part.send().await.unwrap());
    }
    let done = client.complete_upload(BUCKET, "large", &id, parts);
    let large = done.send().await.unwrap();

    let store = setup.cloud.store();
    let (from, to) = (Path::from("large"), Path::from("copy"));
    setup.cloud.0.requests().clear();
    store.copy(&from, &to).await.unwrap();
    assert_eq!(
        (setup.count("CopyObject"), setup.count("UploadPartCopy")),
        (0, 4)
    );
    let copy = client.head_object(BUCKET, "copy").await.unwrap();
    assert_eq!((copy.size, copy.crc), (Some(13 * BLOCK), large.crc));
    let taken = store.copy_if_not_exists(&from, &to).await.unwrap_err();
    assert!(
        matches!(taken, object_store::Error::AlreadyExists { .. }),
        "{taken}"
    );
}
