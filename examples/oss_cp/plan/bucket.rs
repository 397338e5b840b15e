//! What is in a bucket.

use std::collections::HashMap;

use ack_backup_center::oss::{Client, ErrorKind};
use futures::TryStreamExt as _;

use super::super::failure::Result;
use super::decision::Stat;

pub(super) async fn objects(
    client: &Client,
    bucket: &str,
    prefix: &str,
) -> Result<HashMap<String, Stat>> {
    let pages = client.list_objects(bucket).prefix(prefix).pages();
    let pages: Vec<_> = pages.try_collect().await?;
    let objects = pages.into_iter().flat_map(|page| page.objects);
    let found = objects.map(|object| {
        let stat = Stat {
            len: object.size,
            modified: Some(object.last_modified),
        };
        (object.key, stat)
    });
    Ok(found.collect())
}

pub(super) async fn object(client: &Client, bucket: &str, key: &str) -> Result<Option<Stat>> {
    match client.head_object(bucket, key).await {
        Ok(info) => Ok(Some(Stat {
            len: info
                .size
                .ok_or_else(|| format!("learn the length of `{key}`"))?,
            modified: info.last_modified,
        })),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.into()),
    }
}

pub(super) async fn expect_object(client: &Client, bucket: &str, key: &str) -> Result<Stat> {
    let stat = object(client, bucket, key).await?;
    stat.ok_or_else(|| {
        format!("find `oss://{bucket}/{key}`: there is no such object; for all below it add -r")
            .into()
    })
}
