//! How a transfer is carried out: the same for uploads, downloads and copies.

use crate::progress::Meter;

#[derive(Clone, Debug, Default)]
pub(super) struct Options {
    pub(super) part_size: Option<u64>,
    pub(super) concurrency: Option<usize>,
    pub(super) traffic_limit: Option<u64>,
    pub(super) meter: Option<Meter>,
}

/// Setters over a field `options`; how long parts are differs.
macro_rules! transfer_options {
    ($(#[$part_size:meta])*) => {
        $(#[$part_size])*
        pub fn part_size(mut self, bytes: u64) -> Self {
            self.options.part_size = Some(bytes);
            self
        }

        /// How many parts are under way at a time; by default four, and for large objects eight.
        pub fn concurrency(mut self, parts: usize) -> Self {
            self.options.concurrency = Some(parts);
            self
        }

        crate::operations::setters::traffic_limit!(options.traffic_limit);

        /// Calls back as bytes pass.
        pub fn on_progress(
            mut self,
            report: impl Fn(crate::Progress) + Send + Sync + 'static,
        ) -> Self {
            self.options.meter = Some(crate::progress::Meter::new(report));
            self
        }
    };
}

pub(super) use transfer_options;
