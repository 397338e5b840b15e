//! What keeps objects from being changed: retention of buckets and objects, holds, rules.

use crate::raw::{Call, Raw, start};
use chrono::TimeDelta;

fn worm<'r>(raw: &'r Raw, days: &str) -> Call<'r> {
    raw.bucket("POST").query("worm", "").body(format!(
        "<InitiateWormConfiguration><RetentionPeriodInDays>{days}</RetentionPeriodInDays></InitiateWormConfiguration>"
    ))
}

#[tokio::test]
async fn a_locked_retention_can_only_grow() {
    let raw = start().await;
    raw.bucket("GET")
        .query("worm", "")
        .fails(404, "NoSuchWORMConfiguration")
        .await;
    worm(&raw, "0").fails(400, "InvalidArgument").await;
    worm(&raw, "25551").fails(400, "InvalidArgument").await;
    let id = worm(&raw, "3").ok().await.header("x-oss-worm-id");
    worm(&raw, "3")
        .fails(409, "WORMConfigurationAlreadyExists")
        .await;
    let state = raw.bucket("GET").query("worm", "").ok().await;
    assert_eq!(
        [
            state.xml("WormId"),
            state.xml("State"),
            state.xml("RetentionPeriodInDays")
        ],
        [id.clone(), "InProgress".to_owned(), "3".to_owned()]
    );

    raw.bucket("POST")
        .query("wormId", "other")
        .fails(404, "NoSuchWORMConfiguration")
        .await;
    raw.bucket("POST").query("wormId", &id).ok().await;
    let state = raw.bucket("GET").query("worm", "").ok().await;
    assert_eq!(state.xml("State"), "Locked");
    raw.bucket("DELETE")
        .query("worm", "")
        .fails(409, "WORMConfigurationLocked")
        .await;
    let extend = |days: u32| {
        raw.bucket("POST").query("wormExtend", "").query("wormId", &id).body(format!(
            "<ExtendWormConfiguration><RetentionPeriodInDays>{days}</RetentionPeriodInDays></ExtendWormConfiguration>"
        ))
    };
    extend(2).fails(400, "InvalidArgument").await;
    extend(5).ok().await;

    raw.put("k", "one").await;
    raw.pass(TimeDelta::days(4));
    // Neither deleting nor writing over it, whatever the way; reading and new keys are free.
    raw.object("DELETE", "k").fails(409, "FileImmutable").await;
    raw.object("PUT", "k")
        .body("two")
        .fails(409, "FileImmutable")
        .await;
    raw.object("PUT", "k")
        .header("x-oss-copy-source", "/backups/k")
        .fails(409, "FileImmutable")
        .await;
    raw.object("POST", "k")
        .query("uploads", "")
        .fails(409, "FileImmutable")
        .await;
    let many = raw
        .bucket("POST")
        .query("delete", "")
        .body("<Delete><Object><Key>k</Key></Object><Object><Key>x</Key></Object></Delete>")
        .with_md5()
        .ok()
        .await;
    assert_eq!(
        many.all("Key"),
        ["x"],
        "what was kept is not in the response"
    );
    raw.put("new", "x").await;
    assert_eq!(raw.get("k").await, "one");

    raw.pass(TimeDelta::days(1));
    raw.object("PUT", "k").body("two").ok().await;
    raw.object("DELETE", "new")
        .fails(409, "FileImmutable")
        .await;
}

#[tokio::test]
async fn a_retention_that_nobody_locks_lapses() {
    let raw = start().await;
    worm(&raw, "30").ok().await;
    raw.put("k", "x").await;
    raw.object("DELETE", "k").fails(409, "FileImmutable").await;
    raw.pass(TimeDelta::hours(24));
    raw.object("DELETE", "k").ok().await;
    raw.bucket("GET")
        .query("worm", "")
        .fails(404, "NoSuchWORMConfiguration")
        .await;
    worm(&raw, "30").ok().await;
    raw.bucket("DELETE").query("worm", "").ok().await;
    worm(&raw, "30").ok().await;
}

#[tokio::test]
async fn an_upload_begun_before_the_retention_cannot_write_over_what_it_keeps() {
    let raw = start().await;
    raw.put("k", "kept").await;
    let id = raw
        .object("POST", "k")
        .query("uploads", "")
        .ok()
        .await
        .xml("UploadId");
    let part = raw
        .object("PUT", "k")
        .query("partNumber", "1")
        .query("uploadId", &id)
        .body("new")
        .ok()
        .await;
    worm(&raw, "3").ok().await;
    raw.object("POST", "k")
        .query("uploadId", &id)
        .body(format!(
            "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>{}</ETag></Part></CompleteMultipartUpload>",
            part.header("etag")
        ))
        .fails(409, "FileImmutable")
        .await;
    assert_eq!(raw.get("k").await, "kept");
}

async fn with_object_retention(rule: &str) -> Raw {
    let raw = start().await;
    let enable = || {
        raw.bucket("PUT").query("objectWorm", "").body(format!(
            "<ObjectWormConfiguration><ObjectWormEnabled>Enabled</ObjectWormEnabled>{rule}</ObjectWormConfiguration>"
        ))
    };
    enable().fails(409, "InvalidBucketState").await;
    raw.bucket("PUT")
        .query("versioning", "")
        .body("<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>")
        .ok()
        .await;
    enable().ok().await;
    raw
}

