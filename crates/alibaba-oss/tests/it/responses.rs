//! What is taken for OSS's word, and what is not: every response is held against the request.

use alibaba_oss::{ErrorKind, OssStore, Verdict};
use bytes::Bytes;
use futures::StreamExt as _;
use object_store::path::Path;
use object_store::{Attribute, ObjectStore, ObjectStoreExt, PutOptions};

use crate::cloud::{self, BUCKET};
use crate::recorded::{case, message, play};

#[tokio::test]
async fn another_range_than_the_one_asked_for_is_an_error() {
    let head = "HTTP/1.1 206 Partial Content\nETag: \"A\"\n";
    let mut wrong = case("other-range/response-a");
    for text in [
        "Content-Range: bytes 0-9/10\nContent-Length: 10\n\n0123456789",
        "Content-Range: bytes 7-2/10\nContent-Length: 5\n\n56789",
        "Content-Range: bytes 2-7/5\nContent-Length: 6\n\n234567",
        "Content-Range: bytes 2-7/10\nContent-Length: 5\n\n23456",
        "Content-Range: bytes 2-18446744073709551615/10\nContent-Length: 6\n\n234567",
        "Content-Length: 6\n\n234567",
    ] {
        wrong.push(message(&format!("{head}{text}")));
    }
    for response in wrong {
        let shown = String::from_utf8_lossy(&response).into_owned();
        let server = play(vec![response], true).await;
        let get = server.client().get_object(BUCKET, "k").range(2..8);
        let got = async { get.send().await?.body.collect().await };
        let error = got.await.expect_err(&shown);
        assert_eq!(error.kind(), ErrorKind::Response, "{error}\n{shown}");
        let store = OssStore::new(server.client(), BUCKET);
        let got = store.get_range(&Path::from("k"), 2..8).await;
        assert!(got.is_err(), "{got:?}\n{shown}");
    }
}

#[tokio::test]
async fn a_read_goes_on_with_the_bytes_that_are_missing_and_no_others() {
    let ranged = case("other-range/resume");
    assert_eq!(ranged.len(), 2);
    // The same of a whole object, which has no CRC-64 that would tell.
    let whole = message("HTTP/1.1 200 OK\nETag: \"A\"\nContent-Length: 10\n\n01234");
    let from_the_beginning =
        message("HTTP/1.1 206 Partial Content\nETag: \"A\"\nContent-Range: bytes 0-4/10\n\n01234");
    // And of another object, from a server that does not look at `If-Match`.
    let head = "HTTP/1.1 200 OK\nETag: \"A\"\nx-oss-request-id: R1\nContent-Length: 10\n\n01234";
    let of_another = message(
        "HTTP/1.1 206 Partial Content\nETag: \"B\"\nx-oss-request-id: R2\n\
            Content-Range: bytes 5-9/10\n\n56789",
    );
    let server = play(vec![message(head), of_another], true).await;
    let object = server.client().get_object(BUCKET, "k").send().await;
    let error = object.unwrap().body.collect().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Integrity, "{error}");
    assert_eq!(error.request_id(), Some("R2"), "{error}");
    assert!(error.host().is_some(), "{error}");

    for (responses, range) in [
        (ranged, Some(0..8)),
        (vec![whole, from_the_beginning], None),
    ] {
        let server = play(responses, true).await;
        let mut get = server.client().get_object(BUCKET, "k");
        if let Some(range) = range {
            get = get.range(range);
        }
        let error = get.send().await.unwrap().body.collect().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Response, "{error}");
        assert!(server.requests()[1].contains("range: bytes="), "{error}");
    }
}

