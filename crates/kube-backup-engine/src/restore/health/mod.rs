//! Whether what was restored is well: a look at the cluster after the last object.

mod backend;
mod checks;
mod probe;

use std::fmt;

use serde::Serialize;

use crate::ObjectId;

pub(crate) use backend::{Gate, gates_of};
pub(crate) use probe::{await_backends, look};

/// What may be wrong with something that was restored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum TroubleKind {
    /// A Pod is not Ready.
    PodNotReady,
    /// A PersistentVolumeClaim has no volume.
    ClaimPending,
    /// A Service of type `LoadBalancer` has no address.
    NoAddress,
    /// A webhook, or an APIService, has nothing that answers it.
    NoBackend,
}

impl TroubleKind {
    /// The words in the table.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::PodNotReady => "Pods not Ready",
            Self::ClaimPending => "claims without volume",
            Self::NoAddress => "load balancers without address",
            Self::NoBackend => "webhooks without backend",
        }
    }
}

/// Something that was restored and is not well, or not yet.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Trouble {
    /// What is wrong.
    pub trouble: TroubleKind,
    /// With which object, by its name in the cluster.
    #[serde(flatten)]
    pub id: ObjectId,
    /// What the cluster says about it.
    pub reason: String,
    /// What to do.
    pub remedy: String,
}

/// Most troubles of one kind that are printed.
const SHOWN: usize = 10;

/// Prints troubles as a table, the first few of each kind.
pub(super) fn print(troubles: &[Trouble], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mut kinds: Vec<TroubleKind> = troubles.iter().map(|trouble| trouble.trouble).collect();
    kinds.sort();
    kinds.dedup();
    for kind in kinds {
        let of_kind: Vec<&Trouble> = troubles.iter().filter(|t| t.trouble == kind).collect();
        writeln!(f, "  {}: {}", kind.name(), of_kind.len())?;
        for trouble in of_kind.iter().take(SHOWN) {
            writeln!(f, "    {}: {}", trouble.id, trouble.reason)?;
            writeln!(f, "      {}", trouble.remedy)?;
        }
        if of_kind.len() > SHOWN {
            writeln!(f, "    and {} more", of_kind.len() - SHOWN)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
