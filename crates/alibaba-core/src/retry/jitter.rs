//! The randomness port of retries and refreshes.

use std::fmt::Debug;
use std::sync::Arc;

/// Says where in an interval to land.
pub trait Jitter: Debug + Send + Sync {
    /// A fraction in `0.0..1.0`.
    fn fraction(&self) -> f64;
}

/// A jitter shared between the parts of a client.
pub type SharedJitter = Arc<dyn Jitter>;

/// Evenly distributed randomness.
#[derive(Clone, Copy, Debug, Default)]
pub struct RandomJitter;

impl Jitter for RandomJitter {
    fn fraction(&self) -> f64 {
        fastrand::f64()
    }
}

/// Always the same fraction, for tests.
#[derive(Clone, Copy, Debug)]
pub struct FixedJitter(pub f64);

impl Jitter for FixedJitter {
    fn fraction(&self) -> f64 {
        self.0
    }
}