#[tokio::test]
async fn a_page_of_somebody_else_is_no_success() {
    let server = play(case("not-oss/response-200"), true).await;
    let client = server.client();
    let store = OssStore::new(client.clone(), BUCKET);
    let path = Path::from("k");
    let key = "k";
    let errors = [
        client
            .put_object(BUCKET, key, "x")
            .send()
            .await
            .unwrap_err(),
        client.delete_object(BUCKET, key).send().await.unwrap_err(),
        client.head_object(BUCKET, key).await.unwrap_err(),
        client.object_meta(BUCKET, key).await.unwrap_err(),
        client.get_object(BUCKET, key).send().await.unwrap_err(),
        client
            .put_symlink(BUCKET, key, "x")
            .send()
            .await
            .unwrap_err(),
        client.restore_object(BUCKET, key).send().await.unwrap_err(),
        client
            .append_object(BUCKET, key, 0, "x")
            .send()
            .await
            .unwrap_err(),
        client
            .object_tagging(BUCKET, key)
            .delete()
            .await
            .unwrap_err(),
        client.abort_upload(BUCKET, key, "id").await.unwrap_err(),
        client.delete_bucket(BUCKET).await.unwrap_err(),
        client.complete_bucket_worm(BUCKET, "id").await.unwrap_err(),
        client.initiate_bucket_worm(BUCKET, 1).await.unwrap_err(),
        client.list_objects(BUCKET).send().await.unwrap_err(),
        client
            .initiate_upload(BUCKET, key)
            .send()
            .await
            .unwrap_err(),
        client
            .upload_part(BUCKET, key, "id", 1, "x")
            .send()
            .await
            .unwrap_err(),
    ];
    for error in errors {
        assert_eq!(error.kind(), ErrorKind::Response, "{error}");
        assert!(!error.is_retryable(), "{error}");
        assert!(
            error
                .host()
                .is_some_and(|host| host.starts_with("127.0.0.1"))
        );
    }
    assert!(store.put(&path, "x".into()).await.is_err());
    assert!(store.head(&path).await.is_err());
}

#[tokio::test]
async fn a_refusal_by_somebody_else_is_told_from_one_by_oss() {
    let server = play(case("not-oss/response-403"), true).await;
    let error = server.client().put_object(BUCKET, "k", "x");
    let error = error.send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Response);
    let text = error.to_string();
    assert!(!text.contains("RAM"), "{text}");
    for fact in ["403", "blocked by policy", "squid/5.7", "host 127.0.0.1"] {
        assert!(text.contains(fact), "{fact} in {text}");
    }

    let page = "HTTP/1.1 404 Not Found\nServer: nginx\n\n<html>no such page</html>";
    let server = play(vec![message(page)], true).await;
    let store = OssStore::new(server.client(), BUCKET);
    for error in [
        store.head(&Path::from("k")).await.unwrap_err(),
        store.get(&Path::from("k")).await.unwrap_err(),
    ] {
        assert!(
            !matches!(error, object_store::Error::NotFound { .. }),
            "{error}"
        );
    }
}

#[tokio::test]
async fn a_callback_that_failed_is_an_error_and_none_is_asked_for() {
    let server = play(case("callback-203/response"), true).await;
    let client = server.client();
    let error = client
        .put_object(BUCKET, "k", "hello")
        .send()
        .await
        .unwrap_err();
    assert_eq!(error.service_code(), Some("CallbackFailed"), "{error}");
    assert_eq!(error.request_id(), Some("R203"));
    assert_eq!(error.ec(), Some("0007-00000205"));
    let asked = server.requests().len();
    let callback = client.put_object(BUCKET, "k", "hello");
    let error = callback
        .header("X-Oss-Callback", "e30=")
        .send()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
    assert_eq!(server.requests().len(), asked, "nothing was sent");
}

