//! `key`: keys that seal backups, and identities that read encrypted ones.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use ack_backup_center::engine::encryption::Identity;
use ack_backup_center::engine::seal::{SigningKey, Trust};
use clap::Subcommand;

use crate::exit::{Done, Failure, Result};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Makes a key that seals backups, and the trust of whoever reads them. Neither belongs into the bucket.
    Seal {
        /// The file of the key, which is written; only its owner can read it.
        #[arg(long, value_name = "FILE")]
        signing_key: PathBuf,
        /// The file of the trust, which is written.
        #[arg(long, value_name = "FILE")]
        new_trust: PathBuf,
    },
    /// Makes an identity of age, which reads what is encrypted to its recipient, and prints the recipient.
    Age {
        /// The file of the identity, which is written; only its owner can read it.
        #[arg(long, value_name = "FILE")]
        new_identity: PathBuf,
    },
}

pub(crate) fn run(command: &Command) -> Result<Done> {
    match command {
        Command::Seal {
            signing_key,
            new_trust,
        } => {
            let key = SigningKey::generate()?;
            let trust = serde_json::to_string_pretty(&Trust::of(key.verifying_key()));
            let trust = trust.map_err(|error| Failure::failed("write the trust", error))?;
            create(signing_key, 0o600, &key.to_pem())?;
            create(new_trust, 0o644, &(trust + "\n"))?;
        }
        Command::Age { new_identity } => {
            let identity = Identity::generate();
            create(new_identity, 0o600, &identity.to_text())?;
            crate::output::print_bytes(format!("{}\n", identity.recipient()).as_bytes())?;
        }
    }
    Ok(Done::Whole)
}

/// A file that is not there yet: one that is may be the only one that opens backups.
fn create(path: &Path, mode: u32, text: &str) -> Result<()> {
    let file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(path);
    file.and_then(|mut file| file.write_all(text.as_bytes()))
        .map_err(|error| Failure::failed(format!("create `{}`", path.display()), error))
}
