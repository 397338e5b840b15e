//! The wire between a run and both servers, which counts requests and can be cut.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use ack_backup_center::core::http_send::{
    HttpSend, SendError, SendErrorKind, SendOptions, SharedHttp,
};
use bytes::Bytes;
use futures::FutureExt;
use futures::future::{BoxFuture, pending};
use http::{Request, Response};
use tokio::sync::Notify;
use tower::{BoxError, Layer, Service};

/// What happens to a request, by its number. The first has number 1.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Trouble {
    /// All pass.
    None,
    /// The server carries out this one and nothing after it; the process gets no reply any more.
    StopAfter(usize),
    /// The server carries out this one, and its reply is lost.
    LoseReply(usize),
}

#[derive(Clone, Debug)]
pub(crate) struct Wire(Arc<State>);

#[derive(Debug)]
struct State {
    sent: AtomicUsize,
    trouble: Trouble,
    cut: Notify,
}

impl Wire {
    pub(crate) fn with(trouble: Trouble) -> Self {
        Self(Arc::new(State {
            sent: AtomicUsize::new(0),
            trouble,
            cut: Notify::new(),
        }))
    }

    /// How many requests were sent.
    pub(crate) fn sent(&self) -> usize {
        self.0.sent.load(Ordering::SeqCst)
    }

    /// Runs it until it ends or the wire is cut; then it is gone, wherever it was.
    pub(crate) async fn run<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            result = work => Some(result),
            () = self.0.cut.notified() => None,
        }
    }

    /// What becomes of the next request: whether it is sent, and whether its reply arrives.
    async fn carry<T, E>(
        &self,
        request: impl Future<Output = Result<T, E>>,
        lost: impl FnOnce() -> E,
    ) -> Result<T, E> {
        let number = self.0.sent.fetch_add(1, Ordering::SeqCst) + 1;
        match self.0.trouble {
            Trouble::StopAfter(last) if number >= last => {
                if number == last {
                    let _ = request.await;
                }
                self.0.cut.notify_one();
                pending().await
            }
            Trouble::LoseReply(one) if number == one => {
                let _ = request.await;
                Err(lost())
            }
            _ => request.await,
        }
    }

    pub(crate) fn http(&self, inner: SharedHttp) -> SharedHttp {
        Arc::new(WiredHttp {
            wire: self.clone(),
            inner,
        })
    }
}

#[derive(Debug)]
struct WiredHttp {
    wire: Wire,
    inner: SharedHttp,
}

impl HttpSend for WiredHttp {
    fn send(
        &self,
        request: Request<Bytes>,
        options: SendOptions,
    ) -> BoxFuture<'_, Result<Response<Bytes>, SendError>> {
        let lost = || SendError::new(SendErrorKind::Interrupted);
        self.wire
            .carry(self.inner.send(request, options), lost)
            .boxed()
    }
}

/// The same for a client of a cluster.
impl<S> Layer<S> for Wire {
    type Service = WiredService<S>;

    fn layer(&self, inner: S) -> WiredService<S> {
        WiredService {
            wire: self.clone(),
            inner,
        }
    }
}

#[derive(Clone, Debug)]
pub(crate) struct WiredService<S> {
    wire: Wire,
    inner: S,
}

impl<S, R> Service<R> for WiredService<S>
where
    S: Service<R>,
    S::Error: Into<BoxError>,
    S::Future: Send + 'static,
    S::Response: Send + 'static,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<S::Response, BoxError>>;

    fn poll_ready(
        &mut self,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Result<(), BoxError>> {
        self.inner.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, request: R) -> Self::Future {
        let wire = self.wire.clone();
        let response = self
            .inner
            .call(request)
            .map(|result| result.map_err(Into::into));
        async move {
            let lost = || BoxError::from("the reply was lost");
            wire.carry(response, lost).await
        }
        .boxed()
    }
}
