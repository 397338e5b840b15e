//! What is to be copied: read both ends, then decide, then print it or do it.

mod across;
mod bucket;
mod decision;
mod down;
mod names;
mod up;

use ack_backup_center::oss::Client;

pub(crate) use decision::Plan;

use super::failure::Result;
use super::job::{End, Job, Object};
use super::options::Options;
use super::place::Place;
use decision::EXISTS;

/// Reads both ends, and decides.
pub(crate) async fn plan(client: &Client, options: &Options) -> Result<Plan> {
    use Place::{Local, Oss, Standard};
    match (&options.from, &options.to) {
            (Local(from), Oss { bucket, key }) => up::plan(client, options, from, bucket, key).await,
            (Oss { bucket, key }, Local(to)) => down::plan(client, options, bucket, key, to).await,
            (Oss { bucket, key }, Oss { bucket: to, key: to_key }) => {
                across::plan(client, options, (bucket, key), (to, to_key)).await
            }
            (Standard, Oss { bucket, key }) if !options.recursive => {
                if key.is_empty() || key.ends_with('/') {
                    return Err(format!("copy `-` to `{}`: give the key in full", options.to).into());
                }
                let there = bucket::object(client, bucket, key).await?;
                let to = End::Object(Object::new(bucket, key));
                let mut plan = Plan::default();
                // What comes in has no time of its own: it is newer than everything.
                match there.filter(|_| !options.force && !options.update) {
                    Some(_) => plan.skipped.push(("-".to_owned(), EXISTS)),
                    None => plan.jobs.push(Job {
                        from: End::Standard,
                        to,
                        len: None,
                        replace: options.force || options.update,
                    }),
                }
                Ok(plan)
            }
            (Oss { bucket, key }, Standard) if !options.recursive => {
                let stat = bucket::expect_object(client, bucket, key).await?;
                let job = Job {
                    from: End::Object(Object::new(bucket, key)),
                    to: End::Standard,
                    len: Some(stat.len),
                    replace: true,
                };
                Ok(Plan {
                    jobs: vec![job],
                    ..Plan::default()
                })
            }
            (from @ Standard, to) | (from, to @ Standard) => Err(format!(
                "copy `{from}` to `{to}`: `-` stands for one object, and the other end has to be `oss://bucket/key`"
            )
            .into()),
            (from, to) => Err(format!(
                "copy `{from}` to `{to}`: one of them has to be `oss://bucket/key`"
            )
            .into()),
        }
}
