//! A local cloud with one bucket, and clients of it.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    reason = "each test binary uses a part of it, and a setup that fails is a failed test"
)]

use std::sync::Arc;
use std::time::Duration;

use alibaba_core::credentials::StaticProvider;
use alibaba_core::retry::RetryPolicy;
use alibaba_core::{Credentials, Region};
use alibaba_local::{LocalCloud, User};
use alibaba_oss::{Client, OssStore};

pub const BUCKET: &str = "backups";
pub const ID: &str = "LTAI-example-id";
pub const SECRET: &str = "example-secret";

pub struct Cloud(pub LocalCloud);

pub async fn start() -> Cloud {
    start_with(User::new(ID, SECRET)).await
}

pub async fn start_with(user: User) -> Cloud {
    Cloud(
        LocalCloud::builder()
            .user(user)
            .bucket(BUCKET)
            .start()
            .await
            .unwrap(),
    )
}

impl Cloud {
    pub fn client(&self) -> Client {
        self.client_as(Credentials::new(ID, SECRET), Region::CN_HANGZHOU)
    }

    pub fn client_as(&self, credentials: Credentials, region: Region) -> Client {
        Client::builder(region)
            .with_credentials(Arc::new(StaticProvider::new(credentials).unwrap()))
            .with_endpoint(self.0.endpoint().parse().unwrap())
            .with_retry(RetryPolicy::default().with_base_delay(Duration::from_millis(1)))
            .build()
            .unwrap()
    }

    pub fn store(&self) -> OssStore {
        OssStore::new(self.client(), BUCKET)
    }
}
