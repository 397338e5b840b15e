//! What is to be copied: read both ends, then decide, then print it or do it.

use std::collections::HashMap;
use std::fmt;
use std::path::{Component, Path, PathBuf};

use ack_backup_center::oss::{Client, ErrorKind};
use chrono::{DateTime, Utc};
use futures::TryStreamExt as _;

use super::failure::Result;
use super::options::Options;
use super::place::Place;

/// One file to be copied.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    pub(crate) direction: Direction,
    pub(crate) path: PathBuf,
    pub(crate) bucket: String,
    pub(crate) key: String,
    pub(crate) len: u64,
    /// Whether something stands there that may be replaced.
    pub(crate) replace: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    Up,
    Down,
}

/// What is to be copied, and what is not, with the reasons.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    pub(crate) jobs: Vec<Job>,
    pub(crate) skipped: Vec<(String, &'static str)>,
    pub(crate) problems: Vec<String>,
}

/// A file or an object, as far as the decision needs it.
#[derive(Clone, Copy, Debug)]
struct Stat {
    len: u64,
    modified: Option<DateTime<Utc>>,
}

/// A source with its name relative to what was asked for, with `/` between the parts.
struct Found {
    name: String,
    stat: Stat,
}

impl Plan {
    pub(crate) async fn make(client: &Client, options: &Options) -> Result<Self> {
        match (&options.from, &options.to) {
            (Place::Local(from), Place::Oss { bucket, key }) => {
                Self::up(client, options, from, bucket, key).await
            }
            (Place::Oss { bucket, key }, Place::Local(to)) => {
                Self::down(client, options, bucket, key, to).await
            }
            (from, to) => Err(format!(
                "copy `{from}` to `{to}`: one of them has to be local, the other `oss://bucket/key`"
            )
            .into()),
        }
    }

    async fn up(
        client: &Client,
        options: &Options,
        from: &Path,
        bucket: &str,
        key: &str,
    ) -> Result<Self> {
        let mut plan = Self::default();
        let metadata = std::fs::metadata(from)
            .map_err(|error| format!("read `{}`: {error}", from.display()))?;
        let (files, there) = if metadata.is_dir() {
            if !options.recursive {
                return Err(format!("copy folder `{}`: add -r", from.display()).into());
            }
            let keep_out = std::fs::canonicalize(&options.checkpoint_dir).ok();
            let mut files = Vec::new();
            walk(
                from,
                "",
                keep_out.as_deref(),
                &mut files,
                &mut plan.problems,
            );
            let there = match options.force && !options.update {
                true => HashMap::new(),
                false => objects(client, bucket, key).await?,
            };
            (files, there)
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
                direction: Direction::Up,
                path,
                bucket: bucket.to_owned(),
                len: file.stat.len,
                replace: options.force || options.update,
                key: key.clone(),
            };
            plan.decide(options, job, &file, there.get(&key));
        }
        Ok(plan)
    }

    async fn down(
        client: &Client,
        options: &Options,
        bucket: &str,
        key: &str,
        to: &Path,
    ) -> Result<Self> {
        let mut plan = Self::default();
        let into_folder = options.recursive || to.is_dir() || ends_with_separator(to);
        let (base, found) = if options.recursive {
            // As ossutil: what comes after the last slash of the prefix is part of the names.
            let base = key.rfind('/').map_or("", |at| &key[..=at]);
            (base, objects(client, bucket, key).await?)
        } else {
            let stat = object(client, bucket, key).await?;
            let stat = stat.ok_or_else(|| {
                format!(
                    "find `oss://{bucket}/{key}`: there is no such object; for all below it add -r"
                )
            })?;
            let base = key.rfind('/').map_or("", |at| &key[..=at]);
            (base, [(key.to_owned(), stat)].into())
        };
        let mut found: Vec<_> = found.into_iter().collect();
        found.sort_by(|a, b| a.0.cmp(&b.0));
        for (key, stat) in found {
            let name = key[base.len()..].to_owned();
            if name.ends_with('/') || name.is_empty() {
                plan.skipped.push((key, "stands for a folder"));
                continue;
            }
            let path = match into_folder {
                // A key is anybody's text, and must not lead out of the folder.
                true => match safe(&name) {
                    Some(path) => to.join(path),
                    None => {
                        let problem = format!("save `{key}`: its name leads out of the folder");
                        plan.problems.push(problem);
                        continue;
                    }
                },
                false => to.to_owned(),
            };
            let there = std::fs::metadata(&path).ok();
            let there = there.map(|metadata| self::stat(&metadata));
            let job = Job {
                direction: Direction::Down,
                path,
                bucket: bucket.to_owned(),
                key,
                len: stat.len,
                replace: options.force || options.update,
            };
            plan.decide(options, job, &Found { name, stat }, there.as_ref());
        }
        Ok(plan)
    }

    fn decide(&mut self, options: &Options, job: Job, source: &Found, there: Option<&Stat>) {
        match reason_to_skip(options, source, there) {
            None => self.jobs.push(job),
            Some(reason) => self.skipped.push((job.source(), reason)),
        }
    }
}

