//! Which object, or version of one, a call is about.

use crate::call::Call;
use crate::client::Client;
use crate::operation::Operation;

#[derive(Clone, Debug)]
pub(crate) struct ObjectTarget {
    pub(crate) client: Client,
    bucket: String,
    key: String,
    pub(crate) version_id: Option<String>,
}

impl ObjectTarget {
    pub(crate) fn new(client: &Client, bucket: impl Into<String>, key: impl Into<String>) -> Self {
        Self {
            client: client.clone(),
            bucket: bucket.into(),
            key: key.into(),
            version_id: None,
        }
    }

    /// A call whose step reads "`verb` object …".
    pub(crate) fn call(&self, operation: Operation, verb: &str) -> Call {
        let version = self
            .version_id
            .as_ref()
            .map(|id| format!("version `{id}` of "));
        let version = version.unwrap_or_default();
        let step = format!("{verb} {version}object `{}` of `{}`", self.key, self.bucket);
        Call::new(operation, step)
            .object(&self.bucket, &self.key)
            .version(self.version_id.as_ref())
    }
}
