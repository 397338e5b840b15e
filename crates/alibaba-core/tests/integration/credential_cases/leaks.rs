//! Hears everything that is logged or told, and searches it for secrets.

use std::io;
use std::sync::{Arc, Mutex, Once};

use tracing::subscriber::DefaultGuard;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;

#[derive(Clone, Default)]
struct Heard(Arc<Mutex<Vec<u8>>>);

impl io::Write for Heard {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Heard {
    type Writer = Self;

    fn make_writer(&'a self) -> Self::Writer {
        self.clone()
    }
}

/// Libraries below (reqwest, rustls) log through the `log` crate, whose listener is global.
struct LogListener;

static LOGGED: Mutex<Vec<u8>> = Mutex::new(Vec::new());

impl log::Log for LogListener {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        let line = format!("{} {}\n", record.target(), record.args());
        LOGGED.lock().unwrap().extend_from_slice(line.as_bytes());
    }

    fn flush(&self) {}
}

pub(crate) struct Leaks {
    heard: Heard,
    _listening: DefaultGuard,
}

impl Leaks {
    pub(crate) fn start() -> Self {
        static ONCE: Once = Once::new();
        ONCE.call_once(|| {
            log::set_logger(&LogListener).unwrap();
            log::set_max_level(log::LevelFilter::Trace);
        });
        LOGGED.lock().unwrap().clear();
        let heard = Heard::default();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(LevelFilter::TRACE)
            .with_writer(heard.clone())
            .with_ansi(false)
            .finish();
        let listening = tracing::subscriber::set_default(subscriber);
        Self {
            heard,
            _listening: listening,
        }
    }

    /// Adds what was told otherwise: an error, a `Debug` form.
    pub(crate) fn say(&self, text: &str) {
        self.heard
            .0
            .lock()
            .unwrap()
            .extend_from_slice(text.as_bytes());
    }

    pub(crate) fn finish(self, secrets: &[String]) -> Vec<String> {
        let mut heard = self.heard.0.lock().unwrap().clone();
        heard.extend_from_slice(&LOGGED.lock().unwrap());
        let heard = String::from_utf8_lossy(&heard);
        secrets
            .iter()
            .filter_map(|secret| {
                let at = heard.find(secret.as_str())?;
                let before: String = heard[..at].chars().rev().take(120).collect();
                let before: String = before.chars().rev().collect();
                Some(format!("the secret {secret:.12}… shows after {before:?}"))
            })
            .collect()
    }
}

#[test]
fn the_harness_hears_logs_of_both_kinds_and_what_is_told() {
    let secrets = [
        "s3cr3t-a".to_owned(),
        "s3cr3t-b".to_owned(),
        "s3cr3t-c".to_owned(),
        "quiet".to_owned(),
    ];
    let leaks = Leaks::start();
    tracing::trace!("here is s3cr3t-a");
    log::trace!("here is s3cr3t-b");
    leaks.say("here is s3cr3t-c");
    // The other test's run may clear the global log at any time; ask for what is ours alone first.
    let found = leaks.finish(&secrets);
    assert!(found.iter().any(|text| text.contains("s3cr3t-a")));
    assert!(found.iter().any(|text| text.contains("s3cr3t-c")));
    assert!(!found.iter().any(|text| text.contains("quiet")));
}
