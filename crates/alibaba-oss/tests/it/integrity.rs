//! What the CRC-64 says of every kind of transfer, and what becomes of bytes that are lost or altered.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::cloud::{self, BUCKET, Cloud};
use alibaba_local::{Fault, Rule};
use alibaba_oss::{Client, ErrorKind, Verdict};
use bytes::Bytes;
use futures::StreamExt;
use futures::stream;

/// The shortest part that OSS takes.
const PART: usize = 100 * 1024;

struct Setup {
    cloud: Cloud,
    client: Client,
    folder: tempfile::TempDir,
    bytes: Vec<u8>,
}

impl Setup {
    /// An object of four parts and a bit, and the same as a file.
    async fn new() -> Self {
        let cloud = cloud::start().await;
        let client = cloud.client();
        let folder = tempfile::tempdir().unwrap();
        let bytes: Vec<u8> = (0..4 * PART + 17).map(|at| (at % 241) as u8).collect();
        std::fs::write(folder.path().join("file"), &bytes).unwrap();
        let put = client.put_object(BUCKET, "big", bytes.clone());
        put.send().await.unwrap();
        cloud.0.requests().clear();
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

    fn fault(&self, fault: Fault, operation: &'static str) {
        self.cloud.0.faults().clear();
        self.cloud
            .0
            .faults()
            .add(Rule::new(fault).operation(operation));
    }

    fn count(&self, operation: &str) -> usize {
        let counts = self.cloud.0.requests().by_operation();
        counts.get(operation).copied().unwrap_or_default()
    }

    async fn get(&self) -> alibaba_oss::Result<(Bytes, Option<Verdict>)> {
        let mut body = self.client.get_object(BUCKET, "big").send().await?.body;
        let mut found = Vec::new();
        while let Some(frame) = body.next().await {
            found.extend_from_slice(&frame?);
        }
        Ok((found.into(), body.verdict()))
    }

    fn upload(&self) -> alibaba_oss::transfer::Upload {
        let upload = self.client.upload_file(BUCKET, "big", self.path("file"));
        upload.part_size(PART as u64)
    }

    fn download(&self) -> alibaba_oss::transfer::Download {
        let download = self.client.download(BUCKET, "big", self.path("copy"));
        download.part_size(PART as u64)
    }
}

#[tokio::test]
async fn every_kind_of_transfer_says_whether_its_bytes_were_compared() {
    let setup = Setup::new().await;
    let (bytes, verdict) = setup.get().await.unwrap();
    assert_eq!((verdict, &*bytes), (Some(Verdict::Verified), &*setup.bytes));
    let range = setup.client.get_object(BUCKET, "big").range(5..50);
    let mut body = range.send().await.unwrap().body;
    assert_eq!(body.verdict(), None, "not before the end");
    while body.next().await.is_some() {}
    assert_eq!(body.verdict(), Some(Verdict::NotAvailable));

    // An object may have no CRC-64; that is not wrong, and not hidden.
    setup.fault(Fault::NoCrc, "GetObject");
    let (bytes, verdict) = setup.get().await.unwrap();
    assert_eq!(
        (verdict, &*bytes),
        (Some(Verdict::NotAvailable), &*setup.bytes)
    );
    setup.fault(Fault::NoCrc, "HeadObject");
    let file = setup.download().send().await.unwrap();
    assert_eq!(file.verdict, Verdict::NotAvailable);
    assert_eq!(std::fs::read(setup.path("copy")).unwrap(), setup.bytes);
    setup.fault(Fault::NoCrc, "PutObject");
    let put = setup.client.put_object(BUCKET, "small", "x");
    assert_eq!(put.send().await.unwrap().verdict, Verdict::NotAvailable);
    setup.fault(Fault::NoCrc, "CompleteMultipartUpload");
    let uploaded = setup.upload().send().await.unwrap();
    assert_eq!(uploaded.verdict, Verdict::NotAvailable);
    setup.cloud.0.faults().clear();
    assert_eq!(
        setup.upload().send().await.unwrap().verdict,
        Verdict::Verified
    );
    assert_eq!(
        setup.download().send().await.unwrap().verdict,
        Verdict::Verified
    );
}

#[tokio::test]
async fn a_mismatch_is_repeated_and_then_fails_and_takes_nothing_with_it() {
    let setup = Setup::new().await;
    for (operation, times) in [("UploadPart", 5), ("CompleteMultipartUpload", 1)] {
        setup.fault(Fault::WrongCrc, operation);
        setup.cloud.0.requests().clear();
        let error = setup.upload().concurrency(1).send().await.unwrap_err();
        assert_eq!(error.verdict(), Some(Verdict::Mismatch), "{error}");
        assert_eq!(error.kind(), ErrorKind::Integrity);
        if operation == "UploadPart" {
            assert!(setup.count(operation) > 1, "one attempt is not enough");
        }
        assert!(setup.count(operation) <= times);
        assert_eq!(setup.count("DeleteObject"), 0);
    }
    setup.cloud.0.faults().clear();
    assert_eq!(setup.get().await.unwrap().0, setup.bytes);

    setup.fault(Fault::CorruptBody, "GetObject");
    let error = setup.get().await.unwrap_err();
    assert_eq!(error.verdict(), Some(Verdict::Mismatch), "{error}");
    let body = setup.client.get_object(BUCKET, "big").send().await.unwrap();
    std::fs::write(setup.path("copy"), "old").unwrap();
    let error = body.body.to_file(setup.path("copy")).await.unwrap_err();
    assert_eq!(error.verdict(), Some(Verdict::Mismatch), "{error}");
    assert_eq!(std::fs::read(setup.path("copy")).unwrap(), b"old");
    let names = std::fs::read_dir(setup.folder.path()).unwrap().count();
    assert_eq!(names, 2, "the file and the old copy");
}

#[tokio::test]
async fn bytes_that_are_missing_are_fetched_or_found_out() {
    let setup = Setup::new().await;
    // The response says that there are only so many: for a whole object nothing but the CRC-64 knows.
    setup.fault(Fault::TruncateBody(1000), "GetObject");
    let error = setup.get().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Integrity, "{error}");

