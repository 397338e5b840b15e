//! From this machine into a bucket.

use std::collections::HashMap;
use std::fs::{DirEntry, FileType, Metadata};
use std::path::{Path, PathBuf};

use ack_backup_center::oss::Client;
use chrono::DateTime;

use super::super::failure::Result;
use super::super::job::{End, Job, Object};
use super::super::options::Options;
use super::bucket::{object, objects};
use super::decision::{Found, Plan, Stat};
use super::names::{file_name, target_key};

pub(super) async fn plan(
    client: &Client,
    options: &Options,
    from: &Path,
    bucket: &str,
    key: &str,
) -> Result<Plan> {
    let mut plan = Plan::default();
    let metadata =
        std::fs::metadata(from).map_err(|error| format!("read `{}`: {error}", from.display()))?;
    let (files, there) = if metadata.is_dir() {
        if !options.recursive {
            return Err(format!("copy folder `{}`: add -r", from.display()).into());
        }
        let mut walk = Walk {
            keep_out: std::fs::canonicalize(&options.checkpoint_dir).ok(),
            found: Vec::new(),
            problems: Vec::new(),
        };
        walk.folder(from, "");
        plan.problems = walk.problems;
        let there = match options.force && !options.update {
            true => HashMap::new(),
            false => objects(client, bucket, key).await?,
        };
        (walk.found, there)
    } else {
        let name = file_name(from)?;
        let file = Found {
            stat: stat(&metadata),
            name: name.to_owned(),
        };
        let target = target_key(key, name, false);
        let there = object(client, bucket, &target).await?;
        let there = there.map(|stat| (target, stat));
        (vec![file], there.into_iter().collect())
    };
    for file in files {
        let key = target_key(key, &file.name, metadata.is_dir());
        let path = match metadata.is_dir() {
            true => from.join(&file.name),
            false => from.to_owned(),
        };
        let job = Job {
            from: match file.name.ends_with('/') {
                true => End::Folder(path),
                false => End::File(path),
            },
            to: End::Object(Object::new(bucket, key.as_str())),
            len: Some(file.stat.len),
            replace: options.force || options.update,
        };
        plan.decide(options, job, &file, there.get(&key));
    }
    Ok(plan)
}

pub(super) fn stat(metadata: &Metadata) -> Stat {
    Stat {
        len: metadata.len(),
        modified: metadata.modified().ok().map(DateTime::from),
    }
}

/// What is below a folder: files, links to files, and folders that are empty. What else there is becomes
/// a problem, and nothing is passed over without a word.
struct Walk {
    /// The folder of our own notes.
    keep_out: Option<PathBuf>,
    found: Vec<Found>,
    problems: Vec<String>,
}

impl Walk {
    fn folder(&mut self, folder: &Path, prefix: &str) {
        let ours = self.keep_out.is_some();
        if ours && std::fs::canonicalize(folder).ok() == self.keep_out {
            return;
        }
        let entries = match std::fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) => return self.problem("read folder", folder, error),
        };
        let mut known: Vec<DirEntry> = Vec::new();
        let mut is_empty = true;
        for entry in entries {
            is_empty = false;
            match entry {
                Ok(entry) => known.push(entry),
                Err(error) => self.problem("read folder", folder, error),
            }
        }
        if is_empty && !prefix.is_empty() {
            self.found.push(Found {
                name: prefix.to_owned(),
                stat: Stat {
                    len: 0,
                    modified: None,
                },
            });
        }
        known.sort_by_key(DirEntry::file_name);
        for entry in known {
            self.entry(&entry, prefix);
        }
    }

    fn entry(&mut self, entry: &DirEntry, prefix: &str) {
        let path = entry.path();
        let name = match file_name(&path) {
            Ok(name) => format!("{prefix}{name}"),
            Err(error) => return self.problems.push(error.to_string()),
        };
        let kind = match entry.file_type() {
            Ok(kind) => kind,
            Err(error) => return self.problem("read", &path, error),
        };
        if kind.is_dir() {
            return self.folder(&path, &format!("{name}/"));
        }
        match std::fs::metadata(&path) {
            Ok(metadata) if metadata.is_file() => self.found.push(Found {
                name,
                stat: stat(&metadata),
            }),
            Ok(metadata) if metadata.is_dir() => {
                let why = "a link to a folder is not followed; copy the folder by itself";
                self.problem("copy", &path, why);
            }
            Ok(metadata) => self.problem("copy", &path, special(metadata.file_type())),
            Err(error) if kind.is_symlink() => {
                self.problem("follow the link", &path, error);
            }
            Err(error) => self.problem("read", &path, error),
        }
    }

    fn problem(&mut self, what: &str, path: &Path, why: impl std::fmt::Display) {
        let problem = format!("{what} `{}`: {why}", path.display());
        self.problems.push(problem);
    }
}

/// What is no file and no folder, in words.
fn special(kind: FileType) -> &'static str {
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt as _;
        if kind.is_fifo() {
            return "a named pipe has no length; `-` copies from standard input";
        }
        if kind.is_socket() {
            return "a socket holds no bytes";
        }
    }
    let _ = kind;
    "a device is not copied"
}
