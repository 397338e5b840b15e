//! Calls a product that has no client of its own here: lists the keys of Key Management Service.

#![allow(clippy::print_stdout, reason = "an example prints")]

use alibaba_core::endpoint::Product;
use alibaba_core::{Context, Region, credentials, openapi};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let context = Context::system()?;
    let credentials = credentials::default_chain(&context);
    let region: Region = std::env::args()
        .nth(1)
        .unwrap_or("cn-hangzhou".into())
        .parse()?;
    let product = Product::new("kms", "2016-01-20")?;
    let kms = openapi::Client::new(&context, product, region, credentials)?;

    let response = kms.call("ListKeys").param("PageSize", 10).send().await?;
    let keys: serde_json::Value = response.json()?;
    println!("{keys:#}");
    Ok(())
}
