//! What OSS refuses, in the words of its SDKs' own tests and its documents: which kind of error each
//! code is, what is said to do about it, and how long is waited.

use std::sync::Arc;
use std::time::Duration;

use alibaba_core::clock::ManualClock;
use alibaba_core::credentials::StaticProvider;
use alibaba_core::retry::{FixedJitter, RetryPolicy};
use alibaba_core::{Credentials, Region};
use alibaba_oss::{Client, Error, ErrorKind};
use proptest::prelude::*;

use crate::cloud::{BUCKET, ID, SECRET, context};
use crate::recorded::{Recorded, case, message, play};

/// A refusal, with the error class in head and body as OSS does it.
fn refusal(status: u16, code: &str, ec: &str, words: &str) -> Vec<u8> {
    let (header, element) = match ec {
        "" => (String::new(), String::new()),
        ec => (format!("x-oss-ec: {ec}\n"), format!("<EC>{ec}</EC>")),
    };
    message(&format!(
        "HTTP/1.1 {status} X\nx-oss-request-id: R1\n{header}Content-Type: application/xml\n\n\
         <?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>{words}</Message>\
         <RequestId>R1</RequestId>{element}</Error>"
    ))
}

/// The response with a word that the connection ends: one that is tried again in vain costs an attempt.
fn last(response: &[u8]) -> Vec<u8> {
    let text = String::from_utf8(response.to_vec()).unwrap();
    text.replacen("\r\n", "\r\nConnection: close\r\n", 1)
        .into_bytes()
}

async fn put(client: &Client) -> Error {
    let put = client.put_object(BUCKET, "a", "x");
    put.send().await.expect_err("a refusal")
}

/// A client that waits on a clock of its own.
fn patient(server: &Recorded) -> (Client, ManualClock) {
    let clock = ManualClock::at("2026-01-15T08:30:00Z".parse().unwrap());
    let mut context = context().with_clock(Arc::new(clock.clone()));
    context.jitter = Arc::new(FixedJitter(0.0));
    let credentials = Arc::new(StaticProvider::new(Credentials::new(ID, SECRET)).unwrap());
    let client = Client::builder(&context, Region::CN_HANGZHOU, credentials)
        .with_endpoint(server.endpoint())
        .with_retry(RetryPolicy::default().with_base_delay(Duration::from_millis(1)))
        .build()
        .unwrap();
    (client, clock)
}

#[tokio::test]
async fn every_known_refusal_is_of_the_kind_that_its_code_means() {
    let table = include_str!("../cases/refusals.tsv");
    for line in table.lines().filter(|line| !line.starts_with('#')) {
        let [status, code, ec, _source] = line.split('\t').collect::<Vec<_>>()[..] else {
            panic!("four columns: {line:?}");
        };
        let expected = match (status, code, ec) {
            ("503", "ServiceUnavailable", _) => ErrorKind::Service,
            ("429" | "503", ..) => ErrorKind::Throttled,
            (_, "RequestTimeTooSkewed", _) => ErrorKind::ClockSkew,
            (
                _,
                "InvalidAccessKeyId"
                | "AccessKeyIdAndSecurityTokenNotMatch"
                | "InvalidSecurityToken"
                | "SecurityTokenExpired"
                | "SignatureDoesNotMatch",
                _,
            )
            | (_, _, "0002-00000226") => ErrorKind::Credentials,
            (_, "InvalidArgument", _) => ErrorKind::Refused,
            (_, "InvalidObjectState", _) => ErrorKind::Archived,
            (_, "FileAlreadyExists", _) => ErrorKind::AlreadyExists,
            ("203", ..) => ErrorKind::Response,
            ("400" | "405" | "411", ..) => ErrorKind::Refused,
            ("403", ..) => ErrorKind::Denied,
            ("404", ..) => ErrorKind::NotFound,
            ("409", ..) => ErrorKind::Conflict,
            ("412", ..) => ErrorKind::Precondition,
            ("416", ..) => ErrorKind::RangeNotSatisfiable,
            ("500" | "501", ..) => ErrorKind::Service,
            _ => panic!("no expectation for {line:?}"),
        };
        let response = refusal(status.parse().unwrap(), code, ec, "no");
        let server = play(vec![response], true).await;
        let error = put(&patient(&server).0).await;
        assert_eq!(error.kind(), expected, "{line}: {error}");
        assert_eq!(error.service_code(), Some(code), "{line}: {error}");
        let is_told_a_right = error.to_string().contains("RAM policy");
        assert_eq!(is_told_a_right, code == "AccessDenied", "{line}: {error}");
    }
}

#[tokio::test]
async fn the_refusals_that_people_meet_first_say_what_to_do() {
    let region = "Invalid signing region in Authorization header.";
    for (response, kind, remedy) in [
        (
            case("wrong-region/response").remove(0),
            ErrorKind::Credentials,
            "check the region, it must be the one that the bucket lies in",
        ),
        // The class or the words alone tell, since either may change.
        (
            refusal(400, "InvalidArgument", "0002-00000228", ""),
            ErrorKind::Credentials,
            "check the region",
        ),
        (
            refusal(400, "InvalidArgument", "", region),
            ErrorKind::Credentials,
            "check the region",
        ),
        (
            refusal(
                400,
                "InvalidBucketName",
                "",
                "The specified bucket is not valid.",
            ),
            ErrorKind::Refused,
            "check the bucket's name, and that the endpoint does not begin with it",
        ),
        (
            refusal(400, "PublicEndpointForbidden", "0048-00000401", ""),
            ErrorKind::Refused,
            "`OssEndpoint::internal`",
        ),
        (
            refusal(403, "SecondLevelDomainForbidden", "", ""),
            ErrorKind::Denied,
            "`UrlStyle::VirtualHost`",
        ),
        (
            refusal(403, "InvalidArgument", "0002-00000080", ""),
            ErrorKind::Refused,
            "sign with version 4",
        ),
        (
            refusal(
                400,
                "InvalidArgument",
                "",
                "Authorization header is invalid.",
            ),
            ErrorKind::Refused,
            "sign with version 1",
        ),
        (
            refusal(403, "UserDisable", "0003-00000801", "UserDisable"),
            ErrorKind::Denied,
            "suspended or in debt",
        ),
        (
            refusal(403, "InvalidAccessKeyId", "0002-00000904", ""),
            ErrorKind::Credentials,
            "check the AccessKey id",
        ),
    ] {
        let server = play(vec![response], true).await;
        let error = put(&patient(&server).0).await;
        assert!(error.to_string().contains(remedy), "{error}");
        assert_eq!(error.kind(), kind, "{error}");
        assert!(
            error.host().is_some() && error.request_id().is_some(),
            "{error}"
        );
        assert_eq!(server.requests().len(), 1, "asked again in vain: {error}");
    }
}

