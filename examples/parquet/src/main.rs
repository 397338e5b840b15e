//! Reads Parquet from OSS with nothing but `parquet` and `alibaba-oss`: only the footer and the columns
//! that are asked for are fetched.
//!
//! ```console
//! $ cargo run --manifest-path examples/parquet/Cargo.toml
//! ```
//!
//! writes a table into an OSS on this machine and reads two of its five columns back. With an object of
//! yours, and credentials where other tools of Alibaba Cloud find them, it reads that one:
//!
//! ```console
//! $ OSS_REGION=cn-hangzhou cargo run --manifest-path examples/parquet/Cargo.toml -- oss://bucket/table.parquet
//! ```
//!
//! A workspace of its own: Arrow is large, and nothing else here needs it.

mod reader;
mod table;

use std::sync::Arc;

use alibaba_core::credentials::{self, StaticProvider};
use alibaba_core::{Context, Credentials, Region};
use alibaba_local::{LocalCloud, User};
use alibaba_oss::{Client, OssStore};
use futures::TryStreamExt as _;
use object_store::ObjectStore;
use object_store::path::Path;
use parquet::arrow::{ParquetRecordBatchStreamBuilder, ProjectionMask};

use reader::StoredParquet;
use table::Result;

#[tokio::main]
async fn main() -> Result<()> {
    match std::env::args().nth(1) {
        None => on_this_machine().await,
        Some(url) => {
            let (bucket, key) = url
                .strip_prefix("oss://")
                .and_then(|rest| rest.split_once('/'))
                .ok_or("give the object as `oss://bucket/key`")?;
            let region: Region = std::env::var("OSS_REGION")?.parse()?;
            let context = Context::system()?;
            let client = Client::new(&context, region, credentials::default_chain(&context))?;
            let store = Arc::new(OssStore::new(client, bucket));
            let rows = read(store, &Path::parse(key)?, &[]).await?;
            println!(
                "{} rows",
                rows.iter().map(|batch| batch.num_rows()).sum::<usize>()
            );
            Ok(())
        }
    }
}

async fn on_this_machine() -> Result<()> {
    let (id, secret) = ("LTAI-local", "local-secret");
    let cloud = LocalCloud::builder()
        .user(User::new(id, secret))
        .bucket("tables")
        .start()
        .await?;
    let credentials = Arc::new(StaticProvider::new(Credentials::new(id, secret))?);
    let client = Client::builder(&Context::system()?, Region::CN_HANGZHOU, credentials)
        .with_endpoint(cloud.endpoint().parse()?)
        .build()?;
    let store: Arc<dyn ObjectStore> = Arc::new(OssStore::new(client, "tables"));
    let path = Path::from("measurements.parquet");

    let size = table::write(store.clone(), &path).await?;
    println!("wrote {} rows, {size} bytes", table::ROWS);

    cloud.requests().clear();
    let batches = read(store, &path, &["station", "celsius"]).await?;
    let hottest = table::hottest(&batches)?;
    let requests = cloud.requests().all();
    let fetched: u64 = requests.iter().map(|request| request.bytes_out).sum();
    println!(
        "read 2 of 5 columns: {} requests, {fetched} bytes; the hottest was {hottest:?}",
        requests.len()
    );
    if hottest != table::expected() || fetched >= size {
        return Err("what was read is not what was written, or all of it was fetched".into());
    }
    Ok(())
}

/// The rows of a stored table; of all columns where none is named.
async fn read(
    store: Arc<dyn ObjectStore>,
    path: &Path,
    columns: &[&str],
) -> Result<Vec<arrow_array::RecordBatch>> {
    let reader = StoredParquet::new(store, path.clone());
    let mut builder = ParquetRecordBatchStreamBuilder::new(reader).await?;
    if !columns.is_empty() {
        let columns = ProjectionMask::columns(builder.parquet_schema(), columns.iter().copied());
        builder = builder.with_projection(columns);
    }
    Ok(builder.build()?.try_collect().await?)
}
