//! A bound on how many retries a client adds to a service that is in trouble.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// A bucket of tokens that retries empty and first-time successes fill.
///
/// A client whose calls all fail would multiply its load by the number of attempts, at the worst
/// moment. With a budget it soon stops retrying, and resumes as calls succeed. Clones share the
/// bucket.
#[derive(Clone, Debug)]
pub struct RetryBudget {
    tokens: Arc<AtomicU32>,
    capacity: u32,
    cost: u32,
}

impl Default for RetryBudget {
    /// A hundred retries in a row; five successes buy one more.
    fn default() -> Self {
        Self::new(500, 5)
    }
}

impl RetryBudget {
    /// A full bucket of `capacity` tokens, of which each retry takes `cost`.
    #[must_use]
    pub fn new(capacity: u32, cost: u32) -> Self {
        Self {
            tokens: Arc::new(AtomicU32::new(capacity)),
            capacity,
            cost,
        }
    }

    /// Takes one retry's tokens, if there are enough.
    #[must_use]
    pub fn try_spend(&self) -> bool {
        self.tokens
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |tokens| {
                tokens.checked_sub(self.cost)
            })
            .is_ok()
    }

    /// Pays in for a call that succeeded at its first attempt.
    pub fn earn(&self) {
        // An update that finds the bucket full is an error here, and nothing to do.
        let _full = self
            .tokens
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |tokens| {
                (tokens < self.capacity).then(|| tokens + 1)
            });
    }

    /// The tokens left.
    #[must_use]
    pub fn tokens(&self) -> u32 {
        self.tokens.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_budget_refuses_until_successes_refill_it() {
        let budget = RetryBudget::new(10, 5);
        assert!(budget.try_spend() && budget.clone().try_spend());
        assert!(!budget.try_spend());
        for _ in 0..5 {
            budget.earn();
        }
        assert!(budget.try_spend());
        for _ in 0..50 {
            budget.earn();
        }
        assert_eq!(budget.tokens(), 10);
    }
}
