//! Buckets made and removed.

use http::{HeaderMap, StatusCode};
use serde::Deserialize;

use crate::gateway::response::Response;
use crate::oss::acl::bucket_acl;
use crate::oss::document::{self};
use crate::oss::error::OssError;
use crate::oss::request::Target;
use crate::oss::state::Oss;
use crate::oss::storage::object::StorageClass;
use crate::oss::storage::settings::Settings;

#[derive(Deserialize)]
struct CreateBucketConfiguration {
    #[serde(rename = "StorageClass")]
    storage_class: Option<StorageClass>,
    #[serde(rename = "DataRedundancyType")]
    redundancy: Option<String>,
}

impl Oss {
    pub(crate) fn put_bucket(
        &self,
        target: &Target,
        headers: &HeaderMap,
        document: &str,
    ) -> Result<Response, OssError> {
        let name = target.bucket();
        let mut settings = Settings::new(self.clock.now());
        let acl = bucket_acl(headers)?;
        settings.acl = acl.unwrap_or(settings.acl);
        if !document.trim().is_empty() {
            let wanted: CreateBucketConfiguration =
                document::read(document, "CreateBucketConfiguration")?;
            settings.storage_class = wanted.storage_class.unwrap_or_default();
            match wanted.redundancy {
                None => {}
                Some(redundancy) if matches!(redundancy.as_str(), "LRS" | "ZRS") => {
                    settings.redundancy = redundancy;
                }
                Some(_) => return Err(OssError::malformed_xml()),
            }
        }
        let is_new = self
            .store
            .create_bucket(name, settings)
            .map_err(|error| OssError::internal(&error))?;
        if let (false, Some(acl)) = (is_new, acl) {
            // Its owner, who all callers here are, may put a bucket again to change its ACL.
            self.store.change_settings(name, |stored| {
                stored.settings.acl = acl;
                Ok(())
            })?;
        }
        Ok(Response::empty(StatusCode::OK).header("location", &format!("/{name}")))
    }

    pub(crate) fn delete_bucket(&self, target: &Target) -> Result<Response, OssError> {
        self.store.remove_bucket(target.bucket())?;
        Ok(Response::empty(StatusCode::NO_CONTENT))
    }
}
