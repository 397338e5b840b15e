//! The command line.

use clap::{Parser, Subcommand};
use clap_complete::Shell;

use crate::place::Place;
use crate::{backup, key, location, restore, schedule};

/// Backs applications of a Kubernetes cluster up to Alibaba Cloud OSS or a folder, and brings them back.
#[derive(Debug, Parser)]
#[command(name = "backup-center", version, propagate_version = true, after_help = CODES)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) place: Place,
    #[command(subcommand)]
    pub(crate) command: Command,
}

const CODES: &str = "\
Exit codes: 0 done; 1 failed; 2 the command line cannot be read; 3 done, but not for everything: a backup that is \
PartiallyFailed, a restore that withheld something, a list with backups that cannot be read; 4 nothing of that name; \
130 and 143 stopped by SIGINT or SIGTERM.";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Makes backups, shows, verifies, downloads and deletes them.
    #[command(subcommand)]
    Backup(backup::Command),
    /// Brings backups back.
    #[command(subcommand)]
    Restore(restore::Command),
    /// Works with the plans (BackupSchedules) of a cluster that the backup center is installed in.
    #[command(subcommand)]
    Schedule(schedule::Command),
    /// Looks at where backups are kept.
    #[command(subcommand)]
    Location(location::Command),
    /// Makes keys that seal backups, and identities that read encrypted ones.
    #[command(subcommand)]
    Key(key::Command),
    /// Prints the completion script of a shell.
    Completion {
        /// The shell.
        shell: Shell,
    },
}
