//! What OSS knows of a bucket: GetBucketInfo, GetBucketLocation, GetBucketStat.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::acl::Grants;
use super::attributes::{Acl, Encryption, StorageClass};
use super::bucket::Redundancy;
use super::listing::Owner;
use super::versions::Versioning;
use crate::call::Call;
use crate::client::Client;
use crate::error::Result;
use crate::operation::Operation;

/// What is set for a bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BucketInfo {
    /// Its name.
    pub name: String,
    /// Where it is, as OSS writes it: `oss-cn-hangzhou`.
    pub location: String,
    /// When it was created.
    pub created: DateTime<Utc>,
    /// How its objects are kept unless they say otherwise.
    pub storage_class: StorageClass,
    /// Over how much of the region they are spread.
    pub redundancy: Option<Redundancy>,
    /// Who may read and write it beside what policies say; `None` for an ACL not known here.
    pub acl: Option<Acl>,
    /// Whether it keeps versions; `None` where that was never switched on.
    pub versioning: Option<Versioning>,
    /// How objects are encrypted unless they say otherwise.
    pub encryption: Option<Encryption>,
    /// Whether public access is blocked, whatever ACLs and policies say; `None` where OSS does not say.
    pub blocks_public_access: Option<bool>,
    /// The endpoint for everybody.
    pub public_endpoint: Option<String>,
    /// The endpoint for machines of the region.
    pub internal_endpoint: Option<String>,
    /// The id of the account that owns it.
    pub owner_id: String,
}

/// How much a bucket holds. OSS counts about once an hour.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BucketStat {
    /// Bytes, of all versions and of parts.
    pub bytes: u64,
    /// Objects, all versions counted.
    pub objects: u64,
    /// Uploads neither completed nor aborted.
    pub uploads: u64,
    /// Their parts.
    pub parts: u64,
    /// Delete markers.
    pub delete_markers: u64,
    /// When this was counted.
    pub counted_at: Option<DateTime<Utc>>,
    /// The same by storage class, where OSS says so.
    pub classes: Vec<ClassStat>,
}

