//! Single objects of an archive, by ranges.

use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use futures::stream::{self, BoxStream};
use futures::{StreamExt as _, TryStreamExt as _};
use object_store::ObjectStoreExt as _;
use sha2::{Digest as _, Sha256};

use super::OpenBackup;
use crate::archive::index::gunzip;
use crate::archive::path::entry_path;
use crate::archive::read::check_object;
use crate::archive::{Entry, Location, Span};
use crate::{Error, ErrorKind, ObjectId, Result};

/// Members nearer than this are fetched in one request.
const MAX_GAP: u64 = 8 << 10;
/// Most compressed bytes fetched in one request; they grow about tenfold when decompressed.
const MAX_FETCH: u64 = 512 << 10;
/// Requests under way at once.
pub(super) const PARALLEL_FETCHES: usize = 3;

impl OpenBackup {
    /// The objects of `entries`, in the order of the archive, each checked against its digest.
    ///
    /// Fetches only the parts of the archive that hold them, near ones together. Entries found
    /// without an index are picked out of one pass over the whole archive.
    pub fn read(&self, entries: &[Entry]) -> BoxStream<'static, Result<(Entry, Bytes)>> {
        let mut located: Vec<(Location, Entry)> = Vec::with_capacity(entries.len());
        let mut others: HashSet<ObjectId> = HashSet::new();
        for entry in entries {
            match entry.location {
                Some(location) => located.push((location, entry.clone())),
                None => {
                    others.insert(entry.id.clone());
                }
            }
        }
        let by_range = self.read_located(located);
        if others.is_empty() {
            return by_range;
        }
        let by_pass = self
            .stream()
            .try_filter(move |(entry, _)| futures::future::ready(others.contains(&entry.id)));
        by_range.chain(by_pass).boxed()
    }

    fn read_located(
        &self,
        mut located: Vec<(Location, Entry)>,
    ) -> BoxStream<'static, Result<(Entry, Bytes)>> {
        located.sort_by_key(|(at, _)| (at.member.offset, at.object.offset));
        let store = Arc::clone(&self.store);
        let key = self.keys.archive();
        stream::iter(fetches(located))
            .map(move |fetch| {
                let store = Arc::clone(&store);
                let key = key.clone();
                async move {
                    let bytes = store
                        .get_range(&key, fetch.range.clone())
                        .await
                        .map_err(|error| Error::store("read the archive", error))?;
                    if bytes.len() as u64 != fetch.range.end - fetch.range.start {
                        return Err(Error::corrupt("read archive: it ends in the middle"));
                    }
                    Ok(fetch.members.into_iter().map(move |member| {
                        let start = (member.span.offset - fetch.range.start) as usize;
                        let end = start + member.span.length as usize;
                        Ok((bytes.slice(start..end), member))
                    }))
                }
            })
            .buffered(PARALLEL_FETCHES)
            .map_ok(stream::iter)
            .try_flatten()
            .and_then(|(bytes, member)| async move {
                let objects = tokio::task::spawn_blocking(move || member.unpack(&bytes))
                    .await
                    .map_err(|error| Error::corrupt("read archive").with_source(error))??;
                Ok(stream::iter(objects.into_iter().map(Ok)))
            })
            .try_flatten()
            .boxed()
    }
}

/// One request: a range of the archive, and the members in it that are wanted.
struct Fetch {
    range: Range<u64>,
    members: Vec<Wanted>,
}

/// One member, and the objects in it that are wanted.
struct Wanted {
    span: Span,
    size: u64,
    objects: Vec<(Location, Entry)>,
}

impl Wanted {
    fn unpack(self, compressed: &[u8]) -> Result<Vec<(Entry, Bytes)>> {
        let name = |entry: &Entry| entry_path(&entry.id);
        let first = self.objects.first().map(|(_, entry)| name(entry));
        let text = gunzip(compressed, self.size)
            .map_err(|error| error.with_entry(first.clone().unwrap_or_default()))?;
        let text = Bytes::from(text);
        self.objects
            .into_iter()
            .map(|(at, entry)| {
                let range = at.object.end().filter(|end| *end <= text.len() as u64);
                let Some(end) = range else {
                    return Err(
                        Error::corrupt("read archive: the entry lies outside its member")
                            .with_entry(name(&entry)),
                    );
                };
                // A copy: a slice would keep the whole member alive for one small object.
                let object = Bytes::copy_from_slice(&text[at.object.offset as usize..end as usize]);
                if Sha256::digest(&object)[..] != at.sha256 {
                    return Err(Error::new(
                        ErrorKind::Corrupt,
                        "read archive: the entry's digest differs from the index's",
                    )
                    .with_entry(name(&entry)));
                }
                check_object(&name(&entry), &entry.id, &object)?;
                Ok((entry, object))
            })
            .collect()
    }
}

/// Groups entries, sorted by place, into requests.
fn fetches(located: Vec<(Location, Entry)>) -> Vec<Fetch> {
    let mut fetches: Vec<Fetch> = Vec::new();
    for (at, entry) in located {
        let end = at.member.offset.saturating_add(at.member.length);
        if let Some(fetch) = fetches.last_mut() {
            if let Some(member) = fetch.members.last_mut()
                && member.span == at.member
            {
                member.objects.push((at, entry));
                continue;
            }
            if at.member.offset >= fetch.range.end
                && at.member.offset - fetch.range.end <= MAX_GAP
                && end - fetch.range.start <= MAX_FETCH
            {
                fetch.range.end = end;
                fetch.members.push(Wanted {
                    span: at.member,
                    size: at.member_size,
                    objects: vec![(at, entry)],
                });
                continue;
            }
        }
        fetches.push(Fetch {
            range: at.member.offset..end,
            members: vec![Wanted {
                span: at.member,
                size: at.member_size,
                objects: vec![(at, entry)],
            }],
        });
    }
    fetches
}
