//! Rules of a bucket that forbid overwriting.

use http::Method;
use serde::Deserialize;

use super::unless_unset;
use crate::client::{Call, Client};
use crate::error::Result;
use crate::xml::Element;

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

#[derive(Deserialize)]
struct OverwriteConfiguration {
    #[serde(rename = "Rule", default)]
    rules: Vec<ListedRule>,
}

#[derive(Deserialize)]
struct ListedRule {
    #[serde(rename = "ID")]
    id: Option<String>,
    #[serde(rename = "Prefix", default)]
    prefix: String,
    #[serde(rename = "Suffix", default)]
    suffix: String,
    #[serde(rename = "Principals", default)]
    principals: Principals,
}

#[derive(Default, Deserialize)]
struct Principals {
    #[serde(rename = "Principal", default)]
    principals: Vec<String>,
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
        let call = Call::new(Method::GET, step)
            .bucket(bucket)
            .flag("overwriteConfig");
        let found = self.document::<OverwriteConfiguration>(&call, "OverwriteConfiguration");
        let found = unless_unset(found.await)?;
        let rules = found.map(|found| found.rules).unwrap_or_default();
        Ok(rules
            .into_iter()
            .map(|rule| OverwriteRule {
                id: rule.id,
                prefix: rule.prefix,
                suffix: rule.suffix,
                principals: rule.principals.principals,
            })
            .collect())
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
        let body = Element::new("OverwriteConfiguration").children(rules.iter().map(element));
        let step = format!("put {} overwrite rules for `{bucket}`", rules.len());
        let call = Call::new(Method::PUT, step)
            .bucket(bucket)
            .flag("overwriteConfig")
            .payload(body.into());
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
        let call = Call::new(Method::DELETE, step)
            .bucket(bucket)
            .flag("overwriteConfig");
        self.execute(&call).await.map(drop)
    }
}

fn element(rule: &OverwriteRule) -> Element {
    let element = Element::new("Rule")
        .maybe("ID", rule.id.as_ref())
        .text("Action", "forbid")
        .text("Prefix", &rule.prefix)
        .text("Suffix", &rule.suffix);
    if rule.principals.is_empty() {
        return element;
    }
    let principals = Element::new("Principals");
    let principals = rule
        .principals
        .iter()
        .fold(principals, |all, id| all.text("Principal", id));
    element.child(&principals)
}
