//! Whole transfers, and what becomes of them when something breaks midway.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::cloud::{self, BUCKET, Cloud, ID, SECRET};
use alibaba_core::credentials::{CredentialsError, Identity, ProvideCredentials};
use alibaba_core::retry::RetryPolicy;
use alibaba_core::{Credentials, Region};
use alibaba_local::{Fault, Rule, User};
use alibaba_oss::{Client, ErrorKind, Verdict};
use bytes::Bytes;
use futures::future::BoxFuture;
use futures::stream;

/// The shortest part that OSS takes.
const PART: u64 = 100 * 1024;

struct Setup {
    cloud: Cloud,
    client: Client,
    folder: tempfile::TempDir,
    bytes: Vec<u8>,
}

impl Setup {
    /// A file of nine parts and a bit.
    async fn new() -> Self {
        let cloud = cloud::start().await;
        let client = cloud.client();
        let folder = tempfile::tempdir().unwrap();
        let bytes: Vec<u8> = (0..950_000_u32).map(|at| (at % 239) as u8).collect();
        std::fs::write(folder.path().join("file"), &bytes).unwrap();
        Self {
            cloud,
            client,
            folder,
            bytes,
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn upload(&self) -> alibaba_oss::transfer::Upload {
        self.client
            .upload_file(BUCKET, "big", self.path("file"))
            .part_size(PART)
    }

    fn resumable(&self) -> alibaba_oss::transfer::Upload {
        self.upload().checkpoints(self.path("checkpoints"))
    }

    fn download(&self) -> alibaba_oss::transfer::Download {
        self.client
            .download(BUCKET, "big", self.path("copy"))
            .part_size(PART)
            .concurrency(3)
    }

    fn count(&self, operation: &str) -> usize {
        let all = self.cloud.0.requests().all();
        all.iter().filter(|r| r.operation == operation).count()
    }

    fn fault(&self, rule: Rule) {
        self.cloud.0.faults().add(rule);
    }

    fn checkpoints(&self) -> usize {
        std::fs::read_dir(self.path("checkpoints")).map_or(0, Iterator::count)
    }

    async fn uploads(&self) -> usize {
        let page = self.client.list_uploads(BUCKET).send().await.unwrap();
        page.uploads.len()
    }

    async fn stored(&self) -> Bytes {
        let object = self.client.get_object(BUCKET, "big").send().await.unwrap();
        object.body.collect().await.unwrap()
    }

    /// What stands beside the original file.
    fn beside(&self) -> Vec<String> {
        let mut names: Vec<_> = std::fs::read_dir(self.folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name != "file" && name != "checkpoints")
            .collect();
        names.sort();
        names
    }
}

#[tokio::test]
async fn a_file_goes_up_in_parts_and_comes_down_in_ranges() {
    let setup = Setup::new().await;
    let seen = Arc::new(Mutex::new(Vec::new()));
    let reports = seen.clone();
    let outcome = setup
        .upload()
        .content_type("application/x-tar")
        .metadata("host", "n1")
        .on_progress(move |progress| reports.lock().unwrap().push(progress.done))
        .send()
        .await
        .unwrap();
    assert_eq!(outcome.verdict, Verdict::Verified);
    assert_eq!(setup.count("UploadPart"), 10);
    assert_eq!(seen.lock().unwrap().last(), Some(&950_000));
    assert_eq!(setup.stored().await, setup.bytes);
    let file = setup.download().send().await.unwrap();
    assert_eq!((file.verdict, file.resumed), (Verdict::Verified, 0));
    assert_eq!(file.info.metadata("host"), Some("n1"));
    assert_eq!(std::fs::read(setup.path("copy")).unwrap(), setup.bytes);
    assert_eq!(setup.beside(), ["copy"]);
}

#[tokio::test]
async fn small_and_empty_files_take_one_request_each_way() {
    let setup = Setup::new().await;
    for len in [0, 5] {
        std::fs::write(setup.path("file"), &setup.bytes[..len]).unwrap();
        setup.resumable().send().await.unwrap();
        setup.download().send().await.unwrap();
        assert_eq!(
            std::fs::read(setup.path("copy")).unwrap(),
            setup.bytes[..len]
        );
    }
    assert_eq!(setup.count("PutObject"), 2);
    assert_eq!(setup.count("InitiateMultipartUpload"), 0);
}

#[tokio::test]
async fn a_stream_of_unknown_length_takes_as_many_parts_as_it_needs() {
    let setup = Setup::new().await;
    for (len, puts, parts) in [(0, 1, 0), (99_999, 2, 0), (204_800, 2, 2), (950_000, 2, 12)] {
        let frames: Vec<_> = setup.bytes[..len]
            .chunks(7_001)
            .map(Bytes::copy_from_slice)
            .collect();
        let outcome = setup
            .client
            .upload_stream(BUCKET, "big", stream::iter(frames.into_iter().map(Ok)))
            .part_size(PART)
            .concurrency(2)
            .send()
            .await
            .unwrap();
        assert_eq!(outcome.verdict, Verdict::Verified);
        assert_eq!(setup.stored().await, setup.bytes[..len]);
        assert_eq!(
            (setup.count("PutObject"), setup.count("UploadPart")),
            (puts, parts),
            "{len}"
        );
    }
    let frames = [
        Ok(Bytes::from(vec![1; 150_000])),
        Err(std::io::Error::other("dried up")),
    ];
    let error = setup
        .client
        .upload_stream(BUCKET, "big", stream::iter(frames))
        .part_size(PART)
        .send()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Local);
    assert_eq!(setup.uploads().await, 0, "aborted");
    assert_eq!(
        setup.stored().await,
        setup.bytes,
        "what was there is untouched"
    );
}

#[tokio::test]
async fn an_upload_that_failed_is_aborted_or_kept_for_the_next_try() {
    let setup = Setup::new().await;
    let denied = || Rule::new(Fault::Status(403, "AccessDenied")).operation("UploadPart");
    setup.fault(denied().skip(4).times(1));
    let error = setup.upload().concurrency(1).send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Denied);
    assert_eq!(setup.uploads().await, 0);

