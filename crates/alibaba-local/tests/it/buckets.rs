//! Buckets: made, listed, described, opened to everybody, ruled.

use crate::raw::{Scheme, start};

#[tokio::test]
async fn buckets_are_made_listed_and_removed() {
    let raw = start().await;
    for name in ["aa-1", "aa-2", "bb-1"] {
        raw.bucket("PUT").bucket(name).ok().await;
    }
    for name in ["ab", "-abc", "abc-", "Abc", "a_c", &"x".repeat(64)] {
        for method in ["PUT", "GET", "DELETE"] {
            raw.bucket(method)
                .bucket(name)
                .fails(400, "InvalidBucketName")
                .await;
        }
    }
    let all = raw.service("GET").ok().await;
    assert_eq!(all.all("Name"), ["aa-1", "aa-2", "backups", "bb-1"]);
    assert_eq!(all.xml("Location"), "oss-cn-hangzhou");
    let some = raw
        .service("GET")
        .query("prefix", "aa")
        .query("max-keys", "1")
        .ok()
        .await;
    assert_eq!(some.all("Name"), ["aa-1"]);
    assert_eq!(
        [some.xml("IsTruncated"), some.xml("NextMarker")],
        ["true", "aa-1"]
    );
    let rest = raw
        .service("GET")
        .query("prefix", "aa")
        .query("marker", "aa-1")
        .ok()
        .await;
    assert_eq!(rest.all("Name"), ["aa-2"]);

    raw.bucket("DELETE").bucket("aa-1").ok().await;
    raw.bucket("DELETE")
        .bucket("aa-1")
        .fails(404, "NoSuchBucket")
        .await;
    raw.put("k", "x").await;
    raw.bucket("DELETE").fails(409, "BucketNotEmpty").await;
    raw.object("DELETE", "k").ok().await;
    let id = raw
        .object("POST", "k")
        .query("uploads", "")
        .ok()
        .await
        .xml("UploadId");
    raw.bucket("DELETE").fails(409, "BucketNotEmpty").await;
    raw.object("DELETE", "k").query("uploadId", &id).ok().await;
    raw.bucket("DELETE").ok().await;
}

#[tokio::test]
async fn info_stat_and_location_tell_what_is_there() {
    let raw = start().await;
    raw.bucket("PUT")
        .bucket("archive")
        .header("x-oss-acl", "private")
        .body("<CreateBucketConfiguration><StorageClass>IA</StorageClass><DataRedundancyType>ZRS</DataRedundancyType></CreateBucketConfiguration>")
        .ok()
        .await;
    let info = raw
        .bucket("GET")
        .bucket("archive")
        .query("bucketInfo", "")
        .ok()
        .await;
    assert_eq!(
        [
            info.xml("StorageClass"),
            info.xml("DataRedundancyType"),
            info.xml("Grant"),
            info.xml("Versioning")
        ],
        ["IA", "ZRS", "private", ""]
    );
    let location = raw.bucket("GET").query("location", "").ok().await;
    assert_eq!(location.xml("LocationConstraint"), "oss-cn-hangzhou");

    raw.object("PUT", "a")
        .bucket("archive")
        .body("12345")
        .ok()
        .await;
    raw.object("PUT", "b")
        .bucket("archive")
        .header("x-oss-storage-class", "Archive")
        .body("123")
        .ok()
        .await;
    let head = raw.object("HEAD", "a").bucket("archive").ok().await;
    assert_eq!(head.header("x-oss-storage-class"), "IA", "the bucket's");
    let stat = raw
        .bucket("GET")
        .bucket("archive")
        .query("stat", "")
        .ok()
        .await;
    for (name, value) in [
        ("Storage", "8"),
        ("ObjectCount", "2"),
        ("InfrequentAccessStorage", "5"),
        ("ArchiveObjectCount", "1"),
        ("DeleteMarkerCount", "0"),
    ] {
        assert_eq!(stat.xml(name), value, "{name}");
    }
    raw.bucket("PUT")
        .query("cors", "")
        .fails(501, "NotImplemented")
        .await;
}