#[tokio::test]
async fn object_retention_keeps_a_version_until_its_date() {
    let raw = with_object_retention("").await;
    worm(&raw, "3").fails(409, "InvalidBucketState").await;
    raw.bucket("PUT")
        .query("versioning", "")
        .body("<VersioningConfiguration><Status>Suspended</Status></VersioningConfiguration>")
        .fails(409, "InvalidBucketState")
        .await;
    raw.object("POST", "log")
        .query("append", "")
        .query("position", "0")
        .body("x")
        .fails(400, "OperationNotSupported")
        .await;

    let version = raw.put("k", "one").await.header("x-oss-version-id");
    raw.object("GET", "k")
        .query("retention", "")
        .fails(404, "NoSuchObjectRetention")
        .await;
    let retain = |mode: &str, days: i64| {
        let until = (raw.now() + TimeDelta::days(days)).format("%Y-%m-%dT%H:%M:%S.000Z");
        raw.object("PUT", "k").query("retention", "").body(format!(
            "<Retention><Mode>{mode}</Mode><RetainUntilDate>{until}</RetainUntilDate></Retention>"
        ))
    };
    let delete = || raw.object("DELETE", "k").query("versionId", &version);
    retain("GOVERNANCE", -1).fails(400, "InvalidArgument").await;
    retain("GOVERNANCE", 10).ok().await;
    delete().fails(409, "FileImmutable").await;
    retain("GOVERNANCE", 5).fails(403, "AccessDenied").await;
    retain("GOVERNANCE", 5)
        .header("x-oss-bypass-governance-retention", "true")
        .ok()
        .await;
    retain("COMPLIANCE", 6).ok().await;
    let state = raw.object("GET", "k").query("retention", "").ok().await;
    assert_eq!(state.xml("Mode"), "COMPLIANCE");
    for call in [retain("COMPLIANCE", 5), retain("GOVERNANCE", 7), delete()] {
        let reply = call
            .header("x-oss-bypass-governance-retention", "true")
            .send()
            .await;
        assert!(
            ["AccessDenied", "FileImmutable"].contains(&reply.code().as_str()),
            "{}",
            reply.text()
        );
    }

    // Writing on and hiding are free: the version stays.
    raw.put("k", "two").await;
    raw.object("DELETE", "k").ok().await;
    raw.object("GET", "k")
        .query("versionId", &version)
        .ok()
        .await;
    raw.pass(TimeDelta::days(7));
    delete().ok().await;
}

#[tokio::test]
async fn new_objects_inherit_the_default_and_holds_have_no_date() {
    let raw = with_object_retention(
        "<Rule><DefaultRetention><Mode>GOVERNANCE</Mode><Days>1</Days></DefaultRetention></Rule>",
    )
    .await;
    let state = raw.bucket("GET").query("objectWorm", "").ok().await;
    assert_eq!([state.xml("Mode"), state.xml("Days")], ["GOVERNANCE", "1"]);
    let version = raw.put("k", "x").await.header("x-oss-version-id");
    let delete = || raw.object("DELETE", "k").query("versionId", &version);
    delete().fails(409, "FileImmutable").await;
    let hold = |status: &str| {
        raw.object("PUT", "k")
            .query("legalHold", "")
            .body(format!("<LegalHold><Status>{status}</Status></LegalHold>"))
    };
    hold("MAYBE").fails(400, "MalformedXML").await;
    hold("ON").ok().await;
    let state = raw.object("GET", "k").query("legalHold", "").ok().await;
    assert_eq!(state.xml("Status"), "ON");
    raw.pass(TimeDelta::days(400));
    delete()
        .header("x-oss-bypass-governance-retention", "true")
        .fails(409, "FileImmutable")
        .await;
    hold("OFF").ok().await;
    delete().ok().await;
}

#[tokio::test]
async fn overwrite_rules_guard_a_prefix() {
    let raw = start().await;
    let rules = || raw.bucket("GET").query("overwriteConfig", "");
    rules().fails(404, "NoSuchBucketOverwriteConfig").await;
    let put = |rules: &str| {
        raw.bucket("PUT").query("overwriteConfig", "").body(format!(
            "<OverwriteConfiguration>{rules}</OverwriteConfiguration>"
        ))
    };
    put("").fails(400, "MalformedXML").await;
    put("<Rule><ID>1</ID><Action>forbid</Action><Prefix>backups/</Prefix><Suffix>.json</Suffix></Rule>")
        .ok()
        .await;
    assert_eq!(rules().ok().await.xml("Prefix"), "backups/");
    for (key, free) in [
        ("backups/a.json", false),
        ("backups/a.gz", true),
        ("a.json", true),
    ] {
        raw.put(key, "1").await;
        let again = raw.object("PUT", key).body("2").send().await;
        assert_eq!(again.status == 200, free, "{key}: {}", again.text());
    }
    raw.bucket("DELETE").query("overwriteConfig", "").ok().await;
    raw.put("backups/a.json", "2").await;
}
