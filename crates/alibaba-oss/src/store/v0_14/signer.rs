//! Presigned URLs as `object_store` asks for them.

use std::time::Duration;

use async_trait::async_trait;
use object_store::path::Path;
use object_store::signer::{HeaderName, Method, SignedUrlOptions, Signer, Url};
use object_store::{Error, Result};

use super::adapter::store_error;
use crate::OssStore;
use crate::call::Call;
use crate::operation::Operation;
use crate::store::oss_store::STORE;

#[async_trait]
impl Signer for OssStore {
    async fn signed_url(&self, method: Method, path: &Path, expires_in: Duration) -> Result<Url> {
        let options = SignedUrlOptions::default();
        self.signed_url_opts(method, path, expires_in, &options)
            .await
    }

    async fn signed_url_opts(
        &self,
        method: Method,
        path: &Path,
        expires_in: Duration,
        options: &SignedUrlOptions,
    ) -> Result<Url> {
        let key = path.as_ref();
        let step = format!("{method} `{key}` of `{}`", self.bucket());
        // The operation only names what is asked for; the method is the caller's.
        let mut call = Call::new(Operation::GET_OBJECT, step).object(self.bucket(), key);
        call.method = method;
        for (name, value) in &options.extra_query {
            call = call.query(name.clone(), value);
        }
        if let Some(name) = options.signed_headers.keys().find(|name| !is_signed(name)) {
            let text = format!(
                "the signature of an OSS URL covers `content-type`, `content-md5` and `x-oss-*`, not `{name}`"
            );
            return Err(Error::NotSupported {
                source: text.into(),
            });
        }
        call.headers = options.signed_headers.clone();
        let asks = call.headers.contains_key("x-oss-server-side-encryption");
        if call.method == Method::PUT && self.client().encryption.is_some() && !asks {
            // A URL alone cannot ask for it.
            let text = "this store encrypts what it keeps: sign the header `x-oss-server-side-encryption` too, for the sender to send";
            return Err(Error::NotSupported {
                source: text.into(),
            });
        }
        let presigned = self.client().presign(&call, expires_in).await;
        let presigned = presigned.map_err(|error| store_error(key, error))?;
        match Url::parse(presigned.url()) {
            // Another spelling of the path would be another signature.
            Ok(url) if url.as_str() == presigned.url() => Ok(url),
            _ => Err(Error::Generic {
                store: STORE,
                source: format!("the key `{key}` cannot stand in a `Url` as it is").into(),
            }),
        }
    }
}

/// Whether OSS binds a header to the signature without being asked to.
fn is_signed(name: &HeaderName) -> bool {
    matches!(name.as_str(), "content-type" | "content-md5") || name.as_str().starts_with("x-oss-")
}
