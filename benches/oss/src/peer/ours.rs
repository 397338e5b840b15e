//! `alibaba-oss`, as it is by default: CRC-64 on, signature version 4.

use std::io;
use std::sync::Arc;

use alibaba_core::credentials::StaticProvider;
use alibaba_core::{Context, Credentials, Region};
use alibaba_oss::{Payload, UploadedPart};
use bytes::Bytes;
use futures::{Stream, TryStreamExt};
use measure::Outcome;

use super::client::Client;
use crate::setup::Setup;

pub(super) struct Ours {
    client: alibaba_oss::Client,
    bucket: String,
    part: u64,
    concurrency: usize,
}

impl Ours {
    pub(super) fn new(setup: &Setup) -> Outcome<Self> {
        let credentials = Credentials::new(
            setup.access_key_id.as_str(),
            setup.access_key_secret.as_str(),
        );
        let credentials = Arc::new(StaticProvider::new(credentials)?);
        let region: Region = setup.region.parse()?;
        Ok(Self {
            client: alibaba_oss::Client::builder(&Context::system()?, region, credentials)
                .with_endpoint(setup.endpoint.parse()?)
                .build()?,
            bucket: setup.bucket.clone(),
            part: setup.part,
            concurrency: setup.concurrency,
        })
    }
}

impl Ours {
    /// Begins an upload in parts, for [`Limit`](super::limit::Limit).
    pub(super) async fn begin(&self, key: &str) -> Outcome<String> {
        Ok(self
            .client
            .initiate_upload(&self.bucket, key)
            .send()
            .await?)
    }

    /// Ends it.
    pub(super) async fn complete(
        &self,
        key: &str,
        id: &str,
        parts: Vec<UploadedPart>,
    ) -> Outcome<()> {
        let complete = self.client.complete_upload(&self.bucket, key, id, parts);
        complete.send().await?;
        Ok(())
    }
}

impl Client for Ours {
    async fn put(&self, key: &str, frames: Vec<Bytes>) -> Outcome<()> {
        let payload: Payload = frames.into_iter().collect();
        self.client
            .put_object(&self.bucket, key, payload)
            .send()
            .await?;
        Ok(())
    }

    async fn multipart(
        &self,
        key: &str,
        frames: impl Stream<Item = io::Result<Bytes>> + Send + 'static,
    ) -> Outcome<()> {
        self.client
            .upload_stream(&self.bucket, key, frames)
            .part_size(self.part)
            .concurrency(self.concurrency)
            .send()
            .await?;
        Ok(())
    }

    async fn get(&self, key: &str) -> Outcome<u64> {
        let mut body = self.client.get_object(&self.bucket, key).send().await?.body;
        let mut len = 0;
        while let Some(frame) = body.try_next().await? {
            len += frame.len() as u64;
        }
        Ok(len)
    }

    async fn small_put(&self, key: &str, body: Bytes) -> Outcome<()> {
        self.client
            .put_object(&self.bucket, key, body)
            .send()
            .await?;
        Ok(())
    }

    async fn small_get(&self, key: &str) -> Outcome<usize> {
        let object = self.client.get_object(&self.bucket, key).send().await?;
        Ok(object.body.collect().await?.len())
    }

    async fn list(&self, prefix: &str) -> Outcome<u64> {
        let pages = self
            .client
            .list_objects(&self.bucket)
            .prefix(prefix)
            .pages();
        let mut pages = std::pin::pin!(pages);
        let mut count = 0;
        while let Some(page) = pages.try_next().await? {
            count += page.objects.len() as u64;
        }
        Ok(count)
    }

    async fn delete(&self, keys: Vec<String>) -> Outcome<()> {
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        for keys in keys.chunks(1000) {
            let left = self.client.delete_objects(&self.bucket, keys).await?;
            if !left.is_empty() {
                return Err(format!("{} keys are left", left.len()).into());
            }
        }
        Ok(())
    }
}
