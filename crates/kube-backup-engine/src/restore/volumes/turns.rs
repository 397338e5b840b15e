//! How much is asked at once, of however many claims are waited for.

use std::future::Future;

use tokio::sync::Semaphore;

/// Turns at asking the API server or a storage. Whoever pauses between two of them holds none.
#[derive(Debug)]
pub(crate) struct Turns(Semaphore);

impl Turns {
    pub(crate) fn new(at_once: usize) -> Self {
        Self(Semaphore::new(at_once))
    }

    /// Does `work` when it is its turn.
    pub(crate) async fn take<T>(&self, work: impl Future<Output = T>) -> T {
        let _turn = self.0.acquire().await.expect("it is never closed");
        work.await
    }
}
