//! Versioning: ids, markers, suspension, listings.

use crate::raw::{Raw, Reply, start};

async fn versioning(raw: &Raw, status: &str) -> Reply {
    raw.bucket("PUT")
        .query("versioning", "")
        .body(format!(
            "<VersioningConfiguration><Status>{status}</Status></VersioningConfiguration>"
        ))
        .ok()
        .await
}

async fn put(raw: &Raw, key: &str, body: &str) -> String {
    raw.put(key, body).await.header("x-oss-version-id")
}

#[tokio::test]
async fn every_version_can_be_read_and_removed() {
    let raw = start().await;
    let before = put(&raw, "k", "before").await;
    assert_eq!(before, "", "never switched on");
    let state = raw.bucket("GET").query("versioning", "").ok().await;
    assert_eq!(state.xml("Status"), "");
    versioning(&raw, "Enabled").await;
    let state = raw.bucket("GET").query("versioning", "").ok().await;
    assert_eq!(state.xml("Status"), "Enabled");

    let one = put(&raw, "k", "one").await;
    let two = put(&raw, "k", "two").await;
    assert_ne!(one, two);
    for (version, body) in [("null", "before"), (&one, "one"), (&two, "two")] {
        let got = raw
            .object("GET", "k")
            .query("versionId", version)
            .ok()
            .await;
        assert_eq!(got.text(), body);
        assert_eq!(got.header("x-oss-version-id"), version);
        raw.object("HEAD", "k")
            .query("versionId", version)
            .ok()
            .await;
    }
    raw.object("GET", "k")
        .query("versionId", "CAEQ-none")
        .fails(404, "NoSuchVersion")
        .await;

    // A copy of an old version is how one goes back.
    let back = raw
        .object("PUT", "k")
        .header("x-oss-copy-source", &format!("/backups/k?versionId={one}"))
        .ok()
        .await;
    assert_eq!(back.header("x-oss-copy-source-version-id"), one);
    assert_eq!(raw.get("k").await, "one");

    let gone = raw
        .object("DELETE", "k")
        .query("versionId", &one)
        .ok()
        .await;
    assert_eq!(
        (gone.status, gone.header("x-oss-delete-marker").as_str()),
        (204, "")
    );
    raw.object("GET", "k")
        .query("versionId", &one)
        .fails(404, "NoSuchVersion")
        .await;
    // Tags belong to a version.
    raw.object("PUT", "k")
        .query("tagging", "")
        .query("versionId", &two)
        .body("<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>")
        .ok()
        .await;
    assert_eq!(
        raw.object("HEAD", "k")
            .ok()
            .await
            .header("x-oss-tagging-count"),
        ""
    );
    let tagged = raw.object("HEAD", "k").query("versionId", &two).ok().await;
    assert_eq!(tagged.header("x-oss-tagging-count"), "1");
}

#[tokio::test]
async fn a_delete_marker_hides_and_its_removal_brings_back() {
    let raw = start().await;
    versioning(&raw, "Enabled").await;
    let version = put(&raw, "k", "data").await;
    let deleted = raw.object("DELETE", "k").ok().await;
    let marker = deleted.header("x-oss-version-id");
    assert_eq!(deleted.header("x-oss-delete-marker"), "true");

    let hidden = raw.object("GET", "k").fails(404, "NoSuchKey").await;
    assert_eq!(hidden.header("x-oss-delete-marker"), "true");
    assert_eq!(hidden.header("x-oss-version-id"), marker);
    let named = raw
        .object("GET", "k")
        .query("versionId", &marker)
        .fails(405, "MethodNotAllowed")
        .await;
    assert_eq!(named.header("x-oss-delete-marker"), "true");
    assert!(raw.bucket("GET").ok().await.all("Key").is_empty());
    let listed = raw.bucket("GET").query("versions", "").ok().await;
    assert_eq!(listed.all("VersionId"), [marker.clone(), version.clone()]);
    assert_eq!(listed.all("IsLatest"), ["true", "false"]);

    let removed = raw
        .object("DELETE", "k")
        .query("versionId", &marker)
        .ok()
        .await;
    assert_eq!(removed.header("x-oss-delete-marker"), "true");
    assert_eq!(raw.get("k").await, "data");
    raw.bucket("DELETE").fails(409, "BucketNotEmpty").await;

    let body = format!(
        "<Delete><Object><Key>k</Key><VersionId>{version}</VersionId></Object>\
         <Object><Key>other</Key></Object></Delete>"
    );
    let many = raw
        .bucket("POST")
        .query("delete", "")
        .body(body)
        .with_md5()
        .ok()
        .await;
    assert_eq!(many.all("VersionId"), [version]);
    assert_eq!(
        many.all("DeleteMarker"),
        ["true"],
        "for the key without a version"
    );
}

