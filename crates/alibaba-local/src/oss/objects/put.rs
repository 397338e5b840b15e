//! PutObject, and what every write begins with.

use http::StatusCode;
use http::header::{ETAG, HeaderMap};

use crate::gateway::response::{Body, Response};
use crate::oss::error::OssError;
use crate::oss::objects::attributes::check_key;
use crate::oss::request::Target;
use crate::oss::state::Oss;
use crate::oss::storage::object::Attributes;
use crate::oss::storage::object::{Kind, Object};

impl Oss {
    /// The attributes of a write that may begin now. The bucket is asked again when the write is
    /// committed; this check spares the client a long body.
    pub(crate) fn begin_write(
        &self,
        bucket: &str,
        key: &str,
        headers: &HeaderMap,
    ) -> Result<Attributes, OssError> {
        check_key(key)?;
        let mut attributes = Attributes::read(headers)?;
        self.store.with_bucket(bucket, |stored| {
            stored.check_write(key, attributes.create, self.clock.now())?;
            attributes
                .storage_class
                .get_or_insert(stored.settings.storage_class);
            Ok(())
        })?;
        Ok(attributes)
    }

    pub(crate) async fn put_object(
        &self,
        target: &Target,
        headers: &HeaderMap,
        body: Body,
    ) -> Result<Response, OssError> {
        let (bucket, key) = (target.bucket(), target.key());
        let attributes = self.begin_write(bucket, key, headers)?;
        let received = self.receive(bucket, headers, body).await?;
        let now = self.clock.now();
        let create = attributes.create;
        let meta = attributes.object(key, Kind::Normal, &received, now);
        let response = Response::empty(StatusCode::OK)
            .header(ETAG.as_str(), &meta.quoted_etag())
            .header("x-oss-hash-crc64ecma", &meta.crc.to_string())
            .maybe("content-md5", meta.content_md5.as_deref())
            .encryption(&meta.headers);
        let object = Object {
            content: received.content,
            meta,
        };
        let version = self.store.commit(bucket, object, create, now)?;
        Ok(response.maybe("x-oss-version-id", version.as_deref()))
    }
}
