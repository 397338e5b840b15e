//! Breaking on demand, and what is spared in benchmarks.

use std::time::Duration;

use crate::raw::{Raw, start, start_with};
use alibaba_local::{Fault, LocalCloud, Rule};
use bytes::Bytes;

/// A server with a fault for the next request of this operation.
async fn broken(operation: &'static str, fault: Fault) -> Raw {
    let raw = start().await;
    raw.put("k", &"0123456789".repeat(1000)).await;
    raw.cloud
        .faults()
        .add(Rule::new(fault).operation(operation).times(1));
    raw
}

#[tokio::test]
async fn connections_break_before_amid_and_after() {
    let raw = broken("PutObject", Fault::Refuse).await;
    assert!(raw.object("PUT", "new").body("x").try_send().await.is_err());
    raw.object("GET", "new").fails(404, "NoSuchKey").await;

    let raw = broken("PutObject", Fault::ResetUpload(3)).await;
    assert!(
        raw.object("PUT", "new")
            .body("12345")
            .try_send()
            .await
            .is_err()
    );
    raw.object("GET", "new").fails(404, "NoSuchKey").await;

    let raw = broken("PutObject", Fault::LoseReply).await;
    assert!(raw.object("PUT", "new").body("x").try_send().await.is_err());
    assert_eq!(raw.get("new").await, "x", "it was carried out");

    let raw = broken("GetObject", Fault::ResetBody(5000)).await;
    assert!(raw.object("GET", "k").try_send().await.is_err());
    assert_eq!(raw.get("k").await.len(), 10_000, "once only");
}

#[tokio::test]
async fn bodies_come_short_altered_or_slowly() {
    let raw = broken("GetObject", Fault::TruncateBody(4321)).await;
    let short = raw.object("GET", "k").ok().await;
    assert_eq!(short.body.len(), 4321);
    assert_eq!(
        short.header("content-length"),
        "4321",
        "HTTP sees nothing wrong"
    );
    let whole = raw.object("GET", "k").ok().await;
    assert_eq!(
        short.header("x-oss-hash-crc64ecma"),
        whole.header("x-oss-hash-crc64ecma")
    );

    let raw = broken("GetObject", Fault::CorruptBody).await;
    let altered = raw.object("GET", "k").ok().await;
    let differing = altered
        .body
        .iter()
        .zip("0123456789".repeat(1000).bytes())
        .filter(|(a, b)| **a != *b)
        .count();
    assert_eq!((altered.body.len(), differing), (10_000, 1));

    let slow = Fault::SlowBody {
        piece: 3000,
        pause: Duration::from_millis(1),
    };
    let raw = broken("GetObject", slow).await;
    assert_eq!(raw.get("k").await, "0123456789".repeat(1000));

    let raw = broken("GetObject", Fault::NoCrc).await;
    assert_eq!(
        raw.object("GET", "k")
            .ok()
            .await
            .header("x-oss-hash-crc64ecma"),
        ""
    );
    let raw = broken("PutObject", Fault::WrongCrc).await;
    assert_eq!(
        raw.put("new", "123456789")
            .await
            .header("x-oss-hash-crc64ecma"),
        "1"
    );
}

#[tokio::test]
async fn a_busy_server_says_when_to_come_back() {
    let busy = Fault::Throttle {
        status: 503,
        code: "TotalQpsLimitExceeded",
        wait: Duration::from_millis(1500),
    };
    let raw = broken("HeadObject", busy).await;
    let told = raw
        .object("HEAD", "k")
        .fails(503, "TotalQpsLimitExceeded")
        .await;
    assert_eq!(told.header("x-oss-qos-delay-time"), "1500");
    assert_eq!(told.header("retry-after"), "1");
    raw.object("HEAD", "k").ok().await;
    let raw = broken("GetObject", Fault::Status(500, "InternalError")).await;
    raw.object("GET", "k").fails(500, "InternalError").await;
}

#[tokio::test]
async fn a_clock_can_be_wrong_for_one_request() {
    let raw = broken("GetObject", Fault::SkewClock(3600)).await;
    let refused = raw
        .object("GET", "k")
        .fails(403, "RequestTimeTooSkewed")
        .await;
    let date = chrono::DateTime::parse_from_rfc2822(&refused.header("date")).unwrap();
    let ahead = date.signed_duration_since(raw.now()).num_minutes();
    assert!((58..=60).contains(&ahead), "{ahead}");
    raw.object("GET", "k").ok().await;
}

#[tokio::test]
async fn known_bodies_are_taken_without_a_look() {
    let block = Bytes::from_static(b"123456789");
    let raw = start_with(LocalCloud::builder().skip_md5().known_body(block, 3)).await;
    let crc = crc_fast::checksum(crc_fast::CrcAlgorithm::Crc64Xz, &b"123456789".repeat(3));
    let put = raw.put("known", "anything of this length....").await;
    assert_eq!(put.header("x-oss-hash-crc64ecma"), crc.to_string());
    assert_eq!(raw.get("known").await, "123456789".repeat(3));
    let part = raw
        .object("GET", "known")
        .header("range", "bytes=7-10")
        .ok()
        .await;
    assert_eq!(part.text(), "8912");
    // Any other body is what it is, and a digest is still checked against it.
    let put = raw.put("other", "123456789").await;
    assert_eq!(put.header("x-oss-hash-crc64ecma"), "11051210869376104954");
    assert_eq!(raw.get("other").await, "123456789");
    raw.object("PUT", "other")
        .header("content-md5", "XrY7u+Ae7tCTyyK7j1rNww==")
        .body("anything of this length....")
        .fails(400, "InvalidDigest")
        .await;
}
