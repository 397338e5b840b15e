//! Who gets in: both versions, in headers and URLs, with tokens, at the right time.

use crate::raw::{ID, SECRET, Scheme, start, start_with};
use alibaba_local::{LocalCloud, User};
use alibaba_sign::Credentials;
use chrono::TimeDelta;

const SIGNED: [Scheme; 4] = [Scheme::V4, Scheme::V1, Scheme::UrlV4, Scheme::UrlV1];

#[tokio::test]
async fn both_versions_get_in_by_header_and_by_url() {
    let mut raw = start().await;
    for scheme in SIGNED {
        raw.scheme = scheme;
        let key = format!("{scheme:?}/a b+c&d=e?日.txt");
        raw.object("PUT", &key)
            .header("content-type", "text/plain")
            .header("x-oss-meta-scheme", &format!("{scheme:?}"))
            .body("signed")
            .ok()
            .await;
        assert_eq!(raw.get(&key).await, "signed");
        raw.object("GET", &key).query("tagging", "").ok().await;
        raw.object("GET", &key)
            .query("response-content-type", "a/b; c")
            .ok()
            .await;
        raw.bucket("GET")
            .query("list-type", "2")
            .query("prefix", "a/ b")
            .ok()
            .await;
        raw.service("GET").ok().await;
    }
}

#[tokio::test]
async fn a_wrong_secret_an_unknown_id_and_an_altered_request_stay_out() {
    let mut raw = start().await;
    for scheme in SIGNED {
        raw.scheme = scheme;
        raw.credentials = Credentials::new(ID, "wrong");
        let refused = raw
            .object("GET", "k")
            .fails(403, "SignatureDoesNotMatch")
            .await;
        assert!(!refused.xml("StringToSign").is_empty(), "{scheme:?}");
        assert_eq!(refused.xml("OSSAccessKeyId"), ID);
        let provided = refused.xml("SignatureProvided");
        assert_eq!(
            provided.len(),
            if matches!(scheme, Scheme::V4 | Scheme::UrlV4) {
                64
            } else {
                28
            }
        );
        let bytes = refused.xml("StringToSignBytes");
        let first = &refused.xml("StringToSign")[..3];
        assert_eq!(
            &bytes[..8],
            if first == "GET" {
                "47 45 54"
            } else {
                "4F 53 53"
            }
        );
        raw.object("HEAD", "k")
            .fails(403, "SignatureDoesNotMatch")
            .await;
        raw.credentials = Credentials::new("LTAI-nobody", SECRET);
        raw.object("GET", "k")
            .fails(403, "InvalidAccessKeyId")
            .await;
    }
    raw.credentials = Credentials::new(ID, SECRET);
    raw.scheme = Scheme::V4;
    raw.region = "cn-beijing";
    let elsewhere = raw.object("GET", "k").fails(400, "InvalidArgument").await;
    assert_eq!(elsewhere.xml("EC"), "0002-00000226");
    let words = "Invalid signing region in Authorization header.";
    assert_eq!(elsewhere.xml("Message"), words);
    raw.scheme = Scheme::Unsigned;
    raw.object("GET", "k").fails(403, "AccessDenied").await;
    raw.object("GET", "k")
        .header("authorization", "Bearer token")
        .header("x-oss-content-sha256", "UNSIGNED-PAYLOAD")
        .fails(400, "InvalidArgument")
        .await;
    raw.scheme = Scheme::UrlV4;
    raw.object("GET", "k")
        .header("authorization", "OSS a:b")
        .fails(400, "InvalidArgument")
        .await;
}

