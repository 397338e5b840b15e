//! Uploads from HTML forms, with a policy signed by either version.

use crate::raw::{BUCKET, ID, Raw, Reply, SECRET, Scheme, start, start_with};
use alibaba_local::{LocalCloud, User};
use alibaba_sign::{Credentials, oss_v1, oss_v4};
use chrono::{DateTime, TimeDelta, Utc};

/// The parts of a form, before they are put together.
struct Form {
    fields: Vec<(String, String)>,
    file: Vec<u8>,
    after_file: &'static str,
}

impl Form {
    fn set(mut self, name: &str, value: &str) -> Self {
        self.fields.retain(|(found, _)| found != name);
        self.fields.push((name.to_owned(), value.to_owned()));
        self
    }

    fn without(mut self, name: &str) -> Self {
        self.fields.retain(|(found, _)| found != name);
        self
    }

    async fn send(self, raw: &Raw) -> Reply {
        let mut body = Vec::new();
        for (name, value) in &self.fields {
            body.extend(
                format!(
                    "--XX\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
                )
                .bytes(),
            );
        }
        body.extend(
            b"--XX\r\nContent-Disposition: form-data; name=\"file\"; filename=\"up.bin\"\r\n\
              Content-Type: image/png\r\n\r\n",
        );
        body.extend(&self.file);
        body.extend(format!("\r\n{}--XX--\r\n", self.after_file).bytes());
        let request = http::Request::post(format!("/{BUCKET}/"))
            .header("host", raw.cloud.address().to_string())
            .header("content-type", "multipart/form-data; boundary=XX")
            .body(bytes::Bytes::from(body).into())
            .unwrap();
        crate::raw::send(&raw.cloud, request).await.unwrap()
    }
}

fn conditions(now: DateTime<Utc>, more: &str) -> String {
    let expiration = (now + TimeDelta::hours(1)).format("%Y-%m-%dT%H:%M:%S.000Z");
    format!(
        "{{\"expiration\":\"{expiration}\",\"conditions\":[{{\"bucket\":\"{BUCKET}\"}}{more}]}}"
    )
}

fn form(fields: Vec<(String, String)>) -> Form {
    Form {
        fields,
        file: b"file \r\n--X\r\n bytes".to_vec(),
        after_file: "",
    }
    .set("key", "up/${filename}")
}

fn v4(raw: &Raw, credentials: &Credentials, more: &str) -> Form {
    let now = raw.now();
    let signer = oss_v4::Signer::new("cn-hangzhou");
    let stamp = now.format("%Y%m%dT%H%M%SZ");
    let credential = signer.credential(credentials, now);
    let own = format!(
        ",{{\"x-oss-signature-version\":\"OSS4-HMAC-SHA256\"}},\
         {{\"x-oss-credential\":\"{credential}\"}},{{\"x-oss-date\":\"{stamp}\"}}{more}"
    );
    let signed = signer.sign_post_policy(credentials, now, &conditions(now, &own));
    form(
        signed
            .iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect(),
    )
}

fn v1(raw: &Raw, credentials: &Credentials, more: &str) -> Form {
    let signed = oss_v1::sign_post_policy(credentials, &conditions(raw.now(), more));
    form(
        signed
            .iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect(),
    )
}

type Sign = fn(&Raw, &Credentials, &str) -> Form;
const BOTH: [Sign; 2] = [v4, v1];

#[tokio::test]
async fn a_form_with_a_good_policy_is_an_upload() {
    let raw = start().await;
    let credentials = Credentials::new(ID, SECRET);
    for sign in BOTH {
        let reply = sign(&raw, &credentials, ",[\"starts-with\",\"$key\",\"up/\"]")
            .set("x-oss-meta-from", "form")
            .send(&raw)
            .await;
        assert_eq!(reply.status, 204, "{}", reply.text());
        assert!(!reply.header("x-oss-hash-crc64ecma").is_empty());
        let got = raw.object("GET", "up/up.bin").ok().await;
        assert_eq!(got.text(), "file \r\n--X\r\n bytes");
        assert_eq!(got.header("content-type"), "image/png");
        assert_eq!(got.header("x-oss-meta-from"), "form");
        raw.object("DELETE", "up/up.bin").ok().await;
    }
    let created = v4(&raw, &credentials, "")
        .set("success_action_status", "201")
        .send(&raw)
        .await;
    assert_eq!(
        (created.status, created.xml("Key").as_str()),
        (201, "up/up.bin")
    );
    let moved = v4(&raw, &credentials, "")
        .set("success_action_redirect", "http://example.com/done?x=1")
        .send(&raw)
        .await;
    assert_eq!(moved.status, 303);
    assert!(
        moved
            .header("location")
            .starts_with("http://example.com/done?x=1&bucket=backups&key=up%2Fup.bin&etag=")
    );
}