#[tokio::test]
async fn acls_open_what_they_say_and_no_more() {
    let mut raw = start().await;
    raw.put("open", "x").await;
    raw.put("closed", "y").await;
    let acl = |key: &'static str, value: &'static str| {
        raw.object("PUT", key)
            .query("acl", "")
            .header("x-oss-object-acl", value)
    };
    acl("open", "public-read").ok().await;
    acl("open", "public").fails(400, "InvalidArgument").await;
    let seen = raw.object("GET", "open").query("acl", "").ok().await;
    assert_eq!(seen.xml("Grant"), "public-read");
    acl("closed", "private").ok().await;

    raw.scheme = Scheme::Unsigned;
    assert_eq!(raw.get("open").await, "x");
    raw.object("PUT", "open").fails(403, "AccessDenied").await;
    raw.object("DELETE", "open")
        .fails(403, "AccessDenied")
        .await;
    raw.object("GET", "closed").fails(403, "AccessDenied").await;
    raw.object("GET", "none").fails(403, "AccessDenied").await;
    raw.bucket("GET").fails(403, "AccessDenied").await;

    raw.scheme = Scheme::V4;
    raw.bucket("PUT")
        .query("acl", "")
        .header("x-oss-acl", "public-read-write")
        .ok()
        .await;
    let seen = raw.bucket("GET").query("acl", "").ok().await;
    assert_eq!(seen.xml("Grant"), "public-read-write");
    raw.scheme = Scheme::Unsigned;
    raw.put("new", "z").await;
    assert_eq!(raw.bucket("GET").ok().await.all("Key").len(), 3);
    raw.object("GET", "closed").fails(403, "AccessDenied").await;
    raw.bucket("PUT")
        .query("acl", "")
        .header("x-oss-acl", "private")
        .fails(403, "AccessDenied")
        .await;
}

#[tokio::test]
async fn a_lifecycle_is_kept_as_it_was_put() {
    let raw = start().await;
    let get = || raw.bucket("GET").query("lifecycle", "");
    let put = |rules: &str| {
        raw.bucket("PUT").query("lifecycle", "").body(format!(
            "<LifecycleConfiguration>{rules}</LifecycleConfiguration>"
        ))
    };
    get().fails(404, "NoSuchLifecycle").await;
    let rule = |id: &str, status: &str| {
        format!(
            "<Rule><ID>{id}</ID><Prefix>tmp/</Prefix><Status>{status}</Status>\
             <Expiration><Days>1</Days></Expiration>\
             <AbortMultipartUpload><Days>2</Days></AbortMultipartUpload></Rule>"
        )
    };
    put(&(rule("one", "Enabled") + &rule("two", "Disabled")))
        .ok()
        .await;
    assert_eq!(get().ok().await.all("ID"), ["one", "two"]);
    put("").fails(400, "MalformedXML").await;
    put(&rule("x", "On")).fails(400, "MalformedXML").await;
    put(&(rule("x", "Enabled") + &rule("x", "Enabled")))
        .fails(400, "MalformedXML")
        .await;
    put("<Rule><Prefix/><Status>Enabled</Status></Rule>")
        .fails(400, "MalformedXML")
        .await;
    raw.bucket("PUT")
        .query("lifecycle", "")
        .body("<Tagging><TagSet></TagSet></Tagging>")
        .fails(400, "MalformedXML")
        .await;
    assert_eq!(
        get().ok().await.all("ID"),
        ["one", "two"],
        "the refused ones changed nothing"
    );
    raw.bucket("DELETE").query("lifecycle", "").ok().await;
    get().fails(404, "NoSuchLifecycle").await;
}

#[tokio::test]
async fn listings_page_and_roll_up() {
    let raw = start().await;
    for key in ["a", "b/1", "b/2/x", "b/3", "c d", "日"] {
        raw.put(key, "x").await;
    }
    let whole = raw.bucket("GET").query("list-type", "2").ok().await;
    assert_eq!(whole.all("Key"), ["a", "b/1", "b/2/x", "b/3", "c d", "日"]);
    assert_eq!(whole.xml("Owner"), "");
    let owned = raw
        .bucket("GET")
        .query("list-type", "2")
        .query("fetch-owner", "true")
        .ok()
        .await;
    assert!(!owned.xml("ID").is_empty());
    for size in [1, 2, 3] {
        let (mut keys, mut prefixes, mut token) = (Vec::new(), Vec::new(), String::new());
        loop {
            let mut call = raw
                .bucket("GET")
                .query("list-type", "2")
                .query("delimiter", "/")
                .query("max-keys", &size.to_string());
            if !token.is_empty() {
                call = call.query("continuation-token", &token);
            }
            let page = call.ok().await;
            keys.extend(page.all("Key"));
            prefixes.extend(page.all("CommonPrefixes"));
            token = page.xml("NextContinuationToken");
            if token.is_empty() {
                break;
            }
        }
        assert_eq!(keys, ["a", "c d", "日"], "pages of {size}");
        assert_eq!(prefixes.len(), 1, "pages of {size}");
    }
    let inner = raw
        .bucket("GET")
        .query("prefix", "b/")
        .query("delimiter", "/")
        .ok()
        .await;
    assert_eq!(inner.all("Key"), ["b/1", "b/3"]);
    let encoded = raw
        .bucket("GET")
        .query("marker", "b/3")
        .query("encoding-type", "url")
        .ok()
        .await;
    assert_eq!(encoded.all("Key"), ["c%20d", "%E6%97%A5"]);
    raw.bucket("GET")
        .query("max-keys", "1001")
        .fails(400, "InvalidArgument")
        .await;
}
