//! Which backup of each plan is the newest, by which gauges are of it: objects are seen in any order.

use std::collections::HashMap;

use parking_lot::Mutex;

use super::families::Plan;

#[derive(Debug, Default)]
pub(super) struct Newest(Mutex<HashMap<Plan, i64>>);

impl Newest {
    /// Whether nothing of this plan that ended later was seen.
    pub(super) fn is_newest(&self, plan: &Plan, ended: i64) -> bool {
        let mut newest = self.0.lock();
        let newest = newest.entry(plan.clone()).or_insert(ended);
        if *newest > ended {
            return false;
        }
        *newest = ended;
        true
    }

    pub(super) fn forget(&self, plan: &Plan) {
        self.0.lock().remove(plan);
    }

    pub(super) fn clear(&self) {
        self.0.lock().clear();
    }
}