impl Job {
    pub(crate) fn source(&self) -> String {
        match self.direction {
            Direction::Up => self.path.display().to_string(),
            Direction::Down => self.object(),
        }
    }

    fn target(&self) -> String {
        match self.direction {
            Direction::Up => self.object(),
            Direction::Down => self.path.display().to_string(),
        }
    }

    fn object(&self) -> String {
        format!("oss://{}/{}", self.bucket, self.key)
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for job in &self.jobs {
            writeln!(f, "copy  {} -> {}", job.source(), job.target())?;
        }
        for (name, reason) in &self.skipped {
            writeln!(f, "skip  {name}: {reason}")?;
        }
        for problem in &self.problems {
            writeln!(f, "fail  {problem}")?;
        }
        Ok(())
    }
}

fn reason_to_skip(options: &Options, source: &Found, there: Option<&Stat>) -> Option<&'static str> {
    let matches = |patterns: &[String]| patterns.iter().any(|p| is_match(p, &source.name));
    if !options.include.is_empty() && !matches(&options.include) {
        return Some("not included");
    }
    if matches(&options.exclude) {
        return Some("excluded");
    }
    let there = there?;
    if options.update {
        // OSS tells times in whole seconds.
        let seconds = |stat: &Stat| stat.modified.map(|time| time.timestamp());
        let newer = seconds(&source.stat) > seconds(there);
        return (!newer && source.stat.len == there.len).then_some("not newer");
    }
    (!options.force).then_some("exists; add -f or -u")
}

/// Where a file goes: below a prefix that ends with a slash, otherwise under exactly that key.
fn target_key(key: &str, name: &str, in_folder: bool) -> String {
    if key.is_empty() || key.ends_with('/') {
        format!("{key}{name}")
    } else if in_folder {
        format!("{key}/{name}")
    } else {
        key.to_owned()
    }
}

fn file_name(path: &Path) -> Result<&str> {
    let name = path.file_name().and_then(|name| name.to_str());
    name.ok_or_else(|| format!("read the name of `{}`: not Unicode", path.display()).into())
}

fn ends_with_separator(path: &Path) -> bool {
    let text = path.to_string_lossy();
    text.ends_with(std::path::is_separator)
}

/// The path that a name stands for, where it stays below the folder.
fn safe(name: &str) -> Option<PathBuf> {
    let path = PathBuf::from(name);
    let plain = path
        .components()
        .all(|part| matches!(part, Component::Normal(_)));
    // `a//b` is the same path as `a/b`, and another key.
    let same = !name.split('/').any(|part| part.is_empty() || part == ".");
    (plain && same).then_some(path)
}

fn stat(metadata: &std::fs::Metadata) -> Stat {
    Stat {
        len: metadata.len(),
        modified: metadata.modified().ok().map(DateTime::from),
    }
}

