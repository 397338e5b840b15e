//! Objects: written, read, described, copied, appended to, linked to, frozen and thawed.

use crate::raw::start;
use chrono::TimeDelta;

/// CRC-64/XZ of "123456789", the check value of the catalogue of CRC algorithms.
const CHECK: (&str, &str) = ("123456789", "11051210869376104954");

#[tokio::test]
async fn what_is_put_comes_back_with_all_that_was_said_of_it() {
    let raw = start().await;
    let put = raw
        .object("PUT", "a b/c?.txt")
        .header("content-type", "text/plain")
        .header("cache-control", "no-cache")
        .header("x-oss-meta-owner", "alice")
        .header("x-oss-storage-class", "IA")
        .header("x-oss-tagging", "env=test&team=a%20b")
        .header("x-oss-server-side-encryption", "AES256")
        .body(CHECK.0)
        .with_md5()
        .ok()
        .await;
    assert_eq!(put.header("x-oss-hash-crc64ecma"), CHECK.1);
    assert_eq!(put.header("etag"), "\"25F9E794323B453885F5181F1B624D0B\"");
    assert_eq!(put.header("x-oss-server-side-encryption"), "AES256");
    assert_eq!(put.header("x-oss-version-id"), "", "no versions, no id");

    for method in ["GET", "HEAD"] {
        let got = raw.object(method, "a b/c?.txt").ok().await;
        for (name, value) in [
            ("content-type", "text/plain"),
            ("cache-control", "no-cache"),
            ("x-oss-meta-owner", "alice"),
            ("x-oss-storage-class", "IA"),
            ("x-oss-tagging-count", "2"),
            ("x-oss-server-side-encryption", "AES256"),
            ("x-oss-object-type", "Normal"),
            ("x-oss-hash-crc64ecma", CHECK.1),
            ("content-md5", "JfnnlDI7RTiF9RgfG2JNCw=="),
            ("content-length", "9"),
        ] {
            assert_eq!(got.header(name), value, "{method} {name}");
        }
        let body = if method == "GET" { CHECK.0 } else { "" };
        assert_eq!(got.text(), body);
    }
    let meta = raw
        .object("HEAD", "a b/c?.txt")
        .query("objectMeta", "")
        .ok()
        .await;
    assert_eq!(meta.header("content-length"), "9");
    assert_eq!(meta.header("x-oss-meta-owner"), "");
    let tags = raw
        .object("GET", "a b/c?.txt")
        .query("tagging", "")
        .ok()
        .await;
    assert_eq!(tags.all("Value"), ["test", "a b"]);
}

#[tokio::test]
async fn a_range_is_a_part_a_whole_object_or_an_error() {
    let raw = start().await;
    raw.put("k", CHECK.0).await;
    let part = raw
        .object("GET", "k")
        .header("range", "bytes=2-4")
        .send()
        .await;
    assert_eq!((part.status, part.text().as_str()), (206, "345"));
    assert_eq!(part.header("content-range"), "bytes 2-4/9");
    assert_eq!(part.header("x-oss-hash-crc64ecma"), CHECK.1, "of the whole");
    // What OSS does by default with a range it cannot meet.
    let whole = raw
        .object("GET", "k")
        .header("range", "bytes=100-")
        .send()
        .await;
    assert_eq!((whole.status, whole.text().as_str()), (200, CHECK.0));
    raw.object("GET", "k")
        .header("range", "bytes=100-")
        .header("x-oss-range-behavior", "standard")
        .fails(416, "InvalidRange")
        .await;
    let named = raw
        .object("GET", "k")
        .query("response-content-type", "text/csv")
        .ok()
        .await;
    assert_eq!(named.header("content-type"), "text/csv");
}

#[tokio::test]
async fn conditions_hold_for_reads_and_for_the_source_of_a_copy() {
    let raw = start().await;
    let etag = raw.put("k", "one").await.header("etag");
    let past = "Mon, 01 Jan 2024 00:00:00 GMT";
    let future = "Fri, 01 Jan 2100 00:00:00 GMT";
    for (name, value, status) in [
        ("if-match", etag.as_str(), 200),
        ("if-match", "\"other\"", 412),
        ("if-none-match", etag.as_str(), 304),
        ("if-none-match", "\"other\"", 200),
        ("if-modified-since", past, 200),
        ("if-modified-since", future, 304),
        ("if-unmodified-since", past, 412),
        ("if-unmodified-since", future, 200),
    ] {
        for method in ["GET", "HEAD"] {
            let reply = raw.object(method, "k").header(name, value).send().await;
            assert_eq!(reply.status, status, "{method} {name}: {value}");
        }
        let copy = raw
            .object("PUT", "copy")
            .header("x-oss-copy-source", "/backups/k")
            .header(&format!("x-oss-copy-source-{name}"), value)
            .send()
            .await;
        assert_eq!(copy.status, status, "copy {name}: {value}");
    }
}