    setup.fault(denied().skip(4).times(1));
    setup.resumable().concurrency(1).send().await.unwrap_err();
    assert_eq!((setup.uploads().await, setup.checkpoints()), (1, 1));
    setup.cloud.0.requests().clear();
    let stored = setup.resumable().send().await.unwrap();
    assert_eq!(stored.resumed, 4 * PART);
    assert_eq!(setup.count("UploadPart"), 6, "four of ten were there");
    assert_eq!(setup.count("InitiateMultipartUpload"), 0);
    assert_eq!(setup.stored().await, setup.bytes);
    assert_eq!((setup.uploads().await, setup.checkpoints()), (0, 0));
}

#[tokio::test]
async fn stored_parts_are_proved_before_they_are_trusted() {
    let setup = Setup::new().await;
    let denied = Rule::new(Fault::Status(403, "AccessDenied")).operation("UploadPart");
    setup.fault(denied.skip(4).times(1));
    setup.resumable().concurrency(1).send().await.unwrap_err();
    let page = setup.client.list_uploads(BUCKET).send().await.unwrap();
    let id = &page.uploads[0].upload_id;
    // Of the right length, with other bytes: what the reference tools would take over.
    let other = vec![9_u8; PART as usize];
    setup
        .client
        .upload_part(BUCKET, "big", id, 2, other)
        .send()
        .await
        .unwrap();
    setup.cloud.0.requests().clear();
    setup.resumable().send().await.unwrap();
    assert_eq!(
        setup.count("UploadPart"),
        7,
        "three of ten were there and right"
    );
    assert_eq!(setup.stored().await, setup.bytes);
}

#[tokio::test]
async fn parts_that_may_not_be_looked_at_are_not_trusted() {
    let setup = Setup::new().await;
    let denied = |operation| Rule::new(Fault::Status(403, "AccessDenied")).operation(operation);
    setup.fault(denied("UploadPart").skip(4).times(1));
    setup.resumable().concurrency(1).send().await.unwrap_err();
    setup.cloud.0.requests().clear();
    setup.fault(denied("ListParts"));
    let stored = setup.resumable().send().await.unwrap();
    assert_eq!((stored.resumed, stored.verdict), (0, Verdict::Verified));
    assert_eq!(setup.count("UploadPart"), 10);
    assert_eq!(setup.stored().await, setup.bytes);
    assert_eq!((setup.uploads().await, setup.checkpoints()), (0, 0));
}

