//! The memory of the parts of a stream: frames of one length, which are used again.

use std::sync::Arc;

use bytes::Bytes;
use parking_lot::Mutex;

/// The length of a frame: what goes out in one write.
pub(super) const FRAME: usize = 512 * 1024;

/// Frames that nobody uses. Lives as long as its upload and the frames that were lent.
#[derive(Clone, Debug, Default)]
pub(super) struct Frames(Arc<Mutex<Vec<Vec<u8>>>>);

/// A frame that is being filled, or that is part of a payload. Goes back when it is dropped.
#[derive(Debug)]
pub(super) struct Frame {
    bytes: Vec<u8>,
    home: Frames,
}

impl Frames {
    pub(super) fn lend(&self) -> Frame {
        let kept = self.0.lock().pop();
        Frame {
            bytes: kept.unwrap_or_else(|| Vec::with_capacity(FRAME)),
            home: self.clone(),
        }
    }

    #[cfg(test)]
    pub(super) fn unused(&self) -> usize {
        self.0.lock().len()
    }
}

impl Frame {
    /// Takes in as many of these bytes as there is room for, and says how many.
    pub(super) fn fill(&mut self, bytes: &[u8]) -> usize {
        let len = bytes.len().min(FRAME - self.bytes.len());
        self.bytes.extend_from_slice(&bytes[..len]);
        len
    }

    pub(super) fn is_full(&self) -> bool {
        self.bytes.len() == FRAME
    }

    pub(super) fn freeze(self) -> Bytes {
        Bytes::from_owner(self)
    }
}

impl AsRef<[u8]> for Frame {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Frame {
    fn drop(&mut self) {
        let mut bytes = std::mem::take(&mut self.bytes);
        bytes.clear();
        self.home.0.lock().push(bytes);
    }
}
