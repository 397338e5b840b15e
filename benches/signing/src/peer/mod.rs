//! Whoever signs.

pub mod ours;
pub mod reqsign;
pub mod vendor;

use std::time::Duration;

use alibaba_sign::{Addressing, Secret, oss_v4};
use chrono::Utc;
use http::Request;
use http::request::Parts;
use measure::Outcome;

/// The bucket that the requests are for.
pub const BUCKET: &str = "example-bucket";

/// The region that it lies in.
pub const REGION: &str = "cn-hangzhou";

/// How long presigned URLs are good for, in seconds.
pub const EXPIRES: u64 = 3600;

/// The id that everyone signs with.
pub const ID: &str = "STS.NUexampleAccessKeyId00";

/// The secret that everyone signs with.
pub const SECRET: &str = "example-access-key-secret-0000";

/// As long as those of STS are.
pub const TOKEN: &str = "CAISexampleexampleexampleexampleexampleexampleexampleexampleexampleexampleexampleexample\
    exampleexampleexampleexampleexampleexampleexampleexampleexampleexampleexampleexampleexample\
    exampleexampleexampleexampleexampleexampleexampleexampleexampleexampleexampleexampleexample\
    exampleexampleexampleexampleexampleexampleexampleexampleexampleexampleexampleexampleexample\
    exampleexampleexampleexampleexampleexampleexampleexampleexampleexampleexampleexampleexample";

/// Signs copies of one request.
pub trait Signs {
    fn name(&self) -> String;

    /// Copies the request as often as there are to be signatures, in place of what was signed before.
    fn copy(&mut self, copies: usize);

    /// Signs every copy. The time is read for each.
    fn sign(&mut self) -> Outcome<()>;

    /// Whether what was signed is proved by the verifying side.
    fn check(&mut self) -> Outcome<()>;
}

/// Whether a request to OSS is signed as the verifying side expects.
fn check_oss(parts: &Parts) -> Outcome<()> {
    let parts = parts.clone();
    let request = Request::from_parts(parts, ());
    let claim = oss_v4::Claim::from_http(&request)?;
    let (secret, tolerance) = (Secret::new(SECRET), Duration::from_secs(60));
    let bucket = Addressing::Host(BUCKET);
    claim.verify_http(&secret, REGION, Utc::now(), tolerance, bucket, &request)?;
    Ok(())
}
