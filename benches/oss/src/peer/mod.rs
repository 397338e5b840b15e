//! The clients that are written in Rust, each in a process of its own.

mod opendal;
mod ours;

use std::future::Future;
use std::io;
use std::time::Instant;

use bytes::Bytes;
use futures::{Stream, StreamExt, TryStreamExt, stream};
use tokio::io::{AsyncBufReadExt, BufReader, Lines, Stdin};

use crate::Outcome;
use crate::job::Job;
use crate::setup::{BLOCK, SMALL, Setup, block};

/// A client, as the jobs need it.
trait Client {
    async fn put(&self, key: &str, frames: Vec<Bytes>) -> Outcome<()>;
    async fn multipart(
        &self,
        key: &str,
        frames: impl Stream<Item = io::Result<Bytes>> + Send + 'static,
    ) -> Outcome<()>;
    /// Reads an object as a stream, and says how long it was.
    async fn get(&self, key: &str) -> Outcome<u64>;
    async fn small_put(&self, key: &str, body: Bytes) -> Outcome<()>;
    /// Reads an object in one piece.
    async fn small_get(&self, key: &str) -> Outcome<usize>;
    /// How many keys there are under a prefix.
    async fn list(&self, prefix: &str) -> Outcome<u64>;
    async fn delete(&self, keys: Vec<String>) -> Outcome<()>;
}

/// Measures once for each line of input.
pub(crate) async fn run(name: &str, job: Job) -> Outcome<()> {
    let setup = Setup::from_environment()?;
    match name {
        "ours" => serve(&ours::Ours::new(&setup)?, name, job, &setup).await,
        "opendal" => serve(&opendal::Opendal::new(&setup)?, name, job, &setup).await,
        _ => Err(format!("no such client: `{name}`").into()),
    }
}

async fn serve(client: &impl Client, name: &str, job: Job, setup: &Setup) -> Outcome<()> {
    let block = Bytes::from(block());
    let mut lines = greet();
    while lines.next_line().await?.is_some() {
        let (started, cpu) = (Instant::now(), measure::process::cpu_time());
        work(client, name, job, setup, &block).await?;
        let (seconds, cpu) = (started.elapsed(), measure::process::cpu_time() - cpu);
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

async fn work(
    client: &impl Client,
    name: &str,
    job: Job,
    setup: &Setup,
    block: &Bytes,
) -> Outcome<()> {
    let blocks = usize::try_from(setup.large / BLOCK as u64)?;
    let small = block.slice(..SMALL);
    match job {
        Job::Put => client.put("large", vec![block.clone(); blocks]).await,
        Job::Multipart => {
            let fresh = setup.fresh_frames;
            let block = block.clone();
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
                client.small_put(&key(name, number), small.clone()).await?;
            }
            Ok(())
        }
        Job::SmallGet => {
            for _ in 0..setup.small_count {
                expect(client.small_get("small/00000000").await?, SMALL)?;
            }
            Ok(())
        }
        Job::ManyPut => {
            at_once(setup, async |number| {
                client.small_put(&key(name, number), small.clone()).await
            })
            .await
        }
        Job::ManyGet => {
            at_once(setup, async |_| {
                expect(client.small_get("small/00000000").await?, SMALL)
            })
            .await
        }
        Job::List => expect(client.list("listed/").await?, setup.listed),
        Job::Delete => {
            let keys = (0..setup.deleted).map(|number| format!("deleted/{name}/{number:08}"));
            client.delete(keys.collect()).await
        }
    }
}

/// Puts go round a hundred keys: what the server keeps of them stays small.
fn key(name: &str, number: u64) -> String {
    format!("small-of-{name}/{:02}", number % 100)
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
        at_once(&setup, async |number| {
            let key = format!("{prefix}{number:08}");
            client.small_put(&key, body.clone()).await
        })
        .await?;
        println!("{count}");
    }
    Ok(())
}
