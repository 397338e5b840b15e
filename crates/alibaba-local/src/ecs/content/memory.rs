//! Images in memory, as blocks that copies share until one of them changes.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::sync::Arc;

const BLOCK: u64 = 64 * 1024;

type Blocks = BTreeMap<u64, Arc<Vec<u8>>>;

/// Images in memory. What is in no block is zero.
#[derive(Debug, Default)]
pub(in crate::ecs) struct Memory(HashMap<String, Blocks>);

impl Memory {
    pub(super) fn create(&mut self, name: &str) {
        self.0.insert(name.to_owned(), Blocks::new());
    }

    pub(super) fn copy(&mut self, from: &str, to: &str) -> io::Result<()> {
        let blocks = self.blocks(from)?.clone();
        self.0.insert(to.to_owned(), blocks);
        Ok(())
    }

    pub(super) fn remove(&mut self, name: &str) {
        self.0.remove(name);
    }

    pub(super) fn read(&self, name: &str, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let blocks = self.blocks(name)?;
        for (block, within, piece) in pieces(offset, buffer.len()) {
            let target = &mut buffer[piece.clone()];
            match blocks.get(&block) {
                Some(bytes) => target.copy_from_slice(&bytes[within..within + piece.len()]),
                None => target.fill(0),
            }
        }
        Ok(())
    }

    pub(super) fn write(&mut self, name: &str, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let blocks = self.0.get_mut(name).ok_or_else(|| missing(name))?;
        for (block, within, piece) in pieces(offset, bytes.len()) {
            let block = blocks
                .entry(block)
                .or_insert_with(|| Arc::new(vec![0; BLOCK as usize]));
            let source = &bytes[piece];
            Arc::make_mut(block)[within..within + source.len()].copy_from_slice(source);
        }
        Ok(())
    }

    pub(super) fn held(&self, name: &str) -> io::Result<u64> {
        Ok(self.blocks(name)?.len() as u64 * BLOCK)
    }

    fn blocks(&self, name: &str) -> io::Result<&Blocks> {
        self.0.get(name).ok_or_else(|| missing(name))
    }
}

/// The blocks that a range touches: each with the place in it, and which of the range's bytes are there.
fn pieces(offset: u64, len: usize) -> impl Iterator<Item = (u64, usize, std::ops::Range<usize>)> {
    let mut done = 0;
    std::iter::from_fn(move || {
        if done >= len {
            return None;
        }
        let at = offset + done as u64;
        let within = (at % BLOCK) as usize;
        let piece = (len - done).min(BLOCK as usize - within);
        let range = done..done + piece;
        done += piece;
        Some((at / BLOCK, within, range))
    })
}

fn missing(name: &str) -> io::Error {
    io::Error::new(io::ErrorKind::NotFound, format!("no image `{name}`"))
}
