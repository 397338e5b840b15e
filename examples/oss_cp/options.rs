//! What can be asked for: the names that `ossutil cp` has for it.

use std::path::PathBuf;

use ack_backup_center::core::Region;
use ack_backup_center::oss::SignatureVersion;
use clap::{Parser, ValueEnum};

use super::place::Place;

/// Copies files and folders to, from and within OSS, several at a time, and goes on where it was
/// interrupted.
#[derive(Clone, Debug, Parser)]
#[command(name = "oss_cp")]
pub(crate) struct Options {
    /// A file, a folder, `oss://bucket/key`, or `-` for standard input.
    pub(crate) from: Place,
    /// Where to: a file, a folder, `oss://bucket/key`, or `-` for standard output. One side at least is in
    /// OSS; where both are, the bytes stay there.
    pub(crate) to: Place,
    /// Copy a whole folder, or every object whose key begins so.
    #[arg(short, long)]
    pub(crate) recursive: bool,
    /// Replace what is there; without it, that is left as it is.
    #[arg(short, long)]
    pub(crate) force: bool,
    /// Replace what is there only where the source is newer, or of another length.
    #[arg(short, long)]
    pub(crate) update: bool,
    /// Only files whose path under the source matches; `*` and `?` stand for any characters and for
    /// one. May be repeated.
    #[arg(long, value_name = "PATTERN")]
    pub(crate) include: Vec<String>,
    /// No files whose path under the source matches. May be repeated.
    #[arg(long, value_name = "PATTERN")]
    pub(crate) exclude: Vec<String>,
    /// Say what would be copied, and copy nothing.
    #[arg(short = 'n', long)]
    pub(crate) dry_run: bool,
    /// How many files are copied at a time.
    #[arg(short, long, default_value_t = 3, value_parser = at_least_one)]
    pub(crate) jobs: usize,
    /// How many parts of one file are copied at a time; by default as its length asks for.
    #[arg(long, value_parser = at_least_one)]
    pub(crate) parallel: Option<usize>,
    /// The length of a part, such as 16M; by default as the file's length asks for.
    #[arg(long, value_parser = bytes)]
    pub(crate) part_size: Option<u64>,
    /// Where to keep what is needed to go on.
    #[arg(long, value_name = "FOLDER", default_value = ".oss_cp_checkpoint")]
    pub(crate) checkpoint_dir: PathBuf,
    /// The bucket's region, such as cn-hangzhou.
    #[arg(long, env = "OSS_REGION")]
    pub(crate) region: Region,
    /// Another address than the region's public one.
    #[arg(short, long, env = "OSS_ENDPOINT")]
    pub(crate) endpoint: Option<String>,
    /// Speak to the endpoint without TLS, for a network that can be trusted.
    #[arg(long)]
    pub(crate) plain_http: bool,
    /// The signature of requests; version 1 is for private clouds that are too old for 4.
    #[arg(long, value_enum, default_value = "v4")]
    pub(crate) sign_version: SignVersion,
}

/// What `ossutil` calls the versions of OSS's signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum SignVersion {
    V1,
    V4,
}

impl From<SignVersion> for SignatureVersion {
    fn from(version: SignVersion) -> Self {
        match version {
            SignVersion::V1 => Self::V1,
            SignVersion::V4 => Self::V4,
        }
    }
}

fn at_least_one(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) => Err("at least 1".to_owned()),
        Ok(number) => Ok(number),
        Err(error) => Err(format!("not a number: {error}")),
    }
}

/// `100000`, `100K`, `16M`, `1G`.
fn bytes(text: &str) -> Result<u64, String> {
    let (number, unit) = match text.find(|c: char| !c.is_ascii_digit()) {
        Some(at) => text.split_at(at),
        None => (text, ""),
    };
    let unit = match unit.to_ascii_uppercase().trim_end_matches("IB") {
        "" | "B" => 1,
        "K" | "KB" => 1 << 10,
        "M" | "MB" => 1 << 20,
        "G" | "GB" => 1 << 30,
        other => return Err(format!("`{other}` is no unit; use K, M or G")),
    };
    let number: u64 = number
        .parse()
        .map_err(|error| format!("not a number: {error}"))?;
    number
        .checked_mul(unit)
        .ok_or_else(|| "too many bytes".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_read_with_and_without_units() {
        assert_eq!(bytes("100"), Ok(100));
        assert_eq!(bytes("16M"), Ok(16 << 20));
        assert_eq!(bytes("1gib"), Ok(1 << 30));
        for wrong in ["", "M", "1T", "-1", "99999999999G"] {
            bytes(wrong).unwrap_err();
        }
    }
}
