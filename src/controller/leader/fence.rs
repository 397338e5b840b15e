//! What lets a client write only while it leads.

use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures::FutureExt as _;
use futures::future::{BoxFuture, Either};
use http::{Method, Request};
use parking_lot::Mutex;
use tokio::time::Instant;
use tower::{BoxError, Layer, Service};

/// Lets requests that write through while this process leads, and refuses them after that. Reading is always allowed.
///
/// It goes by this machine's own clock, counted from before the request by which the lead was taken or renewed was sent. Nobody
/// else takes the lead before the whole of the lease has passed, so that a process that was suspended, or cut off from the API
/// server, writes nothing more when it wakes up, even before it has noticed.
#[derive(Clone)]
pub struct Fence(Arc<Mutex<Until>>);

#[derive(Clone, Copy, Debug)]
enum Until {
    Always,
    Time(Instant),
    Closed,
}

impl fmt::Debug for Fence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Fence").field(&*self.0.lock()).finish()
    }
}

impl Fence {
    /// Closed, until somebody leads.
    #[must_use]
    pub fn closed() -> Self {
        Self(Arc::new(Mutex::new(Until::Closed)))
    }

    /// Always open: for a single process, which has nobody to fight.
    #[must_use]
    pub fn open() -> Self {
        Self(Arc::new(Mutex::new(Until::Always)))
    }

    pub(super) fn open_until(&self, time: Instant) {
        *self.0.lock() = Until::Time(time);
    }

    pub(super) fn close(&self) {
        *self.0.lock() = Until::Closed;
    }

    /// Until when it is open; `None` when it is closed, or open for ever.
    pub(super) fn ends(&self) -> Option<Instant> {
        match *self.0.lock() {
            Until::Time(time) => Some(time),
            Until::Always | Until::Closed => None,
        }
    }

    /// Whether writes pass now.
    #[must_use]
    pub fn is_open(&self) -> bool {
        match *self.0.lock() {
            Until::Always => true,
            Until::Time(time) => Instant::now() < time,
            Until::Closed => false,
        }
    }
}

/// A write was refused, since this process does not lead.
#[derive(Debug, thiserror::Error)]
#[error("write to the cluster: this process does not lead any more")]
pub struct Deposed;

impl<S> Layer<S> for Fence {
    type Service = Fenced<S>;

    fn layer(&self, inner: S) -> Fenced<S> {
        Fenced {
            fence: self.clone(),
            inner,
        }
    }
}

/// A client's service behind a [`Fence`].
#[derive(Clone, Debug)]
pub struct Fenced<S> {
    fence: Fence,
    inner: S,
}

impl<S, B> Service<Request<B>> for Fenced<S>
where
    S: Service<Request<B>>,
    S::Error: Into<BoxError>,
    S::Future: Send + 'static,
    S::Response: Send + 'static,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<S::Response, BoxError>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let reads = matches!(*request.method(), Method::GET | Method::HEAD);
        let request = if reads || self.fence.is_open() {
            Either::Left(self.inner.call(request).map(|it| it.map_err(Into::into)))
        } else {
            Either::Right(futures::future::ready(Err(Deposed.into())))
        };
        request.boxed()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn writes_pass_only_while_it_leads() {
        let fence = Fence::closed();
        let mut service = fence.layer(tower::service_fn(|request: Request<()>| async move {
            Ok::<_, BoxError>(request.method().clone())
        }));
        let mut ask = async |method: Method| {
            let request = Request::builder().method(method).body(()).unwrap();
            service.call(request).await.is_ok()
        };
        assert!(ask(Method::GET).await);
        assert!(!ask(Method::PATCH).await);
        fence.open_until(Instant::now() + Duration::from_secs(10));
        for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
            assert!(ask(method).await);
        }
        // As after a sleep that nobody noticed.
        fence.open_until(Instant::now());
        for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
            assert!(!ask(method).await);
        }
        assert!(ask(Method::GET).await);
    }
}
