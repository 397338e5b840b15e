//! How a command ended, and what that says to whoever called the program.
//!
//! | code | meaning |
//! |---|---|
//! | 0 | all of it was done |
//! | 1 | it failed |
//! | 2 | the command line cannot be read |
//! | 3 | it was done, but not for everything: a backup is `PartiallyFailed`, a restore withheld objects, a list has backups that cannot be read |
//! | 4 | there is nothing of that name |
//! | 130, 143 | it was stopped by SIGINT or SIGTERM before it was done |

use std::error::Error;
use std::fmt;
use std::process::ExitCode;

use ack_backup_center::chain;
use ack_backup_center::engine::{self, ErrorKind};

pub(crate) type Result<T, E = Failure> = std::result::Result<T, E>;

/// The end of a command that did not fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Done {
    Whole,
    Partly,
    Failed,
}

impl Done {
    pub(crate) fn code(self) -> ExitCode {
        ExitCode::from(match self {
            Self::Whole => 0,
            Self::Failed => 1,
            Self::Partly => 3,
        })
    }
}

/// Why a command failed, as a sentence.
#[derive(Debug)]
pub(crate) struct Failure {
    message: String,
    is_missing: bool,
}

impl Failure {
    /// `step` fits after "failed to".
    pub(crate) fn new(step: impl Into<String>) -> Self {
        Self {
            message: step.into(),
            is_missing: false,
        }
    }

    /// A step that failed, with its causes.
    pub(crate) fn failed(step: impl Into<String>, cause: impl Into<Box<dyn Error>>) -> Self {
        let cause = cause.into();
        Self::new(format!("{}: {}", step.into(), chain(cause.as_ref())))
    }

    /// There is nothing of that name.
    pub(crate) fn missing(step: impl Into<String>) -> Self {
        Self {
            message: step.into(),
            is_missing: true,
        }
    }

    /// Prints it, and returns the code that says so.
    pub(crate) fn tell(&self) -> ExitCode {
        eprintln!("backup-center: failed to {}", self.message);
        ExitCode::from(if self.is_missing { 4 } else { 1 })
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl From<engine::Error> for Failure {
    fn from(error: engine::Error) -> Self {
        Self {
            message: error.chain(),
            // With a cause it is something else that is missing, such as the bucket.
            is_missing: error.kind() == ErrorKind::NotFound && error.source().is_none(),
        }
    }
}

macro_rules! from {
    ($($error:ty),*) => {$(
        impl From<$error> for Failure {
            fn from(error: $error) -> Self {
                Self::new(chain(&error))
            }
        }
    )*};
}

from!(
    ack_backup_center::core::Error,
    ack_backup_center::core::InvalidRegion,
    ack_backup_center::location::FolderError,
    ack_backup_center::location::ProbeError,
    ack_backup_center::oss::Error
);