/// How much a bucket holds of one storage class.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClassStat {
    /// The class.
    pub class: StorageClass,
    /// Bytes as they are billed: each object counts as the least length of the class.
    pub bytes: u64,
    /// Bytes as they are.
    pub real_bytes: u64,
    /// Objects.
    pub objects: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct BucketInfoDocument {
    bucket: Described,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Described {
    name: String,
    location: String,
    creation_date: DateTime<Utc>,
    storage_class: String,
    data_redundancy_type: Option<String>,
    versioning: Option<String>,
    extranet_endpoint: Option<String>,
    intranet_endpoint: Option<String>,
    server_side_encryption_rule: Option<EncryptionRule>,
    block_public_access: Option<bool>,
    access_control_list: Grants,
    owner: Owner,
}

#[derive(Deserialize)]
struct LocationConstraint {
    #[serde(rename = "$text")]
    location: String,
}

#[derive(Deserialize)]
struct EncryptionRule {
    #[serde(rename = "SSEAlgorithm")]
    algorithm: Option<String>,
    #[serde(rename = "KMSMasterKeyID")]
    key_id: Option<String>,
}

impl Client {
    /// What is set for a bucket.
    ///
    /// ```no_run
    /// # async fn run(client: alibaba_oss::Client) -> alibaba_oss::Result<()> {
    /// let info = client.bucket_info("backups").await?;
    /// println!("{} in {}, versioning {:?}", info.name, info.location, info.versioning);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`NotFound`](crate::ErrorKind::NotFound) where there is no such bucket,
    /// [`Denied`](crate::ErrorKind::Denied) without the action `oss:GetBucketInfo`, and where it
    /// lies in another region: the error then names its endpoint.
    pub async fn bucket_info(&self, bucket: &str) -> Result<BucketInfo> {
        let step = format!("describe bucket `{bucket}`");
        let call = Call::new(Operation::GET_BUCKET_INFO, step).bucket(bucket);
        let found: BucketInfoDocument = self.document(&call, "BucketInfo").await?;
        Ok(info(found.bucket))
    }

    /// Where a bucket is, as OSS writes it: `oss-cn-hangzhou`.
    ///
    /// ```no_run
    /// # async fn run(client: alibaba_oss::Client) -> alibaba_oss::Result<()> {
    /// let location = client.bucket_location("backups").await?;
    /// assert_eq!(location.strip_prefix("oss-"), Some("cn-hangzhou"));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`NotFound`](crate::ErrorKind::NotFound) where there is no such bucket.
    pub async fn bucket_location(&self, bucket: &str) -> Result<String> {
        let step = format!("locate bucket `{bucket}`");
        let call = Call::new(Operation::GET_BUCKET_LOCATION, step).bucket(bucket);
        let found: LocationConstraint = self.document(&call, "LocationConstraint").await?;
        Ok(found.location)
    }

    /// How much a bucket holds.
    ///
    /// ```no_run
    /// # async fn run(client: alibaba_oss::Client) -> alibaba_oss::Result<()> {
    /// let stat = client.bucket_stat("backups").await?;
    /// println!("{} objects, {} bytes, {} open uploads", stat.objects, stat.bytes, stat.uploads);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`NotFound`](crate::ErrorKind::NotFound) where there is no such bucket.
    pub async fn bucket_stat(&self, bucket: &str) -> Result<BucketStat> {
        let step = format!("measure bucket `{bucket}`");
        let call = Call::new(Operation::GET_BUCKET_STAT, step).bucket(bucket);
        let found: HashMap<String, String> = self.document(&call, "BucketStat").await?;
        stat(&found).ok_or_else(|| call.misread("`Storage` and `ObjectCount` of the response"))
    }
}

fn info(bucket: Described) -> BucketInfo {
    BucketInfo {
        name: bucket.name,
        location: bucket.location,
        created: bucket.creation_date,
        storage_class: bucket.storage_class.as_str().into(),
        redundancy: bucket.data_redundancy_type.as_deref().map(Into::into),
        acl: Acl::parse(&bucket.access_control_list.grant),
        versioning: bucket.versioning.as_deref().and_then(Versioning::parse),
        encryption: bucket.server_side_encryption_rule.and_then(encryption),
        blocks_public_access: bucket.block_public_access,
        public_endpoint: bucket.extranet_endpoint,
        internal_endpoint: bucket.intranet_endpoint,
        owner_id: bucket.owner.id,
    }
}

fn encryption(rule: EncryptionRule) -> Option<Encryption> {
    match rule.algorithm?.as_str() {
        "AES256" => Some(Encryption::Aes256),
        "SM4" => Some(Encryption::Sm4),
        "KMS" => Some(Encryption::Kms {
            key_id: rule.key_id.filter(|id| !id.is_empty()),
        }),
        _ => None,
    }
}

/// The classes as the fields of GetBucketStat begin.
const CLASSES: [(&str, StorageClass); 5] = [
    ("Standard", StorageClass::Standard),
    ("InfrequentAccess", StorageClass::InfrequentAccess),
    ("Archive", StorageClass::Archive),
    ("ColdArchive", StorageClass::ColdArchive),
    ("DeepColdArchive", StorageClass::DeepColdArchive),
];

fn stat(found: &HashMap<String, String>) -> Option<BucketStat> {
    let number = |name: &str| found.get(name)?.trim().parse::<u64>().ok();
    let classes = CLASSES.iter().filter_map(|(name, class)| {
        let bytes = number(&format!("{name}Storage"))?;
        Some(ClassStat {
            class: class.clone(),
            bytes,
            real_bytes: number(&format!("{name}RealStorage")).unwrap_or(bytes),
            objects: number(&format!("{name}ObjectCount"))?,
        })
    });
    Some(BucketStat {
        bytes: number("Storage")?,
        objects: number("ObjectCount")?,
        uploads: number("MultipartUploadCount").unwrap_or_default(),
        parts: number("MultipartPartCount").unwrap_or_default(),
        delete_markers: number("DeleteMarkerCount").unwrap_or_default(),
        counted_at: number("LastModifiedTime")
            .and_then(|seconds| i64::try_from(seconds).ok())
            .and_then(|seconds| DateTime::from_timestamp(seconds, 0)),
        classes: classes.collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_is_read_with_its_encryption() {
        let text = r#"<?xml version="1.0" encoding="UTF-8"?>
<BucketInfo>
  <Bucket>
    <AccessMonitor>Disabled</AccessMonitor><CreationDate>2013-07-31T10:56:21.000Z</CreationDate>
    <ExtranetEndpoint>oss-cn-hangzhou.aliyuncs.com</ExtranetEndpoint>
    <IntranetEndpoint>oss-cn-hangzhou-internal.aliyuncs.com</IntranetEndpoint>
    <Location>oss-cn-hangzhou</Location><StorageClass>IA</StorageClass>
    <DataRedundancyType>ZRS</DataRedundancyType><Name>oss-example</Name><Versioning>Enabled</Versioning>
    <Owner><DisplayName>username</DisplayName><ID>27183473914</ID></Owner>
    <AccessControlList><Grant>private</Grant></AccessControlList>
    <ServerSideEncryptionRule><SSEAlgorithm>KMS</SSEAlgorithm><KMSMasterKeyID>key-1</KMSMasterKeyID></ServerSideEncryptionRule>
    <BucketPolicy><LogBucket/><LogPrefix/></BucketPolicy><BlockPublicAccess>true</BlockPublicAccess>
  </Bucket>
</BucketInfo>"#;
        let read: BucketInfoDocument =
            crate::xml::parse("describe", "BucketInfo", text.as_bytes()).unwrap();
        let info = info(read.bucket);
        assert_eq!(info.storage_class, StorageClass::InfrequentAccess);
        assert_eq!(info.redundancy, Some(Redundancy::Zones));
        assert_eq!(info.acl, Some(Acl::Private));
        assert_eq!(info.blocks_public_access, Some(true));
        assert_eq!(info.versioning, Some(Versioning::Enabled));
        let key_id = Some("key-1".to_owned());
        assert_eq!(info.encryption, Some(Encryption::Kms { key_id }));
        assert_eq!(info.owner_id, "27183473914");
    }

    #[test]
    fn a_count_is_read_whatever_classes_it_names() {
        let text = r#"<?xml version="1.0" encoding="UTF-8"?>
<BucketStat xmlns="http://doc.oss-cn-hangzhou.aliyuncs.com">
  <Storage>1600</Storage><ObjectCount>230</ObjectCount><MultipartUploadCount>40</MultipartUploadCount>
  <LiveChannelCount>4</LiveChannelCount><LastModifiedTime>1643341269</LastModifiedTime>
  <StandardStorage>430</StandardStorage><StandardObjectCount>66</StandardObjectCount>
  <InfrequentAccessStorage>2359296</InfrequentAccessStorage>
  <InfrequentAccessRealStorage>360</InfrequentAccessRealStorage>
  <InfrequentAccessObjectCount>54</InfrequentAccessObjectCount>
  <ReservedCapacityStorage>0</ReservedCapacityStorage>
</BucketStat>"#;
        let found = crate::xml::parse("measure", "BucketStat", text.as_bytes()).unwrap();
        let stat = stat(&found).unwrap();
        assert_eq!((stat.bytes, stat.objects, stat.uploads), (1600, 230, 40));
        assert_eq!((stat.parts, stat.delete_markers), (0, 0));
        let counted: Vec<_> = stat
            .classes
            .iter()
            .map(|class| (class.bytes, class.real_bytes, class.objects))
            .collect();
        assert_eq!(counted, [(430, 430, 66), (2_359_296, 360, 54)]);
        assert!(super::stat(&HashMap::new()).is_none());
    }
}
