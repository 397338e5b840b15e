//! The two policies of the page "Install migrate-controller and grant permissions" (Container
//! Service for Kubernetes, 12 December 2024), as the page prints them.

use alibaba_ram::PolicyDocument;

pub(crate) const ALL_BUCKETS: &str = include_str!("all-buckets.json");
pub(crate) const ONE_BUCKET: &str = include_str!("one-bucket.json");

pub(crate) fn all_buckets() -> PolicyDocument {
    PolicyDocument::parse(ALL_BUCKETS).unwrap()
}

pub(crate) fn one_bucket() -> PolicyDocument {
    PolicyDocument::parse(ONE_BUCKET).unwrap()
}
