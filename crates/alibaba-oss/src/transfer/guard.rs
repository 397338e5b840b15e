//! What becomes of an upload that is not completed.

use crate::client::Client;

/// Aborts an upload: when told to, and where its future is dropped halfway.
pub(crate) struct UploadGuard {
    client: Client,
    bucket: String,
    key: String,
    upload_id: Option<String>,
}

impl UploadGuard {
    pub(crate) fn new(client: &Client, bucket: &str, key: &str, upload_id: &str) -> Self {
        Self {
            client: client.clone(),
            bucket: bucket.to_owned(),
            key: key.to_owned(),
            upload_id: Some(upload_id.to_owned()),
        }
    }

    /// Gives up what the upload stored, unless it was completed.
    pub(crate) async fn end(mut self, completed: bool) {
        let id = self.upload_id.take();
        if let Some(id) = id.filter(|_| !completed) {
            abort(&self.client, &self.bucket, &self.key, &id).await;
        }
    }
}

/// A part that was under way may land after the first abort, so whether something is left is looked
/// up.
pub(crate) async fn abort(client: &Client, bucket: &str, key: &str, upload_id: &str) {
    for _ in 0..3 {
        if let Err(error) = client.abort_upload(bucket, key, upload_id).await {
            tracing::warn!(
                %error, bucket, key, upload_id,
                "an upload that failed is left behind; abort it, or let a lifecycle rule do so"
            );
            return;
        }
        match client.list_parts(bucket, key, upload_id).send().await {
            Ok(_) => {}
            Err(_gone_or_denied) => return,
        }
    }
}

impl Drop for UploadGuard {
    fn drop(&mut self) {
        if let (Some(id), Ok(runtime)) =
            (self.upload_id.take(), tokio::runtime::Handle::try_current())
        {
            let (client, bucket, key) =
                (self.client.clone(), self.bucket.clone(), self.key.clone());
            runtime.spawn(async move { abort(&client, &bucket, &key, &id).await });
        }
    }
}
