//! Bodies of requests that can be sent only once.
//!
//! kube's retry layer hides up to 15 attempts, and what the server says to each. It leaves alone
//! requests whose bodies it cannot clone, and the only such bodies that kube lets others make are
//! those of responses. So these have travelled through a service that answers with them: empty-handed and by the
//! dozen, since each journey is one to another task and back, which takes longer than all else that is done to a small
//! request. What is to be sent is put into them afterwards.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use futures::future::try_join_all;
use http::{Request, Response};
use http_body::{Body as HttpBody, Frame, SizeHint};
use kube::client::Body;

/// How many are made at once.
const DOZENS: usize = 48;

/// Makes bodies that can be sent only once. Clones share those that are in store.
#[derive(Clone)]
pub(super) struct SingleUse {
    service: kube::Client,
    blanks: Arc<Mutex<Vec<Blank>>>,
}

/// A body that nothing was put into yet.
struct Blank {
    content: Content,
    body: Body,
}

/// What a body holds, until it is sent.
type Content = Arc<Mutex<Bytes>>;

impl SingleUse {
    pub(super) fn new(namespace: &str) -> Self {
        let answer = |request: Request<Body>| {
            let content = request.extensions().get::<Content>().cloned();
            let body = Sent(content.unwrap_or_default());
            std::future::ready(Ok::<_, Infallible>(Response::new(body)))
        };
        Self {
            service: kube::Client::new(tower::service_fn(answer), namespace),
            blanks: Arc::default(),
        }
    }

    /// A body with these bytes.
    pub(super) async fn body(&self, bytes: Bytes) -> Result<Body, kube::Error> {
        let in_store = self.blanks().pop();
        let Blank { content, body } = match in_store {
            Some(blank) => blank,
            None => self.make().await?,
        };
        *content.lock().unwrap_or_else(PoisonError::into_inner) = bytes;
        Ok(body)
    }

    /// Makes some, and returns one of them.
    async fn make(&self) -> Result<Blank, kube::Error> {
        let one = || async {
            let content = Content::default();
            let mut request = Request::new(Body::empty());
            request.extensions_mut().insert(Arc::clone(&content));
            let body = self.service.send(request).await?.into_body();
            Ok::<_, kube::Error>(Blank { content, body })
        };
        let others = try_join_all((1..DOZENS).map(|_| one())).await?;
        self.blanks().extend(others);
        one().await
    }

    fn blanks(&self) -> std::sync::MutexGuard<'_, Vec<Blank>> {
        self.blanks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A body of one frame.
struct Sent(Content);

impl Sent {
    fn content(&self) -> std::sync::MutexGuard<'_, Bytes> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl HttpBody for Sent {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let bytes = std::mem::take(&mut *self.content());
        Poll::Ready((!bytes.is_empty()).then(|| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.content().is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.content().len() as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_was_put_into_a_body_is_sent_and_cannot_be_sent_again() {
        let bodies = SingleUse::new("default");
        for number in 0..3 * DOZENS {
            let bytes = Bytes::from(number.to_string());
            let body = bodies.body(bytes.clone()).await.unwrap();
            assert!(body.try_clone().is_none());
            assert_eq!(body.size_hint().exact(), Some(bytes.len() as u64));
            assert_eq!(body.collect_bytes().await.unwrap(), bytes);
        }
        let empty = bodies.body(Bytes::new()).await.unwrap();
        assert!(empty.is_end_stream() && empty.try_clone().is_none());
        assert_eq!(empty.size_hint().exact(), Some(0));
        assert_eq!(empty.collect_bytes().await.unwrap(), Bytes::new());
    }
}
