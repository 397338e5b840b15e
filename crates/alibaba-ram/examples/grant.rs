//! Grants a new user what the backup center needs in one bucket.

#![expect(clippy::print_stdout, reason = "a program")]

use alibaba_core::{Context, Error, ErrorKind, credentials};
use alibaba_ram::ack;
use alibaba_ram::client::{Client, PolicyType};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let context = Context::system()?;
    let ram = Client::new(&context, credentials::default_chain(&context))?;

    unless_there(
        ram.create_user("backup")
            .comments("ACK backup center")
            .send()
            .await,
    )?;
    let policy = ack::backup_center_in(["mybackups"]);
    unless_there(ram.create_policy("backup", policy).send().await)?;
    let attached = ram
        .attach_policy_to_user("backup", PolicyType::Custom, "backup")
        .send()
        .await;
    unless_there(attached)?;

    // The secret is in this response and never again.
    let key = ram
        .create_access_key()
        .user_name("backup")
        .send()
        .await?
        .access_key;
    println!("{}", key.id);
    Ok(())
}

fn unless_there<T>(result: Result<T, Error>) -> Result<(), Error> {
    match result {
        Err(error) if error.kind() != ErrorKind::Conflict => Err(error),
        _ => Ok(()),
    }
}