#[tokio::test]
async fn a_throttled_call_waits_as_long_as_it_is_told() {
    // Attempts of a call are three.
    let mut partition = case("partition-qps/response");
    let partition = partition.remove(0);
    let head = "HTTP/1.1 503 Service Unavailable\nDate: Thu, 15 Jan 2026 09:30:00 GMT\n";
    let busy = |wait: &str| {
        message(&format!(
            "{head}{wait}\n\n<Error><Code>ServiceUnavailable</Code></Error>"
        ))
    };
    for (response, kind, wait) in [
        (partition, ErrorKind::Throttled, 800),
        (busy("x-oss-qos-delay-time: 40"), ErrorKind::Service, 40),
        (busy("Retry-After: 2"), ErrorKind::Service, 2000),
        (
            busy("Retry-After: Thu, 15 Jan 2026 09:30:07 GMT"),
            ErrorKind::Service,
            7000,
        ),
        (
            message("HTTP/1.1 429 Too Many Requests\nRetry-After: 3\n\nslow down"),
            ErrorKind::Throttled,
            3000,
        ),
        // Not of OSS, and no word of throttling: a wait is a wait.
        (
            message("HTTP/1.1 500 Internal Server Error\nRetry-After: 1\n\n<html>"),
            ErrorKind::Service,
            1000,
        ),
    ] {
        let server = play(vec![last(&response)], true).await;
        let (client, clock) = patient(&server);
        let error = put(&client).await;
        assert_eq!(error.kind(), kind, "{error}");
        assert_eq!(clock.slept(), [Duration::from_millis(wait); 2], "{error}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 48,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    /// Whatever says how long to wait, no repetition comes sooner, and none comes where that is longer
    /// than a call may take.
    #[test]
    fn no_repetition_comes_before_the_wait_that_was_asked_for(
        status in prop::sample::select(&[429_u16, 500, 502, 503, 504][..]),
        code in prop::sample::select(&["PartitionQpsLimitted", "InternalError", "SlowDown", ""][..]),
        wait in 0_u64..200_000,
        in_seconds in any::<bool>(),
    ) {
        let (header, wait) = match in_seconds {
            true => (format!("Retry-After: {}", wait / 1000), wait / 1000 * 1000),
            false => (format!("x-oss-qos-delay-time: {wait}"), wait),
        };
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let (slept, asked, error) = runtime.block_on(async {
            let response = message(&format!(
                "HTTP/1.1 {status} X\nx-oss-request-id: R1\n{header}\n\n<Error><Code>{code}</Code></Error>"
            ));
            let server = play(vec![last(&response)], true).await;
            let (client, clock) = patient(&server);
            let error = put(&client).await;
            // A connection that was closed meanwhile is another matter, and brings no request.
            let requests = server.requests();
            let asked = requests.iter().filter(|head| head.starts_with("put ")).count();
            (clock.slept(), asked, error)
        });
        let wait = Duration::from_millis(wait);
        prop_assert!(slept.iter().all(|slept| *slept >= wait), "{slept:?} {error}");
        // A repetition at once is one that did not wait.
        prop_assert!(wait.is_zero() || slept.len() + 1 >= asked, "{slept:?} {asked} {error}");
        let total: Duration = slept.iter().sum();
        prop_assert!(total <= RetryPolicy::default().max_elapsed, "{slept:?}");
    }
}

#[tokio::test]
async fn the_wrong_scheme_is_named() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    // An alert, which is what servers with TLS send to who does not speak it (RFC 8446, 6), and a page,
    // which is what those without send to who does.
    let alert = b"\x15\x03\x03\x00\x02\x02\x46".to_vec();
    let page = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n".to_vec();
    for (scheme, response, remedy) in [
        ("http", alert, "give the endpoint as `https://`"),
        ("https", page, "does not speak TLS"),
    ] {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut begun = [0; 16];
                let _ = stream.read_exact(&mut begun).await;
                let _ = stream.write_all(&response).await;
                let _ = stream.shutdown().await;
                // Whatever else comes, so that nothing is reset before it was read.
                let _ = stream.read_to_end(&mut Vec::new()).await;
            }
        });
        let credentials = Arc::new(StaticProvider::new(Credentials::new(ID, SECRET)).unwrap());
        let client = Client::builder(&context(), Region::CN_HANGZHOU, credentials)
            .with_endpoint(format!("{scheme}://{address}").parse().unwrap())
            .with_retry(RetryPolicy::never())
            .build()
            .unwrap();
        let error = put(&client).await;
        assert_eq!(error.kind(), ErrorKind::Connection, "{error}");
        assert!(error.to_string().contains(remedy), "{scheme}: {error:?}");
    }
}
