//! How an OSS is described, and opened.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use chrono::TimeDelta;

use crate::builder::{Builder, Setup, StartError};
use crate::gateway::service::Service;
use crate::objects::ObjectsPort;
use crate::oss::bench::{BenchOptions, RepeatedBlock};
use crate::oss::buckets::name::is_bucket_name;
use crate::oss::port::StoredObjects;
use crate::oss::state::Oss;
use crate::oss::storage::settings::BucketPreset;
use crate::oss::storage::store::Store;

/// OSS, as a [`Builder`] describes it.
#[derive(Clone, Debug, Default)]
struct OssSettings {
    buckets: Vec<(String, BucketPreset)>,
    bench: BenchOptions,
    refuse_v1: bool,
    restore_time: Option<TimeDelta>,
}

/// Of OSS.
impl Builder {
    /// Adds a bucket that is there from the start.
    pub fn bucket(self, name: impl Into<String>) -> Self {
        self.preset(name.into(), BucketPreset::Plain)
    }

    /// Adds a bucket with versioning enabled.
    pub fn versioned_bucket(self, name: impl Into<String>) -> Self {
        self.preset(name.into(), BucketPreset::Versioned)
    }

    /// Adds a bucket whose retention policy is locked: for this many days nothing in it can be
    /// written over or deleted.
    pub fn locked_bucket(self, name: impl Into<String>, days: u32) -> Self {
        self.preset(name.into(), BucketPreset::Locked { days })
    }

    /// Refuses OSS signature version 1, as OSS does for accounts opened since March 2025.
    pub fn refuse_signature_v1(mut self) -> Self {
        self.settings::<OssSettings>().refuse_v1 = true;
        self
    }

    /// How long archived objects take to be restored, instead of OSS's minutes to days.
    pub fn restore_time(mut self, time: Duration) -> Self {
        self.settings::<OssSettings>().restore_time = TimeDelta::from_std(time).ok();
        self
    }

    /// For benchmarks: no MD5 of bodies, which takes several times as long as everything else.
    /// ETags come from the CRC-64 instead; a `Content-MD5` is still checked.
    pub fn skip_md5(mut self) -> Self {
        self.settings::<OssSettings>().bench.skip_md5 = true;
        self
    }

    /// For benchmarks that measure the client and not this server: a body whose `Content-Length`
    /// is that of `block` repeated this many times is taken for just that. Its CRC-64 is computed
    /// now, its bytes are neither looked at nor kept, and reading it sends the block again.
    pub fn known_body(mut self, block: Bytes, times: u64) -> Self {
        let known = RepeatedBlock::new(block, times);
        self.settings::<OssSettings>().bench.known.push(known);
        self
    }

    fn preset(mut self, name: String, preset: BucketPreset) -> Self {
        self.settings::<OssSettings>().buckets.push((name, preset));
        self
    }
}

/// Opens OSS as it was described.
pub(crate) fn open(setup: &mut Setup) -> Result<Box<dyn Service>, StartError> {
    let settings: OssSettings = setup.take();
    let oss = Oss {
        region: setup.region.clone(),
        directory: setup.directory.clone(),
        store: Arc::new(Store::open(setup.folder.clone()).map_err(StartError::Data)?),
        clock: setup.clock.clone(),
        bench: settings.bench,
        refuse_v1: settings.refuse_v1,
        restore_time: settings.restore_time,
    };
    for (bucket, preset) in settings.buckets {
        if !is_bucket_name(&bucket) {
            return Err(StartError::Bucket { name: bucket });
        }
        oss.create_bucket(&bucket, preset)
            .map_err(StartError::Data)?;
    }
    setup.offer(ObjectsPort(Arc::new(StoredObjects {
        store: oss.store.clone(),
        clock: oss.clock.clone(),
    })));
    Ok(Box::new(oss))
}
