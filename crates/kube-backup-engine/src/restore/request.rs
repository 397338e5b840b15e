//! An object ready to be created.

use serde_json::Value;

use super::owners::OwnerKey;
use crate::ObjectId;
use crate::kinds::order::Tier;
use crate::powers::Powers;
use crate::scan::Original;

/// An object ready to be created.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) tier: Tier,
    /// Its name in the backup.
    pub(crate) id: ObjectId,
    /// Its namespace in the cluster.
    pub(crate) namespace: Option<String>,
    /// Its name in the cluster.
    pub(crate) name: String,
    /// Where objects of its kind are created.
    pub(crate) list_path: String,
    /// Where it will be.
    pub(crate) path: String,
    pub(crate) object: Value,
    /// What it was made of, whose text is kept where nothing was edited.
    pub(crate) original: Original,
    /// References to owners that no controller puts back.
    pub(crate) references: Vec<Value>,
    /// Whether the object has these references, with the owners' new uids.
    pub(crate) has_references: bool,
    /// Whether the server takes `status` with the object, as it does any other field.
    pub(crate) status_is_data: bool,
    /// The status to be written back, where one is.
    pub(crate) status: Option<Value>,
    /// What the report tells besides its outcome, once it is in the cluster.
    pub(crate) remarks: Vec<String>,
    /// Whether its namespace was made by this restore.
    pub(crate) in_new_namespace: bool,
    /// As others name it for their owner, where others do.
    pub(crate) owner: Option<OwnerKey>,
    /// What it grants.
    pub(crate) powers: Powers,
}