#[tokio::test]
async fn a_form_that_its_policy_does_not_cover_is_refused() {
    let raw = start().await;
    let good = Credentials::new(ID, SECRET);
    let wrong = Credentials::new(ID, "wrong");
    let refused = async |form: Form, code: &str| {
        let reply = form.send(&raw).await;
        assert_eq!(reply.code(), code, "{}", reply.text());
        raw.object("GET", "up/up.bin").fails(404, "NoSuchKey").await;
    };
    for sign in BOTH {
        let form = |more: &str| sign(&raw, &good, more);
        refused(form(",[\"eq\",\"$key\",\"up/x\"]"), "AccessDenied").await;
        refused(form(",[\"content-length-range\",0,3]"), "EntityTooLarge").await;
        refused(
            form(",[\"content-length-range\",100,200]"),
            "EntityTooSmall",
        )
        .await;
        refused(
            form(",[\"in\",\"$content-type\",[\"text/plain\"]]"),
            "AccessDenied",
        )
        .await;
        refused(form(",[\"like\",\"$key\",\"up\"]"), "InvalidPolicyDocument").await;
        refused(sign(&raw, &wrong, ""), "SignatureDoesNotMatch").await;
        refused(form("").without("policy"), "AccessDenied").await;
        refused(form("").without("key"), "MalformedPOSTRequest").await;
        let mut double = form("");
        double.after_file = "--XX\r\nContent-Disposition: form-data; name=\"late\"\r\n\r\nx\r\n";
        refused(double, "FieldItemTooLong").await;
    }
    // Another signing day or scope than the policy fixes.
    refused(
        v4(&raw, &good, "").set("x-oss-date", "20200101T000000Z"),
        "SignatureDoesNotMatch",
    )
    .await;
    let now = raw.now();
    let unfixed =
        oss_v4::Signer::new("cn-hangzhou").sign_post_policy(&good, now, &conditions(now, ""));
    let fields = unfixed
        .iter()
        .map(|(n, v)| (n.to_owned(), v.to_owned()))
        .collect();
    refused(form(fields), "AccessDenied").await;
    let late = v4(&raw, &good, "");
    raw.pass(TimeDelta::minutes(61));
    refused(late, "AccessDenied").await;
}

#[tokio::test]
async fn temporary_keys_send_their_token_and_rights_count() {
    let temporary = User::new("STS.example", SECRET).with_security_token("the-token");
    let reader = User::new("LTAI-reader", SECRET).allow_only(["oss:GetObject"]);
    let raw = start_with(LocalCloud::builder().user(temporary).user(reader)).await;
    let with = Credentials::new("STS.example", SECRET).with_security_token("the-token");
    for sign in BOTH {
        let good = sign(&raw, &with, "").send(&raw).await;
        assert_eq!(good.status, 204, "{}", good.text());
        let bad = sign(&raw, &with, "")
            .set("x-oss-security-token", "other")
            .send(&raw)
            .await;
        assert!(bad.status == 403, "{}", bad.text());
        let reader = sign(&raw, &Credentials::new("LTAI-reader", SECRET), "")
            .send(&raw)
            .await;
        assert_eq!(reader.code(), "AccessDenied");
    }
}

#[tokio::test]
async fn a_bucket_open_to_everybody_needs_no_policy() {
    let mut raw = start().await;
    raw.bucket("PUT")
        .query("acl", "")
        .header("x-oss-acl", "public-read-write")
        .ok()
        .await;
    raw.scheme = Scheme::Unsigned;
    let reply = form(Vec::new()).send(&raw).await;
    assert_eq!(reply.status, 204, "{}", reply.text());
    assert_eq!(raw.get("up/up.bin").await, "file \r\n--X\r\n bytes");
}
