//! PutSymlink and GetSymlink. Where a link leads is only looked at when it is read.

use http::StatusCode;
use http::header::{ETAG, HeaderMap, LAST_MODIFIED};

use alibaba_sign::percent;
use md5::{Digest as _, Md5};

use crate::gateway::response::Response;
use crate::oss::error::OssError;
use crate::oss::objects::attributes::check_key;
use crate::oss::refusal::Refusal;
use crate::oss::request::Target;
use crate::oss::state::Oss;
use crate::oss::storage::content::Content;
use crate::oss::storage::object::{Kind, Object};
use crate::oss::storage::sink::Received;

impl Oss {
    pub(crate) fn put_symlink(
        &self,
        target: &Target,
        headers: &HeaderMap,
    ) -> Result<Response, OssError> {
        let (bucket, key) = (target.bucket(), target.key());
        let attributes = self.begin_write(bucket, key, headers)?;
        let to = headers
            .get("x-oss-symlink-target")
            .and_then(|value| percent::decode(value.to_str().ok()?))
            .ok_or_else(|| {
                OssError::invalid_argument(
                    "x-oss-symlink-target",
                    "",
                    "The symlink's target must be an encoded object name.",
                )
            })?;
        check_key(&to)?;
        let now = self.clock.now();
        let create = attributes.create;
        let received = Received {
            content: Content::default(),
            len: 0,
            crc: 0,
            md5: Some(Md5::digest(&to).into()),
        };
        let meta = attributes.object(key, Kind::Symlink(to), &received, now);
        let etag = meta.quoted_etag();
        let object = Object {
            content: received.content,
            meta,
        };
        let version = self.store.commit(bucket, object, create, now)?;
        Ok(Response::empty(StatusCode::OK)
            .header(ETAG.as_str(), &etag)
            .maybe("x-oss-version-id", version.as_deref()))
    }

    pub(crate) fn get_symlink(&self, target: &Target) -> Result<Response, OssError> {
        let found = self
            .store
            .object(target.bucket(), target.key(), target.version()?)?;
        let meta = &found.object.meta;
        let Kind::Symlink(to) = &meta.kind else {
            return Err(OssError::refuse(
                Refusal::NOT_SYMLINK,
                "The object you specified is not a symlink.",
            ));
        };
        let response = Response::empty(StatusCode::OK)
            .header("x-oss-symlink-target", &percent::encode_path(to))
            .header(ETAG.as_str(), &meta.quoted_etag())
            .header(
                LAST_MODIFIED.as_str(),
                &httpdate::fmt_http_date(meta.modified.into()),
            )
            .maybe("x-oss-version-id", found.version.as_deref());
        Ok(meta
            .headers
            .iter()
            .filter(|(name, _)| name.starts_with("x-oss-meta-"))
            .fold(response, |response, (name, value)| {
                response.header(name, value)
            }))
    }
}