#[tokio::test]
async fn suspended_versioning_keeps_the_old_and_one_null_version() {
    let raw = start().await;
    versioning(&raw, "Enabled").await;
    let kept = put(&raw, "k", "kept").await;
    versioning(&raw, "Suspended").await;
    assert_eq!(put(&raw, "k", "null 1").await, "null");
    assert_eq!(put(&raw, "k", "null 2").await, "null");
    assert_eq!(raw.get("k").await, "null 2");
    let old = raw.object("GET", "k").query("versionId", &kept).ok().await;
    assert_eq!(old.text(), "kept");
    let listed = raw.bucket("GET").query("versions", "").ok().await;
    assert_eq!(listed.all("VersionId"), ["null".to_owned(), kept.clone()]);

    let deleted = raw.object("DELETE", "k").ok().await;
    assert_eq!(deleted.header("x-oss-version-id"), "null");
    assert_eq!(deleted.header("x-oss-delete-marker"), "true");
    let listed = raw.bucket("GET").query("versions", "").ok().await;
    assert_eq!(
        listed.all("VersionId"),
        ["null".to_owned(), kept],
        "the marker took its place"
    );
}

#[tokio::test]
async fn forbid_overwrite_means_nothing_once_versioning_was_on() {
    let raw = start().await;
    raw.put("k", "1").await;
    let create = || {
        raw.object("PUT", "k")
            .header("x-oss-forbid-overwrite", "true")
            .body("2")
    };
    create().fails(409, "FileAlreadyExists").await;
    for status in ["Enabled", "Suspended"] {
        versioning(&raw, status).await;
        create().ok().await;
    }
}

#[tokio::test]
async fn listings_of_versions_go_on_where_they_stopped() {
    let raw = start().await;
    versioning(&raw, "Enabled").await;
    for key in ["a", "b/1", "b/2", "c d"] {
        for body in ["1", "2", "3"] {
            put(&raw, key, body).await;
        }
    }
    raw.object("DELETE", "a").ok().await;
    let list = || {
        raw.bucket("GET")
            .query("versions", "")
            .query("encoding-type", "url")
    };
    let whole = list().ok().await;
    let all = whole.all("VersionId");
    assert_eq!(all.len(), 13);
    assert_eq!(whole.xml("IsTruncated"), "false");
    assert!(whole.all("Key").contains(&"c%20d".to_owned()));
    for size in [1, 2, 5, 12] {
        let (mut seen, mut markers) = (Vec::new(), (String::new(), String::new()));
        loop {
            let page = list()
                .query("max-keys", &size.to_string())
                .query("key-marker", &markers.0)
                .query("version-id-marker", &markers.1)
                .ok()
                .await;
            seen.extend(page.all("VersionId"));
            if page.xml("IsTruncated") == "false" {
                break;
            }
            let next = alibaba_sign::percent::decode(&page.xml("NextKeyMarker")).unwrap();
            markers = (next, page.xml("NextVersionIdMarker"));
        }
        assert_eq!(seen, all, "pages of {size}");
    }
    let rolled = list().query("delimiter", "/").ok().await;
    assert_eq!(rolled.all("CommonPrefixes"), ["<Prefix>b%2F</Prefix>"]);
    assert_eq!(rolled.all("VersionId").len(), 7);
}

#[tokio::test]
async fn uploads_and_appends_have_versions_too() {
    let raw = start().await;
    versioning(&raw, "Enabled").await;
    let id = raw
        .object("POST", "big")
        .query("uploads", "")
        .ok()
        .await
        .xml("UploadId");
    let part = raw
        .object("PUT", "big")
        .query("partNumber", "1")
        .query("uploadId", &id)
        .body("part")
        .ok()
        .await;
    let done = raw
        .object("POST", "big")
        .query("uploadId", &id)
        .body(format!(
            "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>{}</ETag></Part></CompleteMultipartUpload>",
            part.header("etag")
        ))
        .ok()
        .await;
    assert!(!done.header("x-oss-version-id").is_empty());

    let append = |position: &'static str| {
        raw.object("POST", "log")
            .query("append", "")
            .query("position", position)
            .body("xx")
    };
    let first = append("0").ok().await.header("x-oss-version-id");
    let second = append("2").ok().await.header("x-oss-version-id");
    assert_eq!(first, second, "an append grows the version that is there");
}
