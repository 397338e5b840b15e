//! Calls a product that has no client of its own here: lists the keys of Key Management Service.

#![allow(clippy::print_stdout, reason = "an example prints")]

use alibaba_core::endpoint::Product;
use alibaba_core::{Context, Region, credentials, openapi};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let context = Context::system()?;
    let region: Region = std::env::args()
        .nth(1)
        .unwrap_or("cn-hangzhou".into())
        .parse()?;
    let kms = openapi::Client::builder(Product::new("kms")?, "2016-01-20")
        .with_region(region)
        .with_credentials(credentials::default_chain(&context))
        .build(&context)?;

    let answer = kms.call("ListKeys").param("PageSize", 10).send().await?;
    let keys: serde_json::Value = answer.json()?;
    println!("{keys:#}");
    Ok(())
}