#[tokio::test]
async fn an_error_in_a_success_is_that_error_and_repeated_as_it() {
    let failed = case("error-in-200/response").remove(0);
    let server = play(vec![failed.clone()], true).await;
    let client = server.client();
    let errors = [
        client.list_objects(BUCKET).send().await.unwrap_err(),
        client
            .complete_upload(BUCKET, "k", "id", [])
            .send()
            .await
            .unwrap_err(),
        client
            .copy_object((BUCKET, "a"), (BUCKET, "b"))
            .send()
            .await
            .unwrap_err(),
        client.bucket_lifecycle(BUCKET).await.unwrap_err(),
    ];
    for error in errors {
        assert_eq!(error.kind(), ErrorKind::Service, "{error}");
        assert_eq!(error.service_code(), Some("InternalError"));
        assert_eq!(error.request_id(), Some("RBODY"));
        assert_eq!(error.attempts(), 3);
    }
    let page = "HTTP/1.1 200 OK\nx-oss-request-id: R2\n\n\
        <ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>";
    let server = play(vec![failed, message(page)], true).await;
    server.client().list_objects(BUCKET).send().await.unwrap();
    assert_eq!(server.requests().len(), 2);
}

#[tokio::test]
async fn a_range_of_nothing_is_refused_before_anything_is_sent() {
    let cloud = cloud::start().await;
    let client = cloud.client();
    for (key, text) in [("ten", "0123456789"), ("none", "")] {
        client.put_object(BUCKET, key, text).send().await.unwrap();
        cloud.0.requests().clear();
        let get = || client.get_object(BUCKET, key);
        #[expect(clippy::reversed_empty_ranges, reason = "what is tested")]
        for get in [
            get().range(0..0),
            get().range(5..5),
            get().range(8..3),
            get().suffix(0),
        ] {
            let error = get.send().await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Configuration, "{error}");
        }
        assert_eq!(cloud.0.requests().len(), 0);
    }
}

#[tokio::test]
async fn metadata_is_read_back_in_the_letters_it_was_given_in() {
    let (name, disposition) = ("屏幕快照 2026.png", "attachment; filename=\"报告.pdf\"");
    let cloud = cloud::start().await;
    let client = cloud.client();
    let put = client.put_object(BUCKET, "m", "x").metadata("name", name);
    put.content_disposition(disposition).send().await.unwrap();
    let info = client.head_object(BUCKET, "m").await.unwrap();
    assert_eq!(info.metadata("name"), Some(name));
    assert_eq!(info.all_metadata().collect::<Vec<_>>(), [("name", name)]);

    let store = cloud.store();
    let mut options = PutOptions::default();
    for (attribute, value) in [
        (Attribute::Metadata("name".into()), name),
        (Attribute::ContentDisposition, disposition),
    ] {
        options.attributes.insert(attribute, value.into());
    }
    let attributes = options.attributes.clone();
    let path = Path::from("n");
    store.put_opts(&path, "x".into(), options).await.unwrap();
    let mut read = store.get(&path).await.unwrap().attributes;
    read.remove(&Attribute::ContentType);
    assert_eq!(read, attributes);
}

#[tokio::test]
async fn a_refusal_that_comes_before_the_body_was_sent_is_what_the_caller_sees() {
    let denied = "HTTP/1.1 403 Forbidden\nContent-Type: application/xml\nConnection: close\n\n\
        <?xml version=\"1.0\"?><Error><Code>AccessDenied</Code><Message>no</Message></Error>";
    let too_large = "HTTP/1.1 413 Content Too Large\nServer: proxy\nConnection: close\n\n<html/>";
    for (response, kind) in [
        (denied, ErrorKind::Denied),
        (too_large, ErrorKind::Response),
    ] {
        for mib in [1, 8, 32] {
            let server = play(vec![message(response)], false).await;
            let body = Bytes::from(vec![7; mib << 20]);
            let put = server.client().put_object(BUCKET, "k", body);
            let error = put.send().await.unwrap_err();
            assert_eq!(error.kind(), kind, "{mib} MiB: {error:?}");
            assert!(!error.is_retryable(), "{error}");
            assert_eq!(server.requests().len(), 1, "{mib} MiB: {error}");
        }
    }
}

/// The CRC-64 of `hello`.
const CRC: u64 = 11_177_612_005_948_864_433;

