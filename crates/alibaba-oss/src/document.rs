//! Calls whose response is a document.

use bytes::Bytes;
use http::HeaderMap;
use serde::de::DeserializeOwned;

use crate::attempt::Reply;
use crate::call::Call;
use crate::client::Client;
use crate::error::Result;
use crate::{refusal, transport, xml};

/// A document, and how it was obtained.
pub(crate) struct Received<T> {
    pub(crate) document: T,
    pub(crate) headers: HeaderMap,
    pub(crate) attempts: u32,
}

impl Client {
    /// Sends a call, until the document of its response was read as a whole.
    pub(crate) async fn document<T: DeserializeOwned>(
        &self,
        call: &Call,
        root: &'static str,
    ) -> Result<T> {
        let received = self.receive(call, root).await?;
        Ok(received.document)
    }

    /// The document of a setting; `None` where it was never made.
    pub(crate) async fn setting<T: DeserializeOwned>(
        &self,
        call: &Call,
        root: &'static str,
    ) -> Result<Option<T>> {
        match self.document(call, root).await {
            Ok(found) => Ok(Some(found)),
            Err(error) if error.is_unset() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// As [`Self::document`], with the headers of the response, and the number of attempts.
    pub(crate) async fn receive<T: DeserializeOwned>(
        &self,
        call: &Call,
        root: &'static str,
    ) -> Result<Received<T>> {
        self.attempt_all(call, |reply| async move {
            let attempts = reply.attempts;
            let status = reply.response.status();
            let (headers, body) = self.whole(call, reply).await?;
            let document = xml::parse(&call.step, root, &body);
            Ok(Received {
                document: document.map_err(|error| error.with_response(status, &headers))?,
                headers,
                attempts,
            })
        })
        .await
    }

    /// Head and body of a response. OSS may have begun it before it failed: then the body is an
    /// error, whatever the status is.
    pub(crate) async fn whole(&self, call: &Call, reply: Reply) -> Result<(HeaderMap, Bytes)> {
        let (head, body) = reply.response.into_parts();
        let body = transport::collect(&call.step, body, self.patience()).await?;
        if refusal::is_error(&body) {
            return Err(refusal::refused(call, (head.status, &head.headers, &body)));
        }
        Ok((head.headers, body))
    }
}
