//! Single objects of an archive, by ranges.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use futures::stream::{self, BoxStream};
use futures::{StreamExt as _, TryStreamExt as _};

use super::OpenBackup;
use super::held::PARALLEL_FETCHES;
use super::part::Part;
use crate::archive::index::unpack_member;
use crate::archive::read::check_object;
use crate::archive::{Entry, Found, Location, RefusedEntry, Span};
use crate::format::entries::entry_path;
use crate::{Digest, Error, ErrorKind, ObjectId, Result};

/// Members nearer than this are fetched in one request.
const MAX_GAP: u64 = 8 << 10;
/// Most compressed bytes fetched in one request; they grow about tenfold when decompressed.
const MAX_FETCH: u64 = 512 << 10;
/// Most bytes of a member that is decompressed where it is needed: that takes no longer than to parse an object. For
/// a larger one, another thread does it.
const AT_HAND: u64 = 256 << 10;
/// Entries copied at once.
const BATCH: usize = 2048;

impl OpenBackup {
    /// The objects of `entries`, in the order of the archive, each checked against its digest.
    ///
    /// Fetches only the parts of the archive that hold them, near ones together. Entries found
    /// without an index are picked out of one pass over the whole archive, which must hold the same objects that
    /// it held when they were found. An entry that cannot be read is an error of kind
    /// [`ErrorKind::Unreadable`], after which others come; every other error ends it.
    pub fn read<'a>(&'a self, entries: &'a [Entry]) -> BoxStream<'a, Result<(Entry, Bytes)>> {
        self.read_found(entries)
            .map(|found| found.and_then(Found::into_result))
            .boxed()
    }

    /// The objects of `entries`, and those of them that are refused.
    pub(crate) fn read_found<'a>(&'a self, entries: &'a [Entry]) -> BoxStream<'a, Result<Found>> {
        let (located, others): (Vec<&Entry>, Vec<&Entry>) =
            entries.iter().partition(|entry| entry.location.is_some());
        let others: HashMap<ObjectId, Digest> = others
            .iter()
            .map(|entry| (entry.id.clone(), entry.sha256))
            .collect();
        let (secrets, located): (Vec<&Entry>, Vec<&Entry>) = located
            .into_iter()
            .partition(|entry| !self.archive.holds.has(&entry.id.resource));
        let mut by_range = read_located(&self.archive, located);
        if let Some(part) = self.secrets.as_ref().filter(|_| !secrets.is_empty()) {
            by_range = by_range.chain(read_located(part, secrets)).boxed();
        }
        if others.is_empty() {
            return by_range;
        }
        by_range.chain(self.read_in_a_pass(others)).boxed()
    }

    /// The objects of `entries`, each of which was read before, and not refused.
    pub(crate) fn read_again(&self, entries: Vec<Entry>) -> BoxStream<'_, Result<(Entry, Bytes)>> {
        let mut elsewhere = HashMap::new();
        let (mut of_archive, mut of_secrets) = (Vec::new(), Vec::new());
        for entry in entries {
            match entry.location {
                None => {
                    elsewhere.insert(entry.id, entry.sha256);
                }
                Some(at) if self.archive.holds.has(&entry.id.resource) => {
                    of_archive.push((at, entry));
                }
                Some(at) => of_secrets.push((at, entry)),
            }
        }
        let read = |part: &Part, mut located: Vec<(Location, Entry)>| {
            located.sort_unstable_by_key(|(at, _)| place(*at));
            read_batch(part, located, Known::Readable)
        };
        let mut found = read(&self.archive, of_archive);
        if let Some(part) = self.secrets.as_ref().filter(|_| !of_secrets.is_empty()) {
            found = found.chain(read(part, of_secrets)).boxed();
        }
        if !elsewhere.is_empty() {
            found = found.chain(self.read_in_a_pass(elsewhere)).boxed();
        }
        found
            .map(|found| found.and_then(Found::into_result))
            .boxed()
    }

    /// Picks objects out of the whole archive, each with the digest that it had.
    fn read_in_a_pass(
        &self,
        wanted: HashMap<ObjectId, Digest>,
    ) -> BoxStream<'static, Result<Found>> {
        stream::try_unfold(
            (self.stream_found(), wanted),
            |(mut objects, mut wanted)| async move {
                let changed = |id: &ObjectId, how: &str| {
                    Error::corrupt(format!("read archive: the entry {how} when it was chosen"))
                        .with_entry(entry_path(id))
                };
                while let Some(found) = objects.try_next().await? {
                    let Found::Object(entry, bytes) = found else {
                        // It was so when the others were found, and is none of them.
                        continue;
                    };
                    let Some(sha256) = wanted.remove(&entry.id) else {
                        continue;
                    };
                    if entry.sha256 != sha256 {
                        return Err(changed(&entry.id, "holds something else than"));
                    }
                    return Ok(Some((Found::Object(entry, bytes), (objects, wanted))));
                }
                match wanted.into_keys().next() {
                    Some(id) => Err(changed(&id, "is gone, and was there")),
                    None => Ok(None),
                }
            },
        )
        .boxed()
    }
}

