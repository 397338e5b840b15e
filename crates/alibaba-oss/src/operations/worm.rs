//! The retention policy of a whole bucket (WORM): initiated, locked, extended.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::call::Call;
use crate::client::Client;
use crate::error::{Error, ErrorKind, Result};
use crate::headers::text;
use crate::operation::Operation;
use crate::proof;
use crate::xml;

/// A retention policy: no object of the bucket is overwritten or deleted until this many days after
/// it was last modified.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BucketWorm {
    /// Its id.
    pub id: String,
    /// Whether it can still be given up.
    pub state: WormState,
    /// The days, 1 to 25 550.
    pub days: u32,
    /// When it was initiated.
    pub created: DateTime<Utc>,
}

/// How far a retention policy has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub enum WormState {
    /// In force, can be aborted, and lapses by itself 24 hours after it was initiated.
    InProgress,
    /// In force for ever; its days can grow and not shrink.
    Locked,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct WormConfiguration {
    worm_id: String,
    state: WormState,
    retention_period_in_days: u32,
    creation_date: DateTime<Utc>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct InitiateWormConfiguration {
    retention_period_in_days: u32,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct ExtendWormConfiguration {
    retention_period_in_days: u32,
}

impl Client {
    /// Initiates a retention policy, and returns its id. It is in force at once, and lapses after
    /// 24 hours unless it is locked by [`Client::complete_bucket_worm`].
    ///
    /// ```no_run
    /// # async fn run(client: alibaba_oss::Client) -> alibaba_oss::Result<()> {
    /// let id = client.initiate_bucket_worm("backups", 30).await?;
    /// // Within a day, and for ever:
    /// client.complete_bucket_worm("backups", &id).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Conflict`] where the bucket has a policy, or versioning.
    pub async fn initiate_bucket_worm(&self, bucket: &str, days: u32) -> Result<String> {
        let body = InitiateWormConfiguration {
            retention_period_in_days: days,
        };
        let step = format!("initiate a retention of {days} days for `{bucket}`");
        let call = Call::new(Operation::INITIATE_BUCKET_WORM, step)
            .bucket(bucket)
            .payload(xml::write(&body).into());
        let sent = self.attempt_all(&call, |reply| {
            let headers = reply.response.headers();
            let id = proof::check(&call, reply.response.status(), headers).and_then(|()| {
                let id = text(headers, "x-oss-worm-id").map(str::to_owned);
                id.ok_or_else(|| call.misread("`x-oss-worm-id` of the response"))
            });
            std::future::ready(id)
        });
        let error = match sent.await {
            Ok(id) => return Ok(id),
            Err(error) => error,
        };
        match self.after_lost_reply(&error, bucket).await {
            Some(worm) if worm.state == WormState::InProgress && worm.days == days => Ok(worm.id),
            _ => Err(error),
        }
    }

    /// Locks a retention policy. **Nobody, not the account's owner either, ever removes it again.**
    ///
    /// ```no_run
    /// # async fn run(client: alibaba_oss::Client) -> alibaba_oss::Result<()> {
    /// if let Some(worm) = client.bucket_worm("backups").await? {
    ///     client.complete_bucket_worm("backups", &worm.id).await?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`] for another id, [`ErrorKind::Conflict`] where it is locked already.
    pub async fn complete_bucket_worm(&self, bucket: &str, worm_id: &str) -> Result<()> {
        let step = format!("lock the retention of `{bucket}`");
        let call = Call::new(Operation::COMPLETE_BUCKET_WORM, step)
            .bucket(bucket)
            .query("wormId", worm_id);
        let Err(error) = self.execute(&call).await else {
            return Ok(());
        };
        match self.after_lost_reply(&error, bucket).await {
            Some(worm) if worm.state == WormState::Locked && worm.id == worm_id => Ok(()),
            _ => Err(error),
        }
    }

    /// Lengthens a locked retention policy.
    ///
    /// ```no_run
    /// # async fn run(client: alibaba_oss::Client, id: &str) -> alibaba_oss::Result<()> {
    /// client.extend_bucket_worm("backups", id, 90).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Conflict`] where it is not locked, [`ErrorKind::Refused`] for fewer days.
    pub async fn extend_bucket_worm(&self, bucket: &str, worm_id: &str, days: u32) -> Result<()> {
        let body = ExtendWormConfiguration {
            retention_period_in_days: days,
        };
        let step = format!("extend the retention of `{bucket}` to {days} days");
        let call = Call::new(Operation::EXTEND_BUCKET_WORM, step)
            .bucket(bucket)
            .query("wormId", worm_id)
            .payload(xml::write(&body).into());
        self.execute(&call).await.map(drop)
    }

    /// Gives up a retention policy that is not locked.
    ///
    /// ```no_run
    /// # async fn run(client: alibaba_oss::Client) -> alibaba_oss::Result<()> {
    /// client.abort_bucket_worm("backups").await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Conflict`] where it is locked, [`ErrorKind::NotFound`] where there is none.
    pub async fn abort_bucket_worm(&self, bucket: &str) -> Result<()> {
        let step = format!("abort the retention of `{bucket}`");
        let call = Call::new(Operation::ABORT_BUCKET_WORM, step).bucket(bucket);
        match self.execute(&call).await {
            // What the first attempt aborted, the second does not find.
            Err(error) if error.was_repeated() && error.is_unset() => Ok(()),
            gone => gone.map(drop),
        }
    }

    /// The retention policy of a bucket, where it has one.
    ///
    /// ```no_run
    /// # async fn run(client: alibaba_oss::Client) -> alibaba_oss::Result<()> {
    /// if let Some(worm) = client.bucket_worm("backups").await? {
    ///     println!("kept for {} days, {:?}", worm.days, worm.state);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`] where there is no such bucket.
    pub async fn bucket_worm(&self, bucket: &str) -> Result<Option<BucketWorm>> {
        let step = format!("read the retention of `{bucket}`");
        let call = Call::new(Operation::GET_BUCKET_WORM, step).bucket(bucket);
        let found: Option<WormConfiguration> = self.setting(&call, "WormConfiguration").await?;
        Ok(found.map(|worm| BucketWorm {
            id: worm.worm_id,
            state: worm.state,
            days: worm.retention_period_in_days,
            created: worm.creation_date,
        }))
    }

    /// The policy there is, where a repetition was refused because of it: then the first attempt
    /// may have been carried out, and its response lost.
    async fn after_lost_reply(&self, error: &Error, bucket: &str) -> Option<BucketWorm> {
        if !error.was_repeated() || error.kind() != ErrorKind::Conflict {
            return None;
        }
        self.bucket_worm(bucket).await.ok()?
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_is_read_as_oss_writes_it() {
        let text = r#"<?xml version="1.0" encoding="UTF-8"?>
<WormConfiguration xmlns="http://doc.oss-cn-hangzhou.aliyuncs.com">
  <WormId>1666E2CFB2B3418****</WormId><State>Locked</State>
  <RetentionPeriodInDays>1</RetentionPeriodInDays><CreationDate>2020-10-15T15:50:32.000Z</CreationDate>
</WormConfiguration>"#;
        let worm: WormConfiguration =
            crate::xml::parse("read", "WormConfiguration", text.as_bytes()).unwrap();
        assert_eq!(
            (worm.state, worm.retention_period_in_days),
            (WormState::Locked, 1)
        );
        assert_eq!(worm.creation_date.timestamp(), 1_602_777_032);
    }
}
