//! What becomes of backups that have expired together, decided once for all of them.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use kube::ResourceExt as _;
use tokio::sync::Mutex;

use crate::crds::ApplicationBackup;

/// For how long what was decided holds, in seconds: they are looked at one after the other.
const MOMENT: i64 = 10;

/// An object, and no other one of its name.
type Id = (String, Option<String>);

/// Whether each that has expired goes.
pub(super) type Fates = HashMap<Id, bool>;

pub(super) fn id(backup: &ApplicationBackup) -> Id {
    (backup.name_any(), backup.uid())
}

/// What was decided, by the value of the label of plans. The lock is held meanwhile: who asks for others of the same plan waits, and finds
/// it decided.
pub(super) type Decided = Mutex<ByPlan>;

#[derive(Debug, Default)]
pub(super) struct ByPlan(HashMap<Option<String>, (DateTime<Utc>, Fates)>);

impl ByPlan {
    /// What was decided of this backup a moment ago. It is told once, and what nobody asks for is forgotten: nothing is kept of backups
    /// that are gone.
    pub(super) fn take(
        &mut self,
        plan: Option<&str>,
        backup: &ApplicationBackup,
        now: DateTime<Utc>,
    ) -> Option<bool> {
        // Also where the clock went back.
        let is_fresh = |at: DateTime<Utc>| (now - at).abs() < TimeDelta::seconds(MOMENT);
        self.0
            .retain(|_, (at, fates)| is_fresh(*at) && !fates.is_empty());
        let (_, fates) = self.0.get_mut(&plan.map(str::to_owned))?;
        fates.remove(&id(backup))
    }

    pub(super) fn put(&mut self, plan: Option<&str>, now: DateTime<Utc>, fates: Fates) {
        self.0.insert(plan.map(str::to_owned), (now, fates));
    }
}