fn place(at: Location) -> (u64, u64) {
    (at.member.offset, at.object.offset)
}

/// Copies entries only as they are reached, since there may be very many.
fn read_located<'a>(part: &'a Part, mut located: Vec<&'a Entry>) -> BoxStream<'a, Result<Found>> {
    located.sort_by_key(|entry| entry.location.map(place));
    let mut left = located.into_iter();
    let batches = std::iter::from_fn(move || {
        let next = left.by_ref().take(BATCH);
        let batch: Vec<(Location, Entry)> = next
            .filter_map(|entry| Some((entry.location?, entry.clone())))
            .collect();
        (!batch.is_empty()).then_some(batch)
    });
    stream::iter(batches)
        .flat_map(move |batch| read_batch(part, batch, Known::Nothing))
        .boxed()
}

fn read_batch(
    part: &Part,
    located: Vec<(Location, Entry)>,
    known: Known,
) -> BoxStream<'static, Result<Found>> {
    let archive = part.file.clone();
    let step = part.step();
    let held = Arc::clone(&part.held);
    stream::iter(fetches(located, MAX_GAP.max(part.file.near())))
        .map(move |fetch| {
            let archive = archive.clone();
            let held = Arc::clone(&held);
            let step = step.clone();
            async move {
                let bytes = match held.get(&fetch.range) {
                    Some(bytes) => bytes,
                    None => {
                        let range = fetch.range.clone();
                        let bytes = archive.range(&step, range).await?;
                        held.put(&fetch.range, &bytes);
                        bytes
                    }
                };
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
        .and_then(move |(bytes, member)| async move {
            let objects = if member.size <= AT_HAND {
                member.unpack(&bytes, known)?
            } else {
                tokio::task::spawn_blocking(move || member.unpack(&bytes, known))
                    .await
                    .map_err(|error| Error::internal("read archive: decompress it", error))??
            };
            Ok(stream::iter(objects.into_iter().map(Ok)))
        })
        .try_flatten()
        .boxed()
}

/// What is known of objects that are about to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Known {
    Nothing,
    /// Bytes with the digest that the index says are the object, and can be read: they were once. That they
    /// have it is checked each time.
    Readable,
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
    fn unpack(self, compressed: &[u8], known: Known) -> Result<Vec<Found>> {
        let name = |entry: &Entry| entry_path(&entry.id);
        let first = self.objects.first().map(|(_, entry)| name(entry));
        let text = unpack_member(compressed, self.size)
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
                if Digest::of(&object) != entry.sha256 {
                    return Err(Error::new(
                        ErrorKind::Corrupt,
                        "read archive: the entry's digest differs from the index's",
                    )
                    .with_entry(name(&entry)));
                }
                let checked = match known {
                    Known::Nothing => check_object(&entry.id, &object).map(drop),
                    Known::Readable => Ok(()),
                };
                Ok(match checked {
                    Ok(()) => Found::Object(entry, object),
                    Err(why) => {
                        Found::Refused(RefusedEntry::new(name(&entry), Some(entry.id), &why))
                    }
                })
            })
            .collect()
    }
}

/// Groups entries, sorted by place, into requests.
fn fetches(located: Vec<(Location, Entry)>, gap: u64) -> Vec<Fetch> {
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
                && at.member.offset - fetch.range.end <= gap
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
