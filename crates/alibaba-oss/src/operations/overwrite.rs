//! Rules of a bucket that forbid overwriting.

use serde::{Deserialize, Serialize};

use crate::call::Call;
use crate::client::Client;
use crate::error::Result;
use crate::operation::Operation;
use crate::xml;

/// Keys that nobody overwrites, or that some do not: a guard that holds whatever a client sends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct OverwriteRule {
    /// Its name, unique in the bucket; OSS gives one where none is given.
    pub id: Option<String>,
    /// Only keys that begin so; empty for all.
    pub prefix: String,
    /// Only keys that end so; empty for all.
    pub suffix: String,
    /// Whom it concerns, by their ids; empty for everybody.
    pub principals: Vec<String>,
}

impl OverwriteRule {
    /// A rule for keys that begin so.
    ///
    /// ```
    /// let rule = alibaba_oss::OverwriteRule::new("nightly/");
    /// assert!(rule.principals.is_empty());
    /// ```
    #[must_use]
    pub fn new(prefix: impl Into<String>) -> Self {
        Self {
            prefix: prefix.into(),
            ..Self::default()
        }
    }
}

#[derive(Deserialize, Serialize)]
struct OverwriteConfiguration {
    #[serde(rename = "Rule", default)]
    rules: Vec<Rule>,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Rule {
    #[serde(rename = "ID", skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    #[serde(default = "forbid")]
    action: String,
    #[serde(default)]
    prefix: String,
    #[serde(default)]
    suffix: String,
    #[serde(default, skip_serializing_if = "Principals::is_empty")]
    principals: Principals,
}

/// The one thing that rules do.
fn forbid() -> String {
    "forbid".to_owned()
}

#[derive(Default, Deserialize, Serialize)]
struct Principals {
    #[serde(rename = "Principal", default)]
    principals: Vec<String>,
}

impl Principals {
    fn is_empty(&self) -> bool {
        self.principals.is_empty()
    }
}

impl From<Rule> for OverwriteRule {
    fn from(rule: Rule) -> Self {
        Self {
            id: rule.id,
            prefix: rule.prefix,
            suffix: rule.suffix,
            principals: rule.principals.principals,
        }
    }
}

impl From<&OverwriteRule> for Rule {
    fn from(rule: &OverwriteRule) -> Self {
        Self {
            id: rule.id.clone(),
            action: forbid(),
            prefix: rule.prefix.clone(),
            suffix: rule.suffix.clone(),
            principals: Principals {
                principals: rule.principals.clone(),
            },
        }
    }
}

impl Client {
    /// Which keys of a bucket are not overwritten; none where no rules were ever put.
    ///
    /// ```no_run
    /// # async fn run(client: alibaba_oss::Client) -> alibaba_oss::Result<()> {
    /// for rule in client.bucket_overwrite_rules("backups").await? {
    ///     println!("{}*{}", rule.prefix, rule.suffix);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`NotFound`](crate::ErrorKind::NotFound) where there is no such bucket.
    pub async fn bucket_overwrite_rules(&self, bucket: &str) -> Result<Vec<OverwriteRule>> {
        let step = format!("read the overwrite rules of `{bucket}`");
        let call = Call::new(Operation::GET_BUCKET_OVERWRITE_CONFIG, step).bucket(bucket);
        let found: Option<OverwriteConfiguration> =
            self.setting(&call, "OverwriteConfiguration").await?;
        let rules = found.map(|found| found.rules).unwrap_or_default();
        Ok(rules.into_iter().map(Into::into).collect())
    }

    /// Puts these rules, at most 100, in the place of all that a bucket has.
    ///
    /// ```no_run
    /// # async fn run(client: alibaba_oss::Client) -> alibaba_oss::Result<()> {
    /// let rules = [alibaba_oss::OverwriteRule::new("nightly/")];
    /// client.put_bucket_overwrite_rules("backups", &rules).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`Refused`](crate::ErrorKind::Refused) for none or for too many.
    pub async fn put_bucket_overwrite_rules(
        &self,
        bucket: &str,
        rules: &[OverwriteRule],
    ) -> Result<()> {
        let body = OverwriteConfiguration {
            rules: rules.iter().map(Into::into).collect(),
        };
        let step = format!("put {} overwrite rules for `{bucket}`", rules.len());
        let call = Call::new(Operation::PUT_BUCKET_OVERWRITE_CONFIG, step)
            .bucket(bucket)
            .payload(xml::write(&body).into());
        self.execute(&call).await.map(drop)
    }

    /// Removes all overwrite rules of a bucket.
    ///
    /// ```no_run
    /// # async fn run(client: alibaba_oss::Client) -> alibaba_oss::Result<()> {
    /// client.delete_bucket_overwrite_rules("backups").await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`NotFound`](crate::ErrorKind::NotFound) where there is no such bucket.
    pub async fn delete_bucket_overwrite_rules(&self, bucket: &str) -> Result<()> {
        let step = format!("remove the overwrite rules of `{bucket}`");
        let call = Call::new(Operation::DELETE_BUCKET_OVERWRITE_CONFIG, step).bucket(bucket);
        self.execute(&call).await.map(drop)
    }
}
