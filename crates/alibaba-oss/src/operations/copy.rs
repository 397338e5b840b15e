//! CopyObject.

use alibaba_sign::percent;
use http::{HeaderValue, Method};

use super::{etag, header};
use crate::client::{Call, Client};
use crate::error::Result;
use crate::xml;

impl Client {
    /// Copies an object within the region, with its metadata, and returns the copy's entity tag.
    /// With `create`, only where the destination is free.
    ///
    /// # Errors
    ///
    /// [`AlreadyExists`](crate::ErrorKind::AlreadyExists) and
    /// [`NotFound`](crate::ErrorKind::NotFound) among others.
    pub async fn copy_object(
        &self,
        from: (&str, &str),
        to: (&str, &str),
        create: bool,
    ) -> Result<Option<String>> {
        let step = format!(
            "copy object `{}` of `{}` to `{}` of `{}`",
            from.1, from.0, to.1, to.0
        );
        let source = format!("/{}/{}", from.0, percent::encode(from.1));
        let (_, source) = header(&step, "x-oss-copy-source", &source)?;
        let mut call = Call::new(Method::PUT, step)
            .object(to.0, to.1)
            .header("x-oss-copy-source", source);
        if create {
            call = call.header("x-oss-forbid-overwrite", HeaderValue::from_static("true"));
        }
        let reply = self.execute(&call).await?;
        let etag = etag(reply.response.headers());
        xml::collect(&call.step, reply.response, self.silence()).await?;
        Ok(etag)
    }
}