#[tokio::test]
async fn a_copy_takes_metadata_and_tags_along_unless_told_otherwise() {
    let raw = start().await;
    raw.object("PUT", "from")
        .header("x-oss-meta-a", "1")
        .header("x-oss-tagging", "t=1")
        .body("bytes")
        .ok()
        .await;
    let copy = |key: &'static str| {
        raw.object("PUT", key)
            .header("x-oss-copy-source", "/backups/from")
            .header("x-oss-meta-a", "2")
            .header("x-oss-tagging", "t=2")
    };
    let same = copy("same").ok().await;
    assert_eq!(
        same.xml("ETag"),
        raw.object("HEAD", "from").ok().await.header("etag")
    );
    copy("other")
        .header("x-oss-metadata-directive", "REPLACE")
        .header("x-oss-tagging-directive", "Replace")
        .ok()
        .await;
    for (key, value) in [("same", "1"), ("other", "2")] {
        let got = raw.object("GET", key).ok().await;
        assert_eq!(
            (got.text().as_str(), got.header("x-oss-meta-a").as_str()),
            ("bytes", value)
        );
        let tags = raw.object("GET", key).query("tagging", "").ok().await;
        assert_eq!(tags.xml("Value"), value);
    }
    copy("bad")
        .header("x-oss-metadata-directive", "MERGE")
        .fails(400, "InvalidArgument")
        .await;
    raw.object("PUT", "bad")
        .header("x-oss-copy-source", "/backups/none")
        .fails(404, "NoSuchKey")
        .await;
    raw.object("PUT", "same")
        .header("x-oss-copy-source", "/backups/from")
        .header("x-oss-forbid-overwrite", "true")
        .fails(409, "FileAlreadyExists")
        .await;
}

#[tokio::test]
async fn appends_go_to_the_end_and_nowhere_else() {
    let raw = start().await;
    let append = |position: u64, text: &'static str| {
        raw.object("POST", "log")
            .query("append", "")
            .query("position", &position.to_string())
            .body(text)
    };
    let first = append(0, "1234").ok().await;
    assert_eq!(first.header("x-oss-next-append-position"), "4");
    let second = append(4, "56789").ok().await;
    assert_eq!(second.header("x-oss-next-append-position"), "9");
    assert_eq!(
        second.header("x-oss-hash-crc64ecma"),
        CHECK.1,
        "of the whole object"
    );
    let again = append(4, "56789")
        .fails(409, "PositionNotEqualToLength")
        .await;
    assert_eq!(again.header("x-oss-next-append-position"), "9");
    let got = raw.object("GET", "log").ok().await;
    assert_eq!(got.text(), CHECK.0);
    assert_eq!(got.header("x-oss-object-type"), "Appendable");
    assert_eq!(got.header("x-oss-next-append-position"), "9");

    raw.put("log", "normal now").await;
    append(10, "x").fails(409, "ObjectNotAppendable").await;
    append(0, "x")
        .body("x")
        .fails(409, "ObjectNotAppendable")
        .await;
}

#[tokio::test]
async fn a_symlink_reads_as_its_target() {
    let raw = start().await;
    let link = |key: &'static str, to: &'static str| {
        raw.object("PUT", key)
            .query("symlink", "")
            .header("x-oss-symlink-target", to)
            .header("x-oss-meta-why", "short")
    };
    link("link", "real%20file").ok().await;
    raw.object("GET", "link")
        .fails(404, "SymlinkTargetNotExist")
        .await;
    raw.put("real file", "bytes").await;
    let got = raw.object("GET", "link").ok().await;
    assert_eq!(got.text(), "bytes");
    assert_eq!(got.header("x-oss-object-type"), "Symlink");
    let seen = raw.object("GET", "link").query("symlink", "").ok().await;
    assert_eq!(seen.header("x-oss-symlink-target"), "real%20file");
    assert_eq!(seen.header("x-oss-meta-why"), "short");
    link("chain", "link").ok().await;
    raw.object("GET", "chain")
        .fails(400, "InvalidTargetType")
        .await;
    raw.object("GET", "real file")
        .query("symlink", "")
        .fails(400, "NotSymlink")
        .await;
    link("link", "other")
        .header("x-oss-forbid-overwrite", "true")
        .fails(409, "FileAlreadyExists")
        .await;
}

