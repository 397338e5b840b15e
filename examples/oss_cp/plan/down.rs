//! From a bucket onto this machine.

use std::path::Path;

use ack_backup_center::oss::Client;

use super::super::failure::Result;
use super::super::job::{End, Job, Object};
use super::super::options::Options;
use super::bucket::{expect_object, objects};
use super::decision::{Found, Plan};
use super::names::{base, ends_with_separator, safe};
use super::up::stat;

pub(super) async fn plan(
    client: &Client,
    options: &Options,
    bucket: &str,
    key: &str,
    to: &Path,
) -> Result<Plan> {
    let mut plan = Plan::default();
    let into_folder = options.recursive || to.is_dir() || ends_with_separator(to);
    let found = match options.recursive {
        true => objects(client, bucket, key).await?,
        false => {
            let stat = expect_object(client, bucket, key).await?;
            [(key.to_owned(), stat)].into()
        }
    };
    let base = base(key);
    let mut found: Vec<_> = found.into_iter().collect();
    found.sort_by(|a, b| a.0.cmp(&b.0));
    for (key, stat) in found {
        let name = key[base.len()..].to_owned();
        if name.is_empty() {
            plan.skipped.push((key, "stands for the folder itself"));
            continue;
        }
        let is_folder = name.ends_with('/');
        if is_folder && stat.len > 0 {
            let problem = format!("save `{key}`: it is named like a folder, and holds bytes");
            plan.problems.push(problem);
            continue;
        }
        let path = match into_folder {
            // A key is anybody's text, and must not lead out of the folder.
            true => match safe(name.trim_end_matches('/')) {
                Some(path) if is_folder || !name.ends_with('/') => to.join(path),
                _ => {
                    let problem = format!("save `{key}`: its name leads out of the folder");
                    plan.problems.push(problem);
                    continue;
                }
            },
            false => to.to_owned(),
        };
        if options.recursive
            && let Some(link) = link_below(to, &path)
        {
            let link = link.display();
            let problem = format!("save `{key}`: `{link}` is a link, and leads out of the folder");
            plan.problems.push(problem);
            continue;
        }
        let there = std::fs::metadata(&path).ok();
        let there = there.map(|metadata| self::stat(&metadata));
        let job = Job {
            from: End::Object(Object::new(bucket, key)),
            to: match is_folder {
                true => End::Folder(path),
                false => End::File(path),
            },
            len: Some(stat.len),
            replace: options.force || options.update,
        };
        plan.decide(options, job, &Found { name, stat }, there.as_ref());
    }
    Ok(plan)
}

/// A link on the way from a folder down to a path, the path's last part included.
fn link_below<'p>(folder: &Path, path: &'p Path) -> Option<&'p Path> {
    let below = path.ancestors().take_while(|part| *part != folder);
    below
        .filter(|part| std::fs::symlink_metadata(part).is_ok_and(|found| found.is_symlink()))
        .last()
}
