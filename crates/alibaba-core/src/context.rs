//! The outside world, as one value.

use std::sync::Arc;

use crate::clock::{SharedClock, SystemClock};
use crate::environment::{SharedEnvironment, SystemEnvironment};
use crate::files::{SharedFiles, SystemFiles};
use crate::http_send::SharedHttp;
use crate::process::{SharedProcesses, SystemProcesses};
use crate::retry::{RandomJitter, SharedJitter};
use crate::{ConnectionSettings, Error};

/// Everything that providers and clients reach the world through, and how they connect.
///
/// A program makes one with [`Context::system`] and gives it to every client; a test replaces what it
/// wants to control.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Context {
    /// Environment variables.
    pub environment: SharedEnvironment,
    /// Files.
    pub files: SharedFiles,
    /// Processes, for profiles with an external command.
    pub processes: SharedProcesses,
    /// HTTP for calls with small bodies.
    pub http: SharedHttp,
    /// The time.
    pub clock: SharedClock,
    /// Randomness for waits.
    pub jitter: SharedJitter,
    /// Timeouts, proxy, roots of trust and user agent.
    pub settings: ConnectionSettings,
}

impl Context {
    /// The machine's own world, connected to as [`ConnectionSettings::default`] says.
    ///
    /// Without the feature `reqwest` there is no HTTP port: calls fail and name the remedy, while
    /// clients that bring their own transport, such as the OSS client, work.
    ///
    /// # Errors
    ///
    /// If a proxy variable names no proxy, or the machine has no root certificates.
    pub fn system() -> Result<Self, Error> {
        Self::connecting(ConnectionSettings::default())
    }

    /// The same with other connection settings.
    ///
    /// # Errors
    ///
    /// If a proxy or root certificate is unusable.
    pub fn connecting(settings: ConnectionSettings) -> Result<Self, Error> {
        #[cfg(feature = "reqwest")]
        let http = Arc::new(crate::http_send::ReqwestSend::new(&settings)?);
        #[cfg(not(feature = "reqwest"))]
        let http = Arc::new(crate::http_send::NoHttp);
        Ok(Self {
            settings,
            ..Self::new(http)
        })
    }

    /// The machine's own environment, files, processes and clock, with this HTTP port.
    #[must_use]
    pub fn new(http: SharedHttp) -> Self {
        Self {
            environment: Arc::new(SystemEnvironment),
            files: Arc::new(SystemFiles),
            processes: Arc::new(SystemProcesses::default()),
            http,
            clock: Arc::new(SystemClock),
            jitter: Arc::new(RandomJitter),
            settings: ConnectionSettings::default(),
        }
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
