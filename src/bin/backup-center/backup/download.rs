//! `backup download`.

use std::path::{Path, PathBuf};

use ack_backup_center::engine::StoredArchive;
use clap::Args;
use futures::TryStreamExt as _;
use tokio::io::AsyncWriteExt as _;

use crate::exit::{Done, Failure, Result};
use crate::location::repository;
use crate::output::print_bytes;
use crate::place::Place;
use crate::progress::Progress;

#[derive(Args, Debug)]
pub(crate) struct Download {
    /// The backup.
    name: String,
    /// The file to write; `NAME-data.tar.gz` in this folder, with `.age` if it is encrypted, if not given.
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Replace the file if it is there.
    #[arg(long)]
    force: bool,
}

impl Download {
    pub(crate) async fn run(self, place: &Place) -> Result<Done> {
        let backup = repository(place)?.open(&self.name).await?;
        for archive in backup.archives().await? {
            let ending = archive
                .name
                .strip_prefix(&self.name)
                .unwrap_or(&archive.name)
                .to_owned();
            let file = match &self.output {
                // That of encrypted Secrets goes beside it.
                Some(file) if ending.starts_with("-secrets") => {
                    let mut name = file.file_name().unwrap_or_default().to_owned();
                    name.push(&ending);
                    file.with_file_name(name)
                }
                Some(file) => file.clone(),
                None => PathBuf::from(format!("{}-data{ending}", self.name)),
            };
            write(archive, &file, self.force).await?;
            print_bytes(
                format!(
                    "Backup {} has been downloaded to {}\n",
                    self.name,
                    file.display()
                )
                .as_bytes(),
            )?;
        }
        Ok(Done::Whole)
    }
}

/// Under its name once it is whole, and is what the record names.
async fn write(mut archive: StoredArchive, file: &Path, force: bool) -> Result<()> {
    let step = format!("write `{}`", file.display());
    let failed = |error: std::io::Error| Failure::failed(&step, error);
    if !force && file.exists() {
        return Err(Failure::new(format!(
            "{step}: it is there already; use --force to replace it"
        )));
    }
    let folder = file
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let written =
        tempfile::NamedTempFile::new_in(folder.unwrap_or(Path::new("."))).map_err(failed)?;
    let mut out = tokio::fs::File::from_std(written.reopen().map_err(failed)?);
    let progress = Progress::new(&format!("download `{}`", archive.name), "bytes", false);
    let mut done = 0;
    while let Some(bytes) = archive.bytes.try_next().await? {
        out.write_all(&bytes).await.map_err(failed)?;
        done += bytes.len() as u64;
        progress.at(done, archive.size.unwrap_or(done), "");
    }
    out.sync_all().await.map_err(failed)?;
    let kept = match force {
        true => written.persist(file),
        false => written.persist_noclobber(file),
    };
    kept.map(drop).map_err(|error| failed(error.error))
}
