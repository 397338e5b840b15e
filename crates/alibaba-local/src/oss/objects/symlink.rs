//! PutSymlink and GetSymlink. Where a link leads is only looked at when it is read.

use http::StatusCode;
use http::header::{ETAG, HeaderMap, LAST_MODIFIED};

use alibaba_sign::percent;
use md5::{Digest as _, Md5};

use crate::gateway::response::Answer;
use crate::oss::error::OssError;
use crate::oss::objects::attributes::check_key;
use crate::oss::request::Target;
use crate::oss::storage::content::Content;
use crate::oss::storage::object::{Kind, Object};
use crate::oss::storage::receive::Received;
use crate::oss::{Oss, http_date};

impl Oss {
    pub(in crate::oss) fn put_symlink(
        &self,
        target: &Target,
        headers: &HeaderMap,
    ) -> Result<Answer, OssError> {
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
        let facts = attributes.object(key, Kind::Symlink(to), &received, now);
        let etag = facts.quoted_etag();
        let object = Object {
            content: received.content,
            facts,
        };
        let version = self.store.commit(bucket, object, create, now)?;
        Ok(Answer::empty(StatusCode::OK)
            .header(ETAG.as_str(), &etag)
            .maybe("x-oss-version-id", version.as_deref()))
    }

    pub(in crate::oss) fn get_symlink(&self, target: &Target) -> Result<Answer, OssError> {
        let found = self
            .store
            .object(target.bucket(), target.key(), target.version()?)?;
        let facts = &found.object.facts;
        let Kind::Symlink(to) = &facts.kind else {
            return Err(OssError::bad_request(
                "NotSymlink",
                "The object you specified is not a symlink.",
            ));
        };
        let answer = Answer::empty(StatusCode::OK)
            .header("x-oss-symlink-target", &percent::encode_path(to))
            .header(ETAG.as_str(), &facts.quoted_etag())
            .header(LAST_MODIFIED.as_str(), &http_date(facts.modified))
            .maybe("x-oss-version-id", found.version.as_deref());
        Ok(facts
            .headers
            .iter()
            .filter(|(name, _)| name.starts_with("x-oss-meta-"))
            .fold(answer, |answer, (name, value)| answer.header(name, value)))
    }
}
