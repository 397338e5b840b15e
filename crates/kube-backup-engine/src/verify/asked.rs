//! What the objects of a backup would let somebody do, once they are restored.

use std::fmt;

use serde::Serialize;
use serde_json::Value;

use crate::kinds::cluster_owned::why_cluster_owned;
use crate::kinds::exclusions::never_restored;
use crate::powers::{Danger, Power, Powers, powers};
use crate::{GroupResource, ObjectId};

/// Objects that are named.
const MAX_NAMED: usize = 500;

/// An object, and what it would let somebody do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct AskingObject {
    /// The object.
    #[serde(flatten)]
    pub id: ObjectId,
    /// What it would ask for.
    pub powers: Powers,
}

/// The powers that a restore of everything would be asked for: those of the objects as they are in the backup. A
/// [plan](crate::restore::RestorePlan) says them of the objects as they would be created, and which its profile grants.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct AskedPowers {
    /// The objects that ask for something of more than little worth, the most dangerous first; five hundred at most.
    pub objects: Vec<AskingObject>,
    /// How many others ask for something.
    pub others: u64,
    /// How many are part of the cluster itself, and come back only where they are named.
    pub of_cluster: u64,
}

/// What an object would ask for; nothing, if no restore brings it back.
pub(super) fn powers_of(kind: &GroupResource, object: &Value) -> Powers {
    match never_restored(kind).or_else(|| why_cluster_owned(kind, object)) {
        Some(_) => Powers::default(),
        None => powers(kind, object),
    }
}

/// How dangerous it is; `None` for nothing.
fn danger(powers: &Powers) -> Option<Danger> {
    powers.iter().map(|granted| granted.danger).max()
}

impl AskedPowers {
    pub(super) fn note(&mut self, id: &ObjectId, powers: &Powers) {
        let Some(worst) = danger(powers) else { return };
        if powers.danger_of(Power::System).is_some() {
            self.of_cluster += 1;
            return;
        }
        if worst == Danger::Low {
            self.others += 1;
            return;
        }
        let before = |other: &AskingObject| danger(&other.powers) >= Some(worst);
        let at = self.objects.partition_point(before);
        let (id, powers) = (id.clone(), powers.clone());
        self.objects.insert(at, AskingObject { id, powers });
        if self.objects.len() > MAX_NAMED {
            self.objects.pop();
            self.others += 1;
        }
    }

    fn is_empty(&self) -> bool {
        self.objects.is_empty() && self.others == 0
    }
}

impl fmt::Display for AskedPowers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return Ok(());
        }
        writeln!(f, "  Powers that a restore of everything is asked for:")?;
        for AskingObject { id, powers } in &self.objects {
            for granted in powers.iter().filter(|it| it.danger > Danger::Low) {
                let (danger, power) = (granted.danger.name(), granted.power.name());
                writeln!(f, "    {danger:<8} {power:<12} {id}: {}", granted.reason)?;
            }
        }
        match self.others {
            0 => Ok(()),
            others => writeln!(f, "    and {others} objects that ask for less"),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_most_dangerous_come_first_and_no_more_than_can_be_read() {
        let mut asked = AskedPowers::default();
        let binding = |role: &str| {
            json!({"metadata": {"name": "a"}, "roleRef": {"kind": "ClusterRole", "name": role},
                "subjects": [{"kind": "User", "name": "mallory"}]})
        };
        let kind: GroupResource = "clusterrolebindings.rbac.authorization.k8s.io"
            .parse()
            .unwrap();
        let id = |n: usize| ObjectId {
            resource: kind.clone(),
            namespace: None,
            name: n.to_string(),
        };
        for n in 0..600 {
            let role = if n == 599 { "cluster-admin" } else { "view" };
            asked.note(&id(n), &powers_of(&kind, &binding(role)));
        }
        asked.note(&id(600), &Powers::default());
        assert_eq!(asked.objects[0].id.name, "599");
        let total = asked.objects.len() as u64 + asked.others;
        assert_eq!((asked.objects.len() <= MAX_NAMED, total), (true, 600));
        assert!(asked.to_string().contains("critical"), "{asked}");
        // No restore brings it back.
        let token = json!({"type": "bootstrap.kubernetes.io/token", "metadata": {"name": "a"}});
        assert!(powers_of(&GroupResource::core("secrets"), &token).is_empty());
    }
}
