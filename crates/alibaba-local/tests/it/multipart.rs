//! Multipart uploads: parts sent and copied, completed, listed, given up.

use crate::raw::{Raw, start};
use bytes::Bytes;

/// The least that a part other than the last may hold.
const PART: usize = 100 * 1024;

async fn initiate(raw: &Raw, key: &str) -> String {
    raw.object("POST", key)
        .query("uploads", "")
        .ok()
        .await
        .xml("UploadId")
}

async fn part(raw: &Raw, key: &str, id: &str, number: u32, body: Vec<u8>) -> (u32, String) {
    let reply = raw
        .object("PUT", key)
        .query("partNumber", &number.to_string())
        .query("uploadId", id)
        .body(Bytes::from(body))
        .ok()
        .await;
    (number, reply.header("etag"))
}

fn complete<'r>(
    raw: &'r Raw,
    key: &str,
    id: &str,
    parts: &[(u32, String)],
) -> crate::raw::Call<'r> {
    let list: String = parts
        .iter()
        .map(|(number, etag)| {
            format!("<Part><PartNumber>{number}</PartNumber><ETag>{etag}</ETag></Part>")
        })
        .collect();
    raw.object("POST", key).query("uploadId", id).body(format!(
        "<CompleteMultipartUpload>{list}</CompleteMultipartUpload>"
    ))
}

#[tokio::test]
async fn parts_become_one_object_with_the_crc_of_all() {
    let raw = start().await;
    let id = initiate(&raw, "big").await;
    let second = part(&raw, "big", &id, 7, vec![b'b'; PART]).await;
    part(&raw, "big", &id, 2, vec![b'x'; PART]).await;
    let first = part(&raw, "big", &id, 2, vec![b'a'; PART]).await;
    let third = part(&raw, "big", &id, 9, b"tail".to_vec()).await;
    let listed = raw
        .object("GET", "big")
        .query("uploadId", &id)
        .query("max-parts", "2")
        .ok()
        .await;
    assert_eq!(listed.all("PartNumber"), ["2", "7"]);
    assert_eq!(
        [
            listed.xml("IsTruncated"),
            listed.xml("NextPartNumberMarker")
        ],
        ["true", "7"]
    );

    let bad = |parts: &[(u32, String)]| complete(&raw, "big", &id, parts);
    bad(&[second.clone(), first.clone()])
        .fails(400, "InvalidPartOrder")
        .await;
    bad(&[first.clone(), (3, first.1.clone())])
        .fails(400, "InvalidPart")
        .await;
    bad(&[(2, second.1.clone())])
        .fails(400, "InvalidPart")
        .await;
    bad(&[]).fails(400, "MalformedXML").await;
    let done = bad(&[first, second, third]).ok().await;
    let whole = [vec![b'a'; PART], vec![b'b'; PART], b"tail".to_vec()].concat();
    let crc = crc_fast::checksum(crc_fast::CrcAlgorithm::Crc64Xz, &whole);
    assert_eq!(done.header("x-oss-hash-crc64ecma"), crc.to_string());
    assert!(done.xml("ETag").ends_with("-3\""));
    let got = raw.object("GET", "big").ok().await;
    assert_eq!(got.body, whole);
    assert_eq!(got.header("x-oss-object-type"), "Multipart");
    let across = raw
        .object("GET", "big")
        .header("range", &format!("bytes={}-{}", PART - 1, PART))
        .ok()
        .await;
    assert_eq!(across.text(), "ab");
    raw.object("GET", "big")
        .query("uploadId", &id)
        .fails(404, "NoSuchUpload")
        .await;
}

#[tokio::test]
async fn small_parts_are_found_out_when_completing() {
    let raw = start().await;
    let id = initiate(&raw, "k").await;
    let parts = [
        part(&raw, "k", &id, 1, vec![0; PART - 1]).await,
        part(&raw, "k", &id, 2, vec![0; 1]).await,
    ];
    complete(&raw, "k", &id, &parts)
        .fails(400, "EntityTooSmall")
        .await;
    complete(&raw, "k", &id, &parts[..1]).ok().await;
}

