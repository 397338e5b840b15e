//! Single objects of an archive, by ranges.

use std::ops::{Deref, Range};
use std::sync::Arc;

use bytes::Bytes;
use futures::stream::{self, BoxStream};
use futures::{StreamExt as _, TryStreamExt as _};

use super::OpenBackup;
use super::held::PARALLEL_FETCHES;
use super::part::Part;
use crate::archive::index::unpack_member;
use crate::archive::read::check_object;
use crate::archive::{Entries, Entry, EntryRef, Found, Location, RefusedEntry, Span};
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
        let entries: Arc<Entries> = Arc::new(entries.iter().cloned().collect());
        self.read_entries(entries, Known::Nothing)
            .map(|found| found.and_then(Found::into_result))
            .boxed()
    }

    /// The objects of `entries`, and those of them that are refused.
    pub(crate) fn read_found<'a>(&'a self, entries: &'a Entries) -> BoxStream<'a, Result<Found>> {
        self.read_entries(entries, Known::Nothing)
    }

    /// The objects of `entries`, each of which was read before, and not refused.
    pub(crate) fn read_again(
        &self,
        entries: Arc<Entries>,
    ) -> BoxStream<'_, Result<(Entry, Bytes)>> {
        self.read_entries(entries, Known::Readable)
            .map(|found| found.and_then(Found::into_result))
            .boxed()
    }

    fn read_entries<'a, E>(&'a self, entries: E, known: Known) -> BoxStream<'a, Result<Found>>
    where
        E: Deref<Target = Entries> + Clone + Send + Sync + 'a,
    {
        let (mut of_archive, mut of_secrets, mut elsewhere) = (Vec::new(), Vec::new(), Vec::new());
        let mut kept = Vec::new();
        for (at, listed) in (0..).zip(entries.iter()) {
            match listed.place() {
                None => match self.kept(listed) {
                    Some(bytes) => kept.push(Ok(Found::Object(listed.entry(), bytes))),
                    None => elsewhere.push(at),
                },
                Some(_) if self.archive.holds.has(listed.resource()) => of_archive.push(at),
                Some(_) => of_secrets.push(at),
            }
        }
        let mut found = read_located(&self.archive, entries.clone(), of_archive, known);
        if let Some(part) = self.secrets.as_ref().filter(|_| !of_secrets.is_empty()) {
            let of_secrets = read_located(part, entries.clone(), of_secrets, known);
            found = found.chain(of_secrets).boxed();
        }
        if !kept.is_empty() {
            found = found.chain(stream::iter(kept)).boxed();
        }
        if !elsewhere.is_empty() {
            let wanted = Wanted::new(entries, &elsewhere);
            found = found.chain(self.read_in_a_pass(wanted)).boxed();
        }
        found
    }

    /// The bytes of an object that no index knows, if they are in memory.
    fn kept(&self, listed: EntryRef<'_>) -> Option<Bytes> {
        let shelf = self.shelf.get()?;
        shelf.get(listed.resource(), &listed.sha256())
    }

    /// Picks objects out of the whole archive, each with the digest that it had.
    fn read_in_a_pass<'a, E>(&self, wanted: Wanted<E>) -> BoxStream<'a, Result<Found>>
    where
        E: Deref<Target = Entries> + Send + Sync + 'a,
    {
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
                    let Some(sha256) = wanted.take(&entry.id) else {
                        continue;
                    };
                    if entry.sha256 != sha256 {
                        return Err(changed(&entry.id, "holds something else than"));
                    }
                    return Ok(Some((Found::Object(entry, bytes), (objects, wanted))));
                }
                match wanted.first() {
                    Some(id) => Err(changed(&id, "is gone, and was there")),
                    None => Ok(None),
                }
            },
        )
        .boxed()
    }
}

/// What is picked out of a pass over the archive.
struct Wanted<E> {
    entries: E,
    /// Where they are in `entries`, in the order of their names, and whether they have come.
    order: Vec<u32>,
    came: Vec<bool>,
}

impl<E: Deref<Target = Entries>> Wanted<E> {
    /// Those of `entries` at these places.
    fn new(entries: E, at: &[u32]) -> Self {
        let mut order = entries.by_id();
        if at.len() < order.len() {
            // Places come in their order.
            order.retain(|place| at.binary_search(place).is_ok());
        }
        let came = vec![false; order.len()];
        Self {
            entries,
            order,
            came,
        }
    }

    /// The digest of an object that has not come yet.
    fn take(&mut self, id: &ObjectId) -> Option<Digest> {
        let at = self.entries.find(&self.order, id)?;
        let came = std::mem::replace(&mut self.came[at], true);
        (!came).then(|| self.entries.get(self.order[at] as usize).sha256())
    }

    /// One that has not come.
    fn first(&self) -> Option<ObjectId> {
        let at = self.came.iter().position(|came| !came)?;
        Some(self.entries.get(self.order[at] as usize).id())
    }
}

/// The objects at these places of `entries`. Entries are copied only as they are reached, since there may be very many.
fn read_located<'a, E>(
    part: &'a Part,
    entries: E,
    mut at: Vec<u32>,
    known: Known,
) -> BoxStream<'a, Result<Found>>
where
    E: Deref<Target = Entries> + Send + Sync + 'a,
{
    at.sort_unstable_by_key(|at| entries.get(*at as usize).place());
    let mut left = at.into_iter();
    let batches = std::iter::from_fn(move || {
        let next = left.by_ref().take(BATCH);
        let batch: Vec<(Location, Entry)> = next
            .filter_map(|at| {
                let entry = entries.get(at as usize).entry();
                Some((entry.location?, entry))
            })
            .collect();
        (!batch.is_empty()).then_some(batch)
    });
    stream::iter(batches)
        .flat_map(move |batch| read_batch(part, batch, known))
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
    members: Vec<WantedMember>,
}

/// One member, and the objects in it that are wanted.
struct WantedMember {
    span: Span,
    size: u64,
    objects: Vec<(Location, Entry)>,
}

impl WantedMember {
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
                let place = at.object.offset as usize..end as usize;
                // A copy: a slice would keep the whole member alive for one small object.
                let object = match place.len() > text.len() / 2 {
                    true => text.slice(place),
                    false => Bytes::copy_from_slice(&text[place]),
                };
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
                fetch.members.push(WantedMember {
                    span: at.member,
                    size: at.member_size,
                    objects: vec![(at, entry)],
                });
                continue;
            }
        }
        fetches.push(Fetch {
            range: at.member.offset..end,
            members: vec![WantedMember {
                span: at.member,
                size: at.member_size,
                objects: vec![(at, entry)],
            }],
        });
    }
    fetches
}
