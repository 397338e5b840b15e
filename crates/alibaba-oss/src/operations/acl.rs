//! Access control lists of objects and buckets.

use http::HeaderValue;
use serde::Deserialize;

use super::attributes::Acl;
use super::object_target::ObjectTarget;
use super::setters::version_id;
use crate::call::Call;
use crate::client::Client;
use crate::error::Result;
use crate::operation::Operation;

/// The access control list of an object. See [`Client::object_acl`].
#[derive(Clone, Debug)]
#[must_use]
pub struct ObjectAcl {
    target: ObjectTarget,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct AccessControlPolicy {
    access_control_list: Grants,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Grants {
    pub(crate) grant: String,
}

impl Client {
    /// Who may read and write an object beside what policies say.
    ///
    /// ```no_run
    /// # async fn run(client: alibaba_oss::Client) -> alibaba_oss::Result<()> {
    /// use alibaba_oss::Acl;
    ///
    /// let acl = client.object_acl("backups", "nightly.tar");
    /// if acl.get().await? != Acl::Private {
    ///     acl.put(Acl::Private).await?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn object_acl(&self, bucket: impl Into<String>, key: impl Into<String>) -> ObjectAcl {
        ObjectAcl {
            target: ObjectTarget::new(self, bucket, key),
        }
    }

    /// Who may read and write a bucket beside what policies say.
    ///
    /// ```no_run
    /// # async fn run(client: alibaba_oss::Client) -> alibaba_oss::Result<()> {
    /// assert_eq!(client.bucket_acl("backups").await?, alibaba_oss::Acl::Private);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`Denied`](crate::ErrorKind::Denied) without the action `oss:GetBucketAcl`.
    pub async fn bucket_acl(&self, bucket: &str) -> Result<Acl> {
        let step = format!("read the ACL of `{bucket}`");
        let call = Call::new(Operation::GET_BUCKET_ACL, step).bucket(bucket);
        self.acl(&call).await
    }

    /// Says who may read and write a bucket beside what policies say.
    ///
    /// ```no_run
    /// # async fn run(client: alibaba_oss::Client) -> alibaba_oss::Result<()> {
    /// client.put_bucket_acl("backups", alibaba_oss::Acl::Private).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`Denied`](crate::ErrorKind::Denied) without the action `oss:PutBucketAcl`,
    /// [`Refused`](crate::ErrorKind::Refused) for [`Acl::Default`], which buckets do not have.
    pub async fn put_bucket_acl(&self, bucket: &str, acl: Acl) -> Result<()> {
        let step = format!("set the ACL of `{bucket}`");
        let call = Call::new(Operation::PUT_BUCKET_ACL, step)
            .bucket(bucket)
            .header("x-oss-acl", HeaderValue::from_static(acl.as_str()));
        self.execute(&call).await.map(drop)
    }

    async fn acl(&self, call: &Call) -> Result<Acl> {
        let policy: AccessControlPolicy = self.document(call, "AccessControlPolicy").await?;
        let grant = policy.access_control_list.grant;
        Acl::parse(&grant).ok_or_else(|| call.misread(format!("ACL `{grant}`")))
    }
}

impl ObjectAcl {
    version_id!();

    /// Who may.
    ///
    /// # Errors
    ///
    /// [`NotFound`](crate::ErrorKind::NotFound) where there is no such object.
    pub async fn get(&self) -> Result<Acl> {
        let operation = Operation::GET_OBJECT_ACL;
        let call = self.target.call(operation, "read the ACL of");
        self.target.client.acl(&call).await
    }

    /// Says who may.
    ///
    /// # Errors
    ///
    /// [`NotFound`](crate::ErrorKind::NotFound) where there is no such object.
    pub async fn put(&self, acl: Acl) -> Result<()> {
        let value = HeaderValue::from_static(acl.as_str());
        let call = self
            .target
            .call(Operation::PUT_OBJECT_ACL, "set the ACL of")
            .header("x-oss-object-acl", value);
        self.target.client.execute(&call).await.map(drop)
    }
}