/// The files below a folder. Links to files are followed, links to folders are not.
fn walk(
    folder: &Path,
    prefix: &str,
    keep_out: Option<&Path>,
    found: &mut Vec<Found>,
    problems: &mut Vec<String>,
) {
    if keep_out.is_some() && std::fs::canonicalize(folder).ok().as_deref() == keep_out {
        return;
    }
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => {
            problems.push(format!("read folder `{}`: {error}", folder.display()));
            return;
        }
    };
    let mut entries: Vec<_> = entries.filter_map(std::result::Result::ok).collect();
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        let name = match file_name(&path) {
            Ok(name) => format!("{prefix}{name}"),
            Err(error) => {
                problems.push(error.to_string());
                continue;
            }
        };
        match (entry.file_type(), std::fs::metadata(&path)) {
            (Ok(kind), _) if kind.is_dir() => {
                walk(&path, &format!("{name}/"), keep_out, found, problems);
            }
            (_, Ok(metadata)) if metadata.is_file() => found.push(Found {
                name,
                stat: stat(&metadata),
            }),
            (_, Ok(_)) => {}
            (_, Err(error)) => problems.push(format!("read `{}`: {error}", path.display())),
        }
    }
}

async fn objects(client: &Client, bucket: &str, prefix: &str) -> Result<HashMap<String, Stat>> {
    let pages = client.list_objects(bucket).prefix(prefix).pages();
    let pages: Vec<_> = pages.try_collect().await?;
    let objects = pages.into_iter().flat_map(|page| page.objects);
    let found = objects.map(|object| {
        let stat = Stat {
            len: object.len,
            modified: Some(object.last_modified),
        };
        (object.key, stat)
    });
    Ok(found.collect())
}

async fn object(client: &Client, bucket: &str, key: &str) -> Result<Option<Stat>> {
    match client.head_object(bucket, key).await {
        Ok(info) => Ok(Some(Stat {
            len: info
                .len
                .ok_or_else(|| format!("learn the length of `{key}`"))?,
            modified: info.last_modified,
        })),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Whether a name matches a pattern: `*` is any characters, `?` is one.
fn is_match(pattern: &str, name: &str) -> bool {
    let (pattern, name): (Vec<char>, Vec<char>) =
        (pattern.chars().collect(), name.chars().collect());
    let (mut p, mut n) = (0, 0);
    // Where the last `*` stands, and how much of the name it has taken so far.
    let mut star = None;
    while n < name.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, n));
                p += 1;
            }
            Some(c) if *c == '?' || *c == name[n] => {
                p += 1;
                n += 1;
            }
            _ => match &mut star {
                Some((at, taken)) => {
                    *taken += 1;
                    (p, n) = (*at + 1, *taken);
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_whole_names() {
        for (pattern, name, expected) in [
            ("*.jpg", "a/b.jpg", true),
            ("*.jpg", "a.jpg.txt", false),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("*a*b*", "xxaxxaxxbxx", true),
            ("*", "", true),
            ("", "a", false),
            ("中*", "中文", true),
        ] {
            assert_eq!(is_match(pattern, name), expected, "{pattern} {name}");
        }
    }

    #[test]
    fn keys_that_lead_out_of_the_folder_are_no_paths() {
        assert_eq!(safe("a/b.txt"), Some("a/b.txt".into()));
        for key in ["../a", "a/../../b", "/etc/passwd", "a//b", "./a", "a/./b"] {
            assert_eq!(safe(key), None, "{key}");
        }
    }

    #[test]
    fn a_key_that_ends_with_a_slash_is_a_folder() {
        assert_eq!(target_key("", "a", false), "a");
        assert_eq!(target_key("x/", "a", false), "x/a");
        assert_eq!(target_key("x", "a", false), "x");
        assert_eq!(target_key("x", "a", true), "x/a");
    }
}
