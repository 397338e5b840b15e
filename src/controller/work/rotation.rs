//! Whose turn it is.

use std::collections::{HashMap, VecDeque};

/// What waits, by tenant: one of each in turn, and each tenant's own in their order.
#[derive(Debug)]
pub(super) struct Rotation<T> {
    /// Tenants with something waiting, the next one first.
    tenants: VecDeque<String>,
    waiting: HashMap<String, VecDeque<T>>,
}

impl<T> Default for Rotation<T> {
    fn default() -> Self {
        Self {
            tenants: VecDeque::new(),
            waiting: HashMap::new(),
        }
    }
}

impl<T> Rotation<T> {
    pub(super) fn push(&mut self, tenant: &str, item: T) {
        let queue = self.waiting.entry(tenant.to_owned()).or_default();
        if queue.is_empty() {
            self.tenants.push_back(tenant.to_owned());
        }
        queue.push_back(item);
    }

    pub(super) fn pop(&mut self) -> Option<T> {
        let tenant = self.tenants.pop_front()?;
        let queue = self.waiting.get_mut(&tenant)?;
        let item = queue.pop_front();
        if queue.is_empty() {
            self.waiting.remove(&tenant);
        } else {
            self.tenants.push_back(tenant);
        }
        item
    }

    pub(super) fn len(&self) -> usize {
        self.waiting.values().map(VecDeque::len).sum()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn nobody_waits_longer_than_one_round(pushes in prop::collection::vec(0_u8..5, 1..60)) {
            let mut rotation = Rotation::default();
            for (number, tenant) in pushes.iter().enumerate() {
                rotation.push(&tenant.to_string(), (*tenant, number));
            }
            let mut left: Vec<_> = (0..5).map(|it| pushes.iter().filter(|of| **of == it).count()).collect();
            let (mut served, mut last) = (Vec::new(), HashMap::new());
            while let Some((tenant, number)) = rotation.pop() {
                // In order within a tenant.
                prop_assert!(last.insert(tenant, number).is_none_or(|before| before < number));
                served.push(tenant);
                left[usize::from(tenant)] -= 1;
            }
            prop_assert_eq!(served.len(), pushes.len());
            prop_assert!(left.iter().all(|it| *it == 0));
            // Between two turns of a tenant that waits, no other one has more than one.
            for (at, tenant) in served.iter().enumerate() {
                if let Some(next) = served[at + 1..].iter().position(|it| it == tenant) {
                    let between = &served[at + 1..at + 1 + next];
                    for other in between {
                        prop_assert_eq!(between.iter().filter(|it| *it == other).count(), 1);
                    }
                }
            }
        }
    }
}
