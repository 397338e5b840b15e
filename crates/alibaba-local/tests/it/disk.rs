//! A data folder: what is there after a restart, and what is not left behind.

use std::path::Path;

use alibaba_local::LocalCloud;

use crate::folder::Folder;
use crate::raw::{Raw, start_with};

async fn start(folder: &Folder) -> Raw {
    start_with(LocalCloud::builder().data_folder(folder.path())).await
}

fn data_files(folder: &Folder) -> usize {
    files(&folder.path().join(crate::raw::BUCKET).join("data"))
}

fn files(folder: &Path) -> usize {
    std::fs::read_dir(folder).unwrap().count()
}

#[tokio::test]
async fn everything_but_uploads_survives_a_restart() {
    let folder = Folder::new();
    let raw = start(&folder).await;
    raw.bucket("PUT")
        .query("versioning", "")
        .body("<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>")
        .ok()
        .await;
    let old = raw.put("k", "one").await.header("x-oss-version-id");
    raw.object("PUT", "k")
        .header("x-oss-meta-a", "b")
        .header("x-oss-tagging", "t=1")
        .body("two")
        .ok()
        .await;
    let long = "日".repeat(341);
    raw.put(&long, "long name").await;
    raw.put("gone", "x").await;
    raw.object("DELETE", "gone").ok().await;
    for (position, body) in [("0", "ab"), ("2", "cd")] {
        raw.object("POST", "log")
            .query("append", "")
            .query("position", position)
            .body(body)
            .ok()
            .await;
    }
    let id = raw
        .object("POST", "big")
        .query("uploads", "")
        .ok()
        .await
        .xml("UploadId");
    let mut list = String::new();
    for number in 1..=2 {
        let part = raw
            .object("PUT", "big")
            .query("partNumber", &number.to_string())
            .query("uploadId", &id)
            .body(vec![b'0' + number; 100 * 1024])
            .ok()
            .await;
        let etag = part.header("etag");
        list += &format!("<Part><PartNumber>{number}</PartNumber><ETag>{etag}</ETag></Part>");
    }
    raw.object("POST", "big")
        .query("uploadId", &id)
        .body(format!(
            "<CompleteMultipartUpload>{list}</CompleteMultipartUpload>"
        ))
        .ok()
        .await;
    raw.object("PUT", "copy")
        .header("x-oss-copy-source", "/backups/big")
        .ok()
        .await;
    raw.object("DELETE", "big").ok().await;
    let unfinished = raw
        .object("POST", "half")
        .query("uploads", "")
        .ok()
        .await
        .xml("UploadId");
    let versions = raw.bucket("GET").query("versions", "").ok().await.text();
    drop(raw);

    let raw = start(&folder).await;
    assert_eq!(
        raw.bucket("GET").query("versions", "").ok().await.text(),
        versions
    );
    let got = raw.object("GET", "k").ok().await;
    assert_eq!(
        (got.text().as_str(), got.header("x-oss-meta-a").as_str()),
        ("two", "b")
    );
    assert_eq!(got.header("x-oss-tagging-count"), "1");
    let one = raw.object("GET", "k").query("versionId", &old).ok().await;
    assert_eq!(one.text(), "one");
    assert_eq!(raw.get(&long).await, "long name");
    raw.object("GET", "gone").fails(404, "NoSuchKey").await;
    assert_eq!(raw.get("log").await, "abcd");
    let copy = raw
        .object("GET", "copy")
        .header("range", "bytes=102398-102401")
        .ok()
        .await;
    assert_eq!(copy.text(), "1122");
    raw.object("GET", "half")
        .query("uploadId", &unfinished)
        .fails(404, "NoSuchUpload")
        .await;
    let next = raw.put("k", "three").await.header("x-oss-version-id");
    assert!(next > old, "versions go on where they stopped");
}

#[tokio::test]
async fn bytes_that_nothing_needs_are_removed() {
    let folder = Folder::new();
    let raw = start(&folder).await;
    raw.put("k", "one").await;
    raw.put("k", "two").await;
    raw.object("PUT", "bad")
        .header("content-md5", "XrY7u+Ae7tCTyyK7j1rNww==")
        .body("x")
        .fails(400, "InvalidDigest")
        .await;
    let id = raw
        .object("POST", "up")
        .query("uploads", "")
        .ok()
        .await
        .xml("UploadId");
    for body in ["first", "again"] {
        raw.object("PUT", "up")
            .query("partNumber", "1")
            .query("uploadId", &id)
            .body(body)
            .ok()
            .await;
    }
    assert_eq!(data_files(&folder), 2, "the object and the part");
    raw.object("DELETE", "up").query("uploadId", &id).ok().await;
    raw.object("PUT", "copy")
        .header("x-oss-copy-source", "/backups/k")
        .ok()
        .await;
    raw.object("DELETE", "k").ok().await;
    assert_eq!(raw.get("copy").await, "two", "a copy has its own");
    assert_eq!(data_files(&folder), 1);
    raw.object("DELETE", "copy").ok().await;
    assert_eq!(data_files(&folder), 0);
    assert_eq!(
        files(&folder.path().join(crate::raw::BUCKET).join("objects")),
        0
    );

    // A crash amid an upload leaves bytes without a record.
    std::fs::write(
        folder
            .path()
            .join(crate::raw::BUCKET)
            .join("data")
            .join("left"),
        "x",
    )
    .unwrap();
    drop(raw);
    let raw = start(&folder).await;
    assert_eq!(data_files(&folder), 0);
    raw.bucket("DELETE").ok().await;
    assert!(!folder.path().join(crate::raw::BUCKET).exists());
}
