//! alibaba-ecs-snapshot.

use std::sync::Arc;

use alibaba_core::credentials::StaticProvider;
use alibaba_core::{Context, Credentials, Region};
use alibaba_ecs_snapshot::Client;
use futures::TryStreamExt as _;
use measure::Outcome;
use measure::process::{cpu_time, peak_memory};

use crate::job::{ENDPOINT, Job, KEY_ID, PAGE, SECRET, Sample, WARM_UP};

pub(crate) fn client(context: &Context, region: Region, endpoint: &str) -> Outcome<Client> {
    let keys = StaticProvider::new(Credentials::new(KEY_ID, SECRET))?;
    let builder = Client::builder(context, region, Arc::new(keys));
    Ok(builder.with_endpoint(endpoint.parse()?).build()?)
}

/// Does a job this many times, in a process that does nothing else.
pub(crate) async fn run(job: Job, times: u64) -> Outcome<Sample> {
    let endpoint = std::env::var(ENDPOINT)?;
    let ecs = client(&Context::system()?, Region::CN_HANGZHOU, &endpoint)?;
    let call = || ecs.describe_snapshots().max_results(PAGE).send();
    for _ in 0..WARM_UP {
        call().await?;
    }
    let mut snapshots = 0;
    let began = cpu_time();
    for _ in 0..times {
        match job {
            Job::Call => snapshots += call().await?.snapshots.len() as u64,
            Job::List => {
                let mut items = ecs.describe_snapshots().items();
                while items.try_next().await?.is_some() {
                    snapshots += 1;
                }
            }
        }
    }
    let took = cpu_time() - began;
    Ok(Sample {
        nanoseconds: took.as_nanos() as f64 / times as f64,
        snapshots,
        peak_memory: peak_memory(std::process::id())?,
    })
}
