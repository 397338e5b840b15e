//! Whatever a server sends, to whatever call: no panic, and no success but OSS's.

use alibaba_oss::Operation;
use proptest::prelude::*;

use crate::calls::send;
use crate::cloud::BUCKET;
use crate::recorded::play;

const STATUSES: [u16; 12] = [200, 201, 202, 203, 204, 206, 301, 403, 404, 412, 500, 503];

const HEADERS: [&str; 14] = [
    "x-oss-request-id: R1",
    "ETag: \"A\"",
    "ETag: W/\"A\"",
    "x-oss-hash-crc64ecma: 11177612005948864433",
    "x-oss-hash-crc64ecma: no number",
    "Content-Range: bytes 0-4/5",
    "Content-Range: bytes 4-0/5",
    "Content-Range: bytes 0-18446744073709551615/5",
    "Last-Modified: yesterday",
    "x-oss-next-append-position: 5",
    "x-oss-worm-id: W1",
    "x-oss-symlink-target: %E4",
    "x-oss-err: !!!",
    "Retry-After: 0",
];

const BODIES: [&str; 9] = [
    "",
    "hello",
    "<html><body>Please log in</body></html>",
    "<Error><Code>InternalError</Code></Error>",
    "<Error><Code>AccessDenied</Code><Message>\u{1}</Message>",
    "<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>",
    "<ListBucketResult><EncodingType>url</EncodingType><Contents><Key>%zz</Key><Size>-1</Size>",
    "<CompleteMultipartUploadResult/>",
    "\u{feff}<?xml version=\"1.0\"?><CopyObjectResult><ETag>\"A\"</ETag></CopyObjectResult>",
];

/// What only OSS sends.
const SIGNS: [&str; 4] = [
    "x-oss-request-id",
    "ETag",
    "x-oss-hash-crc64ecma",
    "x-oss-err",
];

fn response() -> impl Strategy<Value = (u16, Vec<&'static str>, &'static str, bool)> {
    (
        prop::sample::select(&STATUSES[..]),
        prop::sample::subsequence(&HEADERS[..], 0..4),
        prop::sample::select(&BODIES[..]),
        any::<bool>(),
    )
}

#[test]
fn any_response_to_any_call_is_an_error_unless_it_is_osss() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let operations: Vec<_> = Operation::ALL
        .iter()
        .filter(|operation| operation.name() != "PostObject")
        .collect();
    let case = (prop::sample::select(operations), any::<bool>(), response());
    let config = ProptestConfig {
        cases: 400,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    proptest!(config, |((operation, versioned, (status, headers, body, cut)) in case)| {
        let lines: String = headers.iter().map(|line| format!("{line}\r\n")).collect();
        // A body that is cut ends before the length that was announced.
        let len = body.len() + usize::from(cut);
        let head = format!("HTTP/1.1 {status} X\r\n{lines}Content-Length: {len}\r\n\r\n");
        let called = runtime.block_on(async {
            let server = play(vec![format!("{head}{body}").into_bytes()], true).await;
            let client = server.client();
            send(&client, BUCKET, operation, versioned).await
        });
        let is_signed = headers.iter().any(|line| SIGNS.iter().any(|sign| line.starts_with(sign)));
        let is_document = body.contains("Result");
        // A setting that was never made is no failure to read.
        let is_unset = status == 404 && body.starts_with("<Error>");
        if called.is_ok() && !is_unset {
            prop_assert!(is_signed || is_document, "{} took {head}{body}", operation.name());
            prop_assert!([200, 202, 204, 206].contains(&status), "{}", operation.name());
        }
    });
}
