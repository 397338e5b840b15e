//! Somebody who writes numbers to disks and file systems, and what is to be read of them later.

use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use alibaba_local::Ecs;

/// Where every disk has its number, and as much as this of it everywhere.
const PLACES: [u64; 3] = [0, 1 << 20, 19 << 30];
const TIMES: usize = 512;
/// The file that has its number in a file system.
const FILE: &str = "deep/counter";
/// Between two numbers: a thread that never pauses takes the machine from whoever is to be observed.
const PAUSE: Duration = Duration::from_millis(1);

/// Writes one number after the other, each to all disks at once and then to each file system.
pub(crate) struct Writer {
    stop: Arc<AtomicBool>,
    written: Arc<AtomicU64>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    /// Returns once the first number is everywhere.
    pub(crate) fn start(ecs: &Ecs, disks: Vec<String>, folders: Vec<PathBuf>) -> Self {
        let (stop, written) = (Arc::new(AtomicBool::new(false)), Arc::default());
        let stopped = stop.clone();
        let (ecs, count): (_, Arc<AtomicU64>) = (ecs.clone(), Arc::clone(&written));
        let aside = tempfile::tempdir().unwrap();
        let thread = std::thread::spawn(move || {
            for number in 1.. {
                let bytes = number_everywhere(number);
                let places = disks.iter().flat_map(|disk| PLACES.map(|at| (disk, at)));
                let writes = places.map(|(disk, at)| (disk.as_str(), at, &bytes[..]));
                ecs.write_together(&writes.collect::<Vec<_>>()).unwrap();
                for folder in &folders {
                    write_file(&folder.join(FILE), aside.path(), number);
                }
                count.store(number, Ordering::SeqCst);
                if stopped.load(Ordering::SeqCst) {
                    return;
                }
                std::thread::sleep(PAUSE);
            }
        });
        let writer = Self {
            stop,
            written,
            thread: Some(thread),
        };
        writer.goes_on();
        writer
    }

    /// The newest number that is everywhere.
    pub(crate) fn written(&self) -> u64 {
        self.written.load(Ordering::SeqCst)
    }

    /// Waits until another number is everywhere.
    pub(crate) fn goes_on(&self) {
        let before = self.written();
        while self.written() == before {
            assert!(!self.thread.as_ref().unwrap().is_finished(), "it has ended");
            std::thread::sleep(PAUSE);
        }
    }

    /// Which numbers may be found of a time that began with the newest one `before`.
    pub(crate) fn since(&self, before: u64) -> RangeInclusive<u64> {
        // The next one may be on its way.
        before..=self.written() + 1
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

fn number_everywhere(number: u64) -> Vec<u8> {
    number.to_be_bytes().repeat(TIMES)
}

/// Puts a whole file in the place of the one before.
fn write_file(path: &Path, aside: &Path, number: u64) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let new = aside.join("new");
    std::fs::write(&new, text(number)).unwrap();
    std::fs::rename(&new, path).unwrap();
}

fn text(number: u64) -> String {
    format!("{number:020}\n").repeat(TIMES)
}

/// The number that a disk or a snapshot shows, every byte of which is to be of it.
pub(crate) fn on_disk(read: impl Fn(u64, usize) -> std::io::Result<Vec<u8>>) -> u64 {
    let first = read(0, 8).unwrap().try_into().unwrap();
    let number = u64::from_be_bytes(first);
    for place in PLACES {
        let found = read(place, 8 * TIMES).unwrap();
        assert!(
            found == number_everywhere(number),
            "not {number} at {place}"
        );
    }
    number
}

/// The number that a file system shows, of which the whole file is to be.
pub(crate) fn in_folder(folder: &Path) -> u64 {
    let found = std::fs::read_to_string(folder.join(FILE)).unwrap();
    let number = found.lines().next().unwrap().parse().unwrap();
    assert!(
        found == text(number),
        "not {number} in {}",
        folder.display()
    );
    number
}

/// The number that all show.
///
/// # Errors
///
/// What they show, if that is not one.
pub(crate) fn of_one_moment(shown: &[u64]) -> Result<u64, String> {
    match shown {
        [first, rest @ ..] if rest.iter().all(|it| it == first) => Ok(*first),
        _ => Err(format!("they are not of one moment: {shown:?}")),
    }
}