#[tokio::test]
async fn a_file_that_changed_is_uploaded_anew() {
    let setup = Setup::new().await;
    let denied = Rule::new(Fault::Status(403, "AccessDenied")).operation("UploadPart");
    setup.fault(denied.skip(4).times(1));
    setup.resumable().concurrency(1).send().await.unwrap_err();
    let bytes: Vec<u8> = setup.bytes.iter().rev().copied().collect();
    std::fs::write(setup.path("file"), &bytes).unwrap();
    setup.cloud.0.requests().clear();
    setup.resumable().send().await.unwrap();
    assert_eq!(setup.count("UploadPart"), 10);
    assert_eq!(setup.stored().await, bytes);
    assert_eq!(setup.uploads().await, 0, "the first one is aborted");
}

#[tokio::test]
async fn an_upload_completed_before_the_crash_is_not_repeated() {
    let setup = Setup::new().await;
    let credentials = Credentials::new(ID, SECRET);
    let credentials = alibaba_core::credentials::StaticProvider::new(credentials).unwrap();
    let context = cloud::context();
    let client = Client::builder(&context, Region::CN_HANGZHOU, Arc::new(credentials))
        .with_endpoint(setup.cloud.0.endpoint().parse().unwrap())
        .with_retry(RetryPolicy::never())
        .build()
        .unwrap();
    setup.fault(
        Rule::new(Fault::LoseReply)
            .operation("CompleteMultipartUpload")
            .times(1),
    );
    let upload = || {
        client
            .upload_file(BUCKET, "big", setup.path("file"))
            .part_size(PART)
            .forbid_overwrite(true)
            .checkpoints(setup.path("checkpoints"))
    };
    let error = upload().send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connection);
    setup.cloud.0.requests().clear();
    let outcome = upload().send().await.unwrap();
    assert_eq!(outcome.verdict, Verdict::Verified);
    assert_eq!((setup.count("UploadPart"), setup.checkpoints()), (0, 0));
}

#[tokio::test]
async fn a_taken_key_is_not_overwritten_and_nothing_is_left() {
    let setup = Setup::new().await;
    setup
        .client
        .put_object(BUCKET, "big", "first")
        .send()
        .await
        .unwrap();
    let error = setup
        .upload()
        .forbid_overwrite(true)
        .send()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AlreadyExists);
    assert_eq!(setup.stored().await, "first");
    assert_eq!(setup.uploads().await, 0);
}

