//! Objects of a store that are read piece by piece, and must stay the same from the first to the last.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use futures::StreamExt as _;
use futures::stream::BoxStream;
use object_store::path::Path;
use object_store::{GetOptions, GetResult, ObjectMeta, ObjectStore, ObjectStoreExt as _};

use super::small::collect_up_to;
use crate::{Error, Result};

/// One object as it was when it was first looked at.
///
/// Every read asks for the object with the ETag it had then, and holds the response to it, whether or
/// not the store looks at what it was asked. The ETag is the one that the store has given it *now*: a copy has
/// another, so none that was noted earlier says anything. Stores without ETags are held to the version
/// and the length. (Where there are both, the ETag alone is asked for: to read a version by name takes a right of its own.)
#[derive(Debug, Clone)]
pub(crate) struct Pinned {
    store: Arc<dyn ObjectStore>,
    meta: ObjectMeta,
}

/// ETags with and without quotes are the same ETag.
pub(crate) fn same_etag(a: &str, b: &str) -> bool {
    a.trim_matches('"')
        .eq_ignore_ascii_case(b.trim_matches('"'))
}

impl Pinned {
    /// Looks at an object.
    pub(crate) async fn head(
        store: &Arc<dyn ObjectStore>,
        path: &Path,
    ) -> object_store::Result<Self> {
        let meta = store.head(path).await?;
        let store = Arc::clone(store);
        Ok(Self { store, meta })
    }

    /// Looks at an object by reading a range of it.
    pub(crate) async fn by_range(
        store: &Arc<dyn ObjectStore>,
        path: &Path,
        range: Range<u64>,
    ) -> object_store::Result<(Self, Bytes)> {
        let options = GetOptions::new().with_range(Some(range.clone()));
        let found = store.get_opts(path, options).await?;
        let store = Arc::clone(store);
        let meta = found.meta.clone();
        let bytes = collect(found, range.end - range.start).await?;
        Ok((Self { store, meta }, bytes))
    }

    /// How long it is.
    pub(crate) fn length(&self) -> u64 {
        self.meta.size
    }

    /// Reads a range, as `step` of something.
    pub(crate) async fn range(&self, step: &str, range: Range<u64>) -> Result<Bytes> {
        let length = range.end.saturating_sub(range.start);
        if range.end > self.meta.size {
            return Err(Error::corrupt(format!("{step}: it ends in the middle")));
        }
        if length == 0 {
            return Ok(Bytes::new());
        }
        let found = self.get(step, Some(range)).await?;
        let bytes = collect(found, length).await;
        let bytes = bytes.map_err(|error| Error::store(step, error))?;
        if bytes.len() as u64 != length {
            return Err(Error::corrupt(format!("{step}: it ends in the middle")));
        }
        Ok(bytes)
    }

    /// Reads all of it, as `step` of something.
    pub(crate) async fn stream(
        &self,
        step: &str,
    ) -> Result<BoxStream<'static, object_store::Result<Bytes>>> {
        let chunks = self.get(step, None).await?.into_stream();
        let (mut length, all) = (0, self.meta.size);
        let held = chunks.map(move |chunk| {
            let chunk = chunk?;
            length += chunk.len() as u64;
            if length <= all {
                return Ok(chunk);
            }
            Err(object_store::Error::Generic {
                store: "ObjectStore",
                source: format!("it sends more than the {all} bytes there are").into(),
            })
        });
        Ok(held.boxed())
    }

    async fn get(&self, step: &str, range: Option<Range<u64>>) -> Result<GetResult> {
        let mut options = GetOptions::new().with_range(range.clone());
        match (&self.meta.e_tag, &self.meta.version) {
            // No condition is ever true of a weak one.
            (Some(etag), _) if etag.starts_with("W/") => {}
            (Some(etag), _) => options = options.with_if_match(Some(etag.clone())),
            (None, Some(version)) => options = options.with_version(Some(version.clone())),
            (None, None) => {}
        }
        let replaced = || {
            Error::corrupt(format!(
                "{step}: it was replaced while it was being read; open the backup again"
            ))
        };
        let found = self
            .store
            .get_opts(&self.meta.location, options)
            .await
            .map_err(|error| match error {
                object_store::Error::Precondition { .. } => replaced().with_source(error),
                error => Error::store(step, error),
            })?;
        let other = |pinned: &Option<String>, found: &Option<String>| matches!((pinned, found), (Some(pinned), Some(found)) if !same_etag(pinned, found));
        if found.meta.size != self.meta.size
            || other(&self.meta.e_tag, &found.meta.e_tag)
            || other(&self.meta.version, &found.meta.version)
        {
            return Err(replaced());
        }
        if let Some(range) = range
            && found.range != range
        {
            return Err(Error::corrupt(format!(
                "{step}: the store sends bytes {:?} where {range:?} were asked for",
                found.range
            )));
        }
        Ok(found)
    }
}

/// What was asked for and one byte more at most, whatever the store sends.
async fn collect(found: GetResult, length: u64) -> object_store::Result<Bytes> {
    collect_up_to(found, length.saturating_add(1)).await
}