#[tokio::test]
async fn what_was_signed_cannot_be_changed() {
    let raw = start().await;
    raw.put("k", "x").await;
    let now = raw.now();
    let credentials = Credentials::new(ID, SECRET);
    let request = alibaba_sign::oss_v4::Request {
        bucket: Some(crate::raw::BUCKET),
        key: Some("k"),
        ..alibaba_sign::oss_v4::Request::new("GET")
    };
    let query = alibaba_sign::oss_v4::Signer::new("cn-hangzhou")
        .presign(
            &credentials,
            now,
            std::time::Duration::from_secs(60),
            &request,
        )
        .unwrap();
    let fetch = async |method: &str, path: &str, query: &str, header: Option<&str>| {
        let mut request = http::Request::builder()
            .method(method)
            .uri(format!("{path}?{query}"))
            .header("host", raw.cloud.address().to_string());
        if let Some(name) = header {
            request = request.header(name, "1");
        }
        crate::raw::send(
            &raw.cloud,
            request.body(bytes::Bytes::new().into()).unwrap(),
        )
        .await
        .unwrap()
        .status
    };
    let query = query.as_str();
    assert_eq!(fetch("GET", "/backups/k", query, None).await, 200);
    assert_eq!(fetch("GET", "/backups/k", query, Some("accept")).await, 200);
    assert_eq!(fetch("DELETE", "/backups/k", query, None).await, 403);
    assert_eq!(fetch("GET", "/backups/other", query, None).await, 403);
    assert_eq!(
        fetch("GET", "/backups/k", &format!("{query}&acl"), None).await,
        403
    );
    assert_eq!(
        fetch("GET", "/backups/k", query, Some("x-oss-meta-a")).await,
        403
    );
    let longer = query.replace("x-oss-expires=60", "x-oss-expires=600");
    assert_eq!(fetch("GET", "/backups/k", &longer, None).await, 403);
}

#[tokio::test]
async fn tokens_belong_to_their_keys() {
    let temporary = User::new("STS.example", "temporary-secret").with_security_token("the-token");
    let mut raw = start_with(LocalCloud::builder().user(temporary)).await;
    raw.put("k", "x").await;
    let with = |token: &str| {
        Credentials::new("STS.example", "temporary-secret").with_security_token(token)
    };
    for scheme in SIGNED {
        raw.scheme = scheme;
        raw.credentials = with("the-token");
        assert_eq!(raw.get("k").await, "x", "{scheme:?}");
        raw.credentials = with("another");
        raw.object("GET", "k")
            .fails(403, "InvalidSecurityToken")
            .await;
        raw.credentials = Credentials::new("STS.example", "temporary-secret");
        raw.object("GET", "k")
            .fails(403, "InvalidAccessKeyId")
            .await;
        raw.credentials = Credentials::new(ID, SECRET).with_security_token("the-token");
        raw.object("GET", "k")
            .fails(403, "InvalidSecurityToken")
            .await;
    }
}

#[tokio::test]
async fn time_runs_out() {
    let mut raw = start().await;
    raw.put("k", "x").await;
    let offset = |seconds| raw.cloud.clock().set_offset_seconds(seconds);
    // The client does not see the server's clock here: it signs by its own.
    for (scheme, code, ahead, behind) in [
        (Scheme::V4, "RequestTimeTooSkewed", 16 * 60, -16 * 60),
        (Scheme::V1, "RequestTimeTooSkewed", 16 * 60, -16 * 60),
    ] {
        for seconds in [ahead, behind] {
            let request = signed_by_the_wall_clock(&raw.cloud, scheme);
            offset(seconds);
            let reply = crate::raw::send(&raw.cloud, request).await.unwrap();
            assert_eq!(
                (reply.status, reply.code().as_str()),
                (403, code),
                "{scheme:?} {seconds}"
            );
            assert!(!reply.header("date").is_empty());
            offset(0);
        }
    }
    for scheme in [Scheme::UrlV4, Scheme::UrlV1] {
        raw.scheme = scheme;
        let request = signed_by_the_wall_clock(&raw.cloud, scheme);
        raw.pass(TimeDelta::minutes(61));
        let late = crate::raw::send(&raw.cloud, request).await.unwrap();
        assert_eq!((late.status, late.code().as_str()), (403, "AccessDenied"));
        raw.cloud.clock().set_offset_seconds(0);
    }
}

