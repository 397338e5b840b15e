//! opendal's OSS service: signature version 1, and no CRC-64, or that which its user computes over the
//! same bytes.

use std::io;
use std::net::SocketAddr;

use bytes::Bytes;
use crc_fast::{CrcAlgorithm, Digest};
use futures::{Stream, StreamExt, TryStreamExt};
use measure::Outcome;
use opendal::services::Oss;
use opendal::{Buffer, HttpTransporter, Operator};
use opendal_http_transport_reqwest::ReqwestTransport;

use super::client::Client;
use crate::setup::Setup;

pub(super) struct Opendal {
    operator: Operator,
    part: usize,
    concurrency: usize,
    /// Whether its user computes the CRC-64.
    sums: bool,
}

/// The CRC-64 of what goes past its user, who keeps it.
struct Sum(Option<Digest>);

impl Sum {
    fn add(&mut self, frame: &[u8]) {
        if let Some(digest) = &mut self.0 {
            digest.update(frame);
        }
    }
}

impl Drop for Sum {
    fn drop(&mut self) {
        std::hint::black_box(self.0.as_ref().map(Digest::finalize));
    }
}

impl Opendal {
    /// It signs the listing of a path-style bucket without the slash that belongs there, so it is
    /// met in virtual-host style, with `<bucket>.localhost` found without a name server.
    pub(super) fn new(setup: &Setup, sums: bool) -> Outcome<Self> {
        // For reqwest; nothing here speaks TLS.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let address: SocketAddr = setup.endpoint.trim_start_matches("http://").parse()?;
        let http = reqwest::Client::builder()
            .no_proxy()
            .resolve(&format!("{}.localhost", setup.bucket), address)
            .build()?;
        HttpTransporter::install_default(ReqwestTransport::new(http));
        let service = Oss::default()
            .bucket(&setup.bucket)
            .endpoint(&setup.endpoint.replace("127.0.0.1", "localhost"))
            .access_key_id(&setup.access_key_id)
            .access_key_secret(&setup.access_key_secret);
        Ok(Self {
            operator: Operator::new(service)?,
            part: usize::try_from(setup.part)?,
            concurrency: setup.concurrency,
            sums,
        })
    }

    fn sum(&self) -> Sum {
        Sum(self.sums.then(|| Digest::new(CrcAlgorithm::Crc64Xz)))
    }
}

impl Client for Opendal {
    async fn put(&self, key: &str, frames: Vec<Bytes>) -> Outcome<()> {
        let mut sum = self.sum();
        frames.iter().for_each(|frame| sum.add(frame));
        self.operator.write(key, Buffer::from(frames)).await?;
        Ok(())
    }

    async fn multipart(
        &self,
        key: &str,
        frames: impl Stream<Item = io::Result<Bytes>> + Send + 'static,
    ) -> Outcome<()> {
        let mut writer = self
            .operator
            .writer_with(key)
            .chunk(self.part)
            .concurrent(self.concurrency)
            .await?;
        let mut frames = std::pin::pin!(frames);
        let mut sum = self.sum();
        while let Some(frame) = frames.next().await {
            let frame = frame?;
            sum.add(&frame);
            writer.write(frame).await?;
        }
        writer.close().await?;
        Ok(())
    }

    async fn get(&self, key: &str) -> Outcome<u64> {
        let mut frames = self
            .operator
            .reader(key)
            .await?
            .into_bytes_stream(..)
            .await?;
        let (mut len, mut sum) = (0, self.sum());
        while let Some(frame) = frames.try_next().await? {
            sum.add(&frame);
            len += frame.len() as u64;
        }
        Ok(len)
    }

    async fn small_put(&self, key: &str, body: Bytes) -> Outcome<()> {
        self.sum().add(&body);
        self.operator.write(key, body).await?;
        Ok(())
    }

    async fn small_get(&self, key: &str) -> Outcome<usize> {
        let body = self.operator.read(key).await?.to_bytes();
        self.sum().add(&body);
        Ok(body.len())
    }

    async fn list(&self, prefix: &str) -> Outcome<u64> {
        let mut entries = self
            .operator
            .lister_with(prefix)
            .recursive(true)
            .limit(1000)
            .await?;
        let mut count = 0;
        while entries.try_next().await?.is_some() {
            count += 1;
        }
        Ok(count)
    }

    async fn delete(&self, keys: Vec<String>) -> Outcome<()> {
        self.operator.delete_iter(keys).await?;
        Ok(())
    }
}