#[tokio::test]
async fn an_object_without_a_length_ends_where_its_framing_says() {
    let server = play(case("behind-a-cdn/get"), true).await;
    let object = server
        .client()
        .get_object(BUCKET, "k")
        .send()
        .await
        .unwrap();
    assert_eq!((object.info.size, object.body.size()), (None, None));
    assert_eq!(object.body.collect().await.unwrap(), "hello");

    let chunked = |crc: u64, body: &str| {
        let head = format!("HTTP/1.1 200 OK\nETag: \"A\"\nx-oss-hash-crc64ecma: {crc}");
        message(&format!("{head}\nTransfer-Encoding: chunked\n\n{body}"))
    };
    let until_the_end = b"HTTP/1.1 200 OK\r\nETag: \"A\"\r\n\r\nhello".to_vec();
    let mut cut = chunked(CRC, "5\nhello\n0\n");
    cut.truncate(cut.len() - "lo\r\n0\r\n\r\n".len());
    let rest = "HTTP/1.1 206 Partial Content\nETag: \"A\"\nContent-Range: bytes 3-4/5\n\nlo";
    for (responses, verdict) in [
        (vec![until_the_end], Verdict::NotAvailable),
        (vec![chunked(CRC, "5\nhello\n0\n")], Verdict::Verified),
        (vec![cut, message(rest)], Verdict::Verified),
        (vec![chunked(1, "5\nhello\n0\n")], Verdict::Mismatch),
    ] {
        let server = play(responses, true).await;
        let get = server.client().get_object(BUCKET, "k");
        let mut body = get.send().await.unwrap().body;
        let mut bytes = Vec::new();
        let read = loop {
            match body.next().await {
                Some(Ok(frame)) => bytes.extend_from_slice(&frame),
                Some(Err(error)) => break Err(error),
                None => break Ok(()),
            }
        };
        assert_eq!(bytes, b"hello", "{verdict:?}: {read:?}");
        assert_eq!(body.verdict(), Some(verdict));
        let kind = read.err().map(|error| error.kind());
        let wrong = (verdict == Verdict::Mismatch).then_some(ErrorKind::Integrity);
        assert_eq!(kind, wrong, "{verdict:?}");
    }
}

#[tokio::test]
async fn what_a_cache_hides_is_not_known_and_a_download_works_without() {
    let head = case("behind-a-cdn/head").remove(0);
    let server = play(vec![head.clone()], true).await;
    let info = server.client().head_object(BUCKET, "k").await.unwrap();
    assert_eq!(info.size, None);
    assert_eq!(info.crc, Some(5_981_764_153_023_615_706));
    assert_eq!(info.last_modified, "2026-11-25T00:00:00Z".parse().ok());

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    let server = play(vec![head, case("behind-a-cdn/get").remove(0)], true).await;
    server
        .client()
        .download(BUCKET, "k", &path)
        .send()
        .await
        .unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), b"hello");
}

#[tokio::test]
async fn nothing_is_pinned_by_a_weak_entity_tag() {
    let head = case("behind-a-cdn/weak-etag").remove(0);
    let range = "HTTP/1.1 206 Partial Content\nETag: W/\"5af43b82-56f\"\n\
        Content-Range: bytes 0-4/5\n\nhello";
    let server = play(vec![head, message(range)], true).await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    let download = server.client().download(BUCKET, "k", &path);
    let info = download.send().await.unwrap().info;
    assert_eq!(info.etag.as_deref(), Some("W/\"5af43b82-56f\""));
    assert_eq!(std::fs::read(&path).unwrap(), b"hello");
    let requests = server.requests();
    assert_eq!(requests.len(), 2);
    assert!(!requests.concat().contains("if-match"), "{requests:?}");
}

#[tokio::test]
async fn a_part_is_stored_where_oss_says_so_and_nobody_else() {
    // A cache, or a web server, has entity tags too.
    let answered = message("HTTP/1.1 200 OK\nETag: \"5af43b82-56f\"\nServer: nginx\n");
    let server = play(vec![answered], true).await;
    let part = server.client();
    let part = part.upload_part(BUCKET, "k", "id", 1, "x").send().await;
    let error = part.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Response, "{error}");
    assert!(error.to_string().contains("server nginx"), "{error}");
}
