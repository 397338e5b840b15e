//! Buckets.

use http::Method;

use crate::client::{Call, Client};
use crate::error::Result;

impl Client {
    /// Creates a bucket in the client's region. To create one that is already the caller's is no
    /// error to OSS.
    ///
    /// # Errors
    ///
    /// [`Conflict`](crate::ErrorKind::Conflict) where the name is somebody else's.
    pub async fn create_bucket(&self, bucket: &str) -> Result<()> {
        let call = Call::new(Method::PUT, format!("create bucket `{bucket}`")).bucket(bucket);
        self.execute(&call).await.map(drop)
    }

    /// Deletes an empty bucket.
    ///
    /// # Errors
    ///
    /// [`Conflict`](crate::ErrorKind::Conflict) where it is not empty.
    pub async fn delete_bucket(&self, bucket: &str) -> Result<()> {
        let call = Call::new(Method::DELETE, format!("delete bucket `{bucket}`")).bucket(bucket);
        self.execute(&call).await.map(drop)
    }
}
