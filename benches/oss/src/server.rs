//! The server: one process for all clients, in which bodies are recognised by their lengths, so
//! that their true CRC-64 is known beforehand and the client is what is measured.

use alibaba_local::{LocalCloud, User};
use bytes::Bytes;
use measure::Outcome;
use tokio::io::{AsyncBufReadExt, BufReader};

use crate::setup::{BLOCK, SMALL, Setup, block};

/// Serves until its input ends. On each line of input it says what was asked of it since the last
/// one, and forgets it.
pub(crate) async fn run() -> Outcome<()> {
    let setup = Setup::from_environment()?;
    let block = Bytes::from(block());
    let times = |len: u64| len / BLOCK as u64;
    let cloud = LocalCloud::builder()
        .region(&setup.region)
        .user(User::new(
            &setup.access_key_id,
            setup.access_key_secret.as_str(),
        ))
        .bucket(&setup.bucket)
        .skip_md5()
        .known_body(block.slice(..SMALL), 1)
        .known_body(block.clone(), times(setup.part))
        .known_body(block, times(setup.large))
        .start()
        .await?;
    println!("{}", cloud.endpoint());
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    while lines.next_line().await?.is_some() {
        println!(
            "{}",
            serde_json::to_string(&cloud.requests().by_operation())?
        );
        cloud.requests().clear();
    }
    Ok(())
}
