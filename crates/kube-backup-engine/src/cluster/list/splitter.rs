//! Splitting the body of a list into items as its bytes arrive.

use bytes::{Bytes, BytesMut};
use serde::Deserialize;

use crate::{Error, Result, scan};

/// Largest item or envelope; what etcd and the server can hold is well below.
const MAX_ITEM: usize = 32 << 20;

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
    /// Where in the buffer the walk through the current item stands.
    at: usize,
    depth: usize,
    in_string: bool,
    escaped: bool,
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
    pub(crate) fn push(&mut self, bytes: &[u8], items: &mut Vec<Bytes>) -> Result<()> {
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
                "read list: one of its objects has more than {MAX_ITEM} bytes"
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

    fn take_items(&mut self, items: &mut Vec<Bytes>) {
        loop {
            if self.depth == 0 {
                let skip = self
                    .buffer
                    .iter()
                    .position(|byte| !matches!(byte, b' ' | b'\n' | b'\r' | b'\t' | b','))
                    .unwrap_or(self.buffer.len());
                let _ = self.buffer.split_to(skip);
                self.at = 0;
                match self.buffer.first() {
                    None => return,
                    Some(b']') => {
                        self.state = State::After;
                        return;
                    }
                    Some(_) => {}
                }
            }
            let Some(end) = self.walk() else { return };
            items.push(self.buffer.split_to(end).freeze());
        }
    }

    /// Continues the walk through the current item; returns where it ends.
    fn walk(&mut self) -> Option<usize> {
        let bytes = &self.buffer[..];
        let mut at = self.at;
        loop {
            if self.in_string {
                if self.escaped {
                    if at >= bytes.len() {
                        break;
                    }
                    self.escaped = false;
                    at += 1;
                }
                match memchr::memchr2(b'"', b'\\', bytes.get(at..).unwrap_or_default()) {
                    None => {
                        at = bytes.len();
                        break;
                    }
                    Some(offset) => {
                        if bytes[at + offset] == b'"' {
                            self.in_string = false;
                        } else {
                            self.escaped = true;
                        }
                        at += offset + 1;
                    }
                }
                continue;
            }
            let Some(byte) = bytes.get(at) else { break };
            at += 1;
            match byte {
                b'"' => self.in_string = true,
                b'{' | b'[' => self.depth += 1,
                b'}' | b']' => {
                    self.depth = self.depth.saturating_sub(1);
                    if self.depth == 0 {
                        return Some(at);
                    }
                }
                _ => {}
            }
        }
        self.at = at;
        None
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