fn signed_by_the_wall_clock(
    cloud: &LocalCloud,
    scheme: Scheme,
) -> http::Request<http_body_util::Full<bytes::Bytes>> {
    let host = cloud.address().to_string();
    let now = cloud.clock().now();
    let credentials = Credentials::new(ID, SECRET);
    let v4 = alibaba_sign::oss_v4::Request {
        bucket: Some(crate::raw::BUCKET),
        key: Some("k"),
        ..alibaba_sign::oss_v4::Request::new("GET")
    };
    let v1 = alibaba_sign::oss_v1::Request {
        bucket: v4.bucket,
        key: v4.key,
        ..alibaba_sign::oss_v1::Request::new("GET")
    };
    let signer = alibaba_sign::oss_v4::Signer::new("cn-hangzhou");
    let mut request = http::Request::builder().header("host", host);
    let mut path = "/backups/k".to_owned();
    match scheme {
        Scheme::V4 => {
            for (name, value) in signer.sign(&credentials, now, &v4).iter() {
                request = request.header(name, value);
            }
        }
        Scheme::V1 => {
            for (name, value) in alibaba_sign::oss_v1::sign(&credentials, now, &v1).iter() {
                request = request.header(name, value);
            }
        }
        Scheme::UrlV4 => {
            let hour = std::time::Duration::from_secs(3600);
            let query = signer.presign(&credentials, now, hour, &v4).unwrap();
            path = format!("{path}?{}", query.as_str());
        }
        Scheme::UrlV1 | Scheme::Unsigned => {
            let until = now + TimeDelta::hours(1);
            let query = alibaba_sign::oss_v1::presign(&credentials, until, &v1);
            path = format!("{path}?{}", query.as_str());
        }
    }
    request.uri(path).body(bytes::Bytes::new().into()).unwrap()
}

#[tokio::test]
async fn version_1_can_be_switched_off_as_for_new_accounts() {
    let mut raw = start_with(LocalCloud::builder().refuse_signature_v1()).await;
    raw.put("k", "x").await;
    for scheme in [Scheme::V1, Scheme::UrlV1] {
        raw.scheme = scheme;
        let refused = raw.object("GET", "k").fails(403, "InvalidArgument").await;
        assert_eq!(refused.header("x-oss-ec"), "0002-00000080");
    }
}

#[tokio::test]
async fn rights_are_checked_for_every_action_that_a_request_needs() {
    let limited = User::new("LTAI-limited", SECRET).allow_only([
        "oss:PutObject",
        "oss:GetObject",
        "oss:ListObjects",
    ]);
    let mut raw = start_with(LocalCloud::builder().user(limited)).await;
    raw.put("k", "x").await;
    raw.credentials = Credentials::new("LTAI-limited", SECRET);
    raw.put("mine", "y").await;
    raw.get("k").await;
    raw.object("PUT", "copy")
        .header("x-oss-copy-source", "/backups/k")
        .ok()
        .await;
    for (call, action) in [
        (raw.object("DELETE", "k"), "oss:DeleteObject"),
        (
            raw.object("GET", "k").query("versionId", "null"),
            "oss:GetObjectVersion",
        ),
        (
            raw.object("PUT", "k").header("x-oss-tagging", "a=b"),
            "oss:PutObjectTagging",
        ),
        (
            raw.object("DELETE", "k").query("uploadId", "x"),
            "oss:AbortMultipartUpload",
        ),
        (
            raw.bucket("PUT").query("versioning", ""),
            "oss:PutBucketVersioning",
        ),
        (raw.service("GET"), "oss:ListBuckets"),
    ] {
        let denied = call.fails(403, "AccessDenied").await;
        assert_eq!(denied.xml("AuthAction"), action);
    }
}
