//! What stands in for the default adapter where it is not compiled in.

use bytes::Bytes;
use futures::FutureExt as _;
use futures::future::{BoxFuture, ready};

use super::{HttpSend, SendError, SendErrorKind, SendOptions};

/// Sends nothing, and says how to get an adapter.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NoHttp;

impl HttpSend for NoHttp {
    fn send(
        &self,
        _: http::Request<Bytes>,
        _: SendOptions,
    ) -> BoxFuture<'_, Result<http::Response<Bytes>, SendError>> {
        let remedy = "this program has no HTTP client: enable the feature `reqwest` of alibaba-core, \
                      or give `Context::new` one, such as `HyperSend` of alibaba-oss";
        ready(Err(
            SendError::new(SendErrorKind::Request).with_source(remedy)
        ))
        .boxed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Context;

    #[tokio::test]
    async fn a_context_without_http_says_how_to_get_it() {
        let context = Context::new(std::sync::Arc::new(NoHttp));
        let request = http::Request::get("http://h/").body(Bytes::new()).unwrap();
        let error = context.http.send(request, SendOptions::default()).await;
        let error = std::error::Error::source(&error.unwrap_err())
            .unwrap()
            .to_string();
        assert!(error.contains("enable the feature `reqwest`"), "{error}");
    }
}