#[tokio::test]
async fn archived_objects_are_thawed_for_a_while() {
    let raw = start().await;
    raw.object("PUT", "cold")
        .header("x-oss-storage-class", "Archive")
        .body("ice")
        .ok()
        .await;
    raw.put("warm", "tea").await;
    let restore = |key: &'static str| {
        raw.object("POST", key)
            .query("restore", "")
            .body("<RestoreRequest><Days>2</Days></RestoreRequest>")
    };
    restore("warm").fails(400, "OperationNotSupported").await;
    raw.object("GET", "cold")
        .fails(403, "InvalidObjectState")
        .await;
    assert_eq!(
        raw.object("HEAD", "cold")
            .ok()
            .await
            .header("x-oss-restore"),
        ""
    );
    raw.object("POST", "cold")
        .query("cleanRestoredObject", "")
        .fails(409, "ArchiveRestoreFileStale")
        .await;

    assert_eq!(restore("cold").ok().await.status, 202);
    restore("cold").fails(409, "RestoreAlreadyInProgress").await;
    raw.object("GET", "cold")
        .fails(403, "InvalidObjectState")
        .await;
    let thawing = raw.object("HEAD", "cold").ok().await;
    assert_eq!(thawing.header("x-oss-restore"), "ongoing-request=\"true\"");

    raw.pass(TimeDelta::minutes(1));
    assert_eq!(raw.get("cold").await, "ice");
    let thawed = raw
        .object("HEAD", "cold")
        .ok()
        .await
        .header("x-oss-restore");
    assert!(
        thawed.starts_with("ongoing-request=\"false\", expiry-date=\""),
        "{thawed}"
    );
    assert_eq!(restore("cold").ok().await.status, 200, "prolonged");

    raw.pass(TimeDelta::days(2));
    raw.object("GET", "cold")
        .fails(403, "InvalidObjectState")
        .await;
    assert_eq!(restore("cold").ok().await.status, 202);
    raw.pass(TimeDelta::minutes(1));
    raw.object("POST", "cold")
        .query("cleanRestoredObject", "")
        .ok()
        .await;
    raw.object("GET", "cold")
        .fails(403, "InvalidObjectState")
        .await;
}

#[tokio::test]
async fn tags_are_replaced_and_removed() {
    let raw = start().await;
    raw.put("k", "x").await;
    let put = |tags: String| {
        raw.object("PUT", "k")
            .query("tagging", "")
            .body(format!("<Tagging><TagSet>{tags}</TagSet></Tagging>"))
    };
    let tag = |key: &str| format!("<Tag><Key>{key}</Key><Value>v</Value></Tag>");
    put(tag("a") + &tag("b")).ok().await;
    put(tag("c")).ok().await;
    let tags = raw.object("GET", "k").query("tagging", "").ok().await;
    assert_eq!(tags.all("Key"), ["c"]);
    put(tag("a") + &tag("a")).fails(400, "InvalidTag").await;
    put("<Tag>".to_owned()).fails(400, "MalformedXML").await;
    assert_eq!(
        raw.object("DELETE", "k")
            .query("tagging", "")
            .ok()
            .await
            .status,
        204
    );
    let tags = raw.object("GET", "k").query("tagging", "").ok().await;
    assert!(tags.all("Key").is_empty());
    raw.object("GET", "none")
        .query("tagging", "")
        .fails(404, "NoSuchKey")
        .await;
}

#[tokio::test]
async fn names_and_digests_that_are_wrong_are_refused() {
    let raw = start().await;
    for key in ["/slash", "\\backslash", &"k".repeat(1024)] {
        raw.object("PUT", key).fails(400, "InvalidObjectName").await;
    }
    raw.put(&"k".repeat(1023), "longest").await;
    for key in ["a//b", "a/./b", "a/../b", "%41", "a+b", "日本", "a\u{1f}b"] {
        raw.put(key, key).await;
        assert_eq!(raw.get(key).await, key);
    }
    raw.object("PUT", "k")
        .header("content-md5", "XrY7u+Ae7tCTyyK7j1rNww==")
        .body("x")
        .fails(400, "InvalidDigest")
        .await;
    raw.object("GET", "k").fails(404, "NoSuchKey").await;
    raw.object("HEAD", "k").fails(404, "NoSuchKey").await;
    raw.object("GET", "k")
        .bucket("nobody")
        .fails(404, "NoSuchBucket")
        .await;
}

#[tokio::test]
async fn a_put_says_how_long_it_is() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    let raw = start().await;
    raw.bucket("PUT")
        .query("acl", "")
        .header("x-oss-acl", "public-read-write")
        .ok()
        .await;
    let mut stream = tokio::net::TcpStream::connect(raw.cloud.address())
        .await
        .unwrap();
    stream
        .write_all(b"PUT /backups/k HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
        .await
        .unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).await.unwrap();
    assert!(response.starts_with("HTTP/1.1 411 "), "{response}");
    assert!(
        response.contains("<Code>MissingContentLength</Code>"),
        "{response}"
    );

    let mut stream = tokio::net::TcpStream::connect(raw.cloud.address())
        .await
        .unwrap();
    stream
        .write_all(b"PUT /backups/k HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n")
        .await
        .unwrap();
    stream.read_to_string(&mut response).await.unwrap();
    assert_eq!(raw.get("k").await, "abc");
}
