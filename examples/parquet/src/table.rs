//! The table of the demonstration: measurements of some stations.

use std::error::Error;
use std::sync::Arc;

use arrow_array::cast::AsArray as _;
use arrow_array::types::Float64Type;
use arrow_array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray};
use object_store::ObjectStore;
use object_store::buffered::BufWriter;
use object_store::path::Path;
use parquet::arrow::AsyncArrowWriter;

/// Whatever goes wrong, the program ends with it.
pub(crate) type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// How many rows it has.
pub(crate) const ROWS: usize = 200_000;

fn celsius(row: usize) -> f64 {
    (row * 7919 % 60_000) as f64 / 1000.0 - 20.0
}

fn station(row: usize) -> String {
    format!("station {}", row % 17)
}

fn rows() -> Result<RecordBatch> {
    let numbers = |factor: usize| {
        let values = (0..ROWS).map(|row| (row * factor % 1_000_003) as i64);
        Arc::new(values.collect::<Int64Array>()) as ArrayRef
    };
    let stations: StringArray = (0..ROWS).map(|row| Some(station(row))).collect();
    let celsius: Float64Array = (0..ROWS).map(celsius).collect();
    Ok(RecordBatch::try_from_iter([
        ("id", numbers(1)),
        ("station", Arc::new(stations) as ArrayRef),
        ("celsius", Arc::new(celsius) as ArrayRef),
        ("pressure", numbers(104_729)),
        ("wind", numbers(15_485_863)),
    ])?)
}

/// Writes it as it is made: by one put or in parts, whichever its size asks for.
pub(crate) async fn write(store: Arc<dyn ObjectStore>, path: &Path) -> Result<u64> {
    let rows = rows()?;
    let target = BufWriter::new(store, path.clone());
    let mut writer = AsyncArrowWriter::try_new(target, rows.schema(), None)?;
    writer.write(&rows).await?;
    writer.finish().await?;
    Ok(writer.bytes_written() as u64)
}

/// Where it was hottest, and how hot.
pub(crate) fn hottest(batches: &[RecordBatch]) -> Result<(String, f64)> {
    let mut hottest = (String::new(), f64::NEG_INFINITY);
    for batch in batches {
        let column = |name| batch.column_by_name(name).ok_or("a column is missing");
        let (stations, celsius) = (column("station")?, column("celsius")?);
        let celsius = celsius.as_primitive::<Float64Type>().iter().flatten();
        for (station, celsius) in stations.as_string::<i32>().iter().flatten().zip(celsius) {
            if celsius > hottest.1 {
                hottest = (station.to_owned(), celsius);
            }
        }
    }
    Ok(hottest)
}

/// What [`hottest`] has to find.
pub(crate) fn expected() -> (String, f64) {
    let mut rows = (0..ROWS).map(|row| (station(row), celsius(row)));
    let first = rows.next().unwrap_or_default();
    rows.fold(
        first,
        |hottest, row| {
            if row.1 > hottest.1 { row } else { hottest }
        },
    )
}
