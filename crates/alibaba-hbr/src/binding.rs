//! What is bound to a backup policy.

use serde::{Serialize, Serializer};

use crate::ids::{AccountId, ClientGroupId, DataSourceId, RoleName};
use crate::schedule::SpeedLimit;
use crate::words::{CrossAccountType, SourceType};
use crate::write;

/// A data source to bind to a backup policy.
///
/// ```
/// use alibaba_hbr::{PolicyBinding, SourceType};
///
/// let mut binding = PolicyBinding::new(SourceType::Oss, "demo-bucket");
/// binding.source = Some("data/".to_owned());
/// ```
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct PolicyBinding {
    /// The kind of its data.
    pub source_type: SourceType,
    /// The data source: an instance, a file system, a bucket.
    pub data_source_id: DataSourceId,
    /// What of it to back up: a prefix of objects, or paths as JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// The only paths to take.
    #[serde(skip_serializing_if = "Vec::is_empty", serialize_with = "paths")]
    pub include: Vec<String>,
    /// Paths to leave out.
    #[serde(skip_serializing_if = "Vec::is_empty", serialize_with = "paths")]
    pub exclude: Vec<String>,
    /// How fast jobs may copy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub speed_limit: Option<SpeedLimit>,
    /// What the binding is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy_binding_description: Option<String>,
    /// Whether the policy is switched off for it.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "flag")]
    pub disabled: Option<bool>,
    /// Options by the kind of data.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub advanced_options: Option<AdvancedOptions>,
    /// Whose data is backed up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cross_account_type: Option<CrossAccountType>,
    /// The account whose data is backed up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cross_account_user_id: Option<AccountId>,
    /// The role there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cross_account_role_name: Option<RoleName>,
}

impl PolicyBinding {
    /// All of a data source.
    pub fn new(source_type: SourceType, data_source_id: impl Into<DataSourceId>) -> Self {
        Self {
            source_type,
            data_source_id: data_source_id.into(),
            source: None,
            include: Vec::new(),
            exclude: Vec::new(),
            speed_limit: None,
            policy_binding_description: None,
            disabled: None,
            advanced_options: None,
            cross_account_type: None,
            cross_account_user_id: None,
            cross_account_role_name: None,
        }
    }
}

/// Options of a binding, by the kind of data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub enum AdvancedOptions {
    /// Of CPFS.
    #[serde(rename = "CommonFileSystemDetail")]
    CommonFileSystem(FileSystemOptions),
    /// Of NAS of the other kind, whose backup clients may be named.
    #[serde(rename = "CommonNasDetail")]
    CommonNas(CommonNasOptions),
    /// Of files.
    #[serde(rename = "FileDetail")]
    File(FileOptions),
    /// Of OSS.
    #[serde(rename = "OssDetail")]
    Oss(OssOptions),
    /// Of whole instances.
    #[serde(rename = "UdmDetail")]
    Instance(InstanceOptions),
}

macro_rules! options {
    ($($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty,)* })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
        #[serde(rename_all = "PascalCase")]
        pub struct $name {$(
            $(#[$field_doc])*
            #[serde(skip_serializing_if = "Option::is_none")]
            pub $field: Option<$type>,
        )*}
    )*};
}

options! {
    /// Options of CPFS.
    FileSystemOptions {
        /// How many files are fetched at a time.
        fetch_slice_size: u32,
        /// Whether everything is copied where an incremental backup fails.
        full_on_increment_fail: bool,
    }

    /// Options of NAS of the other kind.
    CommonNasOptions {
        /// The group of backup clients.
        cluster_id: ClientGroupId,
        /// How many files are fetched at a time.
        fetch_slice_size: u32,
        /// Whether everything is copied where an incremental backup fails.
        full_on_increment_fail: bool,
    }

    /// Options of files.
    FileOptions {
        /// Whether the paths are those of the advanced policy.
        adv_policy: bool,
        /// Whether Windows makes a shadow copy first.
        #[serde(rename = "UseVSS")]
        use_vss: bool,
    }

    /// Options of OSS.
    OssOptions {
        /// Whether archived objects are left out.
        ignore_archive_object: bool,
        /// What becomes of the inventory, as the service names it.
        inventory_cleanup_policy: String,
        /// The inventory of the bucket.
        inventory_id: String,
    }

    /// Options of whole instances.
    InstanceOptions {
        /// Only these disks.
        disk_id_list: Vec<String>,
        /// All disks but these.
        exclude_disk_id_list: Vec<String>,
        /// Whether the snapshots of the disks are of one point in time.
        snapshot_group: bool,
        /// Whether applications are brought to a consistent state.
        app_consistent: bool,
        /// The script that stops applications before.
        pre_script_path: String,
        /// The script that lets them go on afterwards.
        post_script_path: String,
        /// Whether Windows brings its applications to a consistent state.
        enable_writers: bool,
        /// Whether Linux stops writing to its file systems.
        enable_fs_freeze: bool,
        /// The role that runs the scripts.
        ram_role_name: RoleName,
        /// For how many seconds writing may be stopped.
        timeout_in_seconds: u32,
    }
}

fn paths<S: Serializer>(paths: &[String], serializer: S) -> Result<S::Ok, S::Error> {
    write::paths(paths.to_vec()).serialize(serializer)
}

/// The service reads this one as a text.
#[expect(clippy::ref_option, reason = "what serde calls it with")]
fn flag<S: Serializer>(flag: &Option<bool>, serializer: S) -> Result<S::Ok, S::Error> {
    flag.map(|flag| flag.to_string()).serialize(serializer)
}
