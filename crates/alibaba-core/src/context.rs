//! The outside world, as one value.

use std::sync::Arc;

use crate::clock::{SharedClock, SystemClock};
use crate::environment::{SharedEnvironment, SystemEnvironment};
use crate::files::{SharedFiles, SystemFiles};
use crate::http_send::SharedHttp;
use crate::process::{SharedProcesses, SystemProcesses};
use crate::retry::{RandomJitter, SharedJitter};

/// Everything that providers and clients reach the world through.
///
/// A program makes one with [`Context::system`]; a test replaces what it wants to control.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Context {
    /// Environment variables.
    pub environment: SharedEnvironment,
    /// Files.
    pub files: SharedFiles,
    /// Processes, for profiles with an external command.
    pub processes: SharedProcesses,
    /// HTTP.
    pub http: SharedHttp,
    /// The time.
    pub clock: SharedClock,
    /// Randomness for waits.
    pub jitter: SharedJitter,
}

impl Context {
    /// The machine's own environment, files, processes and clock, with this HTTP port.
    #[must_use]
    pub fn with_http(http: SharedHttp) -> Self {
        Self {
            environment: Arc::new(SystemEnvironment),
            files: Arc::new(SystemFiles),
            processes: Arc::new(SystemProcesses),
            http,
            clock: Arc::new(SystemClock),
            jitter: Arc::new(RandomJitter),
        }
    }

    /// The machine's own world, with HTTP by reqwest.
    ///
    /// # Errors
    ///
    /// Where a proxy variable names no proxy, or the machine has no root certificates.
    #[cfg(feature = "reqwest")]
    pub fn system() -> Result<Self, crate::Error> {
        Self::connecting(&crate::ConnectionSettings::default())
    }

    /// The same with other connection settings.
    ///
    /// # Errors
    ///
    /// As [`Self::system`].
    #[cfg(feature = "reqwest")]
    pub fn connecting(settings: &crate::ConnectionSettings) -> Result<Self, crate::Error> {
        Ok(Self::with_http(Arc::new(
            crate::http_send::ReqwestSend::new(settings)?,
        )))
    }

    /// Replaces the environment.
    #[must_use]
    pub fn with_environment(mut self, environment: SharedEnvironment) -> Self {
        self.environment = environment;
        self
    }

    /// Replaces the files.
    #[must_use]
    pub fn with_files(mut self, files: SharedFiles) -> Self {
        self.files = files;
        self
    }

    /// Replaces the processes.
    #[must_use]
    pub fn with_processes(mut self, processes: SharedProcesses) -> Self {
        self.processes = processes;
        self
    }

    /// Replaces the clock.
    #[must_use]
    pub fn with_clock(mut self, clock: SharedClock) -> Self {
        self.clock = clock;
        self
    }

    /// Replaces the randomness.
    #[must_use]
    pub fn with_jitter(mut self, jitter: SharedJitter) -> Self {
        self.jitter = jitter;
        self
    }
}