#[tokio::test]
async fn a_dropped_upload_is_aborted() {
    let setup = Setup::new().await;
    setup.fault(
        Rule::new(Fault::Delay(Duration::from_secs(60)))
            .operation("UploadPart")
            .skip(2),
    );
    let upload = tokio::spawn(setup.upload().concurrency(1).send());
    while setup.count("UploadPart") < 3 {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    upload.abort();
    while setup.uploads().await > 0 {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

#[tokio::test]
async fn trouble_on_the_way_up_is_repaired() {
    let setup = Setup::new().await;
    for fault in [
        Fault::Refuse,
        Fault::LoseReply,
        Fault::WrongCrc,
        Fault::Status(503, "RequestLimitExceeded"),
        Fault::Status(500, "InternalError"),
    ] {
        setup.fault(Rule::new(fault).operation("UploadPart").skip(1).times(1));
    }
    setup.fault(
        Rule::new(Fault::LoseReply)
            .operation("CompleteMultipartUpload")
            .times(1),
    );
    let outcome = setup.upload().forbid_overwrite(true).send().await.unwrap();
    assert_eq!(outcome.verdict, Verdict::Verified);
    assert_eq!(setup.stored().await, setup.bytes);
}

/// A token that stops working after some calls, long before it said.
#[derive(Debug)]
struct EndsMidway {
    calls: AtomicU32,
    after: u32,
    good: Arc<Identity>,
    bad: Arc<Identity>,
}

impl ProvideCredentials for EndsMidway {
    fn name(&self) -> &'static str {
        "ends midway"
    }

    fn provide(&self) -> BoxFuture<'_, Result<Arc<Identity>, CredentialsError>> {
        let call = self.calls.fetch_add(1, Ordering::SeqCst);
        let identity = if call == self.after {
            &self.bad
        } else {
            &self.good
        };
        let identity = identity.clone();
        Box::pin(async move { Ok(identity) })
    }
}

#[tokio::test]
async fn a_token_that_ends_midway_does_not_end_the_transfer() {
    let setup = Setup::new().await;
    let cloud = cloud::start_with(User::new(ID, SECRET).with_security_token("good")).await;
    let identity = |token| {
        let credentials = Credentials::new(ID, SECRET).with_security_token(token);
        Arc::new(Identity::new("ends midway", credentials, None).unwrap())
    };
    let credentials = Arc::new(EndsMidway {
        calls: AtomicU32::new(0),
        after: 5,
        good: identity("good"),
        bad: identity("gone"),
    });
    let context = cloud::context();
    let client = Client::builder(&context, Region::CN_HANGZHOU, credentials)
        .with_endpoint(cloud.0.endpoint().parse().unwrap())
        .build()
        .unwrap();
    client
        .upload_file(BUCKET, "big", setup.path("file"))
        .part_size(PART)
        .send()
        .await
        .unwrap();
    let all = cloud.0.requests().all();
    assert!(
        all.iter().any(|r| r.status == Some(403)),
        "the token was refused once"
    );
}

#[tokio::test]
async fn a_download_goes_on_after_a_crash_with_what_is_proved() {
    let setup = Setup::new().await;
    setup.upload().send().await.unwrap();
    let download = || {
        setup
            .download()
            .concurrency(1)
            .checkpoints(setup.path("checkpoints"))
    };
    let denied = || Rule::new(Fault::Status(403, "AccessDenied")).operation("GetObject");
    setup.fault(denied().skip(6).times(1));
    download().send().await.unwrap_err();
    assert_eq!((setup.beside().len(), setup.checkpoints()), (1, 1));

    // One range of the unfinished file is corrupted meanwhile.
    let partial = setup.path(&setup.beside()[0]);
    let mut bytes = std::fs::read(&partial).unwrap();
    bytes[150_000] ^= 1;
    std::fs::write(&partial, bytes).unwrap();
    setup.cloud.0.requests().clear();
    let file = download().send().await.unwrap();
    assert_eq!((file.verdict, file.resumed), (Verdict::Verified, 5 * PART));
    assert_eq!(setup.count("GetObject"), 5);
    assert_eq!(std::fs::read(setup.path("copy")).unwrap(), setup.bytes);
    assert_eq!(
        (setup.beside(), setup.checkpoints()),
        (vec!["copy".to_owned()], 0)
    );

    // An object that changed since is not mixed with what is there.
    setup.fault(denied().skip(6).times(1));
    download().send().await.unwrap_err();
    let other: Vec<u8> = setup.bytes.iter().rev().copied().collect();
    setup
        .client
        .put_object(BUCKET, "big", other.clone())
        .send()
        .await
        .unwrap();
    let file = download().send().await.unwrap();
    assert_eq!(file.resumed, 0);
    assert_eq!(std::fs::read(setup.path("copy")).unwrap(), other);
    assert_eq!(setup.beside(), ["copy"]);
}

#[tokio::test]
async fn a_checkpoint_that_was_tampered_with_leads_to_no_other_file() {
    let setup = Setup::new().await;
    setup.upload().send().await.unwrap();
    let download = || setup.download().checkpoints(setup.path("checkpoints"));
    let denied = Rule::new(Fault::Status(403, "AccessDenied")).operation("GetObject");
    setup.fault(denied.skip(6).times(1));
    download().concurrency(1).send().await.unwrap_err();
    let other = setup.path(".precious.0123abcd.part");
    std::fs::write(&other, "precious").unwrap();
    let entry = std::fs::read_dir(setup.path("checkpoints")).unwrap().next();
    let checkpoint = entry.unwrap().unwrap().path();
    let text = std::fs::read_to_string(&checkpoint).unwrap();
    let partial = setup
        .beside()
        .into_iter()
        .find(|name| name.contains("copy"));
    let changed = text.replace(&partial.unwrap(), ".precious.0123abcd.part");
    assert_ne!(changed, text);
    std::fs::write(&checkpoint, changed).unwrap();
    let file = download().send().await.unwrap();
    assert_eq!((file.verdict, file.resumed), (Verdict::Verified, 0));
    assert_eq!(std::fs::read(other).unwrap(), b"precious");
}

#[tokio::test]
async fn a_dropped_download_leaves_nothing_unless_it_is_to_be_resumed() {
    let setup = Setup::new().await;
    setup.upload().send().await.unwrap();
    for (checkpoints, left) in [(None, 0), (Some(setup.path("checkpoints")), 1)] {
        let hang = Rule::new(Fault::Delay(Duration::from_secs(60)));
        setup.fault(hang.operation("GetObject").skip(4));
        setup.cloud.0.requests().clear();
        let mut download = setup.download().concurrency(1);
        if let Some(folder) = checkpoints {
            download = download.checkpoints(folder);
        }
        let download = tokio::spawn(download.send());
        while setup.count("GetObject") < 5 {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        download.abort();
        assert!(download.await.is_err(), "it was dropped");
        assert_eq!((setup.beside().len(), setup.checkpoints()), (left, left));
        setup.cloud.0.faults().clear();
    }
}

#[tokio::test]
async fn an_object_replaced_midway_is_an_error_and_no_file() {
    let setup = Setup::new().await;
    setup.upload().send().await.unwrap();
    let gate = Duration::from_millis(100);
    setup.fault(Rule::new(Fault::Delay(gate)).operation("GetObject").skip(3));
    let download = tokio::spawn(setup.download().concurrency(1).send());
    while setup.count("GetObject") < 4 {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    setup
        .client
        .put_object(BUCKET, "big", vec![0_u8; 950_000])
        .send()
        .await
        .unwrap();
    let error = download.await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Integrity, "{error}");
    assert!(error.to_string().contains("replaced"), "{error}");
    assert_eq!(setup.beside(), Vec::<String>::new());
}

#[tokio::test]
async fn altered_ranges_are_found_out_by_the_crc_of_the_whole() {
    let setup = Setup::new().await;
    setup.upload().send().await.unwrap();
    let corrupt = || Rule::new(Fault::CorruptBody).operation("GetObject");
    setup.fault(corrupt().skip(2).times(1));
    setup.fault(
        Rule::new(Fault::ResetBody(1000))
            .operation("GetObject")
            .skip(12)
            .times(2),
    );
    setup.download().send().await.unwrap();
    assert_eq!(std::fs::read(setup.path("copy")).unwrap(), setup.bytes);

    std::fs::write(setup.path("copy"), "old").unwrap();
    setup.fault(corrupt());
    let error = setup.download().send().await.unwrap_err();
    assert_eq!(error.verdict(), Some(Verdict::Mismatch));
    assert_eq!(std::fs::read(setup.path("copy")).unwrap(), b"old");
    assert_eq!(setup.beside(), ["copy"]);
}

#[tokio::test]
async fn only_uploads_that_are_old_enough_are_stale() {
    let setup = Setup::new().await;
    for (key, offset) in [("old/a", -600), ("new/a", -60), ("old/b", -60)] {
        setup.cloud.0.clock().set_offset_seconds(offset);
        setup
            .client
            .initiate_upload(BUCKET, key)
            .send()
            .await
            .unwrap();
    }
    let age = Duration::from_secs(300);
    let stale = setup
        .client
        .abort_stale_uploads(BUCKET, "old/", age)
        .await
        .unwrap();
    let keys: Vec<_> = stale.aborted.iter().map(|upload| &*upload.key).collect();
    assert_eq!((keys, stale.failed.len()), (vec!["old/a"], 0));
    assert_eq!(setup.uploads().await, 2);
}
