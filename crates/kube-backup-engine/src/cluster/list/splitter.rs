//! Splitting the body of a list into items as its bytes arrive.

use bytes::{Bytes, BytesMut};
use serde::Deserialize;

use crate::scan::{self, Seen, Walk};
use crate::{Error, Result};

/// Largest item or envelope that is held; what etcd and the server can hold is well below.
const MAX_ITEM: usize = 32 << 20;
/// How much is kept of a larger item: enough to know whose it is.
const KEPT: usize = 64 << 10;

/// Splits the body of a list into items, as its bytes arrive.
///
/// Built-in lists print their metadata before the items, custom resources after them. Whatever
/// is not an item is kept as the *envelope*, which is a small JSON document of its own once the
/// items are taken out.
#[derive(Debug, Default)]
pub(crate) struct Splitter {
    buffer: BytesMut,
    envelope: Vec<u8>,
    state: State,
    /// The walk through the current item.
    walk: Walk,
    /// Of an item that is larger than it may be, its beginning.
    begun: Option<Bytes>,
    /// How much of that item is dropped so far.
    dropped: usize,
}

/// An item as it lies in a list.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct RawItem {
    /// Its JSON, or the beginning of it.
    pub(crate) bytes: Bytes,
    /// What the walk through it has come across.
    pub(crate) seen: Seen,
    /// Its length in bytes, where only its beginning was kept.
    pub(crate) oversize: Option<usize>,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum State {
    #[default]
    Before,
    Items,
    After,
}

/// What a list says besides its items.
#[derive(Debug, Default, Deserialize)]
struct Envelope {
    #[serde(default)]
    metadata: EnvelopeMeta,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct EnvelopeMeta {
    pub(super) resource_version: String,
    #[serde(rename = "continue")]
    pub(super) continue_token: String,
}

impl Splitter {
    /// Adds bytes and takes out the items that are complete.
    pub(crate) fn push(&mut self, bytes: &[u8], items: &mut Vec<RawItem>) -> Result<()> {
        self.buffer.extend_from_slice(bytes);
        if self.state == State::Before {
            self.find_items();
        }
        if self.state == State::Items {
            self.take_items(items);
        }
        if self.state == State::After {
            self.envelope.extend_from_slice(&self.buffer);
            self.buffer.clear();
        }
        if self.buffer.len() > MAX_ITEM || self.envelope.len() > MAX_ITEM {
            return Err(Error::corrupt(format!(
                "read list: what is around its objects has more than {MAX_ITEM} bytes"
            )));
        }
        Ok(())
    }

    /// Looks for the field `items` of the outermost object.
    fn find_items(&mut self) {
        let Ok(fields) = scan::Fields::of(&self.buffer) else {
            return;
        };
        let Some(start) = fields.start_of(b"items") else {
            return;
        };
        if self.buffer.get(start) == Some(&b'[') {
            self.envelope
                .extend_from_slice(&self.buffer.split_to(start + 1));
            self.state = State::Items;
        } else if self.buffer.len() >= start + 4 {
            // `null`, from servers that print an empty list so.
            self.state = State::After;
        }
    }

    fn take_items(&mut self, items: &mut Vec<RawItem>) {
        loop {
            if !self.walk.has_begun() {
                let skip = self
                    .buffer
                    .iter()
                    .position(|byte| !matches!(byte, b' ' | b'\n' | b'\r' | b'\t' | b','))
                    .unwrap_or(self.buffer.len());
                let _ = self.buffer.split_to(skip);
                match self.buffer.first() {
                    None => return,
                    Some(b']') => {
                        self.state = State::After;
                        return;
                    }
                    Some(_) => self.walk = Walk::default(),
                }
            }
            let Some(end) = self.walk.go_on(&self.buffer) else {
                self.drop_oversize();
                return;
            };
            let bytes = self.buffer.split_to(end).freeze();
            let length = std::mem::take(&mut self.dropped) + bytes.len();
            let begun = self.begun.take();
            let seen = std::mem::take(&mut self.walk).seen();
            items.push(if length > MAX_ITEM {
                RawItem {
                    bytes: begun.unwrap_or_else(|| Bytes::copy_from_slice(&bytes[..KEPT])),
                    seen,
                    oversize: Some(length),
                }
            } else {
                RawItem {
                    bytes,
                    seen,
                    oversize: None,
                }
            });
        }
    }

    /// Of an item that is too large to be held, keeps the beginning.
    fn drop_oversize(&mut self) {
        if self.begun.is_none() {
            if self.buffer.len() <= MAX_ITEM {
                return;
            }
            self.begun = Some(Bytes::copy_from_slice(&self.buffer[..KEPT]));
        }
        self.dropped += self.buffer.len();
        self.buffer.clear();
        self.walk.drop_seen();
    }

    /// The list's metadata, once all bytes are in.
    pub(super) fn finish(self) -> Result<EnvelopeMeta> {
        if self.state != State::After {
            return Err(Error::corrupt("read list: it ends in the middle"));
        }
        serde_json::from_slice::<Envelope>(&self.envelope)
            .map(|envelope| envelope.metadata)
            .map_err(|error| Error::corrupt("read list").with_source(error))
    }
}
