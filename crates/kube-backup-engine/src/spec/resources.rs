//! Kinds as `plural` or `plural.group`, read without a cluster that could say more.

use std::collections::BTreeSet;

use serde::{Deserialize, Deserializer};

use crate::GroupResource;
use crate::kinds::builtin;

/// Names of kinds as people write them: `*` for all of them is the same as none, and kinds that Kubernetes
/// has by itself may go without their group. Another name without a group is refused: it would stand for
/// nothing.
pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeSet<GroupResource>, D::Error> {
    let names = Option::<Vec<String>>::deserialize(deserializer)?.unwrap_or_default();
    if names == ["*"] {
        return Ok(BTreeSet::new());
    }
    names.iter().map(|name| read(name)).collect()
}

fn read<E: serde::de::Error>(name: &str) -> Result<GroupResource, E> {
    let kind: GroupResource = name.parse().map_err(E::custom)?;
    if !kind.group.is_empty() {
        return Ok(kind);
    }
    builtin::named(&kind.resource).ok_or_else(|| {
        E::custom(format!(
            "there is no kind `{name}` that Kubernetes has by itself: write it as `plural.group`, as in \
             `carts.example.com`"
        ))
    })
}
