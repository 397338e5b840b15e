//! What a member of a group is restored beside.

use serde_json::{Value, json};

use super::Groups;
use super::objects::{content, handles_of};
use crate::volumes::VolumeRecord;

/// The content of the group that a snapshot is a member of, under the name of what its claim is restored through.
pub(in super::super) fn beside(
    groups: &Groups,
    record: &VolumeRecord,
    at: [&str; 2],
    marks: &Value,
) -> Value {
    let handles = handles_of(std::slice::from_ref(record));
    let mut object = content(groups, record, at, &handles);
    object["metadata"]["labels"] = marks.clone();
    object["metadata"]["annotations"] = json!({});
    object
}
