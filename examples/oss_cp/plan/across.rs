//! From bucket to bucket, without the bytes coming here.

use std::collections::HashMap;

use ack_backup_center::oss::Client;

use super::super::failure::Result;
use super::super::job::{End, Job, Object};
use super::super::options::Options;
use super::bucket::{expect_object, object, objects};
use super::decision::{Found, Plan};
use super::names::{base, target_key};

pub(super) async fn plan(
    client: &Client,
    options: &Options,
    (from, from_key): (&str, &str),
    (to, to_key): (&str, &str),
) -> Result<Plan> {
    let mut plan = Plan::default();
    let found = match options.recursive {
        true => objects(client, from, from_key).await?,
        false => {
            let stat = expect_object(client, from, from_key).await?;
            [(from_key.to_owned(), stat)].into()
        }
    };
    let base = base(from_key);
    let mut found: Vec<_> = found.into_iter().collect();
    found.sort_by(|a, b| a.0.cmp(&b.0));
    let there = match (options.recursive, options.force && !options.update) {
        (_, true) => HashMap::new(),
        (true, false) => objects(client, to, to_key).await?,
        (false, false) => {
            let target = target_key(to_key, &from_key[base.len()..], false);
            let there = object(client, to, &target).await?;
            there.map(|stat| (target, stat)).into_iter().collect()
        }
    };
    for (key, stat) in found {
        let name = key[base.len()..].to_owned();
        let target = target_key(to_key, &name, options.recursive);
        let source = Object::new(from, key);
        let job = Job {
            to: End::Object(Object::new(to, target.as_str())),
            len: Some(stat.len),
            replace: options.force || options.update,
            from: End::Object(source),
        };
        if job.from == job.to || name.is_empty() {
            let reason = "is the same object";
            plan.skipped.push((job.from.to_string(), reason));
            continue;
        }
        plan.decide(options, job, &Found { name, stat }, there.get(&target));
    }
    Ok(plan)
}
