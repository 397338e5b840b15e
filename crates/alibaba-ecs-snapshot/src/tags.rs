//! Tags of disks, snapshots, policies and other resources.

use alibaba_core::Paginator;
use alibaba_core::openapi::{Acknowledged, read::nested};
use serde::Deserialize;

use crate::connect::{Client, next_token};
use crate::ids::ResourceId;
use crate::read;
use crate::tag::{Tag, TagFilter};
use crate::words::ResourceType;
use crate::write::new_tags;

alibaba_core::operations! {
    impl Client;
    /// The operations on tags.
    pub(crate) const OPERATIONS;

    /// Gives tags to resources of one type; a key that is there gets the new value.
    ///
    /// A resource has up to 20 tags (`QuotaExceed.Tags`). Needs `ecs:TagResources` on each, such as
    /// `acs:ecs:<region>:<account>:snapshot/<id>`. The same call again has the same effect, and it
    /// is repeated after a broken connection.
    ///
    /// ```no_run
    /// # async fn example(ecs: alibaba_ecs_snapshot::Client) -> Result<(), alibaba_core::Error> {
    /// use alibaba_ecs_snapshot::{ResourceType, Tag};
    ///
    /// let snapshots = ["s-bp1fake0000000000001".into()];
    /// ecs.tag_resources(ResourceType::Snapshot, snapshots, [Tag::new("backup", "daily")]).send().await?;
    /// # Ok(())
    /// # }
    /// ```
    fn tag_resources = TagResources(
        resource_type: ResourceType = "ResourceType",
        resource_ids: Vec<ResourceId> = "ResourceId" [in 1..=50],
        tags: Vec<Tag> = "Tag" [new_tags],
    ) -> Acknowledged [idempotent, region("RegionId")] {}

    /// Takes tags off resources of one type: those of some keys, or all.
    ///
    /// Needs `ecs:UntagResources` on each, such as `acs:ecs:<region>:<account>:snapshot/<id>`. The
    /// same call again has the same effect, and it is repeated after a broken connection.
    ///
    /// ```no_run
    /// # async fn example(ecs: alibaba_ecs_snapshot::Client) -> Result<(), alibaba_core::Error> {
    /// use alibaba_ecs_snapshot::ResourceType;
    ///
    /// let call = ecs.untag_resources(ResourceType::Snapshot, ["s-bp1fake0000000000001".into()]);
    /// call.tag_keys(["backup".to_owned()]).send().await?;
    /// # Ok(())
    /// # }
    /// ```
    fn untag_resources = UntagResources(
        resource_type: ResourceType = "ResourceType",
        resource_ids: Vec<ResourceId> = "ResourceId" [in 1..=50],
    ) -> Acknowledged [idempotent, region("RegionId")] {
        /// The keys of those that are taken off, up to 20.
        tag_keys: Vec<String> = "TagKey" [in 0..=20];
        /// Takes all off, where no keys are given.
        all: bool = "All";
    }

    /// Lists the tags of resources of one type. Give resources or tags, or both.
    ///
    /// [`send`](ListTagResources::send) gets one page, [`items`](ListTagResources::items) all of
    /// them. Needs `ecs:ListTagResources` on each, such as
    /// `acs:ecs:<region>:<account>:snapshot/<id>`. Reads only.
    ///
    /// ```no_run
    /// # async fn example(ecs: alibaba_ecs_snapshot::Client) -> Result<(), alibaba_core::Error> {
    /// use alibaba_ecs_snapshot::{ResourceType, Tag};
    /// use futures::TryStreamExt as _;
    ///
    /// let call = ecs.list_tag_resources(ResourceType::Snapshot).tags([Tag::new("backup", "daily")]);
    /// let mut tags = call.items();
    /// while let Some(tag) = tags.try_next().await? {
    ///     println!("{}: {:?}={:?}", tag.resource_id, tag.key, tag.value);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    fn list_tag_resources = ListTagResources(resource_type: ResourceType = "ResourceType")
        -> TagResourcePage [region("RegionId")]
        where needs_any_of("ResourceId", "Tag")
    {
        /// Only these, up to 50.
        resource_ids: Vec<ResourceId> = "ResourceId" [in 0..=50];
        /// Only those with these tags.
        tags: Vec<Tag> = "Tag" [in 0..=20];
        /// Not open to the public: leave it unset.
        tag_filters: Vec<TagFilter> = "TagFilter";
        /// Where to go on: the token of the page before.
        next_token: String = "NextToken";
    }
}

impl ListTagResources {
    /// All tags from here on, page after page.
    pub fn items(self) -> Paginator<ResourceTag> {
        self.into_call()
            .list_by_token("list tags", next_token, |page: TagResourcePage| {
                (page.tag_resources, page.next_token)
            })
    }
}

/// A tag of a resource.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct ResourceTag {
    /// The resource.
    pub resource_id: ResourceId,
    /// Its type.
    #[serde(default, deserialize_with = "read::present")]
    pub resource_type: Option<ResourceType>,
    /// The key.
    #[serde(default, rename = "TagKey", deserialize_with = "read::present")]
    pub key: Option<String>,
    /// The value; none, if it is empty.
    #[serde(default, rename = "TagValue", deserialize_with = "read::present")]
    pub value: Option<String>,
}

/// A page of tags.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct TagResourcePage {
    /// What support asks for.
    pub request_id: String,
    /// The tags.
    #[serde(default, deserialize_with = "nested")]
    pub tag_resources: Vec<ResourceTag>,
    /// Where the next page begins.
    #[serde(default, deserialize_with = "read::present")]
    pub next_token: Option<String>,
}
