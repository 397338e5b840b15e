//! Signature nonces, each good for one request, in the data folder too: whoever has seen a request cannot send
//! it again to the process that comes after.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use chrono::{DateTime, TimeDelta, Utc};
use parking_lot::Mutex;

use crate::journal::{Journal, Journaled, Table, Tables};

/// Twice as long as a signature may be off, so that none is forgotten before it is too old.
const KEPT: TimeDelta = TimeDelta::minutes(31);

/// The folder in the data folder. No bucket can have this name.
const FOLDER: &str = "_nonces";

/// The nonces seen lately.
#[derive(Debug)]
pub(crate) struct Nonces(Mutex<Kept>);

#[derive(Debug)]
struct Kept {
    seen: Seen,
    journal: Journal,
}

/// When each was used, by the key that it was used with and itself.
#[derive(Debug, Default)]
struct Seen {
    used: Table<DateTime<Utc>>,
    /// The same, oldest first.
    ages: BTreeSet<(DateTime<Utc>, String)>,
}

impl Tables for Seen {
    fn tables(&mut self) -> Vec<(&'static str, &mut dyn Journaled)> {
        vec![("used", &mut self.used)]
    }
}

impl Nonces {
    /// Those of a product, with what an earlier process kept in the folder.
    pub(crate) fn open(folder: Option<&Path>, product: &str) -> io::Result<Self> {
        let path = folder.map(|folder| path(folder, product)).transpose()?;
        let mut seen = Seen::default();
        let journal = Journal::open(path, &mut seen)?;
        let used = seen.used.iter();
        seen.ages = used.map(|(key, when)| (*when, key.clone())).collect();
        Ok(Self(Mutex::new(Kept { seen, journal })))
    }

    /// Uses a nonce up, which is kept when this returns. Whether it was unused.
    pub(crate) fn use_up(
        &self,
        access_key_id: &str,
        nonce: &str,
        now: DateTime<Utc>,
    ) -> io::Result<bool> {
        let Kept { seen, journal } = &mut *self.0.lock();
        seen.forget_before(now - KEPT);
        let key = format!("{access_key_id}/{nonce}");
        if seen.used.contains(&key) {
            return Ok(false);
        }
        seen.ages.insert((now, key.clone()));
        seen.used.insert(key, now);
        journal.commit(seen)?;
        Ok(true)
    }
}

impl Seen {
    fn forget_before(&mut self, limit: DateTime<Utc>) {
        while let Some((when, _)) = self.ages.first()
            && *when < limit
            && let Some((_, key)) = self.ages.pop_first()
        {
            self.used.remove(&key);
        }
    }
}

fn path(folder: &Path, product: &str) -> io::Result<PathBuf> {
    let folder = folder.join(FOLDER);
    std::fs::create_dir_all(&folder)?;
    Ok(folder.join(product))
}
