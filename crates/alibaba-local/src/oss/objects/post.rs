//! PostObject: uploads from HTML forms.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use chrono::NaiveDateTime;
use http::header::{ETAG, HeaderMap, LOCATION};
use http::{HeaderName, HeaderValue, StatusCode};

use alibaba_sign::{Credentials, oss_v1, oss_v4, percent};

use crate::gateway::exchange::Exchange;
use crate::gateway::response::{Body, Response};
use crate::gateway::xml::Element;
use crate::oss::auth::{check_token, no_public_access};
use crate::oss::error::OssError;
use crate::oss::objects::form::{Field, Form, malformed};
use crate::oss::objects::post_policy::{Fields, Policy, denied};
use crate::oss::refusal::Refusal;
use crate::oss::request::Target;
use crate::oss::state::Oss;
use crate::oss::storage::object::Acl;
use crate::oss::storage::object::{Kind, Object};
use crate::oss::storage::sink::Received;

/// A file of a form: 5 GB.
const MAX_FILE: u64 = 5 * 1024 * 1024 * 1024;

impl Oss {
    pub(crate) async fn post_object(
        &self,
        target: &Target,
        headers: &HeaderMap,
        exchange: &Exchange,
        body: Body,
    ) -> Result<Response, OssError> {
        let bucket = target.bucket();
        let mut form = Form::open(headers, body)?;
        let mut fields = Fields::new();
        let mut file = loop {
            let field = form.next_field().await?.ok_or_else(|| {
                OssError::refuse(
                    Refusal::FILES_IN_POST_REQUEST,
                    "POST requires exactly one file upload per request.",
                )
            })?;
            let name = field.name()?.to_ascii_lowercase();
            if name == "file" {
                break field;
            }
            fields.insert(name, field.text().await?);
        };
        if let Some(content_type) = file.content_type() {
            fields
                .entry("content-type".to_owned())
                .or_insert_with(|| content_type.to_owned());
        }
        let key = fields
            .get("key")
            .ok_or_else(malformed)?
            .replace("${filename}", file.file_name().unwrap_or_default());
        let policy = self.authenticate_form(target, &fields, &key, exchange)?;
        if let Some(policy) = &policy {
            policy.check(bucket, &fields, exchange.now())?;
        }

        let attributes = self.begin_write(bucket, &key, &as_headers(&fields)?)?;
        let range = policy
            .as_ref()
            .and_then(Policy::length_range)
            .unwrap_or((0, MAX_FILE));
        let received = self.receive_file(bucket, &mut file, range).await?;
        drop(file);
        if form.next_field().await?.is_some() {
            return Err(OssError::refuse(
                Refusal::FIELD_ITEM_TOO_LONG,
                "The file must be the last field of the form.",
            ));
        }
        let create = attributes.create;
        let now = self.clock.now();
        let meta = attributes.object(&key, Kind::Normal, &received, now);
        let location = format!(
            "http://{}/{bucket}/{}",
            target.host,
            percent::encode_path(&key)
        );
        let response = posted(&fields, bucket, &key, &meta.quoted_etag(), &location)
            .header(ETAG.as_str(), &meta.quoted_etag())
            .header("x-oss-hash-crc64ecma", &meta.crc.to_string())
            .maybe("content-md5", meta.content_md5.as_deref());
        let object = Object {
            content: received.content,
            meta,
        };
        let version = self.store.commit(bucket, object, create, now)?;
        Ok(response.maybe("x-oss-version-id", version.as_deref()))
    }

    async fn receive_file(
        &self,
        bucket: &str,
        file: &mut Field,
        (min, max): (u64, u64),
    ) -> Result<Received, OssError> {
        let mut sink = self.sink(bucket, true).await?;
        while let Some(piece) = file.chunk().await? {
            sink.write(piece)
                .await
                .map_err(|error| OssError::internal(&error))?;
            if sink.len() > max {
                return Err(OssError::refuse(
                    Refusal::ENTITY_TOO_LARGE,
                    "Your proposed upload exceeds the maximum allowed size.",
                ));
            }
        }
        if sink.len() < min {
            return Err(OssError::refuse(
                Refusal::ENTITY_TOO_SMALL,
                "Your proposed upload is smaller than the minimum allowed size.",
            ));
        }
        sink.finish()
            .await
            .map_err(|error| OssError::internal(&error))
    }

