//! Prints who the default credentials belong to.

#![allow(clippy::print_stdout, reason = "an example prints")]

use alibaba_core::{Context, credentials, sts};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let context = Context::system()?;
    let credentials = credentials::default_chain(&context);
    let who = sts::Client::from_environment(&context, credentials)?
        .caller_identity()
        .await?;
    println!("{} ({})", who.arn, who.identity_type);
    Ok(())
}
