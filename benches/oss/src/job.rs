//! What the clients are made to do.

use std::fmt;

use clap::ValueEnum;

use crate::setup::Setup;

/// One kind of work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(crate) enum Job {
    /// One PutObject of a large body.
    Put,
    /// The same body as a multipart upload, some parts at a time.
    Multipart,
    /// Reading it again, as one stream.
    Get,
    /// Small objects, one after the other.
    SmallPut,
    SmallGet,
    /// Small objects, 64 at a time.
    ManyPut,
    ManyGet,
    /// Listing everything under a prefix.
    List,
    /// Deleting everything under a prefix, its keys known.
    Delete,
}

impl Job {
    pub(crate) const ALL: [Self; 9] = [
        Self::Put,
        Self::Multipart,
        Self::Get,
        Self::SmallPut,
        Self::SmallGet,
        Self::ManyPut,
        Self::ManyGet,
        Self::List,
        Self::Delete,
    ];

    /// The word by which other programs know it.
    pub(crate) fn word(self) -> String {
        let value = self.to_possible_value();
        value.map_or_else(String::new, |value| value.get_name().to_owned())
    }

    /// What it does, for people.
    pub(crate) fn describe(self, setup: &Setup) -> String {
        let large = setup.large >> 20;
        let part = setup.part >> 20;
        match self {
            Self::Put => format!("put {large} MiB"),
            Self::Multipart => {
                format!("multipart {large} MiB, {} x {part} MiB", setup.concurrency)
            }
            Self::Get => format!("get {large} MiB"),
            Self::SmallPut => "put 4 KiB, one by one".into(),
            Self::SmallGet => "get 4 KiB, one by one".into(),
            Self::ManyPut => format!("put 4 KiB, {} at a time", setup.at_once),
            Self::ManyGet => format!("get 4 KiB, {} at a time", setup.at_once),
            Self::List => format!("list {} keys", setup.listed),
            Self::Delete => format!("delete {} keys", setup.deleted),
        }
    }

    /// Whether it moves the bytes of objects, of which there is a CRC-64.
    pub(crate) fn has_bodies(self) -> bool {
        !matches!(self, Self::List | Self::Delete)
    }

    /// Whether a bare loop over sockets does it. Many at a time are not what one loop does.
    pub(crate) fn has_limit(self) -> bool {
        self.has_bodies() && !matches!(self, Self::ManyPut | Self::ManyGet)
    }

    /// In what its work is counted, and how much of it there is.
    pub(crate) fn amount(self, setup: &Setup) -> (f64, Unit) {
        match self {
            Self::Put | Self::Multipart | Self::Get => (setup.large as f64, Unit::Bytes),
            Self::SmallPut | Self::SmallGet => (setup.small_count as f64, Unit::Items),
            Self::ManyPut | Self::ManyGet => (setup.many_count as f64, Unit::Items),
            Self::List => (setup.listed as f64, Unit::Items),
            Self::Delete => (setup.deleted as f64, Unit::Items),
        }
    }

    /// How many measurements there are of Python, which is slow and bound by no budget, for one of
    /// the others: one in this many.
    pub(crate) const PYTHON_SELDOM: usize = 4;
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    Bytes,
    Items,
}

impl Unit {
    /// Work per second.
    pub(crate) fn rate(self, amount: f64, seconds: f64) -> String {
        match self {
            Self::Bytes => format!("{:.2} GB/s", amount / seconds / 1e9),
            Self::Items => format!("{:.0} /s", amount / seconds),
        }
    }

    /// Processor time per work.
    pub(crate) fn cost(self, amount: f64, cpu_seconds: f64) -> String {
        match self {
            Self::Bytes => {
                let gib = amount / f64::from(1 << 30);
                format!("{:.2} s/GiB", cpu_seconds / gib)
            }
            Self::Items => format!("{:.1} us", cpu_seconds / amount * 1e6),
        }
    }
}

impl fmt::Display for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.word())
    }
}
