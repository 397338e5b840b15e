//! One region's OSS.

use std::io;
use std::sync::Arc;

use chrono::TimeDelta;

use crate::directory::store::Directory;
use crate::gateway::clock::LocalClock;
use crate::oss::bench::BenchOptions;
use crate::oss::storage::settings::BucketPreset;
use crate::oss::storage::store::Store;

/// The state of one region's OSS. Its operations are in the folders beside it.
#[derive(Debug)]
pub(crate) struct Oss {
    pub(crate) region: String,
    pub(crate) directory: Directory,
    pub(crate) store: Arc<Store>,
    pub(crate) clock: LocalClock,
    pub(crate) bench: BenchOptions,
    /// Refuses signature version 1, as for accounts opened since 2025.
    pub(crate) refuse_v1: bool,
    /// How long a restore takes, instead of what OSS says.
    pub(crate) restore_time: Option<TimeDelta>,
}

impl Oss {
    /// Makes a bucket that is there from the start, unless an earlier run left it.
    pub(crate) fn create_bucket(&self, name: &str, preset: BucketPreset) -> io::Result<()> {
        let settings = preset.settings(self.clock.now());
        self.store.create_bucket(name, settings).map(drop)
    }
}