    // A range says itself how long it is, so the rest is asked for.
    setup.cloud.0.faults().clear();
    for skip in 0..3 {
        let short = Rule::new(Fault::TruncateBody(1000)).operation("GetObject");
        setup.cloud.0.faults().add(short.skip(skip).times(1));
    }
    let file = setup.download().concurrency(2).send().await.unwrap();
    assert_eq!(file.verdict, Verdict::Verified);
    assert_eq!(std::fs::read(setup.path("copy")).unwrap(), setup.bytes);

    // What did not get there is sent again.
    setup.cloud.0.faults().clear();
    for fault in [
        Fault::ResetUpload(50_000),
        Fault::Throttle {
            status: 503,
            code: "TotalQpsLimitExceeded",
            wait: Duration::from_millis(2),
        },
    ] {
        let rule = Rule::new(fault).operation("UploadPart");
        setup.cloud.0.faults().add(rule.skip(1).times(1));
    }
    let uploaded = setup.upload().concurrency(1).send().await.unwrap();
    assert_eq!(uploaded.verdict, Verdict::Verified);
}

#[tokio::test]
async fn a_stream_is_read_no_further_than_its_parts_may_hold() {
    let setup = Setup::new().await;
    let hang = Fault::Delay(Duration::from_secs(600));
    setup.fault(hang, "UploadPart");
    const FRAME: usize = 10_000;
    let read = Arc::new(AtomicUsize::new(0));
    let counted = read.clone();
    let endless = stream::repeat_with(move || {
        counted.fetch_add(FRAME, Ordering::SeqCst);
        Ok(Bytes::from(vec![1; FRAME]))
    });
    let upload = setup.client.upload_stream(BUCKET, "stream", endless);
    let upload = upload.part_size(PART as u64).concurrency(2);
    let upload = tokio::spawn(upload.send());
    while setup.count("UploadPart") < 2 {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    // Two parts are on their way and do not arrive; a third may be filled, and no more.
    let bound = 3 * PART + FRAME;
    for _ in 0..50 {
        tokio::time::sleep(Duration::from_millis(2)).await;
        let held = read.load(Ordering::SeqCst);
        assert!(held <= bound, "{held} bytes are held");
    }
    assert!(read.load(Ordering::SeqCst) > 2 * PART);
    assert_eq!(setup.count("UploadPart"), 2);
    upload.abort();
}