#[tokio::test]
async fn all_parts_can_be_taken_without_a_list() {
    let raw = start().await;
    let id = initiate(&raw, "k").await;
    for number in [1, 2] {
        part(&raw, "k", &id, number, vec![number as u8; PART]).await;
    }
    raw.object("POST", "k")
        .query("uploadId", &id)
        .header("x-oss-complete-all", "yes")
        .ok()
        .await;
    assert_eq!(raw.object("GET", "k").ok().await.body.len(), 2 * PART);
}

#[tokio::test]
async fn parts_are_copied_from_ranges_of_objects() {
    let raw = start().await;
    let source = [vec![b'x'; 10], vec![b'y'; PART], vec![b'z'; 10]].concat();
    raw.object("PUT", "from").body(source).ok().await;
    let id = initiate(&raw, "to").await;
    let copy = |number: &str, range: &str| {
        raw.object("PUT", "to")
            .query("partNumber", number)
            .query("uploadId", &id)
            .header("x-oss-copy-source", "/backups/from")
            .header("x-oss-copy-source-range", range)
    };
    let first = copy("1", &format!("bytes=10-{}", PART + 9))
        .ok()
        .await
        .xml("ETag");
    let second = copy("2", &format!("bytes={}-", PART + 10))
        .ok()
        .await
        .xml("ETag");
    complete(&raw, "to", &id, &[(1, first), (2, second)])
        .ok()
        .await;
    let got = raw.object("GET", "to").ok().await.body;
    assert_eq!(got, [vec![b'y'; PART], vec![b'z'; 10]].concat());
    copy("1", "bytes=0-1").fails(404, "NoSuchUpload").await;
}

#[tokio::test]
async fn uploads_are_listed_until_they_are_given_up() {
    let raw = start().await;
    let mut ids = Vec::new();
    for key in ["a", "a", "b/1", "b/2"] {
        ids.push(initiate(&raw, key).await);
    }
    ids[..2].sort();
    let list = || raw.bucket("GET").query("uploads", "");
    assert_eq!(list().ok().await.all("UploadId"), ids);
    let page = list().query("max-uploads", "1").ok().await;
    assert_eq!(
        [page.xml("NextKeyMarker"), page.xml("NextUploadIdMarker")],
        ["a".to_owned(), ids[0].clone()]
    );
    let next = list()
        .query("key-marker", "a")
        .query("upload-id-marker", &ids[0])
        .ok()
        .await;
    assert_eq!(next.all("UploadId"), ids[1..]);
    let rolled = list().query("delimiter", "/").ok().await;
    assert_eq!(rolled.all("UploadId"), ids[..2]);
    assert_eq!(rolled.all("CommonPrefixes"), ["<Prefix>b/</Prefix>"]);

    raw.object("DELETE", "b/1")
        .query("uploadId", &ids[2])
        .ok()
        .await;
    raw.object("DELETE", "b/1")
        .query("uploadId", &ids[2])
        .fails(404, "NoSuchUpload")
        .await;
    raw.object("PUT", "b/1")
        .query("partNumber", "1")
        .query("uploadId", &ids[2])
        .fails(404, "NoSuchUpload")
        .await;
    raw.object("PUT", "b/2")
        .query("partNumber", "10001")
        .query("uploadId", &ids[3])
        .fails(400, "InvalidArgument")
        .await;
    // An upload belongs to its key.
    raw.object("PUT", "other")
        .query("partNumber", "1")
        .query("uploadId", &ids[3])
        .fails(404, "NoSuchUpload")
        .await;
}

#[tokio::test]
async fn forbid_overwrite_counts_where_it_is_said() {
    let raw = start().await;
    let id = initiate(&raw, "k").await;
    let parts = [part(&raw, "k", &id, 1, b"new".to_vec()).await];
    raw.put("k", "old").await;
    raw.object("POST", "k")
        .query("uploads", "")
        .header("x-oss-forbid-overwrite", "true")
        .fails(409, "FileAlreadyExists")
        .await;
    complete(&raw, "k", &id, &parts)
        .header("x-oss-forbid-overwrite", "true")
        .fails(409, "FileAlreadyExists")
        .await;
    // The refused completion left the upload there.
    complete(&raw, "k", &id, &parts).ok().await;
    assert_eq!(raw.get("k").await, "new");
}