    /// The form's policy, its signature found good; none where anybody may write.
    fn authenticate_form(
        &self,
        target: &Target,
        fields: &Fields,
        key: &str,
        exchange: &Exchange,
    ) -> Result<Option<Policy>, OssError> {
        let Some(text) = fields.get("policy") else {
            let open = self.store.with_bucket(target.bucket(), |stored| {
                Ok(stored.settings.acl == Acl::PublicReadWrite)
            })?;
            if open {
                return Ok(None);
            }
            return Err(no_public_access());
        };
        let policy = Policy::read(text)?;
        let now = exchange.now();
        let context = self.auth(now);
        let field = |name: &str| fields.get(name).map(String::as_str);
        let token = field("x-oss-security-token");
        let caller = if field("x-oss-signature-version").is_some() {
            let credential = field("x-oss-credential").ok_or_else(malformed)?;
            let id = credential.rsplitn(5, '/').nth(4).ok_or_else(malformed)?;
            let caller = context.caller(id)?;
            let signed_at = field("x-oss-date")
                .and_then(|date| NaiveDateTime::parse_from_str(date, "%Y%m%dT%H%M%SZ").ok())
                .ok_or_else(malformed)?
                .and_utc();
            // The policy has to fix what else could be swapped in the form.
            for name in ["x-oss-signature-version", "x-oss-credential", "x-oss-date"] {
                if !policy.fixes(name) {
                    return Err(denied(&format!("Policy has no condition on {name}.")));
                }
            }
            let signer = oss_v4::Signer::new(self.region.clone());
            let credentials = Credentials::new(id, caller.secret.clone());
            let json = BASE64_STANDARD
                .decode(text)
                .ok()
                .and_then(|json| String::from_utf8(json).ok())
                .ok_or_else(malformed)?;
            let expected = signer.sign_post_policy(&credentials, signed_at, &json);
            // Version, scope, date and signature are all in the signer's own fields.
            let equal = expected
                .iter()
                .all(|(name, value)| field(name) == Some(value));
            if !equal {
                return Err(wrong_signature(text));
            }
            caller
        } else {
            context.check_v1()?;
            let caller = context.caller(field("ossaccesskeyid").ok_or_else(malformed)?)?;
            oss_v1::verify_post_policy(
                &caller.secret,
                text,
                field("signature").unwrap_or_default(),
            )
            .map_err(|_| wrong_signature(text))?;
            caller
        };
        check_token(&caller, token, now)?;
        self.authorize(&caller, target, key, &HeaderMap::new(), exchange)?;
        Ok(Some(policy))
    }
}

fn wrong_signature(policy: &str) -> OssError {
    OssError::refuse(
        Refusal::POST_SIGNATURE_MISMATCH,
        "The request signature we calculated does not match the signature you provided. Check \
         your key and signing method.",
    )
    .with("StringToSign", policy)
}

/// The fields that would be headers of a put.
fn as_headers(fields: &Fields) -> Result<HeaderMap, OssError> {
    fields
        .iter()
        .filter(|(name, _)| {
            !name.starts_with("x-oss-signature")
                && !matches!(name.as_str(), "key" | "policy" | "x-oss-credential")
        })
        .map(|(name, value)| {
            let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| malformed())?;
            let value = HeaderValue::from_bytes(value.as_bytes()).map_err(|_| malformed())?;
            Ok((name, value))
        })
        .collect()
}

/// The response that the form asked for: a redirection, or a status, 204 unless it says otherwise.
fn posted(fields: &Fields, bucket: &str, key: &str, etag: &str, location: &str) -> Response {
    if let Some(to) = fields.get("success_action_redirect") {
        let separator = if to.contains('?') { '&' } else { '?' };
        let to = format!(
            "{to}{separator}bucket={}&key={}&etag={}",
            percent::encode(bucket),
            percent::encode(key),
            percent::encode(etag)
        );
        return Response::empty(StatusCode::SEE_OTHER).header(LOCATION.as_str(), &to);
    }
    let response = match fields.get("success_action_status").map(String::as_str) {
        Some("200") => Response::empty(StatusCode::OK),
        Some("201") => {
            let document = Element::root("PostResponse")
                .text("Bucket", bucket)
                .text("ETag", etag)
                .text("Key", key)
                .text("Location", location)
                .document();
            let mut response = Response::xml(document);
            response.status = StatusCode::CREATED;
            response
        }
        _ => Response::empty(StatusCode::NO_CONTENT),
    };
    response.header(LOCATION.as_str(), location)
}
