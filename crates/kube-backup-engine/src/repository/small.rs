//! Objects of a store that are read as a whole, however long they are said to be.

use bytes::Bytes;
use futures::TryStreamExt as _;
use object_store::path::Path;
use object_store::{GetResult, GetResultPayload, ObjectStore, ObjectStoreExt as _};

/// Most bytes that room is made for because a store says that so many come.
const RESERVED: u64 = 1 << 20;

/// The first `limit` bytes of an object; `None` where there is no such object. Whoever takes up to `n` bytes asks
/// for one more, and sees whether there are.
pub(crate) async fn read_up_to(
    store: &dyn ObjectStore,
    path: &Path,
    limit: u64,
) -> object_store::Result<Option<Bytes>> {
    match store.get(path).await {
        Ok(found) => collect_up_to(found, limit).await.map(Some),
        Err(object_store::Error::NotFound { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The first `limit` bytes of what a store sends.
pub(super) async fn collect_up_to(found: GetResult, limit: u64) -> object_store::Result<Bytes> {
    let length = found.range.end.saturating_sub(found.range.start).min(limit);
    // A file is at hand and as long as it is: piece by piece, each would be a turn of another thread.
    if !matches!(found.payload, GetResultPayload::Stream(_)) && length < limit {
        return found.bytes().await;
    }
    let mut chunks = found.into_stream();
    let mut taken = Vec::with_capacity(length.min(RESERVED) as usize);
    while let Some(chunk) = chunks.try_next().await? {
        let room = limit - taken.len() as u64;
        if chunk.len() as u64 >= room {
            taken.extend_from_slice(&chunk[..room as usize]);
            break;
        }
        taken.extend_from_slice(&chunk);
    }
    Ok(taken.into())
}

#[cfg(test)]
mod tests {
    use object_store::memory::InMemory;

    use super::*;

    #[tokio::test]
    async fn no_more_is_taken_than_was_asked_for() {
        let (store, path) = (InMemory::new(), Path::from("a"));
        assert_eq!(read_up_to(&store, &path, 3).await.unwrap(), None);
        store.put(&path, "abcd".into()).await.unwrap();
        for (limit, expected) in [(0, ""), (3, "abc"), (4, "abcd"), (5, "abcd")] {
            let read = read_up_to(&store, &path, limit).await.unwrap().unwrap();
            assert_eq!(read, expected, "{limit}");
        }
    }
}
