//! DeleteObject and DeleteMultipleObjects.

use std::collections::HashSet;

use alibaba_sign::percent;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::Method;
use md5::{Digest, Md5};
use serde::Deserialize;

use super::header;
use crate::client::{Call, Client};
use crate::error::{Error, ErrorKind, Result};
use crate::xml;

/// How many keys one DeleteMultipleObjects takes.
pub(crate) const MAX_KEYS: usize = 1000;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DeleteResult {
    encoding_type: Option<String>,
    #[serde(default)]
    deleted: Vec<Deleted>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Deleted {
    key: String,
}

impl Client {
    /// Deletes an object. That there was none is no error to OSS.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Conflict`] where a retention policy keeps it.
    pub async fn delete_object(&self, bucket: &str, key: &str) -> Result<()> {
        let call = Call::new(
            Method::DELETE,
            format!("delete object `{key}` of `{bucket}`"),
        )
        .object(bucket, key);
        self.execute(&call).await.map(drop)
    }

    /// Deletes up to 1000 objects in one request, and returns the keys that OSS did not confirm.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`] for more than 1000 keys.
    pub async fn delete_objects(&self, bucket: &str, keys: &[&str]) -> Result<Vec<String>> {
        let step = format!("delete {} objects of `{bucket}`", keys.len());
        if keys.len() > MAX_KEYS {
            return Err(Error::new(
                ErrorKind::Configuration,
                format!("{step}: OSS takes at most {MAX_KEYS} at once"),
            ));
        }
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let body = xml::delete_body(keys.iter().copied());
        let digest = BASE64_STANDARD.encode(Md5::digest(body.as_bytes()));
        let (_, digest) = header(&step, "content-md5", &digest)?;
        let call = Call::new(Method::POST, step)
            .bucket(bucket)
            .flag("delete")
            .query("encoding-type", "url")
            .header("content-md5", digest)
            .payload(body.into());
        let reply = self.execute(&call).await?;
        let bytes = xml::collect(&call.step, reply.response, self.silence()).await?;
        let result: DeleteResult = xml::parse(&call.step, "DeleteResult", &bytes)?;
        let encoded = result.encoding_type.as_deref() == Some("url");
        let confirmed: HashSet<String> = result
            .deleted
            .into_iter()
            .map(|deleted| {
                if encoded {
                    percent::decode(&deleted.key).unwrap_or(deleted.key)
                } else {
                    deleted.key
                }
            })
            .collect();
        Ok(keys
            .iter()
            .filter(|key| !confirmed.contains(**key))
            .map(|key| (*key).to_owned())
            .collect())
    }
}
