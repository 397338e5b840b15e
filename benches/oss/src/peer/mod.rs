//! The clients that are written in Rust, each in a process of its own.

mod client;
mod limit;
mod opendal;
mod ours;

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use measure::Outcome;
use tokio::io::{AsyncBufReadExt, BufReader, Lines, Stdin};

use self::client::Client;
use crate::job::Job;
use crate::setup::{BLOCK, SMALL, Setup, block};

/// Measures once for each line of input.
pub(crate) async fn run(name: &str, job: Job) -> Outcome<()> {
    let setup = Setup::from_environment()?;
    match name {
        "ours" => serve(ours::Ours::new(&setup)?, name, job, setup).await,
        "limit" => serve(limit::Limit::new(&setup)?, name, job, setup).await,
        "opendal" => serve(opendal::Opendal::new(&setup, false)?, name, job, setup).await,
        "opendal-crc" => serve(opendal::Opendal::new(&setup, true)?, name, job, setup).await,
        _ => Err(format!("no such client: `{name}`").into()),
    }
}

async fn serve(client: impl Client, name: &str, job: Job, setup: Setup) -> Outcome<()> {
    let work = Arc::new(Work {
        client,
        name: name.to_owned(),
        job,
        setup,
        block: Bytes::from(block()),
    });
    let mut lines = greet();
    while lines.next_line().await?.is_some() {
        let work = work.clone();
        // A task, as in a server: what is awaited outside of one runs on a thread that every response
        // has to wake.
        let (seconds, cpu) = tokio::spawn(async move {
            let (started, cpu) = (Instant::now(), measure::process::cpu_time());
            work.once().await?;
            Outcome::Ok((started.elapsed(), measure::process::cpu_time() - cpu))
        })
        .await??;
        println!(
            "{{\"seconds\": {}, \"cpu_seconds\": {}}}",
            seconds.as_secs_f64(),
            cpu.as_secs_f64()
        );
    }
    Ok(())
}

fn greet() -> Lines<BufReader<Stdin>> {
    println!("ready");
    BufReader::new(tokio::io::stdin()).lines()
}

/// A job and who does it.
struct Work<C> {
    client: C,
    name: String,
    job: Job,
    setup: Setup,
    block: Bytes,
}

impl<C: Client> Work<C> {
    async fn once(&self) -> Outcome<()> {
        let Self { client, setup, .. } = self;
        let blocks = usize::try_from(setup.large / BLOCK as u64)?;
        match self.job {
            Job::Put => client.put("large", vec![self.block.clone(); blocks]).await,
            Job::Multipart => {
                let fresh = setup.fresh_frames;
                let block = self.block.clone();
                let frame = move |_| {
                    Ok(if fresh {
                        Bytes::copy_from_slice(&block)
                    } else {
                        block.clone()
                    })
                };
                client
                    .multipart("large", stream::iter(0..blocks).map(frame))
                    .await
            }
            Job::Get => expect(client.get("large").await?, setup.large),
            Job::SmallPut => {
                for number in 0..setup.small_count {
                    self.small_put(number).await?;
                }
                Ok(())
            }
            Job::SmallGet => {
                for _ in 0..setup.small_count {
                    self.small_get().await?;
                }
                Ok(())
            }
            Job::ManyPut => at_once(setup, |number| self.small_put(number)).await,
            Job::ManyGet => at_once(setup, |_| self.small_get()).await,
            Job::List => expect(client.list("listed/").await?, setup.listed),
            Job::Delete => {
                let name = &self.name;
                let keys = (0..setup.deleted).map(|number| format!("deleted/{name}/{number:08}"));
                client.delete(keys.collect()).await
            }
        }
    }

    async fn small_put(&self, number: u64) -> Outcome<()> {
        // Round a hundred keys: what the server keeps of them stays small.
        let key = format!("small-of-{}/{:02}", self.name, number % 100);
        self.client.small_put(&key, self.block.slice(..SMALL)).await
    }

    async fn small_get(&self) -> Outcome<()> {
        expect(self.client.small_get("small/00000000").await?, SMALL)
    }
}

async fn at_once<F: Future<Output = Outcome<()>>>(
    setup: &Setup,
    work: impl Fn(u64) -> F,
) -> Outcome<()> {
    stream::iter(0..setup.many_count)
        .map(work)
        .buffer_unordered(setup.at_once)
        .try_collect()
        .await
}

fn expect<T: PartialEq + std::fmt::Display>(found: T, wanted: T) -> Outcome<()> {
    if found == wanted {
        return Ok(());
    }
    Err(format!("{found} came, and not {wanted}").into())
}

/// For each line `PREFIX COUNT` stores so many small objects.
pub(crate) async fn fill() -> Outcome<()> {
    let setup = Setup::from_environment()?;
    let client = ours::Ours::new(&setup)?;
    let body = Bytes::from(block()).slice(..SMALL);
    let mut lines = greet();
    while let Some(line) = lines.next_line().await? {
        let (prefix, count) = line.rsplit_once(' ').ok_or("no count")?;
        let setup = Setup {
            many_count: count.parse()?,
            ..setup.clone()
        };
        at_once(&setup, |number| {
            let (client, key, body) = (&client, format!("{prefix}{number:08}"), body.clone());
            async move { client.small_put(&key, body).await }
        })
        .await?;
        println!("{count}");
    }
    Ok(())
}
