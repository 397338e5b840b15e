//! What every process of one comparison has to know.

use serde::{Deserialize, Serialize};

use measure::Outcome;

/// The environment variable in which the processes find it, as JSON.
pub(crate) const VARIABLE: &str = "BENCH_SETUP";

/// The length of a small object.
pub(crate) const SMALL: usize = 4096;

/// The large body is this block, again and again: it stays in the cache, so that not the memory of
/// the machine is measured.
pub(crate) const BLOCK: usize = 1 << 20;

const MIB: u64 = 1 << 20;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Setup {
    pub(crate) endpoint: String,
    pub(crate) region: String,
    pub(crate) bucket: String,
    pub(crate) access_key_id: String,
    pub(crate) access_key_secret: String,
    /// Bytes of the large object; a multiple of the part.
    pub(crate) large: u64,
    /// Bytes of a part.
    pub(crate) part: u64,
    /// Parts at a time.
    pub(crate) concurrency: usize,
    /// Small objects in one measurement, one by one.
    pub(crate) small_count: u64,
    /// And several at a time.
    pub(crate) many_count: u64,
    pub(crate) at_once: usize,
    /// Keys that are listed.
    pub(crate) listed: u64,
    /// Keys that are deleted.
    pub(crate) deleted: u64,
    /// Every frame of a stream is memory of its own, as from a disk or another network: for the
    /// measurement of memory.
    pub(crate) fresh_frames: bool,
}

impl Setup {
    pub(crate) fn new(quick: bool, large: u64) -> Self {
        let pick = |quickly: u64, fully: u64| if quick { quickly } else { fully };
        Self {
            endpoint: String::new(),
            region: "cn-hangzhou".into(),
            bucket: "bench".into(),
            access_key_id: "LTAI-bench".into(),
            access_key_secret: "bench-secret".into(),
            large: pick(64, large) * MIB,
            part: 8 * MIB,
            concurrency: 4,
            small_count: pick(200, 1000),
            many_count: pick(500, 4000),
            at_once: 64,
            listed: pick(3000, 100_000),
            deleted: pick(2000, 10_000),
            fresh_frames: false,
        }
    }

    pub(crate) fn from_environment() -> Outcome<Self> {
        let text = std::env::var(VARIABLE)
            .map_err(|error| format!("read `{VARIABLE}`, which the parent sets: {error}"))?;
        Ok(serde_json::from_str(&text)?)
    }
}

/// The bytes of the block; those of a small object are its first ones.
pub(crate) fn block() -> Vec<u8> {
    // A xorshift: nothing may compress or repeat within a frame.
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut bytes = Vec::with_capacity(BLOCK);
    while bytes.len() < BLOCK {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes
}
