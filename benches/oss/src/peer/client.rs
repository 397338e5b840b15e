//! What the jobs need of a client.

use std::future::Future;
use std::io;

use bytes::Bytes;
use futures::Stream;
use measure::Outcome;

/// A client, as the jobs need it.
pub(super) trait Client: Sync + Send + 'static {
    fn put(&self, key: &str, frames: Vec<Bytes>) -> impl Future<Output = Outcome<()>> + Send;
    fn multipart(
        &self,
        key: &str,
        frames: impl Stream<Item = io::Result<Bytes>> + Send + 'static,
    ) -> impl Future<Output = Outcome<()>> + Send;
    /// Reads an object as a stream, and says how long it was.
    fn get(&self, key: &str) -> impl Future<Output = Outcome<u64>> + Send;
    fn small_put(&self, key: &str, body: Bytes) -> impl Future<Output = Outcome<()>> + Send;
    /// Reads an object in one piece.
    fn small_get(&self, key: &str) -> impl Future<Output = Outcome<usize>> + Send;
    /// How many keys there are under a prefix.
    fn list(&self, prefix: &str) -> impl Future<Output = Outcome<u64>> + Send;
    fn delete(&self, keys: Vec<String>) -> impl Future<Output = Outcome<()>> + Send;
}
